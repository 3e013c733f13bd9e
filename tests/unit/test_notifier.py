from collections.abc import Sequence
from datetime import timedelta

import pytest

from events.codec import encode, wire_schema
from events.errors import NotAnEventError, NotCanonicalError
from events.ids import LeafIndex, Office
from events.ledger import parse_entry
from events.merkle import leaf_hash
from events.notice import Notification, notification_id, parse_notification
from hub.chunk import Chunk, Record
from hub.errors import Transient
from hub.memory import MemorySink
from hub.notifier import Notifier
from hub.ports import Message
from tests.support.forge import fresh
from tests.support.ledger import MPS, MUSE, RUILI, Corridor, lead
from tests.support.sequencers import Work


class World:
    """A ledger with a lead from each side, some nonsense and a late entry of a rival in between."""

    def __init__(self) -> None:
        self.corridor: Corridor = fresh()
        self.corridor.says(RUILI, "LeadShared", lead("lead-1", "person_at_risk"))
        self.corridor.hear("liaison.cn.events.v1", b"nonsense")
        self.corridor.says(MUSE, "LeadShared", lead("lead-2"))
        self.records = [*self.corridor.entries[:-1], self.corridor.rival(16), b"garbage", self.corridor.entries[-1]]
        self.sink = MemorySink()

    def chunk(self, start: int = 0, end: int = 99) -> Chunk:
        records = tuple(Record(at, None, raw) for at, raw in enumerate(self.records) if start <= at < end)
        return Chunk("liaison.hub.ledger.v1", 0, records)

    def told(self) -> list[Notification]:
        return [parse_notification(message.value or b"") for message in self.sink.messages]


@pytest.fixture
def world() -> World:
    return World()


def tell(notifier: Notifier, chunk: Chunk) -> bool:
    async def telling() -> None:
        await notifier.tell(chunk)

    return Work(telling()).finish()


def test_each_office_concerned_is_told_on_its_agencys_topic_in_ledger_order(world: World) -> None:
    assert tell(Notifier(3, world.sink), world.chunk())

    assert [(message.topic, message.partition, message.key) for message in world.sink.messages] == [
        ("liaison.cn.notifications.v1", 3, b"cn:mps-cid"),
        ("liaison.mm.notifications.v1", 3, b"mm:blo-muse"),
        ("liaison.cn.notifications.v1", 3, b"cn:blo-ruili"),
        ("liaison.mm.notifications.v1", 3, b"mm:home-affairs"),
    ]


def test_a_notification_says_which_entry_it_is_about_and_what_is_owed(world: World) -> None:
    tell(Notifier(0, world.sink), world.chunk())

    found = world.told()[1]

    index = LeafIndex(len(world.corridor.genesis.entries))
    raw = world.corridor.entries[index]
    entry = parse_entry(raw)
    assert entry is not None
    assert found == Notification(
        id=notification_id(leaf_hash(raw), MUSE),
        origin=world.corridor.origin,
        leaf_index=index,
        leaf_hash=leaf_hash(raw),
        office=MUSE,
        type="LeadShared",
        urgency="u1_life_or_liberty",
        admitted_at=entry.admitted_at,
        receipt_due_at=entry.admitted_at + timedelta(hours=1),
        answer_due_at=entry.admitted_at + timedelta(hours=8),
    )


def test_a_redelivered_chunk_is_not_told_again(world: World) -> None:
    notifier = Notifier(0, world.sink)
    tell(notifier, world.chunk())
    count = len(world.sink.messages)

    tell(notifier, world.chunk())
    tell(notifier, world.chunk(16))

    assert len(world.sink.messages) == count


def test_a_notifier_that_forgot_everything_tells_the_same_with_the_same_ids(world: World) -> None:
    tell(Notifier(0, world.sink), world.chunk())
    first = list(world.sink.messages)

    tell(Notifier(0, world.sink), world.chunk())

    assert world.sink.messages == first + first
    assert len({told.id for told in world.told()}) == len(first)


@pytest.mark.parametrize("cut", range(1, 19))
def test_chunks_of_any_size_tell_the_same(world: World, cut: int) -> None:
    whole = World()
    tell(Notifier(0, whole.sink), whole.chunk())
    notifier = Notifier(0, world.sink)

    tell(notifier, world.chunk(0, cut))
    if cut < len(world.records):
        tell(notifier, world.chunk(cut - 1))

    assert world.sink.messages == whole.sink.messages


def test_a_notifier_goes_on_from_a_book(world: World) -> None:
    before = Notifier(0, world.sink)
    tell(before, world.chunk(0, 16))

    tell(Notifier(0, world.sink, before.book, before.offset), world.chunk())

    assert [told.office for told in world.told()] == [MPS, MUSE, RUILI, Office("mm:home-affairs")]


def test_what_was_not_acknowledged_is_told_again(world: World) -> None:
    class DeafOnce(MemorySink):
        async def put(self, messages: Sequence[Message]) -> Sequence[int]:
            was_deaf = bool(self.messages)
            found = await super().put(messages)
            if not was_deaf:
                message = "nobody answered"
                raise Transient(message)
            return found

    sink = DeafOnce()
    notifier = Notifier(0, sink)

    assert not tell(notifier, world.chunk())
    assert (notifier.offset, notifier.book.tail.size) == (0, 0)
    assert tell(notifier, world.chunk())

    half = len(sink.messages) // 2
    assert sink.messages[:half] == sink.messages[half:]


def test_the_id_depends_on_the_entry_and_on_the_office() -> None:
    one, other = leaf_hash(b"one"), leaf_hash(b"other")

    found = {notification_id(leaf, office) for leaf in (one, other) for office in (RUILI, MUSE)}

    assert len(found) == 4
    assert notification_id(one, RUILI) in found


def test_a_truncated_notification_is_none(world: World) -> None:
    tell(Notifier(0, world.sink), world.chunk())
    raw = world.sink.messages[0].value or b""

    with pytest.raises(NotAnEventError):
        parse_notification(raw[:-1])
    with pytest.raises(NotCanonicalError):
        parse_notification(raw + b"\0")
    with pytest.raises((NotAnEventError, NotCanonicalError)):
        parse_notification(encode(wire_schema("Envelope"), {"event": b"", "key_id": bytes(32), "signature": bytes(64)}))
