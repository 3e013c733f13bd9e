"""The desk's promises on a real broker: one chain, nothing lost, nothing said twice."""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from deploy.corridor import LocalCorridor
from deploy.kafka.broker import LocalKafka
from events.catalogue import LeadShared, LeadSharedSealed
from events.codec import released
from events.draft import About, Draft, draft_of
from events.envelope import parse_envelope, read_event
from events.event import Event
from events.ids import NO_HASH, Hash
from events.topics import events_topic
from hub.desk import Desk
from hub.kafka_log import records_of
from hub.node import Node
from hub.outbox_errors import LedgerNotRead, NotSentYet, SaidOtherwise
from hub.settings import load_settings
from hub.store.rows import Told
from hub.sync_desk import SyncDesk
from tests.support.broker import running_broker
from tests.support.desks import Keys, working_hub

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

FORK = multiprocessing.get_context("fork")
SPAWN = multiprocessing.get_context("spawn")
RUILI, MUSE = "cn:blo-ruili", "mm:blo-muse"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys.made(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def corridor(keys: Keys, tmp_path: Path, clean_broker: LocalKafka) -> LocalCorridor:
    return keys.corridor(tmp_path, clean_broker)


def lead(key: str = "lead-1", **about: object) -> Draft:
    return draft_of(LeadShared(lead_key=key, kind="route"), About(office=RUILI, **about))  # type: ignore[arg-type]


def run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(work())


def published(corridor: LocalCorridor) -> list[Event]:
    """Return every event that the agency's topic holds, in the order of its offsets."""
    kafka = Node(load_settings(corridor.node("hub"))).kafka

    async def read() -> list[bytes]:
        topic = events_topic(load_settings(corridor.node("cn")).agency)
        return [record.value or b"" async for record in records_of(kafka, topic, 0, 0)]

    return [read_event(released(), parse_envelope(raw).event)[1] for raw in asyncio.run(read())]


def chain(events: list[Event]) -> list[int]:
    """Return the sequences of a topic's events without repetitions; each must continue the one before."""
    previous, found = NO_HASH, list[int]()
    seen: set[Hash] = set()
    for event in events:
        if event.digest not in seen:
            assert event.header.previous == previous
            previous = event.digest
            seen.add(event.digest)
            found.append(event.header.sequence)
    return found


def test_a_lead_goes_to_the_other_side_and_is_opened_and_acknowledged_there(corridor: LocalCorridor) -> None:
    async def work() -> None:
        async with Desk.open(corridor.node("cn")) as cn, Desk.open(corridor.node("mm")) as mm, working_hub(corridor):
            sealed = LeadSharedSealed(summary="EXERCISE, INVENTED")
            about = About(office=RUILI, case_key="exercise-1", urgency="u1_life_or_liberty")
            receipt = await cn.publish(LeadShared(lead_key="lead-1", kind="person_at_risk"), about=about, sealed=sealed)
            leaf_index = await cn.admitted(receipt)

            told = await until_told(mm)
            assert (told.digest, told.notification.leaf_index) == (receipt.digest, leaf_index)
            opened = await mm.open_event(str(receipt.event_id))
            assert opened.sealed == {"summary": "EXERCISE, INVENTED", "source": None, "wanted": None}
            first = await mm.acknowledge(str(leaf_index))
            assert await mm.acknowledge(receipt.digest.hex()[:12]) == await latest(mm, first.event_id)
            await mm.admitted(first)
            await cn.refresh()
            assert [each.notification.type for each in await cn.inbox()][-1] == "RequestAcknowledged"

    run(work)


async def latest(desk: Desk, event_id: object) -> object:
    return (await asyncio.to_thread(desk._receipts, [str(event_id)]))[0]


async def until_told(desk: Desk) -> Told:
    async with asyncio.timeout(30):
        while True:
            await desk.refresh()
            found = [each for each in await desk.inbox() if each.notification.type == "LeadShared"]
            if found:
                return found[0]


def test_a_receipt_says_where_the_event_is(corridor: LocalCorridor) -> None:
    with SyncDesk.open(corridor.node("cn")) as desk:
        receipts = desk.publish_many([lead("a"), lead("b")])

    assert [(each.office, each.sequence, each.partition, each.offset, each.state) for each in receipts] == [
        (RUILI, 1, 0, 0, "sent"),
        (RUILI, 2, 0, 1, "sent"),
    ]
    assert [event.digest for event in published(corridor)] == [each.digest for each in receipts]


def test_drafts_in_json_can_refer_to_one_another(corridor: LocalCorridor) -> None:
    first = {"type": "LeadShared", "label": "l1", "office": RUILI, "payload": {"lead_key": "a", "kind": "route"}}
    second = {**first, "label": "l2", "cause": "ref:l1"}

    with SyncDesk.open(corridor.node("cn")) as desk:
        receipts = [each for some in desk.publish_json([first, second]) for each in some]

    assert published(corridor)[1].header.cause == receipts[0].digest


def test_the_same_event_id_is_one_event_on_the_wire(corridor: LocalCorridor) -> None:
    with SyncDesk.open(corridor.node("cn")) as desk:
        first = desk.publish(lead())
        named = lead("b", event_id=first.event_id)
        with pytest.raises(SaidOtherwise):
            desk.publish(named)
        assert desk.publish(lead(event_id=first.event_id)) == first

    assert len(published(corridor)) == 1


def publish_200(folder: str) -> None:
    with SyncDesk.open(folder) as desk:
        for number in range(20):
            desk.publish_many([lead(f"{os.getpid()}-{number}-{each}") for each in range(9)])
            desk.publish(lead(f"{os.getpid()}-{number}"))


def test_two_processes_of_one_office_publish_one_chain(corridor: LocalCorridor) -> None:
    folder = str(corridor.node("cn"))
    processes = [SPAWN.Process(target=publish_200, args=(folder,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)

    assert [process.exitcode for process in processes] == [0, 0]
    assert chain(published(corridor)) == list(range(1, 401))
    assert len(published(corridor)) == 400


def publish_until_killed(folder: str, told: str) -> None:
    with SyncDesk.open(folder) as desk, Path(told).open("ab", buffering=0) as accepted:
        for number in range(100_000):
            receipts = desk.publish_many([lead(f"{number}-{each}") for each in range(3)])
            accepted.writelines(receipt.digest.hex().encode() + b"\n" for receipt in receipts)


def kill_under_load(corridor: LocalCorridor, told: Path, after_s: float) -> None:
    before = told.stat().st_size if told.exists() else 0
    process = SPAWN.Process(target=publish_until_killed, args=(str(corridor.node("cn")), str(told)))
    process.start()
    end = time.monotonic() + 60
    while not told.exists() or told.stat().st_size == before:
        assert process.is_alive(), "the publisher works until it is killed"
        assert time.monotonic() < end, "the publisher begins within a minute"
        process.join(0.01)
    process.join(after_s)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()


def test_what_was_accepted_is_there_after_kills_at_any_moment(corridor: LocalCorridor, tmp_path: Path) -> None:
    told = tmp_path / "accepted"

    for after_s in (0.0, 0.003, 0.011, 0.023):
        kill_under_load(corridor, told, after_s)
    with SyncDesk.open(corridor.node("cn")) as desk:
        desk.flush()

    events = published(corridor)
    accepted = {bytes.fromhex(line) for line in told.read_text().split()}
    sequences = chain(events)
    assert sequences == list(range(1, len(sequences) + 1))
    assert accepted <= {event.digest for event in events}
    assert len(accepted) > 12


def test_what_is_signed_while_the_broker_is_away_is_sent_when_it_is_back(keys: Keys, tmp_path: Path) -> None:
    with running_broker(tmp_path / "broker-of-its-own") as broker:
        corridor = keys.corridor(tmp_path / "nodes", broker)

        async def work() -> None:
            async with Desk.open(corridor.node("cn"), send_within_s=3) as desk, working_hub(corridor):
                first = await desk.publish(lead("a"))
                broker.kill()
                with pytest.raises(NotSentYet, match="event is signed and kept, not sent yet") as caught:
                    await desk.publish(lead("b"))
                assert "sent when the broker is back" in caught.value.hint
                broker.start()
                second = (await asyncio.to_thread(desk._receipts, caught.value.event_ids))[0]
                assert [await desk.admitted(each, 60) for each in (first, second)] == [leaf(first), leaf(first) + 1]

        def leaf(_receipt: object) -> int:
            return len(keys.genesis.entries)

        run(work)


def test_without_a_broker_a_new_desk_signs_nothing_and_a_known_one_signs_and_keeps(
    corridor: LocalCorridor, tmp_path: Path
) -> None:
    with SyncDesk.open(corridor.node("cn")) as desk:
        desk.publish(lead("a"))
    settings = corridor.node("cn") / "hub.toml"
    text = settings.read_text().replace(load_settings(corridor.node("cn")).kafka.bootstrap, "127.0.0.1:1")
    settings.write_text(text)
    (corridor.node("mm") / "hub.toml").write_text(text.replace('"cn', '"mm').replace("cn:", "mm:"))

    with SyncDesk.open(corridor.node("cn")) as desk, pytest.raises(NotSentYet, match="KafkaConnectionError"):
        desk.publish(lead("b"))
    (corridor.node("cn") / "outbox.sqlite").rename(tmp_path / "gone")
    with SyncDesk.open(corridor.node("cn")) as desk, pytest.raises(LedgerNotRead, match="is new or was copied back"):
        desk.publish(lead("c"))


def test_a_desk_restored_from_yesterday_goes_on_where_its_chain_stands(corridor: LocalCorridor, tmp_path: Path) -> None:
    folder = corridor.node("cn")
    with SyncDesk.open(folder) as desk:
        desk.publish(lead("a"))
    yesterday = [(file.name, file.read_bytes()) for file in folder.glob("*.sqlite*")]

    async def today() -> None:
        async with Desk.open(folder) as desk, working_hub(corridor):
            receipts = await desk.publish_many([lead("b"), lead("c")])
            await desk.admitted(receipts[-1])

    run(today)
    for file in folder.glob("*.sqlite*"):
        file.unlink()
    for name, content in yesterday:
        (folder / name).write_bytes(content)
    with SyncDesk.open(folder) as desk:
        receipt = desk.publish(lead("d"))

    assert receipt.sequence == 4
    assert chain(published(corridor)) == [1, 2, 3, 4]
