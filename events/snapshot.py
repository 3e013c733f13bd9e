"""A book as plain data and back, so that a reader need not fold the whole ledger again at each start.

Keys and schemas are not written down: they are folded again from the few leaves that changed them, with all
their signatures checked, so a snapshot can be stale but cannot enrol a key.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias, cast

from immutables import Map

from events.book import Book, effect
from events.chain import Link
from events.errors import AdmissionError, EventsError
from events.ids import Hash, LeafIndex, Office, Offset, Sequence, TreeSize
from events.ledger import Tail, parse_entry
from events.merkle import Frontier
from events.projections import Json
from events.reading import event_in

FORMAT = 1
"""Goes up when the plain data below changes its meaning."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Rare: TypeAlias = Mapping[LeafIndex, bytes]
"""The exact bytes of the leaves that changed keys or schemas."""


class SnapshotInvalidError(EventsError):
    """Fold the ledger again from its first entry: `hub rebuild`."""


def to_json(book: Book) -> dict[str, Json]:
    """Return a book as strings, integers, lists and dicts; the same book gives the same value."""
    return {
        "format": FORMAT,
        "size": book.tail.size,
        "last": book.tail.last.hex(),
        "peaks": [peak.hex() for peak in book.tail.frontier.peaks],
        "admitted_at": microseconds(book.admitted_at),
        "sources": [[topic, partition, offset] for (topic, partition), offset in sorted(book.sources.items())],
        "chains": [_link(office, link) for office, link in sorted(book.chains.items())],
        "rare": list(book.rare),
    }


def from_json(value: Mapping[str, Json], rare: Rare) -> Book:
    """Return the book that `to_json` wrote; *rare* must hold every leaf that its part of that name lists.

    Raises:
        SnapshotInvalidError: a part is missing or of another format, or a rare leaf is missing or does not fit.
    """
    try:
        if value["format"] != FORMAT:
            message = f"snapshot has another format: expected {FORMAT}, found {value['format']}"
            raise SnapshotInvalidError(message)
        return _book(value, rare)
    except (AdmissionError, AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"snapshot cannot be read: {type(error).__name__}"
        raise SnapshotInvalidError(message) from error


def rare_leaves(value: Mapping[str, Json]) -> tuple[LeafIndex, ...]:
    """Return the leaves that `from_json` will ask for."""
    listed = value.get("rare")
    return tuple(LeafIndex(leaf) for leaf in cast("list[int]", listed)) if isinstance(listed, list) else ()


def microseconds(at: datetime) -> int:
    """Return a time as microseconds since 1970, UTC."""
    return (at - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """Return the time that `microseconds` wrote."""
    return EPOCH + value * MICROSECOND


def _book(value: Mapping[str, Json], rare: Rare) -> Book:
    size = TreeSize(cast("int", value["size"]))
    peaks = tuple(Hash(bytes.fromhex(peak)) for peak in cast("list[str]", value["peaks"]))
    listed = rare_leaves(value)
    if len(peaks) != size.bit_count():
        message = f"snapshot of {size} leaves has {len(peaks)} peaks, expected {size.bit_count()}"
        raise SnapshotInvalidError(message)
    return replace(
        _ruled(tuple((leaf, rare[leaf]) for leaf in listed)),
        tail=Tail(size, Hash(bytes.fromhex(cast("str", value["last"]))), Frontier(size, peaks)),
        admitted_at=moment(cast("int", value["admitted_at"])),
        sources=Map(_sources(cast("list[list[Json]]", value["sources"]))),
        chains=Map(_chains(cast("list[list[Json]]", value["chains"]))),
        rare=listed,
    )


# All snapshots of a corridor name the same few leaves: they are folded once and not each time one is read.
@lru_cache(maxsize=16)
def _ruled(leaves: tuple[tuple[LeafIndex, bytes], ...]) -> Book:
    book = Book()
    for leaf, raw in leaves:
        entry = parse_entry(raw)
        event = None if entry is None or entry.index != leaf else event_in(book, entry)
        if event is None:
            message = f"leaf {leaf} is not the entry that changed keys or schemas"
            raise SnapshotInvalidError(message)
        book = effect(book, event)
    return book


def _link(office: Office, link: Link) -> list[Json]:
    return [office, link.epoch, link.sequence, link.digest.hex(), link.leaf_index]


def _chains(rows: list[list[Json]]) -> dict[Office, Link]:
    return {Office(cast("str", office)): _link_of(*link) for office, *link in rows}


def _link_of(epoch: Json, sequence: Json, digest: Json, leaf_index: Json) -> Link:
    return Link(
        cast("int", epoch),
        Sequence(cast("int", sequence)),
        Hash(bytes.fromhex(cast("str", digest))),
        LeafIndex(cast("int", leaf_index)),
    )


def _sources(rows: list[list[Json]]) -> dict[tuple[str, int], Offset]:
    return {
        (cast("str", topic), cast("int", partition)): Offset(cast("int", offset)) for topic, partition, offset in rows
    }
