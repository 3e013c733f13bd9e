from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from events.book import Book
from events.ids import HUB, Agency, Offset
from events.ledger import accepts, parse_entry
from events.reading import trusted
from events.topics import QUARANTINE, events_topic
from hub.chunk import Chunk, Record
from hub.memory import MemorySink
from hub.ports import Message
from hub.quarantine import place
from hub.sequencer import Sequencer
from tests.support.forge import fresh, nobody
from tests.support.ledger import FOUNDED_AT, MUSE, RUILI, lead
from tests.support.sequencers import FATES, Fate, FlakyLedgerLog, NotAcknowledged, Partition, Work

CN, MM = events_topic(Agency("cn")), events_topic(Agency("mm"))
NOW = FOUNDED_AT + timedelta(days=1)


class World:
    """A founded ledger and the records that two agencies have written."""

    def __init__(self) -> None:
        corridor = fresh()
        self.partition = Partition()
        self.partition.records.extend(corridor.genesis.entries)
        first = corridor.says(RUILI, "LeadShared", lead("lead-1"))
        second = corridor.says(RUILI, "LeadShared", lead("lead-2"))
        other = corridor.says(MUSE, "LeadShared", lead("lead-3"))
        self.records = {CN: [first, second, first, b"nonsense"], MM: [other, other]}
        self.sink = MemorySink()
        self.corridor = corridor

    def sequencer(self, fate: Fate = "written", at: datetime = NOW) -> tuple[Sequencer, FlakyLedgerLog]:
        log = FlakyLedgerLog(self.partition, fate)
        return Sequencer(log, self.sink, nobody, lambda: at), log

    def chunk(self, topic: str, start: int = 0, end: int = 99) -> Chunk:
        records = enumerate(self.records[topic])
        return Chunk(topic, 0, tuple(Record(at, None, raw) for at, raw in records if start <= at < end))

    def accounted(self) -> list[tuple[str, int, str]]:
        """Return topic, offset and verdict of each entry that counts, after the genesis."""
        book, found = Book(), []
        for raw in self.partition.records:
            step = trusted(book, raw)
            if step is None:
                continue
            book = step.book
            source = step.entry.source
            found.append((source.topic, int(source.offset), step.entry.verdict))
        return [each for each in found if each[0] != events_topic(HUB)]


@pytest.fixture
def world() -> World:
    return World()


CN_DONE = [(CN, 0, "admitted"), (CN, 1, "admitted"), (CN, 2, "duplicate"), (CN, 3, "refused")]


def admitting(sequencer: Sequencer, chunk: Chunk) -> Work:
    return Work(sequencer.admit(chunk))


def test_every_record_becomes_one_entry_in_order(world: World) -> None:
    sequencer, _ = world.sequencer()

    assert admitting(sequencer, world.chunk(CN)).finish()

    assert world.accounted() == CN_DONE


def test_a_redelivered_chunk_writes_nothing(world: World) -> None:
    sequencer, _ = world.sequencer()
    admitting(sequencer, world.chunk(CN)).finish()
    size = len(world.partition.records)

    assert admitting(sequencer, world.chunk(CN)).finish()
    assert admitting(world.sequencer()[0], world.chunk(CN)).finish()

    assert len(world.partition.records) == size


def test_a_chunk_that_overlaps_is_taken_from_where_the_ledger_stands(world: World) -> None:
    sequencer, _ = world.sequencer()
    admitting(sequencer, world.chunk(CN, 0, 2)).finish()

    assert admitting(sequencer, world.chunk(CN, 1, 4)).finish()

    assert world.accounted() == CN_DONE


@pytest.mark.parametrize("fate", FATES)
def test_whatever_becomes_of_a_batch_the_next_try_comes_to_the_same(world: World, fate: Fate) -> None:
    sequencer, log = world.sequencer(fate)
    admitting(sequencer, world.chunk(CN)).finish()
    log.fate = "written"
    for leaves in world.partition.under_way:
        world.partition.records.extend(leaves)

    assert admitting(sequencer, world.chunk(CN)).finish()

    assert world.accounted() == CN_DONE


@pytest.mark.parametrize("fate", ["late", "first_late", "rest_late"])
def test_a_batch_that_lands_after_the_next_try_does_not_count(world: World, fate: Fate) -> None:
    sequencer, log = world.sequencer(fate)
    admitting(sequencer, world.chunk(CN)).finish()
    log.fate = "written"
    assert admitting(sequencer, world.chunk(CN)).finish()
    for leaves in world.partition.under_way:
        world.partition.records.extend(leaves)

    assert admitting(sequencer, world.chunk(MM)).finish()

    assert world.accounted() == [*CN_DONE, (MM, 0, "admitted"), (MM, 1, "duplicate")]


def test_a_sequencer_that_was_frozen_before_its_write_finds_that_it_was_overtaken(world: World) -> None:
    frozen, rival = world.sequencer()[0], world.sequencer()[0]
    stale = admitting(frozen, world.chunk(CN))
    for _ in range(3):  # it has read the tail and decided
        stale.go_on()
    admitting(rival, world.chunk(MM)).finish()

    assert stale.finish()

    assert world.accounted() == [(MM, 0, "admitted"), (MM, 1, "duplicate"), *CN_DONE]
    assert len(world.partition.records) == len(world.corridor.genesis.entries) + 6 + 4  # four of them in vain


