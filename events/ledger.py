"""The ledger's entries and the one rule by which every reader accepts them.

The sequencer writes entries to one Kafka partition; the partition's order arbitrates. An entry counts
if and only if its index is the next one and it names the leaf hash of the last accepted one. Whatever
a late, frozen or second sequencer writes is therefore ignored by all readers in the same way.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from events.codec import decode, encode, wire_schema
from events.errors import AdmissionError, EventTooLargeError
from events.ids import NO_HASH, Hash, LeafIndex, Offset, TreeSize
from events.merkle import EMPTY, HASH_BYTES, Frontier, leaf_hash

ENTRY_BYTES_MAX = 65_535
"""Largest ledger entry, bytes: what a C2SP entry bundle can carry."""

ADMITTED = "admitted"
DUPLICATE = "duplicate"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record came from: its Kafka topic, partition (the corridor's number) and offset."""

    topic: str
    partition: int
    offset: Offset


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one source record.

    *body* is the record itself when it was admitted, otherwise the SHA-256 of its bytes.
    """

    index: LeafIndex
    previous: Hash
    source: Source
    admitted_at: datetime
    verdict: str
    body: bytes
    first_index: LeafIndex | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of the accepted ledger: its size, last leaf hash and Merkle frontier."""

    size: TreeSize
    last: Hash
    frontier: Frontier


EMPTY_TAIL = Tail(TreeSize(0), NO_HASH, EMPTY)


def entry_bytes(entry: Entry) -> bytes:
    """Return the Merkle leaf: the entry's single-object encoding.

    Raises:
        EventTooLargeError: it is over 65,535 bytes.
    """
    raw = encode(wire_schema("LedgerEntry"), _record(entry))
    if len(raw) > ENTRY_BYTES_MAX:
        message = f"ledger entry is too large: expected at most {ENTRY_BYTES_MAX} bytes, found {len(raw)}"
        raise EventTooLargeError(message)
    return raw


def parse_entry(raw: bytes) -> Entry | None:
    """Return the entry in a ledger record, or None if the bytes are not one in canonical form."""
    try:
        record = decode(wire_schema("LedgerEntry"), raw)
    except AdmissionError:
        return None
    place = (
        cast("str", record.pop("topic")),
        cast("int", record.pop("partition")),
        cast("Offset", record.pop("offset")),
    )
    return Entry(source=Source(*place), **record)  # type: ignore[arg-type]  # the schema has exactly these fields


def accepts(tail: Tail, entry: Entry) -> bool:
    """Return whether an entry is the one that continues the ledger."""
    return entry.index == LeafIndex(tail.size) and entry.previous == tail.last


def is_well_formed(entry: Entry) -> bool:
    """Return whether an entry says what its verdict needs and no more: which leaf came first, or why it was refused."""
    if entry.verdict == ADMITTED:
        return entry.first_index is None and entry.reason is None
    if entry.verdict == DUPLICATE:
        is_earlier = entry.first_index is not None and 0 <= entry.first_index < entry.index
        return is_earlier and entry.reason is None and len(entry.body) == HASH_BYTES
    is_refused = entry.verdict == REFUSED and bool(entry.reason)
    return is_refused and entry.first_index is None and len(entry.body) == HASH_BYTES


def extended(tail: Tail, raw: bytes) -> Tail:
    """Return the tail after an accepted entry's exact bytes."""
    leaf = leaf_hash(raw)
    return Tail(TreeSize(tail.size + 1), leaf, tail.frontier.append(leaf))


def _record(entry: Entry) -> dict[str, object]:
    return {
        "index": entry.index,
        "previous": entry.previous,
        "topic": entry.source.topic,
        "partition": entry.source.partition,
        "offset": entry.source.offset,
        "admitted_at": entry.admitted_at,
        "verdict": entry.verdict,
        "body": entry.body,
        "first_index": entry.first_index,
        "reason": entry.reason,
    }
