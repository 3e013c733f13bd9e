"""The sequencer of one corridor: every source record becomes exactly one ledger entry.

Its truth is the ledger's own tail. It decides with `events.admission`, appends, and compares the offset that
Kafka acknowledges with the one it expects; a difference means a rival, and it reads the tail again. Whatever
it wrote meanwhile is ignored by every reader, by the acceptance rule of `events.ledger`.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from events.admission import Admitted, Refused, entry_for, judge
from events.book import Book
from events.chain import Earlier, Link, link_of
from events.event import Event
from events.ids import Office, Offset
from events.ids import Sequence as ChainSequence
from events.ledger import Source
from events.reading import trusted
from hub.chunk import Chunk, Record
from hub.errors import Transient
from hub.ports import Clock, LedgerLog, Overtaken, Sink
from hub.quarantine import quarantined

log = structlog.get_logger()

RECENT_MAX = 20_000
"""How many admitted events are remembered here, to tell a duplicate from a fork without asking the store."""

Place = tuple[Office, int, ChainSequence]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a chunk of records becomes: the leaves to write, the refused bytes to keep, the book after them.

    The leaves count if they land in the ledger topic at *offset*: nothing was written since we looked.
    """

    offset: int
    book: Book
    leaves: tuple[bytes, ...]
    refused: tuple[tuple[Record, Refused], ...]
    links: Mapping[Place, Link]


class Sequencer:
    """Admits one corridor's records; at any instant any number of them may run, and none has to know."""

    def __init__(self, ledger: LedgerLog, quarantine: Sink, older: Earlier, clock: Clock) -> None:
        """Start knowing nothing; `resume` gives a book to start from.

        *older* looks up events that were admitted before those this sequencer remembers.
        """
        self._ledger = ledger
        self._quarantine = quarantine
        self._older = older
        self._clock = clock
        self._book = Book()
        self._offset = 0
        self._recent: OrderedDict[Place, Link] = OrderedDict()
        self._is_unsure = True  # whether the ledger may hold more than we know

    @property
    def book(self) -> Book:
        """The book at the last tail this sequencer has seen."""
        return self._book

    def resume(self, book: Book, offset: int) -> None:
        """Start from a book that was folded from the ledger topic up to *offset*."""
        self._book, self._offset = book, offset

    async def catch_up(self) -> Book:
        """Fold what the ledger has more than we know, and return the book at its tail."""
        for record in await self._ledger.read(self._offset):
            self._fold(record)
        self._is_unsure = False
        return self._book

    async def admit(self, chunk: Chunk) -> None:
        """Give every record of a chunk its one entry; return when all are in the ledger.

        Raises:
            Transient: the ledger is not founded, or the broker did not acknowledge; try the chunk again.
        """
        while not await self._try_to_admit(chunk):
            pass

    async def _try_to_admit(self, chunk: Chunk) -> bool:
        if self._is_unsure or not self._book.origin:
            await self._read_tail()
        todo = self._todo(chunk)
        if not todo:
            return True
        decision = self.decide(chunk, todo)
        await self._keep(chunk, decision)
        return await self._append(decision)

    async def _read_tail(self) -> None:
        await self.catch_up()
        if not self._book.origin:
            message = "ledger has no first entry yet"
            raise Transient(message, hint="found the corridor: `hub found`")

    def _todo(self, chunk: Chunk) -> Sequence[Record]:
        following = self._book.next_offset(chunk.topic, chunk.partition)
        return tuple(record for record in chunk.records if record.offset >= following)

    def decide(self, chunk: Chunk, records: Sequence[Record]) -> Decision:
        """Return what becomes of some records of a chunk; nothing is written."""
        offset, book, now = self._offset, self._book, self._clock()
        links: dict[Place, Link] = {}
        leaves, refused = [], []
        for record in records:
            raw = record.value or b""
            verdict = judge(book, chunk.topic, raw, lambda *place: self._earlier(links, place))
            source = Source(chunk.topic, chunk.partition, Offset(record.offset))
            entry, leaf, book = entry_for(book, source, now, raw, verdict)
            leaves.append(leaf)
            if isinstance(verdict, Admitted):
                links[_place(verdict.event)] = link_of(verdict.event, entry.index)
            elif isinstance(verdict, Refused):
                refused.append((record, verdict))
        return Decision(offset, book, tuple(leaves), tuple(refused), links)

    async def _keep(self, chunk: Chunk, decision: Decision) -> None:
        # Before the entry: an entry that says "refused" promises that the bytes are kept.
        if decision.refused:
            await self._quarantine.put([quarantined(chunk, *each) for each in decision.refused])

    async def _append(self, decision: Decision) -> bool:
        self._is_unsure = True
        try:
            first = await self._ledger.append(decision.leaves)
        except Overtaken:
            first = -1
        if first != decision.offset:
            log.warning("sequencer_overtaken", expected_offset=decision.offset, found_offset=first)
            return False
        self._remember(decision)
        self._book, self._offset = decision.book, first + len(decision.leaves)
        self._is_unsure = False
        _report(decision)
        return True

    def _remember(self, decision: Decision) -> None:
        self._recent.update(decision.links)
        while len(self._recent) > RECENT_MAX:
            self._recent.popitem(last=False)

    def _fold(self, record: Record) -> None:
        step = trusted(self._book, record.value or b"")
        self._offset = record.offset + 1
        if step is None:
            return
        self._book = step.book
        if step.event is not None:
            self._recent[_place(step.event)] = link_of(step.event, step.entry.index)

    def _earlier(self, pending: Mapping[Place, Link], place: Place) -> Link | None:
        return pending.get(place) or self._recent.get(place) or self._older(*place)


def _place(event: Event) -> Place:
    header = event.header
    return header.office, header.epoch, header.sequence


def _report(decision: Decision) -> None:
    for record, verdict in decision.refused:
        log.warning("record_refused", reason=verdict.reason, offset=record.offset)
    if decision.links:
        log.info("events_admitted", count=len(decision.links), tree_size=decision.book.tail.size)
