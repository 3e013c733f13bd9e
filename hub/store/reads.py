"""Reading in pages and by name, from the shelf in force or from another."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, groupby, repeat
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import Select

from events.chain import Link
from events.ids import Hash, LeafIndex, Sequence
from events.projections import Aggregate, Name
from hub.store import queries
from hub.store.engine import AnyRow, Database
from hub.store.rows import aggregate_of, key_bytes

Question: TypeAlias = tuple[Select[Any], Mapping[str, object]]
"""A statement that takes more values, and those it has already: a corridor or a shelf."""


def pages(
    database: Database, question: Question, first: LeafIndex, last: LeafIndex
) -> Iterator[tuple[LeafIndex, bytes]]:
    """Yield leaf index and exact bytes from *first* to *last*, both included; nothing stays open between pages."""
    statement, values = question
    while True:
        with database.reading() as connection:
            rows = connection.execute(statement, {**values, "first": first, "last": last}).all()
        yield from ((LeafIndex(row.leaf_index), row.value) for row in rows)
        if len(rows) < queries.PAGE_ROWS:
            return
        first = LeafIndex(rows[-1].leaf_index + 1)


def named_aggregates(database: Database, question: Question, names: Iterable[Name]) -> dict[Name, Aggregate]:
    """Return those aggregates of some names that there are."""
    statement, values = question
    found: dict[Name, Aggregate] = {}
    with database.reading() as connection:
        for kind, keys in _by_kind(names):
            texts = connection.execute(statement, {**values, **keys, "kind": kind}).scalars()
            found.update(((kind, aggregate.key), aggregate) for aggregate in map(aggregate_of, texts))
    return found


def aggregate_rows(database: Database, corridor: int, kind: str) -> Iterator[AnyRow]:
    """Yield kind, stored key and data of all aggregates from a kind on, sorted by the first two."""
    values: dict[str, object] = {"corridor": corridor, "kind": kind, "key": b""}
    while True:
        with database.reading() as connection:
            rows = connection.execute(queries.AGGREGATES, values).all()
        yield from rows
        if len(rows) < queries.PAGE_ROWS:
            return
        values |= {"kind": rows[-1].kind, "key": rows[-1].key + b"\0"}


def link(database: Database, question: Question) -> Link | None:
    """Return an admitted event's place in its chain, or None if there is none."""
    with database.reading() as connection:
        row: AnyRow | None = connection.execute(*question).one_or_none()
    if row is None:
        return None
    return Link(row.epoch, Sequence(row.sequence), Hash(row.digest), LeafIndex(row.leaf_index))


def _by_kind(names: Iterable[Name]) -> Iterator[tuple[str, Mapping[str, bytes]]]:
    for kind, group in groupby(sorted(names), key=itemgetter(0)):
        keys = [key_bytes(key) for _, key in group]
        for start in range(0, len(keys), len(queries.KEY_NAMES)):
            some = keys[start : start + len(queries.KEY_NAMES)]
            yield kind, dict(zip(queries.KEY_NAMES, chain(some, repeat(some[0])), strict=False))
