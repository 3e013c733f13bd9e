"""What goes into the read model in one transaction."""

from dataclasses import dataclass, field

from events.book import Book
from hub.store.engine import Values


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an agent's snapshot stands: its shelf, and the next offset of the ledger topic."""

    shelf: int
    next_offset: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folded book and where it stands."""

    book: Book
    mark: Mark


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows and the snapshot that belongs to them; *before* is where the agent stood when it read them.

    The lists are filled while folding and not changed afterwards.
    """

    corridor: int
    agent: str
    before: Mark
    after: Snapshot
    entries: list[Values] = field(default_factory=list)
    aggregates: list[Values] = field(default_factory=list)
    findings: list[Values] = field(default_factory=list)
    rare: list[Values] = field(default_factory=list)
