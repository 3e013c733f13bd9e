"""A corridor's ledger as this node has verified it: what every report reads, from the first entry on."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from events.book import Book, with_entry
from events.event import Recorded
from events.ids import Hash, LeafIndex, TreeSize
from events.ledger import parse_entry
from events.reading import Step, trusted
from hub.errors import HubError
from hub.store.rows import Finding

LEDGER_KIND = "ledger"
"""Kind of a finding against the hub."""


EMPTY_HINT = "wait until this node has read the ledger; `hub doctor` says whether it can"


class LedgerBroken(HubError):  # noqa: N818 - a statement about the read model
    """The read model does not hold one unbroken ledger: `hub rebuild` makes it again."""


class EntrySource(Protocol):
    """What a read model has to offer: `hub.store.Store` does."""

    def size(self, corridor: int) -> TreeSize:
        """Return how many entries are held."""
        ...

    def entries(self, corridor: int, first: LeafIndex, last: LeafIndex) -> Iterator[tuple[LeafIndex, bytes]]:
        """Yield leaf index and exact bytes from *first* to *last*, both included."""
        ...

    def findings(self, corridor: int) -> tuple[Finding, ...]:
        """Return everything that did not fit, in ledger order."""
        ...


@dataclass(frozen=True, slots=True)
class LedgerView:
    """One corridor in a read model."""

    source: EntrySource
    corridor: int

    @property
    def size(self) -> TreeSize:
        """How many entries the read model holds."""
        return self.source.size(self.corridor)

    def held(self) -> TreeSize:
        """Return how many entries there are to read.

        Raises:
            LedgerBroken: none.
        """
        if self.size == 0:
            message = "this node holds no ledger entries yet"
            raise LedgerBroken(message, hint=EMPTY_HINT)
        return self.size

    def raw(self, size: int) -> Iterator[bytes]:
        """Yield the exact bytes of the first *size* entries."""
        last = LeafIndex(size - 1)
        return islice((raw for _, raw in self.source.entries(self.corridor, LeafIndex(0), last)), size)

    def steps(self, size: int) -> Iterator[Step]:
        """Yield the first *size* entries, read; what this node objected to when it verified them stays objected to.

        Raises:
            LedgerBroken: an entry is missing or does not continue the ledger.
        """
        objections = self._objections()
        book = Book()
        for raw in self.raw(size):
            names = objections.get(LeafIndex(book.tail.size), ())
            step = _unauthentic(book, raw, names) if "ledger.entry_not_authentic" in names else trusted(book, raw)
            if step is None:
                message = f"read model does not continue at entry {book.tail.size} of {size}"
                raise LedgerBroken(message)
            book = step.book
            yield step
        if book.tail.size != size:
            message = f"read model ends at entry {book.tail.size}, expected {size}"
            raise LedgerBroken(message)

    def _objections(self) -> Mapping[LeafIndex, tuple[str, ...]]:
        found: dict[LeafIndex, tuple[str, ...]] = {}
        for finding in self.source.findings(self.corridor):
            if finding.kind == LEDGER_KIND:
                found[finding.leaf_index] = (*found.get(finding.leaf_index, ()), finding.name)
        return found


def _unauthentic(book: Book, raw: bytes, names: tuple[str, ...]) -> Step | None:
    entry = parse_entry(raw)
    return None if entry is None else Step(with_entry(book, entry, raw), entry, raw, None, names)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A ledger from its first entry on, folded: its book, its events, and what became of all records."""

    book: Book
    genesis: Hash
    history: tuple[Recorded, ...]
    verdicts: Mapping[str, int]
    objections: tuple[tuple[LeafIndex, str], ...]

    @property
    def founding(self) -> Recorded:
        """The founding event.

        Raises:
            LedgerBroken: the ledger is empty.
        """
        if not self.history:
            message = "this node holds no ledger entries yet"
            raise LedgerBroken(message, hint=EMPTY_HINT)
        return self.history[0]


def replayed(steps: Iterable[Step]) -> Replayed:
    """Return what a ledger's entries add up to."""
    book, genesis = Book(), Hash(b"")
    history: list[Recorded] = []
    verdicts: Counter[str] = Counter()
    objections: list[tuple[LeafIndex, str]] = []
    for step in steps:
        book, genesis = step.book, genesis or step.leaf_hash
        verdicts[step.entry.verdict if step.entry.reason is None else f"refused: {step.entry.reason}"] += 1
        objections += ((step.entry.index, name) for name in step.objections)
        if (recorded := step.recorded) is not None:
            history.append(recorded)
    return Replayed(book, genesis, tuple(history), dict(verdicts), tuple(objections))
