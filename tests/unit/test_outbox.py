import asyncio
import multiprocessing
import os
import signal
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from events.chain import Link
from events.ids import Hash, LeafIndex, Office
from events.ids import Sequence as ChainSequence
from events.topics import events_topic
from hub.errors import HubError, Transient
from hub.issuing import Keys, Standing
from hub.outbox import Outbox, open_outbox
from hub.outbox_errors import ChainWentOn, LedgerNotRead, OutboxDamaged, OutboxUnwritable
from hub.outbox_rows import Tally
from hub.ports import Message
from hub.relay import Relay
from hub.settling import settle
from tests.support.issuers import LocalDesk, MemorySender, drafts, lead_draft
from tests.support.ledger import MUSE, RUILI, Corridor

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def desk(tmp_path: Path) -> LocalDesk:
    return LocalDesk(tmp_path)


@pytest.fixture
def sender() -> MemorySender:
    return MemorySender()


def flush(desk: LocalDesk, sender: MemorySender) -> int:
    return asyncio.run(Relay(desk.outbox, sender).flush())


def states(desk: LocalDesk) -> list[int]:
    rows = [desk.outbox.at(0, RUILI, epoch=1, sequence=number) for number in range(1, 30)]
    return [row.state for row in rows if row is not None]


def sequences(desk: LocalDesk, office: Office = RUILI) -> list[int]:
    return [each.sequence for each in desk.outbox.unsettled(0) if each.office == office]


# ---- the file


def test_only_its_owner_may_read_the_file(desk: LocalDesk, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "outbox.sqlite").stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(OutboxUnwritable, match=r"outbox outbox\.sqlite failed: unable to open database file") as caught:
        open_outbox(tmp_path / "missing" / "outbox.sqlite")

    assert "nothing was signed" in caught.value.hint


def test_a_folder_that_is_a_file_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "node").write_bytes(b"")

    with pytest.raises(OutboxUnwritable):
        open_outbox(tmp_path / "node" / "outbox.sqlite")


def test_a_damaged_file_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "outbox.sqlite").write_bytes(b"not a database, whatever it says" * 200)

    with pytest.raises(OutboxDamaged, match="file is not a database") as caught:
        open_outbox(tmp_path / "outbox.sqlite")

    assert "taken up from the ledger" in caught.value.hint


def test_on_a_full_disk_nothing_is_signed_and_the_chain_goes_on_when_there_is_room(desk: LocalDesk) -> None:
    desk.issue(*drafts(2))

    with full_disk(desk.outbox), pytest.raises(OutboxUnwritable, match="database or disk is full"):
        desk.issue(*drafts(500))

    assert sequences(desk) == [1, 2]
    desk.issue(lead_draft())
    assert sequences(desk) == [1, 2, 3]


def full_disk(outbox: Outbox) -> "FullDisk":
    return FullDisk(outbox)


class FullDisk:
    """Lets SQLite believe that there is no room for one more page."""

    def __init__(self, outbox: Outbox) -> None:
        self._connection = outbox._connection

    def __enter__(self) -> None:
        """Take the room away."""
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0]
        self._connection.execute(f"PRAGMA max_page_count = {pages}")

    def __exit__(self, *_error: object) -> None:
        """Give it back."""
        self._connection.execute("PRAGMA max_page_count = 1000000")


def test_a_read_only_file_is_an_error_and_nothing_is_signed(desk: LocalDesk) -> None:
    desk.outbox._connection.execute("PRAGMA query_only = ON")

    with pytest.raises(OutboxUnwritable, match="readonly database"):
        desk.issue(lead_draft())

    desk.outbox._connection.execute("PRAGMA query_only = OFF")
    assert sequences(desk) == []


def test_what_is_signed_is_on_the_disk_before_it_is_answered(desk: LocalDesk) -> None:
    assert desk.outbox._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    with desk.outbox.noting():
        assert desk.outbox._connection.execute("PRAGMA synchronous").fetchone()[0] == 1
    assert desk.outbox._connection.execute("PRAGMA synchronous").fetchone()[0] == 2


