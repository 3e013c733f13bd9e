import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from events.ids import LeafIndex
from hub.outbox_errors import ChainWentOn, LedgerNotRead
from hub.outbox_rows import ADMITTED, REFUSED, SENT, SIGNED, Tally
from hub.projector import Projector
from hub.relay import Relay
from hub.settling import reconcile, settle
from hub.store import Store
from tests.support.issuers import LocalDesk, MemorySender, drafts, lead_draft
from tests.support.ledger import RUILI


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


# ---- settling


def test_what_the_ledger_admits_is_settled(desk: LocalDesk, sender: MemorySender) -> None:
    desk.issue(*drafts(3))
    flush(desk, sender)
    steps = desk.admit()

    settle(desk.outbox, 0, steps)
    settle(desk.outbox, 0, steps)

    assert states(desk) == [ADMITTED] * 3
    assert desk.outbox.is_settled(0)
    assert [desk.outbox.at(0, RUILI, epoch=1, sequence=each).leaf_index for each in (1, 2, 3)] == [  # type: ignore[union-attr]
        step.entry.index for step in steps
    ]


def test_an_event_whose_acknowledgement_was_lost_is_not_sent_again_once_it_is_admitted(
    desk: LocalDesk, sender: MemorySender
) -> None:
    desk.issue(*drafts(3))

    settle(desk.outbox, 0, desk.admit())

    assert flush(desk, sender) == 0


def test_what_was_refused_for_a_gap_is_sent_again_from_where_the_ledger_stands(
    desk: LocalDesk, sender: MemorySender
) -> None:
    desk.issue(*drafts(4))
    flush(desk, sender)
    first, _, third, fourth = sender.values()

    settle(desk.outbox, 0, desk.hear([first, b"what another program wrote", third, fourth]))  # type: ignore[list-item]

    assert states(desk) == [ADMITTED, SIGNED, SIGNED, SIGNED]
    assert flush(desk, sender) == 3
    settle(desk.outbox, 0, desk.hear(sender.values()[4:]))  # type: ignore[arg-type]
    assert states(desk) == [ADMITTED] * 4


def test_a_late_refusal_of_an_earlier_copy_changes_nothing(desk: LocalDesk, sender: MemorySender) -> None:
    desk.issue(*drafts(2))
    flush(desk, sender)
    early = desk.hear([b"what another program wrote", sender.values()[1]])  # type: ignore[list-item]
    settle(desk.outbox, 0, early)
    flush(desk, sender)

    settle(desk.outbox, 0, early)

    assert states(desk) == [SENT, SENT]
    settle(desk.outbox, 0, desk.hear(sender.values()[2:]))  # type: ignore[arg-type]
    assert states(desk) == [ADMITTED] * 2


def test_a_record_that_the_broker_lost_is_sent_again(desk: LocalDesk, sender: MemorySender) -> None:
    desk.issue(lead_draft())
    flush(desk, sender)
    sender.topics.clear()

    settle(desk.outbox, 0, desk.hear([b"what another program wrote"]))

    assert flush(desk, sender) == 1


def test_an_event_that_was_reopened_while_others_were_sent_is_sent_all_the_same(
    desk: LocalDesk, sender: MemorySender
) -> None:
    desk.issue(*drafts(2))
    flush(desk, sender)
    desk.issue(*drafts(2))
    waiting = desk.outbox.unsent(10)

    desk.outbox.send_again(0, RUILI, desk.corridor.book.head(RUILI))
    desk.outbox.sent([(offset, event.id) for offset, event in enumerate(waiting)])

    assert [event.sequence for event in desk.outbox.unsent(10)] == [1, 2]


def retired(desk: LocalDesk) -> None:
    """Take the key of the office out of force, as a new version of its agency's keys does."""
    ring = desk.corridor.book.keyring
    name = desk.corridor.keys[RUILI].key_id
    in_force = {key: entry for key, entry in ring.in_force.items() if key != name}
    gone = replace(ring, in_force=in_force, retired={**ring.retired, name: ring.in_force[name]})
    desk.corridor.book = replace(desk.corridor.book, keyring=gone)


def test_what_is_refused_for_good_frees_its_place_and_takes_what_follows_with_it(
    desk: LocalDesk, sender: MemorySender
) -> None:
    desk.issue(*drafts(3))
    flush(desk, sender)
    settle(desk.outbox, 0, desk.hear(sender.values()[:1]))  # type: ignore[arg-type]
    before = desk.corridor.book
    retired(desk)

    steps = desk.hear(sender.values()[1:])  # type: ignore[arg-type]
    settle(desk.outbox, 0, steps)

    assert desk.outbox.tally() == Tally(0, 0, 1, 2)
    assert desk.outbox.head(0, RUILI) == replace(before.head(RUILI), leaf_index=LeafIndex(-1))
    reasons = [each.reason for each in desk.everything() if each.state == REFUSED]
    assert reasons[0] == "key-not-in-force"
    assert "key-not-in-force" in (reasons[1] or "")