def test_one_sequencer_may_be_asked_twice_at_once(world: World) -> None:
    """Compared with where the decision was made, not with where another chunk has meanwhile brought it."""
    sequencer, _ = world.sequencer()
    one, other = admitting(sequencer, world.chunk(CN)), admitting(sequencer, world.chunk(MM))
    for _ in range(3):
        one.go_on()
    other.finish()

    assert one.finish()

    assert sorted(world.accounted()) == sorted([*CN_DONE, (MM, 0, "admitted"), (MM, 1, "duplicate")])


def test_nothing_is_admitted_before_the_ledger_is_founded(world: World) -> None:
    world.partition.records.clear()

    work = admitting(world.sequencer()[0], world.chunk(CN))

    assert not work.finish()
    assert world.partition.records == []


def test_the_fault_of_an_unfounded_ledger_says_what_to_do(world: World) -> None:
    world.partition.records.clear()
    work = admitting(world.sequencer()[0], world.chunk(CN))
    work.finish()

    assert str(work.fault) == "ledger has no first entry yet"
    assert work.fault is not None
    assert work.fault.hint.startswith("found the corridor")


def test_the_bytes_of_a_refused_record_are_kept_under_their_place_with_the_reason(world: World) -> None:
    admitting(world.sequencer()[0], world.chunk(CN)).finish()

    [kept] = world.sink.messages

    assert (kept.topic, kept.key, kept.value) == (QUARANTINE, place(CN, 0, 3).encode(), b"nonsense")
    assert dict(kept.headers)["reason"] == b"not-an-envelope"
    assert dict(kept.headers)["message"].startswith(b"record of 8 bytes is not an envelope")


def test_an_entry_that_says_refused_is_never_written_before_its_bytes_are_kept(world: World) -> None:
    class FullDisk:
        async def put(self, messages: Sequence[Message]) -> Sequence[int]:
            message = f"{len(messages)} records were not kept"
            raise NotAcknowledged(message)

    sequencer = Sequencer(FlakyLedgerLog(world.partition), FullDisk(), nobody, lambda: NOW)

    assert not admitting(sequencer, world.chunk(CN)).finish()

    assert world.accounted() == []


def test_a_record_without_a_value_is_refused_and_accounted_for(world: World) -> None:
    erased = Chunk(CN, 0, (Record(0, b"key", None),))

    admitting(world.sequencer()[0], erased).finish()

    assert world.accounted() == [(CN, 0, "refused")]
    entry = parse_entry(world.partition.records[-1])
    assert entry is not None
    assert entry.body == sha256(b"").digest()


def test_a_clock_that_goes_back_does_not_take_the_ledgers_time_back(world: World) -> None:
    admitting(world.sequencer(at=NOW)[0], world.chunk(CN)).finish()

    admitting(world.sequencer(at=NOW - timedelta(hours=1))[0], world.chunk(MM)).finish()

    entry = parse_entry(world.partition.records[-1])
    assert entry is not None
    assert entry.admitted_at == NOW


def test_garbage_and_rivals_in_the_ledger_topic_are_passed_over(world: World) -> None:
    world.partition.records.extend([b"", b"garbage", world.corridor.rival(3), world.corridor.rival(15)])

    assert admitting(world.sequencer()[0], world.chunk(CN)).finish()

    assert world.accounted() == CN_DONE


def test_a_sequencer_resumes_from_a_book_and_reads_only_what_came_later(world: World) -> None:
    admitting(world.sequencer()[0], world.chunk(CN, 0, 2)).finish()
    book = Book()
    for raw in world.partition.records:
        step = trusted(book, raw)
        assert step is not None
        book = step.book
    known = {(link.epoch, link.sequence): link for link in book.chains.values()}
    older = Sequencer(FlakyLedgerLog(world.partition), world.sink, lambda _, *at: known.get(at), lambda: NOW)
    older.resume(book, len(world.partition.records))

    assert admitting(older, world.chunk(CN, 1, 2)).finish()
    assert older.book == book


def test_deciding_writes_nothing(world: World) -> None:
    sequencer, _ = world.sequencer()
    Work(_ignored(sequencer)).finish()
    size = len(world.partition.records)

    decision = sequencer.decide(world.chunk(CN), world.chunk(CN).records)

    assert (len(world.partition.records), world.sink.messages) == (size, [])
    assert (len(decision.leaves), decision.offset) == (4, size)
    assert [record.offset for record, _ in decision.refused] == [3]


async def _ignored(sequencer: Sequencer) -> None:
    await sequencer.catch_up()


def test_every_entry_it_writes_continues_the_one_before(world: World) -> None:
    admitting(world.sequencer()[0], world.chunk(CN)).finish()

    book = Book()
    for raw in world.partition.records:
        entry = parse_entry(raw)
        assert entry is not None
        assert accepts(book.tail, entry)
        step = trusted(book, raw)
        assert step is not None
        book = step.book
    assert book.next_offset(CN, 0) == Offset(4)
