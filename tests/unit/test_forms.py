from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec import encode, released
from events.forms import FormError, header_field, json_of, parse_json, payload_of, sealed_of
from events.plain_forms import kind_of
from tests.unit.drafts import drafts
from tests.unit.test_event_schemas import header

LEAD, HANDOVER, VICTIM, MEETING, ARREST, OPENED, ACKNOWLEDGED = (
    released().by_name[name]
    for name in (
        "LeadShared",
        "HandoverOffered",
        "VictimIdentified",
        "MeetingHeld",
        "ArrestReported",
        "EventOpened",
        "RequestAcknowledged",
    )
)

GOOD = {"lead_key": "lead-1", "kind": "route"}
NAME = "Daw Sample Person"


def complaint(schema: object, value: object) -> str:
    with pytest.raises(FormError) as caught:
        payload_of(schema, value)  # type: ignore[arg-type]
    return str(caught.value)


def test_defaults_are_filled_in() -> None:
    assert payload_of(LEAD, GOOD) == {**GOOD, "place_code": None, "protects_source": True}


def test_a_wrong_code_names_the_codes_and_the_one_found() -> None:
    found = complaint(LEAD, {**GOOD, "kind": "rout"})

    assert found == (
        "payload.kind: expected one of unknown, person_at_risk, recruiter, suspect, route, place, online, found rout"
    )


def test_a_wrong_code_that_could_be_a_name_is_not_repeated() -> None:
    assert complaint(LEAD, {**GOOD, "kind": NAME}).endswith("found text of 17 characters")


def test_an_unknown_field_names_the_known_ones() -> None:
    found = complaint(LEAD, {**GOOD, "colour": "red"})

    assert found == (
        "payload.colour: expected one of lead_key, kind, place_code, protects_source, found an unknown field"
    )


def test_an_unknown_field_that_could_be_a_name_is_not_repeated() -> None:
    assert NAME not in complaint(LEAD, {**GOOD, NAME: 1})


def test_a_missing_field_is_named() -> None:
    assert complaint(LEAD, {"kind": "route"}) == "payload.lead_key: expected a value, found nothing"


@pytest.mark.parametrize("name", ["name", "health", "identity_number"])
def test_a_sealed_field_in_clear_is_refused_by_name(name: str) -> None:
    found = complaint(VICTIM, {"person_key": "p-1", "status": "presumed", name: NAME})

    assert found == f"payload.{name}: expected it in the sealed part only, found it in clear"


def test_a_path_goes_through_lists_and_records() -> None:
    value = {
        "meeting_key": "m-1",
        "level": "annual",
        "from_on": "2006-11-08",
        "to_on": "2006-11-09",
        "delegations": [{"agency": "cn", "count": {"min": 9, "max": 9}}, {"agency": "mm", "count": {"min": "nine"}}],
    }

    assert (
        complaint(MEETING, value)
        == "payload.delegations[1].count.min: expected a whole number, found text of 4 characters"
    )


def test_the_item_of_a_list_is_counted_from_nought() -> None:
    value = {"handover_key": "h-1", "persons": ["p-1", None], "crossing": "ruili-muse"}

    assert complaint(HANDOVER, value) == "payload.persons[1]: expected a text, found null"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (True, "true"),
        (None, "null"),
        (1.5, "a number"),
        ("1", "text of 1 characters"),
        ([], "a list"),
        ({}, "an object"),
        (2**63, "one beyond"),
    ],
)
def test_a_whole_number_is_nothing_else(value: object, found: str) -> None:
    with pytest.raises(FormError, match=f"found {found}$"):
        payload_of(ARREST, {"suspects": {"min": value}})


def test_an_int_is_smaller_than_a_long() -> None:
    with pytest.raises(FormError, match="between -2147483648 and 2147483647, found one beyond"):
        payload_of(VICTIM, {"person_key": "p-1", "status": "presumed", "age_years_min": 2**31})


