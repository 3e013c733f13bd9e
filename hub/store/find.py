"""What a person may mean by a short text: ``last``, a leaf index, an event id, the beginning of either or a digest."""

import re
from collections.abc import Iterator

from sqlalchemy import Connection

from hub.store import queries
from hub.store.engine import AnyRow
from hub.store.rows import StoredEntry, stored_entry

LEAF_DIGITS_MAX = 18

_DIGEST = re.compile(r"[0-9a-f]{4,64}")
_EVENT_ID = re.compile(r"[0-9a-f-]{4,36}")


def find(connection: Connection, corridor: int, text: str, size: int) -> tuple[StoredEntry, ...]:
    """Return the entries that a text may mean, at most ten; a leaf index that is held goes before a digest."""
    wanted = text.strip().lower()
    if wanted == "last":
        return _at(connection, corridor, size - 1)
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= LEAF_DIGITS_MAX and int(wanted) < size:
        return _at(connection, corridor, int(wanted))
    found = {row.leaf_index: row for row in _beginning(connection, corridor, wanted)}
    return tuple(stored_entry(found[leaf]) for leaf in sorted(found))[: queries.FOUND_MAX]


def _at(connection: Connection, corridor: int, leaf: int) -> tuple[StoredEntry, ...]:
    rows = connection.execute(queries.AT_LEAVES, {"corridor": corridor, "leaves": [leaf]})
    return tuple(map(stored_entry, rows))


def _beginning(connection: Connection, corridor: int, wanted: str) -> Iterator[AnyRow]:
    if _DIGEST.fullmatch(wanted):
        low, high = (bytes.fromhex(wanted.ljust(64, digit)) for digit in "0f")
        yield from connection.execute(queries.BY_DIGEST, {"corridor": corridor, "low": low, "high": high})
    if _EVENT_ID.fullmatch(wanted):
        # "g" comes after every hex digit and the hyphen
        values = {"corridor": corridor, "low": wanted, "high": f"{wanted}g"}
        yield from connection.execute(queries.BY_EVENT_ID, values)
