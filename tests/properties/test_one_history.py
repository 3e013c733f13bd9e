"""However many sequencers write, frozen, stale or late: all readers see one history with every record once."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from events.admission import Admitted, Duplicate, Refused, Verdict
from events.book import Book
from events.chain import Link
from events.ids import HUB, Agency, LeafIndex, Office, Sequence
from events.ledger import EMPTY_TAIL, Entry, Source, Tail, accepts, extended, parse_entry
from events.reading import Step, verified
from events.topics import events_topic
from hub.chunk import Chunk, Record
from hub.memory import MemorySink
from hub.quarantine import place
from hub.sequencer import Sequencer
from tests.support.forge import bent, fresh
from tests.support.ledger import AH_POLICE, ATIPD, FOUNDED_AT, MUSE, RUILI, Corridor, lead
from tests.support.sequencers import FATES, Fate, FlakyLedgerLog, Partition, Work

CN, MM = events_topic(Agency("cn")), events_topic(Agency("mm"))
SPEAKERS: Mapping[str, tuple[Office, Office]] = {CN: (RUILI, AH_POLICE), MM: (MUSE, ATIPD)}
WORKERS = 3

Place: TypeAlias = tuple[Office, int, Sequence]


def written() -> tuple[Corridor, dict[str, list[bytes]], dict[tuple[str, int], str]]:
    """Return a founded corridor, what two agencies then write, and what must become of each record."""
    corridor = fresh()
    records: dict[str, list[bytes]] = {CN: [], MM: []}
    verdicts: dict[tuple[str, int], str] = {}
    for topic, (one, other) in SPEAKERS.items():
        for number in range(3):
            first = corridor.says(one, "LeadShared", lead(f"{one}-{number}"))
            second = corridor.signed(other, "LeadShared", lead(f"{other}-{number}"))
            corridor.hear(topic, second)
            fork = bent(corridor, first, payload=lead("another story"))
            gap = bent(corridor, second, sequence=Sequence(99))
            records[topic] += [first, second, (first, fork, b"nonsense")[number], (gap, second, first)[number]]
            for raw in records[topic][-2:]:
                corridor.hear(topic, raw)
        verdicts |= {(topic, at): told for at, told in enumerate(map(told_as, corridor.verdicts[-12:]))}
    return corridor, records, verdicts


def told_as(verdict: Verdict) -> str:
    match verdict:
        case Admitted():
            return "admitted"
        case Duplicate():
            return "duplicate"
        case Refused(reason):
            return reason


CORRIDOR, RECORDS, EXPECTED = written()


class Reader:
    """A desk: verifies every record as it comes, with nothing but what it has read itself."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self.books = [(Book(), 0)]
        self.steps: list[Step] = []
        self.links: dict[Place, Link] = {}

    @property
    def book(self) -> Book:
        """The book after all that was read."""
        return self.books[-1][0]

    def follow(self, records: list[bytes]) -> None:
        """Read what is new."""
        for offset in range(self.books[-1][1], len(records)):
            step = verified(self.book, records[offset], lambda *at: self.links.get(at))
            if step is not None:
                self._took(step)
            self.books.append((self.book if step is None else step.book, offset + 1))

    def _took(self, step: Step) -> None:
        self.steps.append(step)
        if step.event is not None:
            header = step.event.header
            self.links[header.office, header.epoch, header.sequence] = step.book.head(header.office)

    def entries(self, topic: str) -> list[Entry]:
        """Return the entries that account for a topic's records."""
        return [step.entry for step in self.steps if step.entry.source.topic == topic]


class OneHistory(RuleBasedStateMachine):
    """Workers come, freeze, die and are restarted from old books; batches are lost, torn, late."""

    def __init__(self) -> None:
        super().__init__()
        self.partition = Partition()
        self.partition.records.extend(CORRIDOR.genesis.entries)
        self.reader = Reader()
        self.reader.follow(self.partition.records)
        self.sink = MemorySink()
        self.now = FOUNDED_AT
        self.workers: list[tuple[Sequencer, FlakyLedgerLog]] = []
        self.works: list[tuple[int, Work]] = []

    @initialize()
    def start(self) -> None:
        for _ in range(WORKERS):
            self.workers.append(self.worker(Book(), 0))

    def worker(self, book: Book, offset: int) -> tuple[Sequencer, FlakyLedgerLog]:
        log = FlakyLedgerLog(self.partition)
        # What was admitted before the book is in the store; the store never knows less than the book.
        sequencer = Sequencer(log, self.sink, lambda *at: self.reader.links.get(at), self.clock)
        sequencer.resume(book, offset)
        return sequencer, log

    def clock(self) -> datetime:
        return self.now

    @rule(
        which=st.integers(0, WORKERS - 1),
        topic=st.sampled_from([CN, MM]),
        back=st.integers(0, 4),
        count=st.integers(1, 6),
    )
    def deliver(self, which: int, topic: str, back: int, count: int) -> None:
        """A worker gets a chunk that begins at or before the first record that is not in the ledger yet."""
        start = max(0, self.reader.book.next_offset(topic, 0) - back)
        self.works.append((which, Work(self.workers[which][0].admit(chunk(topic, start, start + count)))))

    @precondition(lambda self: self.works)
    @rule(data=st.data(), steps=st.integers(1, 5), fate=st.sampled_from(FATES))
    def go_on(self, data: st.DataObject, steps: int, fate: Fate) -> None:
        which, work = self.works[data.draw(st.integers(0, len(self.works) - 1))]
        self.workers[which][1].fate = fate
        for _ in range(steps):
            if not work.is_over:
                work.go_on()
        self.seen()

    @precondition(lambda self: self.partition.under_way)
    @rule(data=st.data())
    def land(self, data: st.DataObject) -> None:
        leaves = self.partition.under_way.pop(data.draw(st.integers(0, len(self.partition.under_way) - 1)))
        self.partition.records.extend(leaves)
        self.seen()

    @rule(which=st.integers(0, WORKERS - 1), data=st.data())
    def die(self, which: int, data: st.DataObject) -> None:
        """A worker is killed wherever it is and started again from a book that may be old."""
        old = self.reader.books[data.draw(st.integers(0, len(self.reader.books) - 1))]
        for index, work in self.works:
            if index == which:
                work.steps.close()
        self.works = [each for each in self.works if each[0] != which]
        self.workers[which] = self.worker(*old)

    @rule(seconds=st.integers(-5, 60))
    def tick(self, seconds: int) -> None:
        """The clock goes on, and sometimes back."""
        self.now += timedelta(seconds=seconds)

    def seen(self) -> None:
        self.works = [each for each in self.works if not each[1].is_over]
        self.reader.follow(self.partition.records)

    def teardown(self) -> None:
        self.calm()
        check_one_history(self.partition.records, self.reader)
        kept = {message.key: message.value for message in self.sink.messages}
        for (topic, at), told in EXPECTED.items():
            if told not in ("admitted", "duplicate"):
                assert kept[place(topic, 0, at).encode()] == RECORDS[topic][at]
        for sequencer, _ in self.workers:
            assert Work(ignored(sequencer)).finish()
            assert sequencer.book == self.reader.book

    def calm(self) -> None:
        """Let everything end well: all work is done, late batches land, and the last records are delivered."""
        for _, log in self.workers:
            log.fate = "written"
        for _, work in self.works:
            work.finish()
        while self.partition.under_way:
            self.partition.records.extend(self.partition.under_way.pop())
        for topic in RECORDS:
            for sequencer, _ in self.workers or [self.worker(Book(), 0)]:
                assert Work(sequencer.admit(chunk(topic, 0, 99))).finish()
        self.reader.follow(self.partition.records)


