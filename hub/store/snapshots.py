"""Where each agent stands, and which shelf of a corridor is in force."""

import json
from hashlib import sha256

from sqlalchemy import Connection

from events.book import Book
from events.errors import EventsError
from events.ids import LeafIndex
from events.projections import canonical_json
from events.snapshot import from_json, rare_leaves, to_json
from hub.store import queries
from hub.store.batch import Batch, Mark, Snapshot
from hub.store.engine import AnyRow, Database, execute_rows
from hub.store.errors import StoreCorruptError, StoreMovedOn
from hub.store.queries import PROJECT
from hub.store.tables import CORRIDORS_MAX, snapshots

REBUILD = "rebuild"
"""The agent that fills another shelf."""


def load(database: Database, corridor: int, agent: str) -> Snapshot | None:
    """Return an agent's snapshot, or None if it has none yet.

    Raises:
        StoreCorruptError: it cannot be read.
    """
    with database.reading() as connection:
        row = connection.execute(queries.SNAPSHOT, {"corridor": corridor, "agent": agent}).one_or_none()
        return None if row is None else _read(connection, row)


def begin(database: Database, corridor: int, agent: str) -> Snapshot:
    """Return the snapshot of `project`, at first that of nothing on the corridor's own shelf; or that of a rebuild.

    Raises:
        StoreMovedOn: the rebuild is over or another one took its place.
    """
    found = load(database, corridor, agent)
    if found is not None:
        return found
    if agent != PROJECT:
        message = f"{agent} of corridor {corridor} is over"
        raise StoreMovedOn(message)
    sweep(database, corridor)  # what a drop that was cut short has left
    with database.writing() as connection:
        _put(connection, database, (corridor, agent), Snapshot(Book(), Mark(corridor, 0)))
    return begin(database, corridor, agent)


def begin_rebuild(database: Database, corridor: int) -> None:
    """Put the snapshot of nothing on a new, empty shelf; a rebuild that was cut short, or still runs, is over."""
    with database.writing() as connection:
        in_force, before = (_locked(connection, corridor, agent) for agent in (PROJECT, REBUILD))
        shelves = [corridor, *(row.shelf for row in (in_force, before) if row is not None)]
        shelf = max(shelves) + CORRIDORS_MAX
        _forget(connection, corridor, REBUILD)
        _put(connection, database, (corridor, REBUILD), Snapshot(Book(), Mark(shelf, 0)))
    for leftover in (shelf, None if before is None else before.shelf):
        if leftover is not None:
            sweep(database, leftover)


def advance(connection: Connection, batch: Batch) -> None:
    """Move an agent's snapshot from where a batch began to where it ends.

    Raises:
        StoreMovedOn: it does not stand there any more.
    """
    place = {"of_corridor": batch.corridor, "of_agent": batch.agent}
    before = {"on_shelf": batch.before.shelf, "at_offset": batch.before.next_offset}
    moved = connection.execute(queries.ADVANCE, {**place, **before, **_values(batch.after)})
    if moved.rowcount != 1:
        message = f"read model of corridor {batch.corridor} is no longer at offset {batch.before.next_offset}"
        raise StoreMovedOn(message)


def swap(database: Database, corridor: int) -> int | None:
    """Put the rebuilt shelf in force and return the old one, or None while that one is further.

    Raises:
        StoreMovedOn: another rebuild was started or finished meanwhile.
    """
    with database.writing() as connection:
        old = _locked(connection, corridor, PROJECT)
        new = _locked(connection, corridor, REBUILD)
        if new is None:
            message = f"rebuild of corridor {corridor} is over"
            raise StoreMovedOn(message)
        if old is not None and old.tree_size > new.tree_size:
            return None
        # Between equal sizes lie only records that do not count: the further offset holds.
        offset = max(new.next_offset, 0 if old is None or old.tree_size < new.tree_size else old.next_offset)
        _forget(connection, corridor, REBUILD)
        row = (corridor, PROJECT, new.shelf, offset, new.tree_size, new.state)
        execute_rows(connection, database.statements(snapshots).replace, [row])
        return corridor if old is None else int(old.shelf)


def drop(database: Database, corridor: int) -> None:
    """Forget a corridor's shelves and where `project` stood."""
    marks = (load_mark(database, corridor, agent) for agent in (PROJECT, REBUILD))
    shelves = [mark.shelf for mark in marks if mark is not None]
    with database.writing() as connection:
        _forget(connection, corridor, PROJECT)
        _forget(connection, corridor, REBUILD)
    for shelf in shelves:
        sweep(database, shelf)


