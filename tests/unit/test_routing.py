from collections.abc import Mapping
from datetime import timedelta

import pytest

from events.ids import Office
from events.machine_tables import Row
from events.machines import MACHINES
from events.routing import Notice, may_say, told
from events.routing_table import BOOKKEEPING, CLASSES, RULES, SPEAKERS
from tests.unit.drafts import FOUNDED_AT, Draft, drafts, live, recorded

DIRECTORY: Mapping[Office, frozenset[str]] = {
    Office("cn:ah-police"): frozenset({"police"}),
    Office("cn:blo-ruili"): frozenset({"liaison"}),
    Office("cn:mps-cid"): frozenset({"coordinator"}),
    Office("cn:yn-civil-affairs"): frozenset({"welfare"}),
    Office("hub:ruili-muse"): frozenset({"hub"}),
    Office("mm:atipd"): frozenset({"police"}),
    Office("mm:blo-muse"): frozenset({"liaison"}),
    Office("mm:home-affairs"): frozenset({"coordinator"}),
    Office("mm:social-welfare"): frozenset({"welfare"}),
}


def notices(line: Draft) -> dict[str, tuple[str, timedelta | None, timedelta | None]]:
    """Return urgency, time to receipt and time to answer for each office told."""
    return {str(each.office): terms(each) for each in told(recorded(line), DIRECTORY)}


def terms(notice: Notice) -> tuple[str, timedelta | None, timedelta | None]:
    due = (notice.receipt_due_at, notice.answer_due_at)
    receipt, answer = (at - FOUNDED_AT if at else None for at in due)
    return notice.urgency, receipt, answer


def hours(count: int) -> timedelta:
    return timedelta(hours=count)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def test_a_lead_on_a_person_at_risk_is_owed_a_receipt_in_one_hour_and_an_answer_in_eight() -> None:
    found = notices(live("LeadShared", "cn:blo-ruili", lead_key="lead-1", kind="person_at_risk"))

    assert found == {
        "cn:mps-cid": ("u3_routine", None, None),
        "mm:blo-muse": ("u1_life_or_liberty", hours(1), hours(8)),
    }


def test_any_other_lead_is_routine_unless_its_issuer_asks_for_more() -> None:
    routine = live("LeadShared", "mm:atipd", lead_key="lead-1", kind="route")

    assert notices(routine)["cn:blo-ruili"] == ("u3_routine", hours(24), days(7))
    assert notices({**routine, "urgency": "u2_urgent"})["cn:blo-ruili"] == ("u2_urgent", hours(12), days(3))
    assert notices({**routine, "urgency": "u4_field_work"})["cn:blo-ruili"] == ("u3_routine", hours(24), days(7))


def test_an_unknown_type_goes_to_the_other_sides_liaison_by_the_urgency_of_its_header() -> None:
    found = notices({**live("WeatherReported", "cn:ah-police"), "urgency": "u2_urgent"})

    assert found == {"mm:blo-muse": ("u2_urgent", hours(12), None)}


@pytest.mark.parametrize("kind", sorted(BOOKKEEPING))
def test_bookkeeping_tells_nobody_not_even_by_name(kind: str) -> None:
    assert told(recorded({**live(kind, "cn:blo-ruili"), "recipients": ["mm:atipd"]}), DIRECTORY) == ()


def test_offices_named_in_the_header_are_told_too_and_the_issuer_never() -> None:
    line = {**live("LeadAssessed", "mm:atipd"), "recipients": ["cn:ah-police", "cn:nobody", "mm:atipd"]}

    assert sorted(notices(line)) == ["cn:ah-police", "cn:blo-ruili"]


def test_the_hub_is_never_told() -> None:
    assert notices({**live("LeadAssessed", "mm:atipd"), "recipients": ["hub:ruili-muse"]}).keys() == {"cn:blo-ruili"}


def test_a_backfilled_event_is_told_and_owes_nothing() -> None:
    line = {**live("LeadShared", "cn:blo-ruili", lead_key="lead-1", kind="person_at_risk"), "provenance": "backfilled"}

    assert notices(line)["mm:blo-muse"] == ("u3_routine", None, None)


def test_no_office_owes_a_receipt_that_it_may_not_sign() -> None:
    found = notices(live("ActivityPlanned", "cn:mps-cid", activity_key="plan-1"))

    assert found == {"mm:home-affairs": ("u3_routine", None, days(7))}


def test_an_office_that_two_rows_name_is_told_once_by_the_more_urgent() -> None:
    directory = {Office("mm:all"): frozenset({"liaison", "welfare"})}
    line = live("VictimIdentified", "cn:ah-police", person_key="p-1", status="presumed", age_years_min=16)

    found = told(recorded(line), directory)

    assert [(each.office, *terms(each)) for each in found] == [("mm:all", "u1_life_or_liberty", hours(1), None)]