# ---- sending


def test_what_is_sent_is_what_was_signed_in_that_order(desk: LocalDesk, sender: MemorySender) -> None:
    desk.issue(*drafts(3), lead_draft("b", MUSE))
    wanted = [event.envelope for event in desk.outbox.unsent(10)]

    assert flush(desk, sender) == 4

    assert sender.values() + sender.values("liaison.mm.events.v1") == wanted
    assert desk.outbox.tally() == Tally(0, 4, 0, 0)
    assert flush(desk, sender) == 0


def test_a_record_carries_cloudevents_headers_for_other_tools(desk: LocalDesk, sender: MemorySender) -> None:
    (event_id,) = desk.issue(lead_draft())

    flush(desk, sender)

    message = sender.topics["liaison.cn.events.v1"][0]
    assert message.key == b"cn:blo-ruili"
    assert dict(message.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": event_id.encode(),
        "ce_source": b"cn:blo-ruili",
        "ce_type": b"LeadShared",
        "ce_time": b"2026-11-01T00:00:00Z",
        "content-type": b"application/avro",
    }


class Recorder(MemorySender):
    """Remembers the order in which it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    async def put(self, messages: Sequence[Message]) -> list[int]:
        self.calls.extend({message.topic for message in messages})
        return await super().put(messages)


def test_the_sealed_part_goes_first(desk: LocalDesk) -> None:
    sender = Recorder()
    desk.issue(replace(lead_draft(), sealed={"summary": "EXERCISE"}), lead_draft("b"))

    flush(desk, sender)

    assert sender.calls == ["liaison.cn.sealed.v1", "liaison.cn.events.v1"]
    (part,) = sender.topics["liaison.cn.sealed.v1"]
    (event, _) = (desk.outbox.at(0, RUILI, epoch=1, sequence=each) for each in (1, 2))
    assert event is not None
    assert (part.key, part.value) == (event.sealed_digest, event.sealed)


def test_without_a_broker_everything_is_kept_and_sent_later(desk: LocalDesk, sender: MemorySender) -> None:
    desk.issue(*drafts(3))
    sender.error = Transient("broker does not answer")

    with pytest.raises(Transient):
        flush(desk, sender)
    assert desk.outbox.tally() == Tally(3, 0, 0, 0)

    sender.error = None
    assert flush(desk, sender) == 3


def test_many_events_are_sent_in_several_parts(desk: LocalDesk, sender: MemorySender) -> None:
    desk.issue(*drafts(2_100))

    assert flush(desk, sender) == 2_100

    assert len(sender.values()) == 2_100


def test_two_relays_of_one_node_send_everything_once(desk: LocalDesk, sender: MemorySender) -> None:
    desk.issue(*drafts(50))

    async def both() -> tuple[int, int]:
        first, second = Relay(desk.outbox, sender), Relay(desk.outbox, sender)
        return await asyncio.gather(first.flush(), second.flush())

    assert sum(asyncio.run(both())) == 50
    assert len(sender.values()) == 50


# ---- several processes


def in_processes(*acts: Callable[[], None]) -> list[int | None]:
    processes = [FORK.Process(target=act) for act in acts]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def publisher(folder: Path, corridor: Corridor, number: int) -> Callable[[], None]:
    def act() -> None:
        desk = LocalDesk(folder, corridor)
        for each in range(number):
            desk.issue(lead_draft(f"{os.getpid()}-{each}"))

    return act


def test_two_processes_of_one_office_make_one_chain(tmp_path: Path) -> None:
    corridor = Corridor.founded()
    act = publisher(tmp_path, corridor, 200)

    assert in_processes(act, act) == [0, 0]

    desk = LocalDesk(tmp_path, corridor)
    assert sequences(desk) == list(range(1, 401))
    settle(desk.outbox, 0, desk.admit())
    assert desk.outbox.tally() == Tally(0, 0, 400, 0)


def test_processes_that_open_a_new_outbox_at_once_find_the_same_one(tmp_path: Path) -> None:
    corridor = Corridor.founded()

    assert in_processes(*[publisher(tmp_path, corridor, 1)] * 4) == [0] * 4

    assert sequences(LocalDesk(tmp_path, corridor)) == [1, 2, 3, 4]


class Deadly(MemorySender):
    """A way to Kafka that ends this process at a chosen moment; what it has taken is in a folder of files."""

    def __init__(self, folder: Path, moment: str) -> None:
        super().__init__()
        self._folder = folder
        self._moment = moment

    async def put(self, messages: Sequence[Message]) -> list[int]:
        self._die_at("before")
        offsets = []
        for number, message in enumerate(messages):
            offsets.append(self._write(message))
            if number == 1:
                self._die_at("amid")
        self._die_at("after")
        return offsets

    def _write(self, message: Message) -> int:
        offset = len(list(self._folder.glob("*")))
        (self._folder / f"{offset:06d}").write_bytes(message.value or b"")
        return offset

    def _die_at(self, moment: str) -> None:
        if moment == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)


def dying(folder: Path, corridor: Corridor, moment: str) -> Callable[[], None]:
    def act() -> None:
        desk = LocalDesk(folder, corridor)
        if moment == "signing":
            with desk.outbox.writing():
                desk.issuer.outbox.set_head(0, RUILI, Link(1, ChainSequence(99), Hash(bytes(32)), LeafIndex(-1)))
                os.kill(os.getpid(), signal.SIGKILL)
        desk.issue(*drafts(3))
        if moment == "signed":
            os.kill(os.getpid(), signal.SIGKILL)
        asyncio.run(Relay(desk.outbox, Deadly(folder / "kafka", moment)).flush())

    return act


@pytest.mark.parametrize("moment", ["signing", "signed", "before", "amid", "after", "never"])
def test_a_kill_at_any_step_leaves_neither_gap_nor_fork(tmp_path: Path, moment: str) -> None:
    corridor = Corridor.founded()
    (tmp_path / "kafka").mkdir()

    (code,) = in_processes(dying(tmp_path, corridor, moment))
    assert code == (0 if moment == "never" else -signal.SIGKILL)
    assert in_processes(dying(tmp_path, corridor, "never")) == [0]

    desk = LocalDesk(tmp_path, corridor)
    records = [file.read_bytes() for file in sorted((tmp_path / "kafka").iterdir())]
    settle(desk.outbox, 0, desk.hear(records))
    signed = 3 if moment == "signing" else 6
    assert desk.outbox.tally() == Tally(0, 0, signed, 0)
    assert corridor.book.head(RUILI).sequence == signed
    assert all(verdict.__class__.__name__ != "Refused" for verdict in corridor.verdicts)


def test_the_lock_of_a_killed_sender_is_free_again(desk: LocalDesk, sender: MemorySender, tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    in_processes(dying(tmp_path, desk.corridor, "before"))

    assert flush(desk, sender) == 3


# ---- small things


def test_an_error_of_the_outbox_is_an_error_of_our_own_world() -> None:
    for kind in (OutboxDamaged, OutboxUnwritable, LedgerNotRead, ChainWentOn):
        assert issubclass(kind, HubError)
        assert kind("x").hint


def test_keys_are_not_shown(desk: LocalDesk) -> None:
    assert repr(Keys(desk.issuer.keys.signing, {})) == "Keys()"


def test_the_topic_is_that_of_the_office_s_agency(desk: LocalDesk) -> None:
    desk.issue(lead_draft(office=MUSE))

    assert desk.outbox.unsent(1)[0].topic == events_topic(Office("mm:x").partition(":")[0])  # type: ignore[arg-type]


def test_a_standing_that_lags_is_still_one(desk: LocalDesk) -> None:
    desk.issue(*drafts(3))
    behind = Standing(0, desk.corridor.book, is_current=True)
    desk.admit()

    desk.issuer.issue(behind, [lead_draft("d")])

    assert sequences(desk) == [1, 2, 3, 4]
