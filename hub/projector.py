"""The projector of one corridor: folds ledger records into the read model, verifying every one.

Rows and position are written in one transaction, so a record counts once however often it comes. Two projectors
of one corridor do no harm: the slower one finds that the read model has moved on and reads its position again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from events.book import Book
from events.chain import Earlier, Link, link_of
from events.event import Event, Recorded
from events.ids import Hash, LeafIndex, Office, short
from events.ids import Sequence as ChainSequence
from events.merkle import leaf_hash
from events.projections import Aggregate, Name, advanced, touches
from events.reading import Step, verified
from hub.errors import HubError
from hub.store import PROJECT, Batch, Mark, Snapshot, Store, StoreMovedOn, queries, snapshots
from hub.store.reads import link, named_aggregates, pages
from hub.store.rows import aggregate_values, entry_values, finding_values, objection_values

__all__ = ["PROJECT", "GenesisMismatch", "LedgerRecord", "Projector", "RecordsMissing"]

REMEMBERED_MAX = 4_096
"""How many aggregates are kept in memory between batches."""

TRIES = 5

LedgerRecord: TypeAlias = tuple[int, bytes]
"""Offset in the ledger topic and the record's value."""

Reader: TypeAlias = Callable[[Book, bytes, Earlier], Step | None]


class GenesisMismatch(HubError):  # noqa: N818 - the field's word for it
    """Compare the genesis hash in `hub.toml` with the one the other side has: this ledger is not that corridor's."""


class RecordsMissing(HubError):  # noqa: N818 - the field's word for it
    """Start this program again: the read model went back, and the ledger is read again from where it stands now."""


@dataclass(frozen=True, slots=True)
class _Folded:
    """What some records come to: the accepted ones, and where the fold stands after all of them."""

    steps: tuple[Step, ...]
    book: Book
    next_offset: int


