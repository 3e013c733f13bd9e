"""A draft: what an office wants to say, before it has its place in the chain, its key and its times.

A draft in JSON is ``{"type", "payload"}`` with any of ``sealed`` and the fields of `About`; in Python it is
a value of `events.catalogue` and an `About`. Composing gives the exact bytes that are signed. In a file of drafts
one can refer to another: ``ref:LABEL`` stands for the digest of the event with that label.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from events import catalogue
from events.admission import check_fields
from events.avro_writer import event_bytes
from events.codec import Schema
from events.envelope import EVENT_BYTES_MAX
from events.errors import EventTooLargeError
from events.event import Evaluation, Handling, Header, SealedReference, SeenCheckpoint
from events.forms import FormError, header_field, payload_names, payload_of, sealed_of
from events.ids import Hash, KeyId, Office, Sequence

_REFERENCE = re.compile(r"ref:([A-Za-z0-9_.-]{1,64})")

DATE_CHARACTERS = len("2005-07-14")

LIST_ITEMS_MAX = 500
"""Longest list in a payload."""


@dataclass(frozen=True, slots=True)
class About:
    """What an office says about an event besides the fields of its type; what is left out has its usual value.

    Without *office* it is the only office of the desk; without *occurred* it is the day of signing; without
    *recorded_by_role* it is the first role of the office. *cause* is the digest or the id of the event this one
    answers. With an *event_id* of its own an event can be published again without being said twice.
    """

    office: str | None = None
    occurred: str | None = None
    case_key: str | None = None
    recorded_by_role: str | None = None
    recipients: tuple[str, ...] = ()
    handling: Handling = field(default_factory=Handling)
    evaluation: Evaluation | None = None
    urgency: str = "u3_routine"
    basis: str = "observed"
    provenance: str = "live"
    cause: bytes | UUID | None = None
    event_id: UUID | None = None


USUAL = About()


@dataclass(frozen=True, slots=True)
class Draft:
    """An event to be; *label* names it for later drafts of the same file."""

    type: str
    payload: Mapping[str, object]
    about: About = USUAL
    sealed: Mapping[str, object] | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What signing adds to a draft: ledger, office, key, place in the chain, name, times."""

    origin: str
    office: Office
    key_id: KeyId
    epoch: int
    sequence: Sequence
    previous: Hash
    event_id: UUID
    issued_at: datetime
    role: str
    cause: Hash | None
    seen: SeenCheckpoint | None


def draft_of(value: object, about: About = USUAL, sealed: object = None) -> Draft:
    """Return the draft of a value of `events.catalogue`; *sealed* is a mapping or a value of the catalogue, too."""
    inner = sealed if sealed is None or isinstance(sealed, Mapping) else catalogue.to_payload(sealed)
    return Draft(type(value).__name__, catalogue.to_payload(value), about, inner)


def with_references(value: object, digests: Mapping[str, bytes]) -> object:
    """Return a draft in JSON with each ``ref:LABEL`` replaced by the digest of the event with that label.

    Labels that are not known stay as they are, and so does the sealed part.
    """
    if isinstance(value, dict):
        return {key: each if key == "sealed" else with_references(each, digests) for key, each in value.items()}
    if isinstance(value, list):
        return [with_references(each, digests) for each in value]
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return digests[found[1]].hex() if found and found[1] in digests else value


def references_in(value: object) -> frozenset[str]:
    """Return the labels that a draft in JSON refers to."""
    if isinstance(value, dict):
        return frozenset().union(*(references_in(each) for key, each in value.items() if key != "sealed"))
    if isinstance(value, list):
        return frozenset().union(*map(references_in, value))
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return frozenset({found[1]}) if found else frozenset()


def header_of(draft: Draft, schema: Schema, stamp: Stamp, sealed: SealedReference | None = None) -> Header:
    """Return the header of a draft that has got its stamp.

    Raises:
        FieldInvalidError: a field has no valid form.
    """
    about = draft.about
    header = Header(
        origin=stamp.origin,
        office=stamp.office,
        key_id=stamp.key_id,
        epoch=stamp.epoch,
        sequence=stamp.sequence,
        previous=stamp.previous,
        event_id=stamp.event_id,
        type=schema.name,
        schema_sha256=schema.sha256,
        issued_at=stamp.issued_at,
        occurred=about.occurred or stamp.issued_at.isoformat()[:DATE_CHARACTERS],
        case_key=about.case_key,
        recorded_by_role=about.recorded_by_role or stamp.role,
        recipients=tuple(sorted(set(map(Office, about.recipients)))) if about.recipients else (),
        handling=about.handling,
        evaluation=about.evaluation,
        urgency=about.urgency,
        basis=about.basis,
        provenance=about.provenance,
        cause=stamp.cause,
        seen=stamp.seen,
        sealed=sealed,
    )
    check_fields(header)
    return header


def compose(draft: Draft, schema: Schema, header: Header) -> bytes:
    """Return the exact bytes of an event, to be signed.

    Raises:
        FormError: a field has another form than its schema says, or a list is too long.
        EventTooLargeError: the event is over 48 KiB.
    """
    if not draft.payload.keys() <= payload_names(schema):  # the encoder would leave them out without a word
        raise _misfit(draft, schema, header)
    try:
        event = event_bytes(schema, header, draft.payload)
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # they name no place: look again, slowly
        raise _misfit(draft, schema, header) from error
    _check_lists(draft.payload)
    if len(event) > EVENT_BYTES_MAX:
        message = f"event is too large: expected at most {EVENT_BYTES_MAX} bytes, found {len(event)}"
        raise EventTooLargeError(message)
    return event


def checked(draft: Draft, schema: Schema) -> Draft:
    """Return the draft with payload and sealed part checked field by field, defaults filled in.

    Raises:
        FormError: a field is unknown, missing or of another form; the message begins with its path.
    """
    payload = payload_of(schema, draft.payload)
    sealed = None if draft.sealed is None else sealed_of(schema, draft.sealed)
    return Draft(draft.type, payload, draft.about, sealed, draft.label)


def _check_lists(payload: Mapping[str, object]) -> None:
    for name, value in payload.items():
        if isinstance(value, list) and len(value) > LIST_ITEMS_MAX:
            raise FormError(expected=f"at most {LIST_ITEMS_MAX} items", found=str(len(value)), path=f"payload.{name}")


def _misfit(draft: Draft, schema: Schema, header: Header) -> FormError:
    """Return what is wrong with a draft that could not be encoded."""
    try:
        checked(draft, schema)
        for name in ("recorded_by_role", "urgency", "basis", "provenance", "occurred", "case_key"):
            header_field(schema, name, getattr(header, name))
        header_field(schema, "handling", _fields(header.handling))
        header_field(schema, "evaluation", _fields(header.evaluation) if header.evaluation else None)
    except FormError as error:
        return error
    return FormError(expected=f"a {draft.type}", found="values that do not fit its schema", path="draft")


def _fields(value: object) -> dict[str, object]:
    names: Iterable[str] = getattr(value, "__slots__", ())
    return {name: getattr(value, name) for name in names}
