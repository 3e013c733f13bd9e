"""Seals the part of a draft that may not stand in clear, to the offices that are told and the one that says it."""

from collections.abc import Callable
from dataclasses import replace

import structlog

from events.book import Book
from events.codec import Schema, encode_sealed
from events.draft import Draft
from events.event import Event, Header, Recorded, SealedReference
from events.forms import sealed_of
from events.ids import NO_HASH, LeafIndex, Office, agency_of
from events.keyring import KeyEntry
from events.routing import told
from events.sealing import (
    CONTENT_KEY_BYTES,
    NONCE_BYTES,
    Context,
    key_commitment,
    seal,
    sealed_bytes,
    sealed_digest,
)
from hub.outbox_errors import NoReader

log = structlog.get_logger()


class Sealer:
    """Draws a content key and a nonce for every event; neither is kept."""

    def __init__(self, draw: Callable[[int], bytes]) -> None:
        """Take randomness from *draw*, which returns so many bytes."""
        self._draw = draw

    def sealed(self, book: Book, draft: Draft, schema: Schema, header: Header) -> tuple[Header, bytes]:
        """Return the header with the reference to the sealed part, and the sealed part as it travels.

        Raises:
            FormError: the sealed part does not fit its schema.
            NoReader: an office named as recipient, or everyone on the other side, has no key to seal to.
            SealedPartTooLargeError: it is over 1 MiB.
        """
        content = encode_sealed(schema, sealed_of(schema, draft.sealed))
        readers = _readers(book, draft, header)
        content_key = self._draw(CONTENT_KEY_BYTES)
        context = _context(header, readers)
        keys = tuple(key.public_key for key in readers)
        part = seal(content, context, keys, content_key=content_key, nonce=self._draw(NONCE_BYTES))
        raw = sealed_bytes(part)
        reference = SealedReference(sealed_digest(raw), key_commitment(content_key, context), context.readers)
        return replace(header, sealed=reference), raw


def _context(header: Header, readers: tuple[KeyEntry, ...]) -> Context:
    names = tuple(key.key_id for key in readers)
    return Context(header.origin, header.office, header.event_id, header.type, header.schema_sha256, names)


def _readers(book: Book, draft: Draft, header: Header) -> tuple[KeyEntry, ...]:
    event = Event(header, draft.payload, NO_HASH)
    notices = told(Recorded(event, LeafIndex(0), header.issued_at), book.keyring.directory)
    offices = frozenset({notice.office for notice in notices} | {header.office})
    readers = book.keyring.encryption_keys(offices)
    left_out = offices - {key.office for key in readers}
    _require_readers(header, offices - left_out, left_out)
    if left_out:
        log.warning("sealed_without_reader", event_id=str(header.event_id), offices=sorted(left_out))
    return readers


def _require_readers(header: Header, readers: frozenset[Office], left_out: frozenset[Office]) -> None:
    # A lead must not wait for the key of an office that is only told by rule, as long as the other side can read it.
    required = left_out & {header.office, *header.recipients}
    abroad = {office for office in readers if agency_of(office) != agency_of(header.office)}
    if required or (left_out and not abroad):
        message = f"nothing can be sealed to {', '.join(sorted(required or left_out))}: no encryption key in force"
        raise NoReader(message)