class Projector:
    """Keeps one corridor's part of the read model."""

    def __init__(
        self,
        store: Store,
        corridor: int,
        *,
        agent: str = PROJECT,
        genesis: bytes | None = None,
        read: Reader = verified,
    ) -> None:
        """Nothing is read yet; *genesis* is the leaf hash that the first entry must have.

        *read* is `events.reading.verified` unless the records were verified before.
        """
        self._store = store
        self._corridor = corridor
        self._agent = agent
        self._genesis = genesis
        self._read = read
        self._snapshot: Snapshot | None = None
        self._remembered: dict[Name, Aggregate] = {}

    @property
    def position(self) -> int:
        """The next offset of the ledger topic.

        Raises:
            HubError: the read model cannot be read.
        """
        return self._here().mark.next_offset

    @property
    def book(self) -> Book:
        """The book at that position."""
        return self._here().book

    @property
    def shelf(self) -> int:
        """Where its rows stand in the store."""
        return self._here().mark.shelf

    def apply(self, records: Iterable[LedgerRecord]) -> tuple[Step, ...]:
        """Fold records into the read model and return the steps of those that count and are new.

        Raises:
            GenesisMismatch: the ledger does not begin with the entry that is trusted.
            RecordsMissing: they do not begin where the projector stands, or earlier.
            HubError: the read model cannot be written; nothing of these records is in it.
        """
        given = list(records)
        for _ in range(TRIES):
            try:
                return self._applied(given)
            except StoreMovedOn:
                continue  # what the other process has written is skipped now
        message = f"read model of corridor {self._corridor} is written by another process"
        raise StoreMovedOn(message)

    def _applied(self, records: Sequence[LedgerRecord]) -> tuple[Step, ...]:
        here = self._here()
        folded = self._folded(here, records)
        if folded.next_offset == here.mark.next_offset:
            return ()
        # Unless the commit returns, what is in memory may be ahead of what is written.
        self._snapshot = None
        after = Snapshot(folded.book, Mark(here.mark.shelf, folded.next_offset))
        self._store.commit(self._batch(here.mark, after, folded.steps))
        self._snapshot = after
        return folded.steps

    def _here(self) -> Snapshot:
        if self._snapshot is None:
            self._remembered.clear()
            found = snapshots.begin(self._store.database, self._corridor, self._agent)
            question = (queries.PAGE_ON_SHELF, {"shelf": found.mark.shelf})
            for _, raw in pages(self._store.database, question, LeafIndex(0), LeafIndex(0)):
                self._check_genesis(leaf_hash(raw))
            self._snapshot = found
        return self._snapshot

    def _folded(self, here: Snapshot, records: Sequence[LedgerRecord]) -> _Folded:
        steps: list[Step] = []
        book, following = here.book, here.mark.next_offset
        earlier = self._earlier(here.mark.shelf, steps)
        for offset, raw in records:
            if offset < following:
                continue
            if offset > following:
                message = f"ledger records are missing: expected offset {following}, found {offset}"
                raise RecordsMissing(message)
            following = offset + 1
            step = self._read(book, raw, earlier)
            if step is not None:
                if step.entry.index == 0:
                    self._check_genesis(step.leaf_hash)
                book = step.book
                steps.append(step)
        return _Folded(tuple(steps), book, following)

    def _batch(self, before: Mark, after: Snapshot, steps: Sequence[Step]) -> Batch:
        shelf = before.shelf
        batch = Batch(self._corridor, self._agent, before, after)
        batch.entries.extend(entry_values(shelf, step) for step in steps)
        batch.rare.extend(self._rare(steps))
        for step in steps:
            batch.findings.extend(objection_values(shelf, step))
        self._fold_aggregates(batch, [recorded for step in steps if (recorded := step.recorded) is not None])
        return batch

    def _fold_aggregates(self, batch: Batch, history: Sequence[Recorded]) -> None:
        shelf = batch.before.shelf
        touched = [(recorded, touches(recorded.event)) for recorded in history]
        changed = {(touch.kind, touch.key) for _, each in touched for touch in each}
        self._recall(shelf, changed)
        for recorded, each in touched:
            for touch in each:
                name = (touch.kind, touch.key)
                old = self._remembered.get(name)
                new = self._remembered[name] = advanced(old, touch, recorded)
                if len(new.findings) > (0 if old is None else len(old.findings)):
                    batch.findings.append(finding_values(shelf, new))
        batch.aggregates.extend(aggregate_values(shelf, self._remembered[name]) for name in changed)

    def _recall(self, shelf: int, names: set[Name]) -> None:
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.clear()
        question = (queries.NAMED_ON_SHELF, {"shelf": shelf})
        unknown = names - self._remembered.keys()
        self._remembered.update(named_aggregates(self._store.database, question, unknown))

    def _rare(self, steps: Sequence[Step]) -> Iterable[tuple[int, int, bytes]]:
        listed = set(steps[-1].book.rare) if steps else set()
        return ((self._corridor, step.entry.index, step.raw) for step in steps if step.entry.index in listed)

    def _earlier(self, shelf: int, steps: Sequence[Step]) -> Earlier:
        def look_up(office: Office, epoch: int, sequence: ChainSequence) -> Link | None:
            # Asked only when the hub admitted what it should not have: it may take its time.
            for step in reversed(steps):
                if step.event is not None and _place(step.event) == (office, epoch, sequence):
                    return link_of(step.event, step.entry.index)
            values = {"shelf": shelf, "office": office, "epoch": epoch, "sequence": sequence}
            return link(self._store.database, (queries.PLACE_ON_SHELF, values))

        return look_up

    def _check_genesis(self, found: Hash) -> None:
        if self._genesis is not None and found != self._genesis:
            message = (
                f"ledger of corridor {self._corridor} begins with another entry: "
                f"expected {short(self._genesis)}, found {short(found)}"
            )
            raise GenesisMismatch(message)


def _place(event: Event) -> tuple[Office, int, ChainSequence]:
    return event.header.office, event.header.epoch, event.header.sequence
