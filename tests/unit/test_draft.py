from dataclasses import replace
from uuid import UUID

import pytest

from events.catalogue import LeadShared, LeadSharedSealed
from events.codec import released
from events.draft import (
    About,
    Draft,
    Stamp,
    checked,
    compose,
    draft_of,
    header_of,
    references_in,
    with_references,
)
from events.draft_form import parse_draft
from events.envelope import EVENT_BYTES_MAX, read_event
from events.errors import EventTooLargeError, FieldInvalidError
from events.event import Evaluation, Handling
from events.forms import FormError
from events.ids import NO_HASH, KeyId, Office, Sequence
from tests.support.ledger import FOUNDED_AT, RUILI
from tests.unit.drafts import drafts

SCHEMAS = released()
LEAD = SCHEMAS.by_name["LeadShared"]

STAMP = Stamp(
    origin="ruili-muse.example/ledger",
    office=RUILI,
    key_id=KeyId(bytes(32)),
    epoch=1,
    sequence=Sequence(7),
    previous=NO_HASH,
    event_id=UUID(int=7, version=4),
    issued_at=FOUNDED_AT,
    role="liaison",
    cause=None,
    seen=None,
)

JSON = {"type": "LeadShared", "payload": {"lead_key": "lead-1", "kind": "route"}}


def complaint(**changes: object) -> str:
    with pytest.raises(FormError) as caught:
        parse_draft(SCHEMAS, {**JSON, **changes})
    return str(caught.value)


def composed(draft: Draft) -> bytes:
    return compose(draft, LEAD, header_of(draft, LEAD, STAMP))


def test_a_draft_in_json_is_the_one_in_python() -> None:
    found = parse_draft(
        SCHEMAS,
        {
            **JSON,
            "office": "cn:blo-ruili",
            "case_key": "case-1",
            "handling": {"code": "h1"},
            "evaluation": {"source_code": "b", "information_code": 2},
            "cause": "ab" * 32,
            "sealed": {"summary": "EXERCISE"},
        },
    )

    about = About(
        office="cn:blo-ruili",
        case_key="case-1",
        handling=Handling("h1"),
        evaluation=Evaluation("b", 2),
        cause=b"\xab" * 32,
    )
    value = LeadShared(lead_key="lead-1", kind="route")
    assert found == draft_of(value, about, LeadSharedSealed(summary="EXERCISE"))


@pytest.mark.parametrize("line", drafts("founding.jsonl") + drafts("live.jsonl"), ids=lambda line: line["label"])
def test_every_draft_of_the_scenario_can_be_read(line: dict[str, object]) -> None:
    labels = references_in(line)

    draft = parse_draft(SCHEMAS, with_references(line, dict.fromkeys(labels, NO_HASH)))

    assert draft.label == line["label"]
    assert (draft.about.cause is not None) == ("cause" in line)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "LeadShard"}, "found LeadShard"),
        ({"type": None}, "found nothing"),
        ({"type": ["LeadShared"]}, "found a list"),
        (
            {"urgency": "now"},
            "urgency: expected one of u3_routine, u1_life_or_liberty, u2_urgent, u4_field_work, found now",
        ),
        ({"handling": {"code": "h9"}}, "handling.code: expected one of h2, h0, h1, h3, found h9"),
        ({"evaluation": {"source_code": "a"}}, "evaluation.information_code: expected a value, found nothing"),
        ({"recipients": ["mm:blo-muse", 1]}, "recipients[1]: expected a text, found a whole number"),
        ({"cause": "f10"}, "cause: expected an event's id or its 64 hex digits, found text of 3 characters"),
        ({"cause": 7}, "cause: expected an event's id or its 64 hex digits, found a whole number"),
        ({"event_id": "x"}, "event_id: expected a UUID, found text of 1 characters"),
        ({"office": 7}, "office: expected a text, found a whole number"),
        ({"payload": []}, "payload: expected an object, found a list"),
        ({"sealed": {"summary": 1}}, "sealed.summary: expected a text, found a whole number"),
        ({"occured": "2005"}, "occured: expected one of "),
        ({"Daw Sample Person": 1}, "draft: expected one of "),
    ],
)
def test_what_is_wrong_with_a_draft_is_said_with_its_path(changes: dict[str, object], message: str) -> None:
    assert message in complaint(**changes)


