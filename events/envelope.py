"""What travels: an event's exact bytes with one signature, and how an event is read from its bytes.

What was verified is what is decoded: nothing between the signature check and the decoder re-encodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from events.codec import Schema, SchemaSet, decode, decode_again, encode, wire_schema
from events.errors import (
    AdmissionError,
    EventTooLargeError,
    HeaderMismatchError,
    NotAnEnvelopeError,
)
from events.event import Evaluation, Event, Handling, Header, SealedReference, SeenCheckpoint
from events.ids import Hash, KeyId, Office, TreeSize, short
from events.signing import SigningKey, event_digest, event_message, sign

EVENT_BYTES_MAX = 48 * 1024
"""Largest event, bytes."""

ENVELOPE_BYTES_MAX = EVENT_BYTES_MAX + 128
"""Largest envelope: the event, prefix, length, key id and signature."""

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Event bytes, the id of the key that signed them, and its signature over their DSSE PAE."""

    event: bytes
    key_id: KeyId
    signature: bytes


def sign_event(event: bytes, key: SigningKey) -> bytes:
    """Return the envelope, encoded, of event bytes signed with *key*.

    Raises:
        EventTooLargeError: the event is over 48 KiB.
    """
    _within(event, EVENT_BYTES_MAX, "event")
    signature = sign(key, event_message(event))
    record = {"event": event, "key_id": key.key_id, "signature": signature}
    return encode(wire_schema("Envelope"), record)


def parse_envelope(raw: bytes) -> Envelope:
    """Return the envelope in a record's bytes.

    Raises:
        EventTooLargeError: record or event is over its limit.
        NotAnEnvelopeError: the bytes are no envelope in canonical form.
    """
    _within(raw, ENVELOPE_BYTES_MAX, "record")
    try:
        record = decode(wire_schema("Envelope"), raw)
    except AdmissionError as error:
        message = f"record of {len(raw)} bytes is not an envelope: {error}"
        raise NotAnEnvelopeError(message) from error
    event = cast("bytes", record["event"])
    _within(event, EVENT_BYTES_MAX, "event")
    return Envelope(event, KeyId(cast("bytes", record["key_id"])), cast("bytes", record["signature"]))


def read_event(schemas: SchemaSet, raw: bytes) -> tuple[Schema, Event]:
    """Return an event and its schema from the event's exact bytes.

    Raises:
        NotAnEventError, NotCanonicalError, SchemaUnknownError: see `events.codec`.
        HeaderMismatchError: the header names another type or schema than the bytes have.
    """
    schema = schemas.of(raw)
    record = decode(schema, raw)
    header = _header(cast("dict[str, object]", record.pop("header")))
    if header.type != schema.name or header.schema_sha256 != schema.sha256:
        message = (
            f"header names {header.type} with schema {short(header.schema_sha256)}, "
            f"the bytes are {schema.name} with schema {short(schema.sha256)}"
        )
        raise HeaderMismatchError(message)
    return schema, Event(header, record, event_digest(raw))


def read_again(schemas: SchemaSet, envelope: bytes) -> Event:
    """Return the event in the bytes of an envelope that was admitted before; nothing is checked again.

    Raises:
        AdmissionError: the bytes were never admitted.
    """
    record = decode_again(wire_schema("Envelope"), envelope)
    raw = cast("bytes", record["event"])
    payload = decode_again(schemas.of(raw), raw)
    header = _header(cast("dict[str, object]", payload.pop("header")))
    return Event(header, payload, event_digest(raw))


def write_event(schema: Schema, header: Header, payload: Record) -> bytes:
    """Return an event's bytes, ready to be signed.

    Raises:
        ValueError, TypeError: a field does not fit the schema.
    """
    return encode(schema, {**payload, "header": _record(header)})


def _within(raw: bytes, limit: int, name: str) -> None:
    if len(raw) > limit:
        message = f"{name} is too large: expected at most {limit} bytes, found {len(raw)}"
        raise EventTooLargeError(message)


def _header(record: dict[str, object]) -> Header:
    record["recipients"] = tuple(cast("list[Office]", record["recipients"]))
    record["handling"] = _handling(cast("Record", record["handling"]))
    if record["evaluation"] is not None:
        record["evaluation"] = Evaluation(**cast("dict[str, str]", record["evaluation"]))  # type: ignore[arg-type]
    if record["seen"] is not None:
        record["seen"] = _seen(cast("Record", record["seen"]))
    if record["sealed"] is not None:
        record["sealed"] = _sealed(cast("Record", record["sealed"]))
    return Header(*record.values())  # type: ignore[arg-type]  # the schema has exactly these fields, in this order


def _handling(record: Record) -> Handling:
    return Handling(
        code=cast("str", record["code"]),
        permitted_uses=tuple(cast("list[str]", record["permitted_uses"])),
        released_to=tuple(cast("list[str]", record["released_to"])),
        expires_on=cast("str | None", record["expires_on"]),
    )


def _seen(record: Record) -> SeenCheckpoint:
    return SeenCheckpoint(TreeSize(cast("int", record["tree_size"])), Hash(cast("bytes", record["root"])))


def _sealed(record: Record) -> SealedReference:
    keys = tuple(KeyId(key) for key in cast("list[bytes]", record["recipient_keys"]))
    return SealedReference(Hash(cast("bytes", record["digest"])), Hash(cast("bytes", record["key_commitment"])), keys)


def _record(header: Header) -> Record:
    # fastavro tries every branch of a union unless the value names its own
    optional = {"evaluation": "Evaluation", "seen": "SeenCheckpoint", "sealed": "SealedReference"}
    record = {name: getattr(header, name) for name in Header.__slots__}
    record["handling"] = _fields(header.handling)
    for name, type_name in optional.items():
        if record[name] is not None:
            record[name] = (f"liaison.events.v1.{type_name}", _fields(record[name]))
    return record


def _fields(value: Handling | Evaluation | SeenCheckpoint | SealedReference) -> Record:
    return {name: getattr(value, name) for name in type(value).__slots__}
