import json

import pytest

from events.event import Recorded
from events.ids import LeafIndex, Office
from events.projections import (
    INITIAL,
    Aggregate,
    Json,
    Touch,
    apply,
    delivery_key,
    fold,
    from_json,
    reference_of,
    state_digest,
    touches,
)
from tests.unit.drafts import Draft, digest_of, founding, history, live, recorded

RUILI, MUSE, HEFEI, YANGON = "cn:blo-ruili", "mm:blo-muse", "cn:ah-police", "mm:atipd"


def after(*lines: Draft) -> dict[tuple[str, str], Aggregate]:
    return dict(fold(history(lines)))


def shared() -> Draft:
    return {**live("LeadShared", RUILI, lead_key="lead-1", kind="route"), "label": "lead", "case_key": "case-1"}


def acknowledged(office: str) -> Draft:
    return {**live("RequestAcknowledged", office, ref_kind="lead", ref_key="lead-1"), "cause": "ref:lead"}


def assessed(outcome: str) -> Draft:
    return live("LeadAssessed", YANGON, lead_key="lead-1", outcome=outcome)


def arrest(**payload: object) -> Draft:
    said = {"lead_keys": ["lead-1"], "suspects": {"min": 2, "max": 2}, **payload}
    return {**live("ArrestReported", YANGON, **said), "case_key": "case-1"}


def planned(office: str, title: str = "Joint border visit") -> Draft:
    return live("ActivityPlanned", office, activity_key="plan-1", plan_year=2007, number=1, title={"en": title})


def test_a_lead_goes_its_way_and_keeps_what_was_said() -> None:
    lead = after(shared(), acknowledged(MUSE), assessed("actionable"), arrest(), arrest())["lead", "lead-1"]

    assert (lead.state, lead.findings, lead.case_key) == ("acted_on", (), "case-1")
    assert (lead.first_leaf, lead.last_leaf) == (0, 4)
    assert lead.facts == {
        "office": RUILI,
        "kind": "route",
        "outcome": "actionable",
        "arrests": {"min": 4, "max": 4},
    }


def test_an_arrest_credited_to_an_unassessed_lead_is_a_finding_with_its_leaf() -> None:
    lead = after(shared(), arrest())["lead", "lead-1"]

    assert lead.state == "shared"
    assert lead.findings == ((LeafIndex(1), "lead.arrest_credited_to_unassessed_lead"),)


def test_only_the_counterparts_first_acknowledgement_moves_a_lead() -> None:
    own = after(shared(), acknowledged(HEFEI))["lead", "lead-1"]
    first = after(shared(), acknowledged(MUSE))["lead", "lead-1"]
    second = after(shared(), acknowledged(MUSE), acknowledged("mm:social-welfare"))["lead", "lead-1"]

    assert (own.state, first.state, second.state) == ("shared", "acknowledged", "acknowledged")
    assert own.findings == first.findings == second.findings == ()


def test_an_acknowledgement_of_a_lead_that_nobody_shared_is_a_finding() -> None:
    lead = after(acknowledged(MUSE))["lead", "lead-1"]

    assert (lead.state, [name for _, name in lead.findings]) == ("unborn", ["lead.unexpected_request_acknowledged"])


def test_a_delivery_counts_the_first_receipt_opening_and_acknowledgement() -> None:
    digest = digest_of("lead")
    lines = (
        shared(),
        live("EventReceived", MUSE, digests=[digest]),
        live("EventOpened", MUSE, digest=digest),
        acknowledged(MUSE),
        live("EventReceived", MUSE, digests=[digest]),
    )

    delivery = after(*lines)["delivery", delivery_key(digest, Office(MUSE))]

    assert delivery.state == "acknowledged"
    assert delivery.facts == {"received": 1, "opened": 2, "acknowledged": 3}


def test_a_case_is_one_per_side() -> None:
    opened = {**live("CaseStageReported", HEFEI, stage="opened"), "case_key": "case-1"}

    found = after(opened, arrest())

    assert found["case", "case-1:cn"].state == "opened"
    assert found["case", "case-1:mm"].findings == ((LeafIndex(1), "case.arrest_without_case"),)
    assert found["case", "case-1:mm"].facts["suspects"] == {"min": 2, "max": 2}


def test_an_activity_is_agreed_when_both_sides_issue_the_same_line() -> None:
    agreed = after(planned("cn:mps-cid"), planned("mm:home-affairs"))["activity", "plan-1"]

    assert (agreed.state, agreed.findings) == ("agreed", ())


@pytest.mark.parametrize(("office", "title"), [("cn:mps-cid", "Joint border visit"), ("mm:home-affairs", "Other")])
def test_the_same_side_twice_or_another_text_agrees_nothing(office: str, title: str) -> None:
    found = after(planned("cn:mps-cid"), planned(office, title))["activity", "plan-1"]

    assert found.state == "proposed"
    assert [name for _, name in found.findings] == ["activity.unexpected_activity_planned"]


def test_a_plan_with_an_absent_field_is_the_same_as_one_with_null() -> None:
    second = planned("mm:home-affairs")
    spelled = {**second, "payload": {**second["payload"], "due_on": None}}  # type: ignore[dict-item]

    assert after(planned("cn:mps-cid"), spelled)["activity", "plan-1"].state == "agreed"


