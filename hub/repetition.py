"""The same event twice: publishing again under one event id is success if the content is the same."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from events.codec import Schema, SchemaSet, decode_sealed
from events.draft import Draft, Stamp, compose, header_of
from events.envelope import read_event
from events.errors import EventsError
from events.event import Event, Header
from events.forms import sealed_of
from events.ids import Hash, KeyId, Office
from events.sealing import SealingKey, context_of, open_sealed, parse_sealed
from events.signing import event_digest
from hub.outbox_errors import SaidOtherwise

Circumstances = tuple[Hash | None, SchemaSet, Mapping[KeyId, SealingKey]]
"""Digest of the event that the draft answers, the schemas in force, this node's keys for sealed parts."""


@dataclass(frozen=True, slots=True)
class Prior:
    """The exact bytes of an event that *office* signed before, and of its sealed part if they are at hand."""

    event: bytes
    office: Office
    sealed: bytes | None = None

    @property
    def digest(self) -> Hash:
        """The event's digest."""
        return event_digest(self.event)

    def read(self, schemas: SchemaSet) -> Event:
        """Return the event, decoded."""
        return read_event(schemas, self.event)[1]


def require_same(prior: Prior, draft: Draft, schema: Schema, circumstances: Circumstances) -> None:
    """Return if a draft says what was signed before under the same event id.

    Raises:
        SaidOtherwise: it says something else, or the sealed part cannot be compared.
        FormError: the draft does not fit its schema.
    """
    cause, schemas, keys = circumstances
    header = prior.read(schemas).header
    wanted = replace(header_of(draft, schema, _stamp(draft, header, cause)), sealed=header.sealed)
    is_same = schema.name == header.type and compose(draft, schema, wanted) == prior.event
    if not is_same or not _same_sealed(prior, draft, (schema, header), keys):
        message = f"event {header.event_id} was signed before with other content"
        raise SaidOtherwise(message)


def _stamp(draft: Draft, header: Header, cause: Hash | None) -> Stamp:
    return Stamp(
        origin=header.origin,
        office=header.office if draft.about.office in (None, header.office) else Office(""),
        key_id=header.key_id,
        epoch=header.epoch,
        sequence=header.sequence,
        previous=header.previous,
        event_id=header.event_id,
        issued_at=header.issued_at,
        role=header.recorded_by_role,
        cause=cause,
        seen=header.seen,
    )


def _same_sealed(prior: Prior, draft: Draft, event: tuple[Schema, Header], keys: Mapping[KeyId, SealingKey]) -> bool:
    schema, header = event
    if header.sealed is None or draft.sealed is None:
        return header.sealed is None and draft.sealed is None
    return _opened(prior, schema, header, keys) == sealed_of(schema, draft.sealed)


def _opened(prior: Prior, schema: Schema, header: Header, keys: Mapping[KeyId, SealingKey]) -> dict[str, object] | None:
    assert header.sealed is not None, "asked for only if there is one"
    key = next((keys[name] for name in header.sealed.recipient_keys if name in keys), None)
    if key is None or prior.sealed is None:
        return None
    try:
        content = open_sealed(parse_sealed(prior.sealed), context_of(header), header.sealed.key_commitment, key)
    except EventsError:
        return None
    return decode_sealed(schema, content)