def test_a_draft_without_a_payload_says_so() -> None:
    with pytest.raises(FormError, match="payload: expected an object, found nothing"):
        parse_draft(SCHEMAS, {"type": "LeadShared"})
    with pytest.raises(FormError, match="draft: expected an object, found null"):
        parse_draft(SCHEMAS, None)


def test_a_reference_becomes_the_digest_except_in_the_sealed_part() -> None:
    value = {"cause": "ref:f10", "payload": {"digests": ["ref:f10", "ref:f11"]}, "sealed": {"summary": "ref:f10"}}

    found = with_references(value, {"f10": b"\x01" * 32})

    assert found == {
        "cause": "01" * 32,
        "payload": {"digests": ["01" * 32, "ref:f11"]},
        "sealed": {"summary": "ref:f10"},
    }
    assert references_in(value) == {"f10", "f11"}


def test_what_is_composed_is_read_back_as_it_was_meant() -> None:
    draft = draft_of(
        LeadShared(lead_key="lead-1", kind="route"),
        About(recipients=("mm:blo-muse", "mm:atipd", "mm:atipd"), evaluation=Evaluation("a", 1), case_key="case-1"),
    )

    _, event = read_event(SCHEMAS, composed(draft))

    assert event.payload == {"lead_key": "lead-1", "kind": "route", "place_code": None, "protects_source": True}
    assert event.header.recipients == (Office("mm:atipd"), Office("mm:blo-muse"))
    assert (event.header.occurred, event.header.recorded_by_role) == ("2026-11-01", "liaison")
    assert event.header.evaluation == Evaluation("a", 1)


@pytest.mark.parametrize(
    "about",
    [
        About(occurred="yesterday"),
        About(case_key="Case 1"),
        About(recipients=("nobody",)),
        About(evaluation=Evaluation("a", 9)),
    ],
    ids=["occurred", "case_key", "recipients", "evaluation"],
)
def test_what_admission_would_refuse_is_refused_before_signing(about: About) -> None:
    with pytest.raises(FieldInvalidError):
        composed(draft_of(LeadShared(lead_key="lead-1", kind="route"), about))


def test_a_wrong_value_in_python_is_named_with_its_path() -> None:
    wrong = LeadShared(lead_key="lead-1", kind="somewhere")  # type: ignore[arg-type]

    with pytest.raises(FormError, match=r"payload\.kind: expected one of .*, found somewhere"):
        composed(draft_of(wrong))


@pytest.mark.parametrize(
    ("about", "path"),
    [
        (About(urgency="now"), "urgency"),
        (About(handling=Handling("h9")), r"handling\.code"),
        (About(evaluation=Evaluation("z", 1)), r"evaluation\.source_code"),
        (About(recorded_by_role="spy"), "recorded_by_role"),
    ],
    ids=["urgency", "handling", "evaluation", "role"],
)
def test_a_wrong_code_in_the_header_is_named_with_its_path(about: About, path: str) -> None:
    with pytest.raises(FormError, match=f"^{path}: expected one of"):
        composed(draft_of(LeadShared(lead_key="lead-1", kind="route"), about))


def test_a_field_that_the_schema_does_not_have_is_never_dropped_in_silence() -> None:
    draft = Draft("LeadShared", {"lead_key": "lead-1", "kind": "route", "protects_source": True, "summary": "x"})

    with pytest.raises(FormError, match=r"payload\.summary: expected it in the sealed part only"):
        composed(draft)


def test_an_event_over_the_limit_is_refused() -> None:
    draft = draft_of(LeadShared(lead_key="k" * EVENT_BYTES_MAX, kind="route"))

    with pytest.raises(EventTooLargeError, match="expected at most 49152 bytes, found 49"):
        composed(draft)


def test_a_list_over_the_limit_is_refused() -> None:
    schema = SCHEMAS.by_name["HandoverOffered"]
    payload = {"handover_key": "h-1", "persons": ["p"] * 501, "crossing": "ruili-muse", "at": None}
    draft = checked(Draft("HandoverOffered", payload), schema)

    with pytest.raises(FormError, match=r"payload\.persons: expected at most 500 items, found 501"):
        compose(draft, schema, replace(header_of(draft, schema, STAMP)))