def test_a_handover_is_kept_for_each_person() -> None:
    victims = [live("VictimIdentified", HEFEI, person_key=key, status="confirmed") for key in ("p-1", "p-2", "p-3")]
    wishes = [
        live("ConsentRecorded", HEFEI, person_key=key, purpose="return", decision="given")
        for key in ("p-1", "p-2", "p-3")
    ]
    ways = [
        *(live("ReturnProposed", RUILI, person_key=key) for key in ("p-1", "p-2", "p-3")),
        *(live("ReturnDecided", MUSE, person_key=key, decision="accepted") for key in ("p-1", "p-2", "p-3")),
        live("HandoverScheduled", RUILI, person_keys=["p-1", "p-2", "p-3"], handover_key="h-1"),
        live("HandoverOffered", RUILI, persons=["p-1", "p-2", "p-3"], handover_key="h-1", crossing="ruili-muse"),
        live("HandoverConfirmed", MUSE, handover_key="h-1", received=["p-1"], not_received=["p-2"],
             declined_to_cross=["p-3"], crossing="ruili-muse"),
    ]  # fmt: skip

    found = after(*victims, *wishes, *ways)

    assert [found["return", key].state for key in ("p-1", "p-2", "p-3")] == ["received", "disputed", "staying"]
    assert found["return", "p-1"].facts["offered_by"] == RUILI
    assert found["return", "p-1"].facts["confirmed_by"] == MUSE
    assert all(found["return", key].findings == () for key in ("p-1", "p-2", "p-3"))


def test_a_consent_to_something_else_does_not_touch_the_return() -> None:
    consent = live("ConsentRecorded", HEFEI, person_key="p-1", purpose="interview", decision="given")

    assert touches(recorded(consent).event) == ()


@pytest.mark.parametrize(("reason", "state"), [
    ("clarification_needed", "suspended"), ("more_time", "delayed"), ("judicial_authorisation", "delayed"),
])  # fmt: skip
def test_only_a_question_back_suspends_a_request(reason: str, state: str) -> None:
    lines = (
        live("InformationRequested", RUILI, request_key="q-1", kind="family_tracing"),
        live("RequestAcknowledged", MUSE, ref_kind="request", ref_key="q-1"),
        live("AnswerDelayed", MUSE, request_key="q-1", reason=reason),
    )

    assert after(*lines)["request", "q-1"].state == state


def test_evidence_is_held_by_whom_last_signed_for_it() -> None:
    registered = live("EvidenceRegistered", HEFEI, item_key="item-1")
    sent = live("EvidenceSent", HEFEI, item_key="item-1", to_office=YANGON)
    received = live("EvidenceReceived", YANGON, item_key="item-1", condition="intact")

    on_the_way = after(registered, sent)["evidence", "item-1"]
    arrived = after(registered, sent, received)["evidence", "item-1"]

    assert (on_the_way.state, on_the_way.facts) == ("in_transit", {"holder": HEFEI})
    assert (arrived.state, arrived.facts) == ("held", {"holder": YANGON})


def test_a_type_without_rows_touches_nothing() -> None:
    state = fold(history([shared()]))

    assert apply(state, recorded(live("WeatherReported", RUILI, sky="clear"), 1)) == state


@pytest.mark.parametrize("payload", [
    {}, {"lead_key": None}, {"lead_key": 7}, {"lead_keys": "lead-1"}, {"digests": "x"}, {"persons": [1, None]},
    {"suspects": 5, "lead_keys": ["lead-1"], "person_key": "p-1", "activity_key": "a-1", "parts": 4, "item_key": "i"},
])  # fmt: skip
@pytest.mark.parametrize("kind", [
    "LeadShared", "LeadAssessed", "VictimIdentified", "ReturnDecided", "HandoverOffered", "HandoverConfirmed",
    "ArrestReported", "CaseStageReported", "ActivityPlanned", "ActivityReported", "MeetingHeld", "EventReceived",
    "EventOpened", "RequestAcknowledged", "EvidenceReceived",
])  # fmt: skip
def test_a_payload_of_another_version_never_stops_the_fold(kind: str, payload: dict[str, object]) -> None:
    line = {**live(kind, RUILI, **payload), "case_key": "case-1"}

    assert all(from_json(each.to_json()) == each for each in after(line).values())


def test_an_aggregate_goes_to_json_and_back() -> None:
    for aggregate in fold(founding()).values():
        assert from_json(json.loads(json.dumps(aggregate.to_json()))) == aggregate


def test_the_founding_scenario_has_no_findings() -> None:
    assert [each.findings for each in fold(founding()).values() if each.findings] == []


def test_the_state_digest_does_not_depend_on_the_order_of_aggregates() -> None:
    aggregates = list(fold(founding()).values())

    assert state_digest(aggregates) == state_digest(reversed(aggregates))


def test_the_state_digest_sees_every_part_of_an_aggregate() -> None:
    lead = after(shared())["lead", "lead-1"]
    changes: dict[str, Json] = {
        "state": "closed",
        "key": "x",
        "case_key": None,
        "last_leaf": 9,
        "findings": [[1, "x"]],
        "facts": {},
    }

    digests = {state_digest([from_json({**lead.to_json(), name: value})]) for name, value in changes.items()}

    assert len({*digests, state_digest([lead])}) == len(changes) + 1


def test_the_state_digest_of_nothing_is_that_of_no_bytes() -> None:
    assert state_digest(INITIAL.values()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("line", "reference"), [
    (shared(), ("lead", "lead-1")),
    (live("HandoverOffered", RUILI, handover_key="h-1", persons=["p-1"]), ("handover", "h-1")),
    (live("VictimIdentified", RUILI, person_key="p-1"), ("return", "p-1")),
    (live("WeatherReported", RUILI), ("unknown", None)),
])  # fmt: skip
def test_an_acknowledgement_refers_to_the_thing_an_event_speaks_of(line: Draft, reference: tuple[str, str]) -> None:
    assert reference_of(recorded(line).event) == reference


def test_a_touch_names_kind_key_and_signal() -> None:
    event: Recorded = recorded(assessed("exhausted"))

    assert touches(event.event) == (Touch("lead", "lead-1", "LeadAssessed:exhausted"),)