def sweep(database: Database, shelf: int) -> None:
    """Remove everything on a shelf, a little at a time, so that nobody waits long."""
    for statement in queries.SWEEPS:
        removed = queries.SWEEP_ROWS
        while removed == queries.SWEEP_ROWS:
            with database.writing() as connection:
                removed = connection.execute(statement, {"shelf": shelf}).rowcount


def save(database: Database, place: tuple[int, str], snapshot: Snapshot) -> bool:
    """Keep an agent's snapshot if its rare leaves are held; return whether it was kept."""
    with database.writing() as connection:
        if len(_rare(connection, place[0], snapshot.book.rare)) < len(snapshot.book.rare):
            return False
        row = (*place, *_values(snapshot).values())
        execute_rows(connection, database.statements(snapshots).replace, [row])
    return True


def newest(database: Database, corridor: int) -> Snapshot | None:
    """Return the furthest snapshot of a whole book, whoever's it is, or None without any.

    An agent that needs only the tail may have kept no more than that: nobody can go on admitting from there.
    """
    with database.reading() as connection:
        rows = connection.execute(queries.SNAPSHOTS, {"corridor": corridor}).all()
        found = (_read(connection, row) for row in rows)
        return next((snapshot for snapshot in found if snapshot.book.origin), None)


def load_mark(database: Database, corridor: int, agent: str) -> Mark | None:
    """Return where an agent stands, without reading its book."""
    with database.reading() as connection:
        row = connection.execute(queries.SNAPSHOT, {"corridor": corridor, "agent": agent}).one_or_none()
        return None if row is None else Mark(row.shelf, row.next_offset)


def tree_size(database: Database, corridor: int) -> int:
    """Return how many entries the shelf in force holds."""
    with database.reading() as connection:
        row = connection.execute(queries.SNAPSHOT, {"corridor": corridor, "agent": PROJECT}).one_or_none()
        return 0 if row is None else int(row.tree_size)


def _read(connection: Connection, row: AnyRow) -> Snapshot:
    try:
        value = json.loads(_unsealed(row.state))
        book = from_json(value, _rare(connection, row.corridor, rare_leaves(value)))
    except (ValueError, EventsError) as error:
        message = f"snapshot of {row.agent} in corridor {row.corridor} cannot be read: {type(error).__name__}"
        raise StoreCorruptError(message) from error
    return Snapshot(book, Mark(row.shelf, row.next_offset))


def _rare(connection: Connection, corridor: int, leaves: tuple[LeafIndex, ...]) -> dict[LeafIndex, bytes]:
    rows = connection.execute(queries.RARE, {"corridor": corridor, "leaves": list(leaves)})
    return {LeafIndex(row.leaf_index): row.value for row in rows}


def _put(connection: Connection, database: Database, place: tuple[int, str], snapshot: Snapshot) -> None:
    row = (*place, *_values(snapshot).values())
    execute_rows(connection, database.statements(snapshots).insert_new, [row])


def _locked(connection: Connection, corridor: int, agent: str) -> AnyRow | None:
    return connection.execute(queries.SNAPSHOT_FOR_UPDATE, {"corridor": corridor, "agent": agent}).one_or_none()


def _forget(connection: Connection, corridor: int, agent: str) -> None:
    connection.execute(queries.FORGET_SNAPSHOT, {"of_corridor": corridor, "of_agent": agent})


def _values(snapshot: Snapshot) -> dict[str, int | str]:
    return {
        "shelf": snapshot.mark.shelf,
        "next_offset": snapshot.mark.next_offset,
        "tree_size": snapshot.book.tail.size,
        "state": _sealed(canonical_json(to_json(snapshot.book)).decode("ascii")),
    }


def _sealed(text: str) -> str:
    # SQLite has no checksums: a bit that the disk changed would be folded into a root that the hub then signs.
    return f"{_checksum(text)} {text}"


def _unsealed(sealed: str) -> str:
    checksum, _, text = sealed.partition(" ")
    if checksum != _checksum(text):
        message = "snapshot has another checksum"
        raise ValueError(message)
    return text


def _checksum(text: str) -> str:
    return sha256(text.encode()).hexdigest()
