"""The outbox: the durable record of what this node's offices signed, in an SQLite file of its own.

An event exists when the transaction that holds it is on the disk (`synchronous=FULL`), before anything is
sent. Signing happens inside that transaction, begun for writing, so that two programs of one node extend
an office's chain one after the other and never side by side.

    signed -> sent (its offset is known) -> admitted (its leaf is known) | refused (the reason is known)
"""

import fcntl
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from events.chain import Link
from events.ids import Hash, LeafIndex, Office
from events.ids import Sequence as ChainSequence
from hub.errors import HubError
from hub.familiar import Familiar
from hub.outbox_errors import OutboxDamaged, named
from hub.outbox_rows import ADD, PLACED, READ, STATES, TABLES, VERSION, Kept, New, Placed, Tally

BUSY_WITHIN_MS = 30_000

VALUES_MAX = 5_000

_SENT_UP_TO, _SETTLED_UP_TO = "sent up to", "settled up to"
# Events with an id up to these are sent, and settled: cheaper than an index that every event enters and leaves.


class Outbox:
    """One connection to the file; threads may share it, processes open their own."""

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        """Made by `open_outbox`."""
        self.file = file
        self._connection = connection
        self._mutex = threading.RLock()
        self._familiar = Familiar(file)

    @property
    def lock_file(self) -> Path:
        """The file that whoever sends holds locked."""
        return self.file.with_suffix(".lock")

    def close(self) -> None:
        """Let go of the file."""
        with self._mutex:
            with suppress(HubError, sqlite3.Error):
                content = self._content()
                self._connection.close()
                self._familiar.written(content)  # the last one to close moves the write-ahead log into the file
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the file for writing; everything inside is on the disk afterwards, or nothing of it is.

        Raises:
            OutboxBusy, OutboxUnwritable, OutboxDamaged, OutboxReplaced: see their hints.
        """
        with self._mutex, named(self.file):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._familiar.require_same_file()
                yield
                self._connection.execute("COMMIT")
                self._familiar.written(self._content())
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Hold the file for writing what the broker or the ledger can tell again: a crash may lose it.

        Raises:
            OutboxBusy, OutboxUnwritable, OutboxDamaged: see their hints.
        """
        with self._mutex, named(self.file):
            self._connection.execute("PRAGMA synchronous = NORMAL")
            try:
                with self.writing():
                    yield
            finally:
                self._connection.execute("PRAGMA synchronous = FULL")

    # ---- chains

    def head(self, corridor: int, office: Office) -> Link | None:
        """Return the last event an office signed here, or None if it signed none; its leaf index says nothing."""
        found = self._one(
            "SELECT epoch, sequence, digest FROM head WHERE corridor = ? AND office = ?", corridor, office
        )
        return None if found is None else Link(found[0], ChainSequence(found[1]), Hash(found[2]), LeafIndex(-1))

    def set_head(self, corridor: int, office: Office, head: Link) -> None:
        """Continue an office's chain after *head* from now on."""
        self._do("REPLACE INTO head VALUES (?, ?, ?, ?, ?)", (corridor, office, head.epoch, head.sequence, head.digest))

    def add(self, events: Sequence[New]) -> None:
        """Keep signed events, inside `writing`; their offices' heads are set apart."""
        self._connection.executemany(ADD, events)

    # ---- looking things up

    def at(self, corridor: int, office: Office, *, epoch: int, sequence: int) -> Kept | None:
        """Return the event at a place of a chain, unless it was refused."""
        where = "WHERE corridor = ? AND office = ? AND epoch = ? AND sequence = ? AND given_up = 0"
        return next(iter(self._kept_all(where, corridor, office, epoch, sequence)), None)

    def stories(self, corridor: int, office: Office, place: Link) -> frozenset[bytes]:
        """Return the digests of everything that was ever signed here for a place of a chain, refused or not."""
        where = "SELECT digest FROM event WHERE corridor = ? AND office = ? AND epoch = ? AND sequence = ?"
        return frozenset(row[0] for row in self._all(where, corridor, office, place.epoch, place.sequence))

    def by_event_id(self, event_id: str) -> Kept | None:
        """Return the event with an id, whatever became of it."""
        return next(iter(self._kept_all("WHERE event_id = ?", event_id)), None)

    def unsent(self, limit: int) -> list[Kept]:
        """Return the oldest events that no broker has acknowledged, in the order of signing."""
        return self._kept_all("WHERE id > ? AND state = 0 ORDER BY id LIMIT ?", self.mark(_SENT_UP_TO), limit)

    def places(self, event_ids: Sequence[str]) -> dict[str, Placed]:
        """Return where events are, by their ids; those that were not signed here are left out."""
        parts = (event_ids[start : start + VALUES_MAX] for start in range(0, len(event_ids), VALUES_MAX))
        rows = (row for part in parts for row in self._all(f"{PLACED} WHERE event_id IN ({_marks(part)})", *part))
        return {row[0]: Placed(*row) for row in rows}

    def unsettled(self, corridor: int) -> list[Kept]:
        """Return the events of which the ledger has not said what became of them, in the order of signing."""
        where = "WHERE id > ? AND state < 2 AND corridor = ? ORDER BY id"
        return self._kept_all(where, self.mark(_SETTLED_UP_TO), corridor)

    def passed(self, corridor: int, topic: str, offset: int) -> list[Kept]:
        """Return the unsettled events whose records stand before an offset of a topic, in the order of signing."""
        where = 'WHERE id > ? AND state = 1 AND corridor = ? AND topic = ? AND "offset" < ? ORDER BY id'
        return self._kept_all(where, self.mark(_SETTLED_UP_TO), corridor, topic, offset)

    def is_settled(self, corridor: int) -> bool:
        """Return whether the ledger has said of every event what became of it."""
        where = "WHERE id > ? AND state < 2 AND corridor = ? LIMIT 1"
        return not self._all(f"SELECT 1 FROM event {where}", self.mark(_SETTLED_UP_TO), corridor)  # noqa: S608 - ours

    def tally(self) -> Tally:
        """Return how many events are in which state."""
        counts = dict(self._all("SELECT state, count(*) FROM event GROUP BY state"))
        return Tally(*(counts.get(state, 0) for state in range(len(STATES))))

    # ---- what becomes of events

    def sent(self, offsets: Sequence[tuple[int, int]]) -> None:
        """Remember that the oldest unsent events, by *id*, were acknowledged at these offsets: (offset, id) each."""
        with self.noting():
            self._connection.executemany('UPDATE event SET state = 1, "offset" = ? WHERE id = ? AND state = 0', offsets)
            self._advance(_SENT_UP_TO, "state = 0")

    def admitted(self, places: Iterable[tuple[int, int, Office, int, int, bytes]]) -> None:
        """Remember the leaves of events: (leaf index, corridor, office, epoch, sequence, digest) each."""
        sql = (
            "UPDATE event SET state = 2, leaf_index = ?"
            " WHERE corridor = ? AND office = ? AND epoch = ? AND sequence = ? AND digest = ? AND state <> 2"
        )
        with self._mutex, named(self.file):
            self._connection.executemany(sql, places)
        self._advance(_SETTLED_UP_TO, "state < 2")

    def refuse(self, event: Kept, reason: str) -> None:
        """Remember that an event was refused for good; its place in the chain is free again."""
        self._do("UPDATE event SET state = 3, given_up = id, reason = ? WHERE id = ?", (reason, event.id))

    def send_again(self, corridor: int, office: Office, after: Link) -> int:
        """Have every unsettled event of an office sent again that comes after a place; return how many."""
        where = "WHERE corridor = ? AND office = ? AND (epoch, sequence) > (?, ?) AND state = 1"
        values = (corridor, office, after.epoch, after.sequence)
        first = self._one(f"SELECT min(id) FROM event {where}", *values)[0]  # noqa: S608 - our own words
        if first is None:
            return 0
        self.set_mark(_SENT_UP_TO, min(first - 1, self.mark(_SENT_UP_TO)))
        return self._do(f'UPDATE event SET state = 0, "offset" = NULL {where}', values)  # noqa: S608 - as above

    # ---- how far things have come

    def mark(self, name: str) -> int:
        """Return a number that was kept under a name; 0 at first."""
        found = self._one("SELECT value FROM mark WHERE name = ?", name)
        return 0 if found is None else int(found[0])

    def set_mark(self, name: str, value: int) -> None:
        """Keep a number under a name."""
        self._do("REPLACE INTO mark VALUES (?, ?)", (name, value))

    # ---- a file that was copied back from somewhere

    def recognise(self) -> None:
        """Find out whether the file is as this node wrote it last."""
        self._familiar.recognise(self._content())

    def is_familiar(self) -> bool:
        """Return whether the file was as this node wrote it last; a new one was not, and one from a backup was not."""
        return self._familiar.is_known

    def make_familiar(self) -> None:
        """Trust the file from the next write on: its chains were compared with the ledger."""
        self._familiar.is_known = True

    def _content(self) -> int:
        return int(self._one("SELECT max(id) FROM event")[0] or 0)

    def _advance(self, name: str, is_open: str) -> None:
        # Another process may have opened earlier events again meanwhile: look from the old mark on.
        after = self.mark(name)
        first = self._one(f"SELECT min(id) FROM event WHERE id > ? AND {is_open}", after)[0]  # noqa: S608 - our words
        last = self._one("SELECT max(id) FROM event")[0] or 0
        self.set_mark(name, last if first is None else first - 1)

    def _do(self, sql: str, values: tuple[object, ...]) -> int:
        with self._mutex, named(self.file):
            count = self._connection.execute(sql, values).rowcount
            if not self._connection.in_transaction:
                self._familiar.written(self._content())
            return count

    def _one(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - a row has the types of its columns
        return next(iter(self._all(sql, *values)), None)

    def _kept_all(self, where: str, *values: object) -> list[Kept]:
        return [Kept(*row) for row in self._all(f"{READ} {where}", *values)]

    def _all(self, sql: str, *values: object) -> list[Any]:
        with self._mutex, named(self.file):
            return self._connection.execute(sql, values).fetchall()


def open_outbox(file: Path) -> Outbox:
    """Return the outbox in a file, made if it is not there; only its owner may read it.

    Raises:
        OutboxUnwritable, OutboxBusy, OutboxDamaged: see their hints.
    """
    with named(file):
        if file.parent.is_dir() and not file.exists():
            file.touch(mode=0o600)
        connection = sqlite3.connect(file, timeout=BUSY_WITHIN_MS / 1000, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, file)
            outbox = Outbox(file, connection)
            outbox.recognise()
        except BaseException:
            connection.close()
            raise
    return outbox


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    if _version(connection) == 0:
        with _only_one_makes(file):
            connection.execute("PRAGMA journal_mode = WAL")
            if _version(connection) == 0:
                connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
    found = _version(connection)
    if found != VERSION:
        message = f"outbox {file.name} is of version {found}, expected {VERSION}"
        raise OutboxDamaged(message, hint="use the version of this software that wrote it")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _only_one_makes(file: Path) -> Iterator[None]:
    # SQLite does not wait for its turn when a file gets its write-ahead log.
    with file.with_suffix(".new").open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
