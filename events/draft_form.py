"""Drafts in JSON, field by field.

``{"type", "payload"}`` with any of ``sealed``, ``label``, ``office``, ``cause``, ``event_id`` and the fields of the
header that an office says itself.
"""

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from events.codec import Schema, SchemaSet
from events.draft import About, Draft
from events.event import Evaluation, Handling
from events.forms import FormError, header_field, payload_of, sealed_of
from events.ids import Hash
from events.plain_forms import CODE, kind_of

SAID = (
    "occurred",
    "case_key",
    "recorded_by_role",
    "recipients",
    "handling",
    "evaluation",
    "urgency",
    "basis",
    "provenance",
)
"""Header fields that a draft gives in the words of the schema."""

KNOWN = frozenset({"type", "payload", "sealed", "label", "office", "cause", "event_id", *SAID})
"""Every key of a draft in JSON."""


def parse_draft(schemas: SchemaSet, value: object) -> Draft:
    """Return the draft that a JSON object says, with every field of its payload checked.

    Raises:
        FormError: a field is unknown, missing or of another form; the message begins with its path.
    """
    if not isinstance(value, dict):
        raise FormError(expected="an object", found=kind_of(value), path="draft")
    for key in value:
        if key not in KNOWN:
            shown = key if CODE.fullmatch(key) else "draft"
            raise FormError(expected=f"one of {', '.join(sorted(KNOWN))}", found="an unknown field", path=shown)
    schema = _schema(schemas, value.get("type"))
    if "payload" not in value:
        raise FormError(expected="an object", found="nothing", path="payload")
    return Draft(
        type=schema.name,
        payload=payload_of(schema, value["payload"]),
        about=_about(schema, value),
        sealed=sealed_of(schema, value["sealed"]) if value.get("sealed") is not None else None,
        label=_text(value, "label"),
    )


def _schema(schemas: SchemaSet, name: object) -> Schema:
    found = schemas.by_name.get(name) if isinstance(name, str) else None
    if found is None:
        shown = name if isinstance(name, str) and CODE.fullmatch(name) else kind_of(name)
        known = ", ".join(sorted(schemas.by_name))
        raise FormError(expected=f"one of {known}", found="nothing" if name is None else shown, path="type")
    return found


def _about(schema: Schema, value: Mapping[str, object]) -> About:
    said = {name: _said(schema, name, value[name]) for name in SAID if value.get(name) is not None}
    return About(
        **said,  # type: ignore[arg-type]  # each is what its form in the header returns
        office=_text(value, "office"),
        cause=_cause(value.get("cause")),
        event_id=_event_id(schema, value.get("event_id")),
    )


def _said(schema: Schema, name: str, value: object) -> object:
    if name == "handling" and isinstance(value, dict):
        value = {"code": "h2", "permitted_uses": [], "released_to": [], **value}
    found = header_field(schema, name, value)
    if name == "handling":
        return _handling(cast("Mapping[str, object]", found))
    if name == "evaluation":
        return Evaluation(**cast("dict[str, str]", found))  # type: ignore[arg-type]  # the schema's own fields
    return tuple(found) if isinstance(found, list) else found


def _handling(record: Mapping[str, object]) -> Handling:
    return Handling(**{name: tuple(each) if isinstance(each, list) else each for name, each in record.items()})  # type: ignore[arg-type]


def _text(value: Mapping[str, object], name: str) -> str | None:
    found = value.get(name)
    if found is not None and not isinstance(found, str):
        raise FormError(expected="a text", found=kind_of(found), path=name)
    return found


def _event_id(schema: Schema, value: object) -> UUID | None:
    return None if value is None else cast("UUID", header_field(schema, "event_id", value))


def _cause(value: object) -> bytes | UUID | None:
    if value is None:
        return None
    try:
        text = cast("str", value)
        return UUID(text) if len(text) != 2 * len(Hash(bytes(32))) else bytes.fromhex(text)
    except (ValueError, TypeError, AttributeError):
        raise FormError(expected="an event's id or its 64 hex digits", found=kind_of(value), path="cause") from None
