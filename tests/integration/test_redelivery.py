"""Records that come again: an event is in the ledger once, and every copy has its entry."""

from pathlib import Path

import pytest

from events.ids import Agency
from events.ledger import ADMITTED, DUPLICATE
from events.topics import events_topic
from hub.ports import Message
from tests.support.command import hub
from tests.support.corridor import RUILI, RunningCorridor
from tests.support.load import Publisher
from tests.support.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

COPIES = 100


def test_a_hundred_copies_of_an_envelope_are_one_event(corridor: RunningCorridor, tmp_path: Path) -> None:
    corridor.start()
    corridor.until_working()
    with Publisher(corridor.node("cn"), RUILI, tmp_path) as publisher:
        until(lambda: len(publisher.accepted) > 0, "something is published")
    history = corridor.until_calm()
    first = next(step for step in history.steps if step.event is not None and step.event.header.office == RUILI)
    copy = Message(events_topic(Agency("cn")), 0, None, first.entry.body)

    corridor.put("cn", *[copy] * COPIES)

    until(lambda: len(corridor.history().steps) == len(history.steps) + COPIES, "every copy has its entry")
    after = corridor.until_calm()
    copies = after.steps[len(history.steps) :]
    assert {step.entry.verdict for step in copies} == {DUPLICATE}
    assert {step.entry.first_index for step in copies} == {first.entry.index}
    assert sum(step.entry.verdict == ADMITTED for step in after.steps) == sum(
        step.entry.verdict == ADMITTED for step in history.steps
    )
    corridor.check(after, tmp_path)


def test_a_rebuilt_read_model_comes_to_the_same_state(corridor: RunningCorridor, tmp_path: Path) -> None:
    corridor.start()
    corridor.until_working()
    with Publisher(corridor.node("cn"), RUILI, tmp_path) as publisher:
        until(lambda: len(publisher.accepted) > 0, "something is published")
    history = corridor.until_calm()

    rebuilt = hub(corridor.node("mm"), "rebuild")

    assert rebuilt.code == 0, rebuilt
    digests = corridor.digests(history, tmp_path)
    assert len(set(digests.values())) == 1
    assert digests["mm"] in rebuilt.out