@pytest.mark.parametrize(("fields", "urgency"), [
    ({"age_years_min": 18}, "u3_routine"),
    ({"age_years_min": 17}, "u1_life_or_liberty"),
    ({}, "u1_life_or_liberty"),
    ({"age_years_min": 30, "held_in_closed_place": True}, "u1_life_or_liberty"),
    ({"age_years_min": 10, "status": "not_a_victim"}, "u3_routine"),
])  # fmt: skip
def test_a_possible_child_or_a_closed_place_is_urgent(fields: dict[str, object], urgency: str) -> None:
    line = live("VictimIdentified", "cn:ah-police", **{"person_key": "p-1", "status": "confirmed", **fields})
    found = notices(line)

    assert sorted(found) == ["cn:yn-civil-affairs", "mm:blo-muse", "mm:social-welfare"]
    assert {each for each, _, _ in found.values()} == {urgency}


def test_a_handover_is_signed_at_the_gate_within_two_hours() -> None:
    found = notices(live("HandoverOffered", "cn:blo-ruili", handover_key="h-1", persons=["p-1"]))

    assert found["mm:blo-muse"] == ("u1_life_or_liberty", hours(1), hours(2))


def test_a_closed_place_makes_a_question_urgent() -> None:
    asked = {"request_key": "q-1", "kind": "nationality_verification", "held_in_closed_place": True}

    assert notices(live("InformationRequested", "cn:blo-ruili", **asked)) == {
        "mm:blo-muse": ("u1_life_or_liberty", hours(1), hours(8)),
    }


def test_a_missed_deadline_reaches_both_desks_at_once_and_the_coordinators_a_step_later() -> None:
    first = notices(live("DeadlineMissed", "hub:ruili-muse", step=1))
    second = notices(live("DeadlineMissed", "hub:ruili-muse", step=2))

    assert sorted(first) == ["cn:blo-ruili", "mm:blo-muse"]
    assert sorted(second) == ["cn:blo-ruili", "cn:mps-cid", "mm:blo-muse", "mm:home-affairs"]


def test_a_custodial_placement_alarms_welfare_and_coordinators_of_both_sides() -> None:
    free = notices(live("PlacementRecorded", "cn:ah-police", kind="shelter", may_leave=True))
    held = notices(live("PlacementRecorded", "cn:ah-police", kind="prison", may_leave=False))

    assert sorted(free) == ["cn:yn-civil-affairs"]
    assert sorted(held) == ["cn:mps-cid", "cn:yn-civil-affairs", "mm:home-affairs", "mm:social-welfare"]
    assert held["mm:social-welfare"] == ("u1_life_or_liberty", hours(1), None)


def test_the_classes_owe_what_both_sides_agreed() -> None:
    found = [(name, owed.receipt, owed.answer) for name, owed in CLASSES.items()]

    assert found == [
        ("u1_life_or_liberty", hours(1), hours(8)),
        ("u2_urgent", hours(12), days(3)),
        ("u3_routine", hours(24), days(7)),
        ("u4_field_work", hours(24), days(30)),
    ]


@pytest.mark.parametrize(("kind", "role", "may"), [
    ("LeadShared", "police", True), ("LeadShared", "coordinator", False), ("HandoverOffered", "liaison", True),
    ("HandoverOffered", "police", False), ("MeetingHeld", "coordinator", True), ("CorridorFounded", "hub", True),
    ("CorridorFounded", "liaison", False), ("SchemaPublished", "coordinator", False), ("SchemaPublished", "hub", True),
    ("EventReceived", "statistics", True), ("EventOpened", "auditor", True), ("EventReceived", "hub", False),
    ("DeadlineMissed", "hub", True), ("DeadlineMissed", "liaison", False),
    ("WeatherReported", "welfare", True), ("WeatherReported", "hub", False), ("WeatherReported", "root", False),
])  # fmt: skip
def test_what_a_role_may_say_is_a_row(kind: str, role: str, *, may: bool) -> None:
    assert may_say(kind, {role}) is may


def test_an_office_may_say_what_one_of_its_roles_may() -> None:
    assert may_say("LeadShared", frozenset({"coordinator", "liaison"}))
    assert not may_say("LeadShared", frozenset())


@pytest.mark.parametrize("line", drafts("founding.jsonl") + drafts("live.jsonl"), ids=lambda line: line["label"])
def test_every_draft_of_the_scenario_may_be_said_and_tells_somebody(line: dict[str, object]) -> None:
    assert may_say(str(line["type"]), DIRECTORY[Office(str(line["office"]))])
    assert told(recorded(line), DIRECTORY) != ()


def test_whatever_moves_a_machine_has_a_row_for_who_is_told_and_who_may_say_it() -> None:
    rows: list[Row] = [row for machine in MACHINES.values() for row in machine.rows]
    types = {signal.partition(":")[0] for _, signal, _ in rows}

    assert types - RULES.keys() == set()
    assert types - SPEAKERS.keys() == {"RecordCorrected"}
