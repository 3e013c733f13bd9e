import dataclasses
import json

import pytest

import schemas
from deploy.stubs import STUB, stub_text
from events import catalogue
from events.catalogue import (
    ActivityPart,
    ActivityPlanned,
    ArrestReported,
    Count,
    HandoverOffered,
    LeadShared,
    Title,
    VictimIdentified,
    from_payload,
    to_payload,
)
from events.codec import decode, encode, released
from events.records import RecordShape, make_class, shapes
from tests.unit.drafts import drafts
from tests.unit.test_event_schemas import header


def test_the_stub_is_what_the_schemas_come_to() -> None:
    assert STUB.read_text(encoding="utf-8") == stub_text(), "run `python -m deploy.stubs`"


@pytest.mark.parametrize("name", sorted(schemas.EVENTS))
def test_every_event_type_has_a_class_with_the_fields_of_its_schema(name: str) -> None:
    fields = [each["name"] for each in json.loads(schemas.EVENTS[name])["fields"]]

    found = [each.name for each in dataclasses.fields(getattr(catalogue, name))]

    assert ["header", *found] == fields


def test_a_value_is_frozen_and_has_no_other_fields() -> None:
    lead = LeadShared(lead_key="lead-1", kind="route")

    with pytest.raises(dataclasses.FrozenInstanceError):
        lead.kind = "place"  # type: ignore[misc]
    assert not hasattr(lead, "__dict__")


def test_what_is_left_out_has_the_default_of_the_schema() -> None:
    assert LeadShared(lead_key="lead-1", kind="route").protects_source is True
    assert HandoverOffered(handover_key="h-1", persons=("p-1",), crossing="ruili-muse").papers == ()


def test_a_field_without_a_default_must_be_given() -> None:
    with pytest.raises(TypeError, match="kind"):
        LeadShared(lead_key="lead-1")  # type: ignore[call-arg]


def test_a_class_says_what_its_schema_says() -> None:
    text = LeadShared.__doc__ or ""

    assert text.startswith("A lead: what may save a person or find a trafficker.\n\n")
    assert "lead_key: Name of the lead, unique in the ledger." in text


def test_nested_records_go_there_and_back() -> None:
    title = Title(en="Annual review")
    plan = ActivityPlanned(
        activity_key="a-1", plan_year=2007, number=5, title=title, parts=(ActivityPart(part_key="a-1-1", title=title),)
    )

    payload = to_payload(plan)

    assert payload["parts"] == [{"part_key": "a-1-1", "title": {"zh": None, "en": "Annual review", "my": None}}]
    assert from_payload("ActivityPlanned", payload) == plan


def test_a_count_is_the_count_that_can_be_added() -> None:
    arrest = ArrestReported(suspects=Count(16, 16))

    found = from_payload("ArrestReported", to_payload(arrest))

    assert found == arrest
    assert isinstance(found, ArrestReported)
    assert found.suspects + Count(1, 1) == Count(17, 17)


@pytest.mark.parametrize("line", drafts("founding.jsonl")[:12], ids=lambda line: line["label"])
def test_a_value_is_encoded_like_the_payload_it_stands_for(line: dict[str, object]) -> None:
    name = str(line["type"])
    schema = released().by_name[name]
    payload = decode(schema, encode(schema, {"header": header(name), **line["payload"]}))  # type: ignore[dict-item]

    again = encode(schema, {"header": payload["header"], **to_payload(from_payload(name, payload))})

    assert decode(schema, again) == payload


def test_a_decoded_field_of_a_later_schema_is_left_out() -> None:
    lead = LeadShared(lead_key="lead-1", kind="route")

    assert from_payload("LeadShared", {**to_payload(lead), "said_later": 1}) == lead


def test_adding_a_schema_file_is_enough_for_a_class() -> None:
    new = json.loads(schemas.EVENTS["LeadShared"])
    new |= {"name": "NoteTaken", "doc": "A note."}
    new["fields"] = [new["fields"][0], {"name": "note", "type": ["null", "string"], "default": None, "doc": "It."}]

    shape = next(each for each in shapes({"NoteTaken": json.dumps(new).encode()}) if each.name == "NoteTaken")

    assert isinstance(shape, RecordShape)
    assert repr(make_class(shape, __name__)(note="x")) == "NoteTaken(note='x')"


def test_two_schemas_must_mean_the_same_by_one_name() -> None:
    other = json.loads(schemas.EVENTS["ActivityPlanned"])
    text = json.dumps(other).replace('"Burmese, Unicode."', '"Burmese, in another encoding."')

    with pytest.raises(ValueError, match="two schemas define Title differently"):
        shapes({"ActivityPlanned": schemas.EVENTS["ActivityPlanned"], "Another": text.encode()})


def test_the_sealed_part_has_a_class_of_its_own() -> None:
    assert catalogue.VictimIdentifiedSealed(name="Sample Person").name == "Sample Person"
    assert "name" not in [each.name for each in dataclasses.fields(VictimIdentified)]
