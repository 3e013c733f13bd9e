"""Avro bytes to values and back: single-object encoding, one canonical form, nothing else accepted.

The only module that knows fastavro. A schema is named by the SHA-256 of its file's exact bytes;
Avro's own 8-byte fingerprint only finds it. fastavro alone would accept trailing bytes, long
integers and doubled map keys, so whatever is decoded is encoded again and compared.

Source: Apache Avro 1.12, "Single-object encoding" and "Parsing Canonical Form".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import sha256
from io import BytesIO
from typing import cast

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint as avro_fingerprint
from fastavro.schema import to_parsing_canonical_form

import schemas
from events.errors import NotAnEventError, NotCanonicalError, SchemaInvalidError, SchemaUnknownError
from events.ids import Hash
from events.schema_check import check_schema

MARKER = b"\xc3\x01"
"""First two bytes of every single-object encoding."""

PREFIX_BYTES = 10


@dataclass(frozen=True, slots=True)
class Schema:
    """A record schema, ready to use; *raw* are the exact bytes of its file."""

    name: str
    raw: bytes = field(repr=False)
    sha256: Hash
    prefix: bytes
    parsed: dict[str, object] = field(repr=False, compare=False)
    sealed: dict[str, object] | None = field(repr=False, compare=False)


@lru_cache(maxsize=256)
def load_schema(raw: bytes) -> Schema:
    """Return the schema that a file's exact bytes describe.

    Raises:
        SchemaInvalidError: the bytes are not JSON, not valid Avro, not a record, or see `events.schema_check`.
    """
    try:
        source = json.loads(raw)
        canonical = to_parsing_canonical_form(_parsed(source))
        sealed = source.get("sealed")
        return Schema(
            name=source["name"],
            raw=raw,
            sha256=Hash(sha256(raw).digest()),
            prefix=MARKER + bytes.fromhex(avro_fingerprint(canonical, "CRC-64-AVRO")),
            parsed=_checked(source),
            sealed=_checked(sealed) if sealed else None,
        )
    except SchemaInvalidError:
        raise
    except Exception as error:  # fastavro raises many kinds; each means the same here
        message = f"schema is not a valid Avro record: {type(error).__name__}"
        raise SchemaInvalidError(message) from error


@dataclass(frozen=True, slots=True)
class SchemaSet:
    """The schemas known at one place of the ledger, found by prefix, by name or by SHA-256."""

    by_prefix: Mapping[bytes, Schema] = field(default_factory=dict)
    by_name: Mapping[str, Schema] = field(default_factory=dict)

    def plus(self, schema: Schema) -> "SchemaSet":
        """Return the set with one schema more; the newest of a name is the one written with.

        Raises:
            SchemaInvalidError: a known schema has the same Avro fingerprint, so bytes would be ambiguous.
        """
        if schema.prefix in self.by_prefix:
            message = f"schema {schema.name} has the Avro fingerprint of one already known"
            raise SchemaInvalidError(message)
        return SchemaSet({**self.by_prefix, schema.prefix: schema}, {**self.by_name, schema.name: schema})

    def of(self, raw: bytes) -> Schema:
        """Return the schema that the first ten bytes of *raw* name.

        Raises:
            NotAnEventError: *raw* does not begin with the marker of single-object encoding.
            SchemaUnknownError: no schema known here has that fingerprint.
        """
        found = self.by_prefix.get(raw[:PREFIX_BYTES])
        if found is not None:
            return found
        if raw[:2] != MARKER or len(raw) < PREFIX_BYTES:
            message = f"event does not begin with the Avro marker c301, found {raw[:2].hex() or 'nothing'}"
            raise NotAnEventError(message)
        message = f"no schema with fingerprint {raw[2:PREFIX_BYTES].hex()} is in force"
        raise SchemaUnknownError(message)


def encode(schema: Schema, value: Mapping[str, object]) -> bytes:
    """Return *value* in single-object encoding: marker, fingerprint, body.

    Raises:
        ValueError, TypeError: *value* does not fit the schema.
    """
    buffer = BytesIO()
    buffer.write(schema.prefix)
    schemaless_writer(buffer, schema.parsed, value)
    return buffer.getvalue()


def decode(schema: Schema, raw: bytes) -> dict[str, object]:
    """Return the record in *raw*, whose first ten bytes must be the schema's.

    Raises:
        NotAnEventError: the bytes are not that record.
        NotCanonicalError: they are, but not in the one form that `encode` writes.
    """
    value = _read(schema.parsed, raw, PREFIX_BYTES, schema.name)
    if raw[:PREFIX_BYTES] != schema.prefix or _written(schema, value) != raw:
        message = f"bytes of {schema.name} are not in canonical form"
        raise NotCanonicalError(message)
    return _without_hints(value)


def decode_again(schema: Schema, raw: bytes) -> dict[str, object]:
    """Return the record in *raw* like `decode`, which has accepted these bytes before; they are not compared again.

    Raises:
        NotAnEventError: the bytes are not that record.
    """
    return _without_hints(_read(schema.parsed, raw, PREFIX_BYTES, schema.name))


def encode_sealed(schema: Schema, value: Mapping[str, object]) -> bytes:
    """Return the content of a sealed part as plain Avro, to be encrypted.

    Raises:
        ValueError, TypeError: the type has no sealed part, or *value* does not fit it.
    """
    if schema.sealed is None:
        message = f"{schema.name} has no sealed part"
        raise ValueError(message)
    buffer = BytesIO()
    schemaless_writer(buffer, schema.sealed, value, strict=True)
    return buffer.getvalue()


def decode_sealed(schema: Schema, raw: bytes) -> dict[str, object]:
    """Return the decrypted content of a sealed part.

    Raises:
        NotAnEventError: the type has no sealed part, or the bytes are not one.
    """
    if schema.sealed is None:
        message = f"{schema.name} has no sealed part"
        raise NotAnEventError(message)
    return _without_hints(_read(schema.sealed, raw, 0, f"sealed part of {schema.name}"))


@cache
def wire_schema(name: str) -> Schema:
    """Return the schema of a wire record (`schemas/wire`) by its name."""
    return load_schema(schemas.WIRE[name])


@cache
def released() -> SchemaSet:
    """Return the event schemas that this version of the software ships."""
    known = SchemaSet()
    for raw in schemas.EVENTS.values():
        known = known.plus(load_schema(raw))
    return known


def _checked(source: dict[str, object]) -> dict[str, object]:
    parsed = _parsed(source)
    check_schema(cast("str", source["name"]), parsed)
    return parsed


def _parsed(source: dict[str, object]) -> dict[str, object]:
    return cast("dict[str, object]", parse_schema(source, named_schemas={}))


def _read(parsed: dict[str, object], raw: bytes, skip: int, name: str) -> dict[str, object]:
    buffer = BytesIO(raw)
    buffer.seek(skip)
    try:
        # With the name of each record in a union, which spares the writer from trying every branch.
        value = schemaless_reader(buffer, parsed, None, return_record_name=True)
    except Exception as error:  # what strangers send can fail in any way; each means the same here
        message = f"bytes are not a {name}: {type(error).__name__}"
        raise NotAnEventError(message) from error
    return value  # type: ignore[return-value]  # a record schema yields a dict


def _without_hints(record: dict[str, object]) -> dict[str, object]:
    for name, value in record.items():
        if type(value) in _NESTED:
            record[name] = _plain(value)
    return record


def _plain(value: object) -> object:
    if type(value) is tuple:  # (name of the record, the record)
        value = value[1]
    if type(value) is dict:
        return _without_hints(value)
    return [_plain(each) for each in value] if type(value) is list else value


_NESTED = frozenset({tuple, dict, list})


def _written(schema: Schema, value: dict[str, object]) -> bytes | None:
    try:
        return encode(schema, value)
    except Exception:  # noqa: BLE001 - decoded but cannot be written: certainly not what we write
        return None