async def ignored(sequencer: Sequencer) -> None:
    await sequencer.catch_up()


def chunk(topic: str, start: int, end: int) -> Chunk:
    records = RECORDS[topic][: max(end, 1)]
    start = min(start, len(records) - 1)
    return Chunk(topic, 0, tuple(Record(at, None, raw) for at, raw in enumerate(records) if at >= start))


def check_one_history(records: list[bytes], early: Reader) -> None:
    """Check that the ledger is what one sequencer alone would have written, whenever it is read."""
    late = Reader()
    late.follow(records)
    assert late.book == early.book
    assert [step.raw for step in late.steps] == [step.raw for step in early.steps]
    assert [step.objections for step in late.steps if step.objections] == []
    for topic, raws in RECORDS.items():
        entries = late.entries(topic)
        assert [entry.source.offset for entry in entries] == list(range(len(raws)))
        for entry, raw in zip(entries, raws, strict=True):
            check_entry(entry, raw, late)
    assert len(late.steps) == len(CORRIDOR.genesis.entries) + len(EXPECTED)
    times = [step.entry.admitted_at for step in late.steps]
    assert times == sorted(times)
    assert dict(chains(late)) == {office: [1, 2, 3] for offices in SPEAKERS.values() for office in offices}


def check_entry(entry: Entry, raw: bytes, reader: Reader) -> None:
    """Check that an entry says of its record what must be said."""
    assert (entry.reason or entry.verdict) == EXPECTED[entry.source.topic, entry.source.offset]
    if entry.verdict == "admitted":
        assert entry.body == raw
        return
    assert entry.body == sha256(raw).digest()
    if entry.first_index is not None:
        assert reader.steps[entry.first_index].entry.body == raw


def chains(reader: Reader) -> Iterator[tuple[Office, list[int]]]:
    """Yield the sequences of each office in ledger order."""
    events = [step.event.header for step in reader.steps if step.event is not None]
    for office in {header.office for header in events if not header.office.startswith(HUB)}:
        yield office, [int(header.sequence) for header in events if header.office == office]


OneHistory.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
test_however_many_sequencers_write_there_is_one_history = OneHistory.TestCase


# ---------------------------------------------------------------- what the rule is for


Accepts: TypeAlias = Callable[[Tail, Entry], bool]


def by_index_only(tail: Tail, entry: Entry) -> bool:
    """Accept as if the entry did not name the one before."""
    return entry.index == LeafIndex(tail.size)


def counted(records: list[bytes], accept: Accepts) -> list[tuple[str, int]]:
    """Return the sources of the entries that count by some rule of acceptance, after the genesis."""
    tail, found = EMPTY_TAIL, list[Source]()
    for raw in records:
        entry = parse_entry(raw)
        if entry is not None and accept(tail, entry):
            tail = extended(tail, raw)
            found.append(entry.source)
    return [(source.topic, int(source.offset)) for source in found if source.topic != events_topic(HUB)]


def overtaken() -> list[bytes]:
    """Return a ledger in which one sequencer froze between its decision and its write, and another wrote meanwhile."""
    machine = OneHistory()
    machine.start()
    (frozen, _), (rival, _) = machine.workers[:2]
    stale = Work(frozen.admit(chunk(CN, 0, 2)))
    for _ in range(3):
        stale.go_on()
    assert Work(rival.admit(chunk(MM, 0, 1))).finish()
    assert stale.finish()
    return machine.partition.records


def test_a_frozen_sequencer_that_is_overtaken_loses_and_doubles_nothing() -> None:
    assert counted(overtaken(), accepts) == [(MM, 0), (CN, 0), (CN, 1)]


def test_without_the_link_to_the_entry_before_a_record_is_lost_and_another_counts_twice() -> None:
    assert counted(overtaken(), by_index_only) == [(MM, 0), (CN, 1), (CN, 1)]
