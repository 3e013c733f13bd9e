import json
from typing import cast

import pytest

import schemas
from events.codec import decode, encode, encode_sealed, released
from events.ids import NO_HASH
from tests.unit.drafts import drafts, recorded

SEALED_ONLY = {
    "name", "name_local", "birthdate", "identity_number", "address", "phone", "face_image", "fingerprint", "health",
    "sexual_history", "pregnancy", "family_names",
}  # fmt: skip
"""Identity and health of a person: never in clear."""

WITH_SEALED = {"HandoverConfirmed", "HandoverOffered", "LeadAssessed", "LeadShared", "VictimIdentified"}

LINES = drafts("founding.jsonl") + drafts("live.jsonl")


def field_names(node: object) -> set[str]:
    """Return the names of all fields at any depth, of records only."""
    if isinstance(node, list):
        return set().union(*map(field_names, node))
    if not isinstance(node, dict):
        return set()
    own = {field["name"] for field in node["fields"]} if "fields" in node else set()
    inner = [value for key, value in node.items() if key in {"fields", "type", "items"}]
    return own.union(*map(field_names, inner))


@pytest.mark.parametrize("name", sorted(schemas.EVENTS))
def test_identity_and_health_never_stand_in_clear(name: str) -> None:
    schema = json.loads(schemas.EVENTS[name])
    schema.pop("sealed", None)

    assert field_names(schema) & SEALED_ONLY == set()


def test_the_search_for_clear_identity_finds_what_is_hidden_deep() -> None:
    schema = json.loads(schemas.EVENTS["VictimIdentified"])
    hidden = {"type": "record", "fields": [{"name": "more", "type": {"type": "array", "items": schema["sealed"]}}]}

    assert {"birthdate", "health", "identity_number"} <= field_names(hidden)


def test_types_that_speak_of_a_person_at_length_have_a_sealed_part() -> None:
    assert {name for name, schema in released().by_name.items() if schema.sealed is not None} == WITH_SEALED


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["label"])
def test_every_draft_fits_its_schema_and_comes_back_as_it_was_written(line: dict[str, object]) -> None:
    schema = released().by_name[str(line["type"])]
    event = recorded(line).event

    found = decode(schema, encode(schema, {"header": header(str(line["type"])), **event.payload}))

    assert {name: told(found[name]) for name in event.payload} == told(event.payload)
    assert field_names({"fields": schema.parsed["fields"]}) >= set(event.payload)


@pytest.mark.parametrize("line", [line for line in LINES if "sealed" in line], ids=lambda line: line["label"])
def test_every_sealed_draft_fits_its_schema(line: dict[str, object]) -> None:
    schema = released().by_name[str(line["type"])]

    assert encode_sealed(schema, cast("dict[str, object]", line["sealed"]))


def told(value: object) -> object:
    """Return a value without what is absent: null and an empty list say the same."""
    if isinstance(value, dict):
        return {name: told(each) for name, each in value.items() if each is not None and each != []}
    return [told(each) for each in value] if isinstance(value, list) else value


def header(kind: str) -> dict[str, object]:
    zero = bytes(NO_HASH)
    return {
        "origin": "ruili-muse", "office": "cn:blo-ruili", "key_id": zero, "epoch": 1, "sequence": 1, "previous": zero,
        "event_id": "00000000-0000-0000-0000-000000000000", "type": kind, "schema_sha256": zero, "issued_at": 0,
        "occurred": "2005-07", "recorded_by_role": "police", "recipients": [], "urgency": "u3_routine",
        "handling": {"code": "h2", "permitted_uses": [], "released_to": []}, "basis": "observed", "provenance": "live",
    }  # fmt: skip
