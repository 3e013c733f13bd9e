"""What an attacker or a broken program would send: records and entries bent in one place, and signed again."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from functools import cache

from events.admission import Admitted, Refused, Verdict, judge
from events.chain import Link
from events.codec import encode, wire_schema
from events.envelope import parse_envelope, read_event, sign_event, write_event
from events.event import Event
from events.founding import root_signed
from events.ids import Agency, KeyId, LeafIndex, Office, Sequence, agency_of
from events.keyring import AgencyKeys, SignedKeys
from events.ledger import Entry, Source, entry_bytes
from events.signing import SigningKey, event_message, sign, signing_key
from events.topics import events_topic
from tests.support.ledger import SECOND, Corridor

EVIL = signing_key(b"e" * 32)
"""A key that no root ever signed for."""


@cache
def _founded() -> Corridor:
    return Corridor.founded()


def fresh() -> Corridor:
    """Return a founded corridor of one's own; founding it anew for each test would take most of the time."""
    found = copy(_founded())
    for name, value in vars(found).items():
        if isinstance(value, list | dict):
            setattr(found, name, value.copy())
    return found


def nobody(_office: Office, _epoch: int, _sequence: Sequence) -> Link | None:
    """Look up nothing: for records that continue their chain."""
    return None


def topic_of(office: Office) -> str:
    """Return the topic an office speaks on."""
    return events_topic(agency_of(office))


def event_bytes(envelope: bytes) -> bytes:
    """Return the exact event in an envelope."""
    return parse_envelope(envelope).event


def sealed_in(event: bytes, key_id: KeyId, signature: bytes) -> bytes:
    """Return an envelope with anything inside."""
    return encode(wire_schema("Envelope"), {"event": event, "key_id": key_id, "signature": signature})


def signed_for(event: bytes, *, by: SigningKey, named: KeyId) -> bytes:
    """Return an envelope that names another key than the one that signed."""
    return sealed_in(event, named, sign(by, event_message(event)))


def bent(
    corridor: Corridor,
    envelope: bytes,
    *,
    key: SigningKey | None = None,
    payload: Mapping[str, object] | None = None,
    **header: object,
) -> bytes:
    """Return an envelope's event with header fields replaced, signed again by its office or by *key*."""
    schema, event = read_event(corridor.book.schemas, event_bytes(envelope))
    said = write_event(schema, replace(event.header, **header), payload or event.payload)  # type: ignore[arg-type]
    return sign_event(said, key or corridor.keys[event.header.office])


def refusal(verdict: Verdict) -> tuple[str, str]:
    """Return reason and message of a refusal."""
    assert isinstance(verdict, Refused), verdict
    return verdict.reason, verdict.message


def admitted(verdict: Verdict) -> Event:
    """Return the event of an admission."""
    assert isinstance(verdict, Admitted), verdict
    return verdict.event


def forged_entry(corridor: Corridor, topic: str, **changes: object) -> bytes:
    """Return the next entry of a ledger, one that admits nothing at all, with any field replaced."""
    tail = corridor.book.tail
    source = Source(topic, corridor.partition, corridor.book.next_offset(topic, corridor.partition))
    at = corridor.book.admitted_at + SECOND
    entry = Entry(LeafIndex(tail.size), tail.last, source, at, "admitted", b"")
    return entry_bytes(replace(entry, **changes))  # type: ignore[arg-type]


def judged(corridor: Corridor, office: Office, raw: bytes) -> Verdict:
    """Return what would become of a record that continues its chain, on the office's own topic."""
    return judge(corridor.book, topic_of(office), raw, nobody)


def keys_now(corridor: Corridor, agency: Agency) -> AgencyKeys:
    """Return an agency's keys in force."""
    return corridor.book.keyring.agencies[agency]


def next_keys(
    corridor: Corridor, agency: Agency, *, roots: tuple[SigningKey, ...] = (), **changes: object
) -> SignedKeys:
    """Return an agency's next version with some fields replaced, signed by its root or by *roots*."""
    now = keys_now(corridor, agency)
    then = replace(now, **{"version": now.version + 1, **changes})  # type: ignore[arg-type]
    return root_signed(then, roots or (corridor.roots[agency],))


def as_payload(signed: SignedKeys) -> dict[str, object]:
    """Return the payload of an AgencyKeysPublished."""
    return {"keys": as_record(signed)}


def as_record(signed: SignedKeys) -> dict[str, object]:
    """Return signed keys as they stand in a payload."""
    rows = [{"key_id": name, "signature": signature} for name, signature in signed.signatures]
    return {"document": signed.document, "signatures": rows}
