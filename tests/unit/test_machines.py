import pytest

from events.machine_tables import UNBORN, Row
from events.machines import MACHINES, Machine, Step, step

ALL = sorted(MACHINES.items())
EVERY_ROW = [(machine, row) for _, machine in ALL for row in machine.rows]
INVALID = [(machine, at, name) for _, machine in ALL for at, name in machine.invalid.items()]


def named(value: object) -> str | None:
    return "-".join(map(str, value)) if isinstance(value, tuple) else getattr(value, "name", None)


@pytest.mark.parametrize(("machine", "row"), EVERY_ROW, ids=named)
def test_every_row_moves_to_its_target_without_a_finding(machine: Machine, row: Row) -> None:
    state, signal, target = row

    assert step(machine, state, signal, backfilled=False) == Step(target)
    assert step(machine, state, signal, backfilled=True) == Step(target)


@pytest.mark.parametrize(("machine", "at", "name"), INVALID, ids=named)
def test_every_named_mistake_keeps_the_state_and_is_recorded(machine: Machine, at: tuple[str, str], name: str) -> None:
    state, signal = at

    assert step(machine, state, signal, backfilled=False) == Step(state, name)
    assert step(machine, state, signal, backfilled=True).finding is None


@pytest.mark.parametrize(("name", "rows", "mistakes"), [
    ("lead", 17, 4), ("request", 24, 8), ("return", 27, 12), ("case", 18, 6), ("evidence", 8, 5), ("activity", 11, 4),
])  # fmt: skip
def test_the_tables_are_complete(name: str, rows: int, mistakes: int) -> None:
    assert (len(MACHINES[name].rows), len(MACHINES[name].invalid)) == (rows, mistakes)


@pytest.mark.parametrize(("name", "machine"), ALL)
def test_no_row_contradicts_another(name: str, machine: Machine) -> None:
    places = [(state, signal) for state, signal, _ in machine.rows]

    assert len(places) == len(set(places))
    assert not set(places) & set(machine.invalid)
    assert all(finding.startswith(f"{name}.") for finding in machine.invalid.values())


@pytest.mark.parametrize(("_name", "machine"), ALL)
def test_an_end_is_exactly_a_state_that_no_row_leaves(_name: str, machine: Machine) -> None:
    left = {state for state, _, _ in machine.rows}
    reached = {target for _, _, target in machine.rows}

    assert reached - left == machine.ends


@pytest.mark.parametrize(("_name", "machine"), ALL)
def test_every_state_can_be_reached_from_unborn(_name: str, machine: Machine) -> None:
    reached = {UNBORN}
    for _ in machine.rows:
        reached |= {target for state, _, target in machine.rows if state in reached}

    assert reached == {state for state, _, _ in machine.rows} | machine.ends


def test_a_misfit_without_a_name_is_called_after_its_event() -> None:
    found = step(MACHINES["lead"], "closed", "LeadAssessed:exhausted", backfilled=False)

    assert found == Step("closed", "lead.unexpected_lead_assessed")


def test_a_row_without_a_variant_holds_for_every_variant() -> None:
    assert step(MACHINES["return"], UNBORN, "VictimIdentified:presumed", backfilled=False) == Step("identified")
    assert step(MACHINES["return"], "received", "ReintegrationReported:d14", backfilled=False) == Step("reintegrating")


def test_a_row_with_the_variant_goes_before_one_without() -> None:
    found = step(MACHINES["return"], "reintegrating", "ReintegrationReported:closed", backfilled=False)

    assert found == Step("closed")


def test_documents_name_the_later_state_and_the_steps_before_are_implied() -> None:
    machine = MACHINES["return"]

    accepted = step(machine, "identified", "ReturnDecided:accepted", backfilled=True)
    offered = step(machine, accepted.state, "HandoverOffered", backfilled=True)

    assert (accepted, offered) == (Step("accepted"), Step("offered"))


@pytest.mark.parametrize(("name", "state", "signal", "after"), [
    ("return", "received", "VictimIdentified:confirmed", "received"),
    ("return", "received", "HandoverOffered", "received"),
    ("return", "offered", "ReturnDecided:accepted", "offered"),
    ("return", "accepted", "HandoverConfirmed:declined_to_cross", "staying"),
    ("case", "unborn", "ArrestReported", "suspects_held"),
    ("case", "charged", "ArrestReported", "charged"),
    ("lead", "acted_on", "LeadShared", "acted_on"),
    ("lead", "closed", "ArrestReported", "closed"),
])  # fmt: skip
def test_a_document_entered_late_implies_what_lies_ahead_and_turns_nothing_back(
    name: str, state: str, signal: str, after: str,
) -> None:  # fmt: skip
    assert step(MACHINES[name], state, signal, backfilled=True) == Step(after)


def test_a_backfilled_signal_that_no_row_knows_changes_nothing() -> None:
    assert step(MACHINES["lead"], "shared", "RecordCorrected:erased", backfilled=True) == Step("shared")
