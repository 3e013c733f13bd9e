"""The read model: what the ledger adds up to, in SQL, with the ledger position in the same transaction.

It holds nothing that the ledger and its topics do not: dropping it costs time, never knowledge. Any number of
processes may use it; of two that fold the same corridor, the slower one is told and reads its position again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import takewhile

from events.book import Book
from events.chain import Earlier, Link
from events.ids import Hash, LeafIndex, Office, TreeSize
from events.ids import Sequence as ChainSequence
from events.notice import Notification
from events.projections import Aggregate, Name
from hub.store import queries, snapshots
from hub.store.batch import Batch, Mark, Snapshot
from hub.store.engine import AnyRow, Database, connected, execute_rows
from hub.store.errors import StoreLags
from hub.store.find import find
from hub.store.reads import aggregate_rows, link, named_aggregates, pages
from hub.store.rows import (
    Finding,
    StoredEntry,
    Told,
    aggregate_of,
    finding_of,
    in_order,
    notification_values,
    stored_entry,
    told_of,
)
from hub.store.tables import aggregates, entries, findings, notifications, rare, sealed

LEAVES_AT_ONCE = 500
FIRST_LEAF = LeafIndex(0)
LAST_LEAF = LeafIndex(2**62)


class Store:
    """One node's read model. Reading methods see the latest committed state, each by itself."""

    def __init__(self, database: Database) -> None:
        """Wrap a database; `open` makes one from a URL."""
        self.database = database

    @classmethod
    def open(cls, url: str) -> "Store":
        """Return the read model at an SQLAlchemy URL (sqlite:///FILE or postgresql://…), made if it is not there.

        Raises:
            HubError: it cannot be opened; see `hub.store.errors`.
        """
        return cls(connected(url))

    def close(self) -> None:
        """Disconnect."""
        self.database.engine.dispose()

    # ------------------------------------------------------------ writing

    def commit(self, batch: Batch) -> None:
        """Write a batch and the snapshot that belongs to it in one transaction.

        Raises:
            StoreMovedOn: the agent's snapshot is no longer where the batch began.
        """
        with self.database.writing() as connection:
            snapshots.advance(connection, batch)
            write = self.database.statements
            execute_rows(connection, write(entries).insert, batch.entries)
            execute_rows(connection, write(aggregates).replace, batch.aggregates)
            execute_rows(connection, write(findings).insert_new, batch.findings)
            execute_rows(connection, write(rare).replace, batch.rare)

    def drop(self, corridor: int) -> None:
        """Forget what the ledger says of a corridor; notifications and sealed parts stay."""
        snapshots.drop(self.database, corridor)

    # ------------------------------------------------------------ snapshots

    def load_book(self, corridor: int, agent: str) -> tuple[Book, int]:
        """Return an agent's folded book and the next ledger offset to read; an empty book and 0 at first.

        Raises:
            StoreCorruptError: the snapshot cannot be read.
        """
        return _book_of(snapshots.load(self.database, corridor, agent))

    def mark(self, corridor: int) -> Mark:
        """Return which shelf is in force, and the next ledger offset to read."""
        return snapshots.load_mark(self.database, corridor, queries.PROJECT) or Mark(corridor, 0)

    def newest_book(self, corridor: int) -> tuple[Book, int]:
        """Return the book that is furthest, of whichever agent: where a sequencer can go on."""
        return _book_of(snapshots.newest(self.database, corridor))

    def save_book(self, corridor: int, agent: str, book: Book, next_offset: int) -> bool:
        """Keep an agent's book and return whether it was kept.

        It is not while the agent `project` has not seen all leaves that changed keys or schemas: without them the
        book could not be read again. The older one stays, which costs a restart some reading and nothing else.
        """
        return snapshots.save(self.database, (corridor, agent), Snapshot(book, Mark(0, next_offset)))

    # ------------------------------------------------------------ the ledger

    def size(self, corridor: int) -> TreeSize:
        """Return how many entries are held."""
        return TreeSize(snapshots.tree_size(self.database, corridor))

    def entry(self, corridor: int, leaf_index: LeafIndex) -> StoredEntry | None:
        """Return one entry, or None if the read model does not hold it."""
        return next(iter(self.at(corridor, (leaf_index,))), None)

    def entries(
        self, corridor: int, first: LeafIndex = FIRST_LEAF, last: LeafIndex = LAST_LEAF
    ) -> Iterator[tuple[LeafIndex, bytes]]:
        """Yield leaf index and exact bytes from *first* to *last*, both included, a page at a time."""
        yield from pages(self.database, (queries.PAGE, {"corridor": corridor}), first, last)

    def at(self, corridor: int, leaves: Iterable[LeafIndex]) -> tuple[StoredEntry, ...]:
        """Return the entries at some leaves, in ledger order; those not held are left out."""
        wanted = sorted(set(leaves))
        parts = (wanted[start : start + LEAVES_AT_ONCE] for start in range(0, len(wanted), LEAVES_AT_ONCE))
        with self.database.reading() as connection:
            answers = (connection.execute(queries.AT_LEAVES, {"corridor": corridor, "leaves": part}) for part in parts)
            return tuple(stored_entry(row) for rows in answers for row in rows)

    def find(self, corridor: int, text: str) -> tuple[StoredEntry, ...]:
        """Return what a text may mean, at most ten: ``last``, a leaf index, an event id, the beginning of a digest."""
        size = self.size(corridor)
        with self.database.reading() as connection:
            return find(connection, corridor, text, size)

    def case_entries(self, corridor: int, case_key: str) -> tuple[StoredEntry, ...]:
        """Return the entries whose events belong to a case, in ledger order."""
        with self.database.reading() as connection:
            rows = connection.execute(queries.BY_CASE, {"corridor": corridor, "case_key": case_key})
            return tuple(map(stored_entry, rows))

    def refused(self, corridor: int, first: LeafIndex = FIRST_LEAF) -> Iterator[StoredEntry]:
        """Yield the entries of refused records from a leaf on, in ledger order."""
        while True:
            with self.database.reading() as connection:
                rows = connection.execute(queries.REFUSED, {"corridor": corridor, "first": first}).all()
            yield from map(stored_entry, rows)
            if len(rows) < queries.PAGE_ROWS:
                return
            first = LeafIndex(rows[-1].leaf_index + 1)

    def earlier(self, corridor: int) -> Earlier:
        """Return the look-up of admitted events that `events.chain` asks for.

        It raises StoreLags where the answer may stand in entries that the read model does not hold yet: taken for
        "there is none", a repeated event would be refused as a fork.
        """

        def look_up(office: Office, epoch: int, sequence: ChainSequence) -> Link | None:
            values = {"corridor": corridor, "office": office, "epoch": epoch, "sequence": sequence}
            found = link(self.database, (queries.PLACE, values))
            if found is None and not self._is_past(corridor, office, (epoch, sequence)):
                message = f"read model does not hold event {sequence} of {office} yet"
                raise StoreLags(message)
            return found

        return look_up

    # ------------------------------------------------------------ projections

    def aggregates(self, corridor: int, kind: str | None = None, case_key: str | None = None) -> Iterator[Aggregate]:
        """Yield the aggregates of a kind, of a case, of both or all, sorted by kind and key."""
        if case_key is None:
            rows: Iterable[AnyRow] = aggregate_rows(self.database, corridor, kind or "")
        else:
            rows = self._of_case(corridor, case_key)
        wanted = rows if kind is None else takewhile(lambda row: row.kind <= kind, rows)
        yield from map(aggregate_of, in_order(row for row in wanted if kind in {None, row.kind}))

    def named(self, corridor: int, names: Iterable[Name]) -> Mapping[Name, Aggregate]:
        """Return aggregates by kind and key; those of which nothing was said are left out."""
        return named_aggregates(self.database, (queries.NAMED, {"corridor": corridor}), names)

    def findings(self, corridor: int) -> tuple[Finding, ...]:
        """Return everything that did not fit, in ledger order."""
        with self.database.reading() as connection:
            rows = connection.execute(queries.FINDINGS, {"corridor": corridor})
            return tuple(map(finding_of, rows))

    def state_digest(self, corridor: int) -> str:
        """Return `events.projections.state_digest` over all aggregates, without reading them one by one.

        Their data is written as that digest's lines, and comes sorted as it sorts them.
        """
        digest = sha256()
        for text in in_order(aggregate_rows(self.database, corridor, "")):
            digest.update(text.encode("ascii"))
            digest.update(b"\n")
        return digest.hexdigest()

    # ------------------------------------------------------------ notifications and sealed parts

    def note(self, corridor: int, arrived: Iterable[Notification], at: datetime) -> None:
        """Keep notifications that arrived at a time; those that came before stay as they are."""
        rows = [notification_values(corridor, each, at) for each in arrived]
        with self.database.writing() as connection:
            execute_rows(connection, self.database.statements(notifications).insert_new, rows)

    def inbox(self, corridor: int, offices: Sequence[Office]) -> Iterator[Told]:
        """Yield what some offices were told of, in ledger order; only what the verified ledger holds, too."""
        leaf, office = -1, ""
        while True:
            values = {"corridor": corridor, "offices": list(offices), "leaf": leaf, "office": office}
            with self.database.reading() as connection:
                rows = connection.execute(queries.INBOX, values).all()
            yield from map(told_of, rows)
            if len(rows) < queries.PAGE_ROWS:
                return
            leaf, office = rows[-1].leaf_index, rows[-1].office

    def unreceived(self, corridor: int, size: TreeSize, offices: Sequence[Office]) -> tuple[Told, ...]:
        """Return what some offices were told of, below a tree size, and have not signed for; at most 1,000."""
        with self.database.reading() as connection:
            values = {"corridor": corridor, "offices": list(offices), "size": size}
            return tuple(map(told_of, connection.execute(queries.UNRECEIVED, values)))

    def receipt_signed(self, corridor: int, ids: Iterable[Hash]) -> None:
        """Remember that receipts were signed for some notifications."""
        rows = [{"of_corridor": corridor, "of_id": each} for each in ids]
        if rows:
            with self.database.writing() as connection:
                connection.execute(queries.RECEIPT_SIGNED, rows)

    def keep(self, corridor: int, parts: Iterable[tuple[Hash, bytes | None]]) -> None:
        """Keep sealed parts by digest; a part without a value is erased."""
        with self.database.writing() as connection:
            write = self.database.statements(sealed).replace
            for digest, value in parts:
                if value is None:
                    connection.execute(queries.ERASE, {"of_digest": digest})
                else:
                    execute_rows(connection, write, [(digest, corridor, value)])

    def sealed(self, digest: Hash) -> bytes | None:
        """Return a sealed part, or None if it is not here or was erased."""
        with self.database.reading() as connection:
            value: bytes | None = connection.execute(queries.SEALED, {"digest": digest}).scalar()
            return value

    # ------------------------------------------------------------ parts

    def _is_past(self, corridor: int, office: Office, place: tuple[int, int]) -> bool:
        book, _ = self.load_book(corridor, queries.PROJECT)
        head = book.head(office)
        return place[1] < 1 or place <= (head.epoch, head.sequence)

    def _of_case(self, corridor: int, case_key: str) -> Sequence[AnyRow]:
        with self.database.reading() as connection:
            values = {"corridor": corridor, "case_key": case_key}
            return sorted(connection.execute(queries.AGGREGATES_OF_CASE, values), key=lambda row: (row.kind, row.key))


def _book_of(snapshot: Snapshot | None) -> tuple[Book, int]:
    return (Book(), 0) if snapshot is None else (snapshot.book, snapshot.mark.next_offset)