def test_after_a_refusal_the_chain_goes_on_where_the_ledger_stands(desk: LocalDesk, sender: MemorySender) -> None:
    desk.issue(*drafts(2))
    flush(desk, sender)
    ring = desk.corridor.book.keyring
    retired(desk)
    settle(desk.outbox, 0, desk.hear(sender.values()))  # type: ignore[arg-type]
    desk.corridor.book = replace(desk.corridor.book, keyring=ring)

    desk.issue(lead_draft("again"))
    flush(desk, sender)
    settle(desk.outbox, 0, desk.hear(sender.values()[2:]))  # type: ignore[arg-type]

    assert desk.outbox.tally() == Tally(0, 0, 1, 2)


# ---- steps that a crash has swallowed


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store.open(f"sqlite:///{tmp_path / 'read-model.sqlite'}")
    yield found
    found.close()


def project(store: Store, desk: LocalDesk) -> None:
    Projector(store, 0).apply(list(enumerate(desk.corridor.entries)))


def test_what_was_admitted_while_nobody_settled_is_found_in_the_read_model(
    desk: LocalDesk, sender: MemorySender, store: Store
) -> None:
    desk.issue(*drafts(3))
    flush(desk, sender)
    steps = desk.admit()
    project(store, desk)

    reconcile(desk.outbox, store, 0)

    assert states(desk) == [ADMITTED] * 3
    assert desk.outbox.at(0, RUILI, epoch=1, sequence=1).leaf_index == steps[0].entry.index  # type: ignore[union-attr]


def test_what_was_refused_while_nobody_settled_is_sent_again_and_then_settled(
    desk: LocalDesk, sender: MemorySender, store: Store
) -> None:
    desk.issue(lead_draft())
    flush(desk, sender)
    retired(desk)
    desk.hear(sender.values())  # type: ignore[arg-type]
    project(store, desk)

    reconcile(desk.outbox, store, 0)
    assert flush(desk, sender) == 1
    settle(desk.outbox, 0, desk.hear(sender.values()[1:]))  # type: ignore[arg-type]

    assert desk.outbox.tally() == Tally(0, 0, 0, 1)


def test_what_the_read_model_does_not_hold_yet_stays_as_it_is(
    desk: LocalDesk, sender: MemorySender, store: Store
) -> None:
    project(store, desk)
    desk.issue(*drafts(2))
    flush(desk, sender)

    reconcile(desk.outbox, store, 0)

    assert states(desk) == [SENT, SENT]


# ---- a file from yesterday, a key in two places


def restored(desk: LocalDesk, folder: Path, act: Callable[[], object]) -> LocalDesk:
    """Return the desk as a backup has it that was made before *act*."""
    backup = folder / "backup"
    backup.mkdir()
    desk.outbox._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(folder / "outbox.sqlite", backup)
    act()
    return LocalDesk(backup, desk.corridor)


def test_an_outbox_from_a_backup_signs_nothing_before_the_ledger_was_read(desk: LocalDesk, tmp_path: Path) -> None:
    desk.issue(*drafts(2))
    old = restored(desk, tmp_path, lambda: desk.issue(*drafts(3)))
    desk.admit()

    with pytest.raises(LedgerNotRead, match="is new or was copied back"):
        old.issuer.issue(old.standing(is_current=False), [lead_draft()])


def test_an_outbox_from_a_backup_goes_on_where_the_ledger_stands(desk: LocalDesk, tmp_path: Path) -> None:
    desk.issue(*drafts(2))
    old = restored(desk, tmp_path, lambda: desk.issue(*drafts(3)))
    desk.admit()

    (event_id,) = old.issue(lead_draft("next"))

    found = old.outbox.by_event_id(event_id)
    assert found is not None
    assert found.sequence == 6
    settle(old.outbox, 0, old.hear([found.envelope]))
    assert old.outbox.at(0, RUILI, epoch=1, sequence=6).state == ADMITTED  # type: ignore[union-attr]


def test_a_chain_that_went_on_while_nobody_looked_is_not_continued_blindly(desk: LocalDesk) -> None:
    desk.issue(lead_draft())
    desk.admit()
    desk.corridor.says(RUILI, "LeadShared", lead_draft().payload)

    with pytest.raises(LedgerNotRead, match="signed here up to sequence 1, ledger has 2"):
        desk.issuer.issue(desk.standing(is_current=False), [lead_draft()])


def test_another_story_in_the_ledger_stops_the_office(desk: LocalDesk) -> None:
    desk.issue(*drafts(2))
    desk.corridor.says(RUILI, "LeadShared", lead_draft("elsewhere").payload)

    with pytest.raises(ChainWentOn, match="chain of cn:blo-ruili was continued elsewhere: event 1 signed here is"):
        desk.issue(lead_draft())


def test_a_fork_is_remembered_after_the_ledger_has_refused_our_side_of_it(
    desk: LocalDesk, sender: MemorySender
) -> None:
    desk.issue(*drafts(2))
    flush(desk, sender)
    desk.corridor.says(RUILI, "LeadShared", lead_draft("elsewhere").payload)
    settle(desk.outbox, 0, desk.hear(sender.values()))  # type: ignore[arg-type]

    assert desk.outbox.tally().refused == 2
    with pytest.raises(ChainWentOn):
        desk.issue(lead_draft())
