"""Values to rows and back."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from uuid import UUID

from events.edtf import parse_span
from events.event import Event
from events.ids import Hash, LeafIndex, Office, Sequence
from events.ledger import Entry, Source
from events.notice import Notification
from events.projections import Aggregate, canonical_json, from_json
from events.reading import Step
from events.snapshot import microseconds, moment
from hub.store.engine import AnyRow, Values

NO_EVENT: Values = (None,) * 9

KEY_BYTES_MAX = 1_024
"""A longer key is cut here: PostgreSQL's indexes take 2,700 bytes, an event may bring 48 KiB."""

KEY_BYTES_CUT = KEY_BYTES_MAX - 32


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One ledger entry as the store holds it; *raw* are its exact bytes, the last seven are None without an event."""

    leaf_index: LeafIndex
    raw: bytes
    leaf_hash: Hash
    admitted_at: datetime
    verdict: str
    reason: str | None
    source: Source
    office: Office | None
    epoch: int | None
    sequence: Sequence | None
    digest: Hash | None
    event_id: UUID | None
    type: str | None
    case_key: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not fit: a name, where it was seen, and the aggregate it is about.

    *kind* is ``ledger`` and *key* empty where the hub itself is objected to. A key over 1,024 bytes is cut.
    """

    leaf_index: LeafIndex
    name: str
    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Told:
    """A notification of this node whose ledger entry it has verified itself."""

    notification: Notification
    digest: Hash
    event_id: UUID
    issuer: Office
    case_key: str | None
    arrived_at: datetime
    is_receipt_signed: bool


def key_bytes(key: str) -> bytes:
    """Return how an aggregate's key is stored: its UTF-8, which sorts like text and may hold a zero; long ones cut."""
    raw = key.encode()
    if len(raw) <= KEY_BYTES_MAX:
        return raw
    return raw[:KEY_BYTES_CUT] + sha256(raw).digest()


def in_order(rows: Iterable[AnyRow]) -> Iterator[str]:
    """Yield the data of aggregates sorted by kind and whole key, given sorted by kind and stored key."""
    for _, same in groupby(rows, key=lambda row: (row.kind, row.key[:KEY_BYTES_CUT])):
        found = [row.data for row in same]
        yield from found if len(found) == 1 else sorted(found, key=lambda data: aggregate_of(data).key)


def entry_values(shelf: int, step: Step) -> Values:
    """Return the row of an accepted entry."""
    entry = step.entry
    return (
        shelf,
        entry.index,
        step.leaf_hash,
        microseconds(entry.admitted_at),
        *_judged(entry),
        *_said(step.event),
        step.raw,
    )


def aggregate_values(shelf: int, aggregate: Aggregate) -> Values:
    """Return the row of an aggregate; its data is the line that `state_digest` hashes."""
    data = canonical_json(aggregate.to_json()).decode("ascii")
    place = (shelf, aggregate.kind, key_bytes(aggregate.key))
    return (*place, aggregate.case_key, aggregate.state, aggregate.last_leaf, data)


def objection_values(shelf: int, step: Step) -> Iterator[Values]:
    """Yield the rows of what an entry brought to light about the hub."""
    for name in step.objections:
        yield (shelf, step.entry.index, name, "ledger", b"")


def finding_values(shelf: int, aggregate: Aggregate) -> Values:
    """Return the row of the last finding about an aggregate."""
    leaf, name = aggregate.findings[-1]
    return (shelf, leaf, name, aggregate.kind, key_bytes(aggregate.key))


def notification_values(corridor: int, notification: Notification, arrived_at: datetime) -> Values:
    """Return the row of a notification that has just arrived."""
    return (
        corridor,
        notification.id,
        _text(notification.origin),
        notification.leaf_index,
        notification.leaf_hash,
        _text(notification.office),
        _text(notification.type),
        _text(notification.urgency),
        microseconds(notification.admitted_at),
        _time(notification.receipt_due_at),
        _time(notification.answer_due_at),
        microseconds(arrived_at),
        0,
    )


def stored_entry(row: AnyRow) -> StoredEntry:
    """Return an entry from its row: all columns, in the order of the table."""
    # By place and not by name: a question about a case is answered in half the time.
    _, leaf, leaf_hash, at, verdict, reason, topic, partition, offset, office, epoch, sequence = row[:12]
    digest, event_id, kind, case_key, _, _, raw = row[12:]
    return StoredEntry(
        leaf_index=leaf,
        raw=raw,
        leaf_hash=leaf_hash,
        admitted_at=moment(at),
        verdict=verdict,
        reason=reason,
        source=Source(topic, partition, offset),
        office=office,
        epoch=epoch,
        sequence=sequence,
        digest=digest,
        event_id=None if event_id is None else UUID(event_id),
        type=kind,
        case_key=case_key,
    )


def aggregate_of(data: str) -> Aggregate:
    """Return an aggregate from its data."""
    return from_json(json.loads(data))


def finding_of(row: AnyRow) -> Finding:
    """Return a finding from its row."""
    return Finding(LeafIndex(row.leaf_index), row.name, row.kind, row.key.decode(errors="replace"))


def told_of(row: AnyRow) -> Told:
    """Return a notification from its row, joined with that of its entry."""
    notification = Notification(
        id=Hash(row.id),
        origin=row.origin,
        leaf_index=LeafIndex(row.leaf_index),
        leaf_hash=Hash(row.leaf_hash),
        office=Office(row.office),
        type=row.type,
        urgency=row.urgency,
        admitted_at=moment(row.admitted_at),
        receipt_due_at=None if row.receipt_due_at is None else moment(row.receipt_due_at),
        answer_due_at=None if row.answer_due_at is None else moment(row.answer_due_at),
    )
    return Told(
        notification,
        digest=Hash(row.digest),
        event_id=UUID(row.event_id),
        issuer=Office(row.issuer),
        case_key=row.case_key,
        arrived_at=moment(row.arrived_at),
        is_receipt_signed=bool(row.receipt_signed),
    )


def _judged(entry: Entry) -> Values:
    source = entry.source
    reason = None if entry.reason is None else _text(entry.reason)
    return (entry.verdict, reason, _text(source.topic), source.partition, source.offset)


def _said(event: Event | None) -> Values:
    if event is None:
        return NO_EVENT
    header = event.header
    return (
        header.office,
        header.epoch,
        header.sequence,
        event.digest,
        str(header.event_id),
        header.type,
        header.case_key,
        *_days(header.occurred),
    )


@lru_cache(maxsize=1024)
def _days(occurred: str) -> tuple[str | None, str | None]:
    span = parse_span(occurred)
    return (
        None if span.first is None else span.first.isoformat(),
        None if span.last is None else span.last.isoformat(),
    )


def _text(text: str) -> str:
    # PostgreSQL keeps no zero in text, and a hostile hub may send one; the exact bytes stand in the entry.
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _time(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)