def test_a_digest_is_hex_in_json_and_bytes_in_python() -> None:
    assert payload_of(OPENED, {"digest": "ab" * 32}) == payload_of(OPENED, {"digest": b"\xab" * 32})
    assert complaint(OPENED, {"digest": "ab" * 31}) == "payload.digest: expected 64 hex digits, found 62"
    assert (
        complaint(OPENED, {"digest": "xy" * 32})
        == "payload.digest: expected 64 hex digits, found text of 64 characters"
    )


def test_a_time_has_a_zone() -> None:
    at = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)

    assert payload_of(ACKNOWLEDGED, {"due_at": "2026-11-20T10:00:00+02:00"})["due_at"] == at
    assert "a time with its zone" in complaint(ACKNOWLEDGED, {"due_at": "2026-11-20T10:00:00"})
    assert "a time with its zone" in complaint(ACKNOWLEDGED, {"due_at": "soon"})


def test_half_a_surrogate_pair_is_no_text() -> None:
    assert complaint(LEAD, {**GOOD, "lead_key": "\ud800"}) == (
        "payload.lead_key: expected text in Unicode, found half of a surrogate pair"
    )


def test_the_sealed_part_has_its_own_paths() -> None:
    with pytest.raises(FormError, match=r"sealed\.summary: expected a value, found nothing"):
        sealed_of(LEAD, {})
    with pytest.raises(
        FormError, match=r"sealed: expected nothing, found a sealed part, which EventOpened does not have"
    ):
        sealed_of(OPENED, {})


def test_nothing_of_the_sealed_part_is_repeated() -> None:
    with pytest.raises(FormError) as caught:
        sealed_of(VICTIM, {"name": [NAME], "health": NAME})

    assert NAME not in str(caught.value)


def test_a_header_field_has_a_form_too() -> None:
    assert header_field(LEAD, "urgency", "u2_urgent") == "u2_urgent"
    assert header_field(LEAD, "event_id", str(UUID(int=7))) == UUID(int=7)
    with pytest.raises(FormError, match="event_id: expected a UUID, found text of 3 characters"):
        header_field(LEAD, "event_id", "abc")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "found expecting property name enclosed in double quotes at line 1 column 2"),
        ("{} {}", "found extra data at line 1 column 4"),
        ('{"a": 1, "a": 2}', "draft: expected each key once, found one twice"),
        ('{"a": NaN}', "draft: expected a number, found NaN or infinity"),
        ("[" * 100_000, "RecursionError"),
        ("1" * 5_000, "ValueError"),
        (b"\xff\xfe", "UnicodeDecodeError"),
    ],
)
def test_malformed_json_says_where(text: str | bytes, found: str) -> None:
    with pytest.raises(FormError) as caught:
        parse_json(text)

    assert found in str(caught.value)


@pytest.mark.parametrize("line", drafts("founding.jsonl"), ids=lambda line: line["label"])
def test_a_payload_comes_back_from_its_json(line: dict[str, object]) -> None:
    schema = released().by_name[str(line["type"])]
    given_payload = {name: each for name, each in line["payload"].items() if "ref:" not in str(each)}  # type: ignore[attr-defined]

    payload = payload_of(schema, given_payload)

    assert payload_of(schema, json_of(payload)) == payload
    assert encode(schema, {"header": header(schema.name), **payload})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from([LEAD, HANDOVER, VICTIM, MEETING, ARREST]))
def test_any_json_either_fits_or_is_refused_with_a_path(value: object, schema: object) -> None:
    path = "payload"
    try:
        payload_of(schema, value)  # type: ignore[arg-type]
    except FormError as error:
        path = error.path

    assert path.startswith("payload")


@given(st.dictionaries(st.sampled_from(["lead_key", "kind", "place_code", "protects_source"]), JSON))
def test_what_fits_can_be_encoded(value: dict[str, object]) -> None:
    try:
        payload = payload_of(LEAD, value)
    except FormError:
        return

    assert encode(LEAD, {"header": header("LeadShared"), **payload})


def test_a_kind_is_said_without_the_value() -> None:
    values: list[object] = [NAME, 7, None, {}, b"x"]

    assert [kind_of(each) for each in values] == [
        "text of 17 characters",
        "a whole number",
        "null",
        "an object",
        "bytes",
    ]
