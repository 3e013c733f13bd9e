"""The one decision about a record: admitted, duplicate, or refused with a stable reason.

Everything authentic is admitted. Asked is only whether these are the bytes of a known kind, in canonical form,
within limits, signed by a key in force of an office that may say this, in chain order. Whether the event
makes sense is not asked here: an impossible transition is a finding, a projection like any other.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import cast

from events.book import FOUNDING, Book, effect, with_entry, with_event
from events.chain import Earlier, check_next, repeated
from events.edtf import parse_span
from events.envelope import Envelope, parse_envelope, read_event
from events.errors import (
    AdmissionError,
    FieldInvalidError,
    HeaderMismatchError,
    KeyNotInForceError,
    KeyringInvalidError,
    KeyUnknownError,
    NotFoundedError,
    OfficeMismatchError,
    OfficeNotAuthorisedError,
    OriginMismatchError,
)
from events.event import Event, Header
from events.ids import LeafIndex, agency_of, is_office, short
from events.keyring import KeyEntry
from events.ledger import ADMITTED, DUPLICATE, REFUSED, Entry, Source, entry_bytes
from events.routing import may_say
from events.signing import event_message, key_id, verify
from events.topics import agency_of_topic

CASE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
RECIPIENTS_MAX = 32


@dataclass(frozen=True, slots=True)
class Admitted:
    """The record is a new, authentic event in its place of the chain."""

    event: Event


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The record is an event that was admitted before, at leaf *first_index*: success."""

    first_index: LeafIndex


@dataclass(frozen=True, slots=True)
class Refused:
    """The record is not an authentic, well-formed, next event; *message* names what was expected and found."""

    reason: str
    message: str


Verdict = Admitted | Duplicate | Refused


def judge(book: Book, topic: str, raw: bytes, earlier: Earlier) -> Verdict:
    """Return what is to become of a record's bytes, given the ledger so far."""
    try:
        if not book.origin:
            return Admitted(_founding(book, topic, raw))
        event = authenticated(book, topic, raw)
        first = repeated(book.head(event.header.office), event, earlier)
        if first is not None:
            return Duplicate(first.leaf_index)
        _check_new(book, event)
    except AdmissionError as error:
        return Refused(error.reason.value, str(error))
    return Admitted(event)


def authenticated(book: Book, topic: str, raw: bytes) -> Event:
    """Return the event in a record's bytes if one of its office's keys signed it, whenever that was.

    Raises:
        AdmissionError: any other case, with its reason.
    """
    envelope = parse_envelope(raw)  # (1) the bytes are an envelope, within limits
    key = _key(book, envelope)  # (2) its key is known
    verify(key.public_key, event_message(envelope.event), envelope.signature)  # (3) that key signed these bytes
    _, event = read_event(book.schemas, envelope.event)  # (4) they are an event of a known kind
    _check_header(book, topic, event.header, envelope, key)  # (5) the header says the same
    return event


def entry_for(
    book: Book, source: Source, admitted_at: datetime, raw: bytes, verdict: Verdict
) -> tuple[Entry, bytes, Book]:
    """Return the entry that records a verdict, its leaf bytes, and the book after it.

    *admitted_at* never goes back: the later of the given time and the last entry's is written.
    """
    entry = _entry(book, source, max(admitted_at, book.admitted_at), raw, verdict)
    leaf = entry_bytes(entry)
    if isinstance(verdict, Admitted):
        return entry, leaf, with_event(book, entry, leaf, verdict.event)
    return entry, leaf, with_entry(book, entry, leaf)


def _entry(book: Book, source: Source, admitted_at: datetime, raw: bytes, verdict: Verdict) -> Entry:
    tail = book.tail
    place = (LeafIndex(tail.size), tail.last, source, admitted_at)
    match verdict:
        case Admitted():
            return Entry(*place, ADMITTED, raw)
        case Duplicate(first_index):
            return Entry(*place, DUPLICATE, sha256(raw).digest(), first_index=first_index)
        case Refused(reason):
            return Entry(*place, REFUSED, sha256(raw).digest(), reason=reason)


def _key(book: Book, envelope: Envelope) -> KeyEntry:
    key = book.keyring.known(envelope.key_id)
    if key is None:
        message = f"key {short(envelope.key_id)} is not enrolled"
        raise KeyUnknownError(message)
    if key.purpose != "sign":
        message = f"key {short(envelope.key_id)} of {key.office} is for {key.purpose}, expected sign"
        raise KeyNotInForceError(message)
    return key


def _check_header(book: Book, topic: str, header: Header, envelope: Envelope, key: KeyEntry) -> None:
    if header.key_id != envelope.key_id:
        message = f"header names key {short(header.key_id)}, the envelope {short(envelope.key_id)}"
        raise HeaderMismatchError(message)
    if header.origin != book.origin:
        message = f"event is for ledger {header.origin}, expected {book.origin}"
        raise OriginMismatchError(message)
    if header.office != key.office or header.epoch != key.epoch:
        message = f"key of {key.office} epoch {key.epoch} signed for {header.office} epoch {header.epoch}"
        raise OfficeMismatchError(message)
    if agency_of(header.office) != agency_of_topic(topic):
        message = f"{header.office} speaks on {topic}"
        raise OfficeMismatchError(message)


def _check_new(book: Book, event: Event) -> None:
    _check_said(book, event)
    effect(book, event)


def _check_said(book: Book, event: Event) -> None:
    header = event.header
    if header.key_id not in book.keyring.in_force:
        message = f"key {short(header.key_id)} of {header.office} was retired"
        raise KeyNotInForceError(message)
    if not may_say(header.type, book.roles(header.office)):
        message = f"{header.office} may not issue {header.type}"
        raise OfficeNotAuthorisedError(message)
    check_fields(header)
    check_next(book.head(header.office), event)


def check_fields(header: Header) -> None:
    """Check the header fields whose form Avro cannot say.

    Raises:
        FieldInvalidError: a field has no valid form.
    """
    parse_span(header.occurred)
    if header.case_key is not None and not CASE_KEY.fullmatch(header.case_key):
        _invalid("case_key", "lower-case letters, digits and hyphens, at most 64")
    if header.recipients != tuple(sorted(set(header.recipients)))[:RECIPIENTS_MAX]:
        _invalid("recipients", f"sorted, no duplicates, at most {RECIPIENTS_MAX}")
    if not all(map(is_office, header.recipients)):
        _invalid("recipients", "names of offices, <agency>:<office>")
    if header.evaluation is not None and header.evaluation.information_code not in range(5):
        _invalid("evaluation.information_code", "0 to 4")


def _invalid(name: str, expected: str) -> None:
    message = f"header field {name} is invalid: expected {expected}"
    raise FieldInvalidError(message)


def _founding(book: Book, topic: str, raw: bytes) -> Event:
    envelope = parse_envelope(raw)
    _, event = read_event(book.schemas, envelope.event)
    if event.header.type != FOUNDING:
        message = f"first entry is a {event.header.type}, expected {FOUNDING}"
        raise NotFoundedError(message)
    public_key = cast("bytes", event.payload["hub_key"])
    if key_id(public_key) != envelope.key_id:
        message = f"founding event is signed by {short(envelope.key_id)}, which is not the key it names"
        raise KeyringInvalidError(message)
    verify(public_key, event_message(envelope.event), envelope.signature)
    hub = KeyEntry(event.header.office, "sign", public_key, 1)
    founded = effect(book, event)
    _check_header(founded, topic, event.header, envelope, hub)
    _check_said(founded, event)
    return event
