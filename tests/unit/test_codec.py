import json
from time import monotonic
from tracemalloc import get_traced_memory, start, stop
from typing import Any

import pytest

import schemas
from events.codec import MARKER, PREFIX_BYTES, Schema, SchemaSet, decode, encode, load_schema, released, wire_schema
from events.errors import NotAnEventError, NotCanonicalError, SchemaInvalidError, SchemaUnknownError
from tests.properties.test_codec import number

LIST = b"""{"type": "record", "name": "ListKept", "fields": [
    {"name": "texts", "type": {"type": "array", "items": "string"}},
    {"name": "numbers", "type": {"type": "map", "values": "long"}},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["unknown", "one", "two"]}},
    {"name": "is_true", "type": "boolean"},
    {"name": "note", "type": ["null", "string"]}]}"""
SCHEMA = load_schema(LIST)
VALUE = {"texts": ["a", "b"], "numbers": {"x": 1}, "kind": "one", "is_true": True, "note": None}

TEXTS = b"\x04\x02a\x02b\x00"
NUMBERS = b"\x02\x02x\x02\x00"
REST = b"\x02\x01\x00"


def body(texts: bytes = TEXTS, numbers: bytes = NUMBERS, rest: bytes = REST) -> bytes:
    return SCHEMA.prefix + texts + numbers + rest


def test_the_one_form_is_marker_fingerprint_and_body() -> None:
    assert encode(SCHEMA, VALUE) == body()
    assert decode(SCHEMA, body()) == VALUE
    assert SCHEMA.prefix[:2] == MARKER == b"\xc3\x01"


def fingerprint(text: str) -> bytes:
    """Return the 64-bit Rabin fingerprint, bit by bit, as Avro's specification defines it."""
    empty = 0xC15D213AA4D7A795
    found = empty
    for byte in text.encode():
        found ^= byte
        for _ in range(8):
            found = found >> 1 ^ (empty if found & 1 else 0)
    return found.to_bytes(8, "little")


def test_the_fingerprint_is_avros_own() -> None:
    canonical = '{"name":"One","type":"record","fields":[{"name":"a","type":"long"}]}'
    said = b'{"fields": [{"doc": "d", "type": {"type": "long"}, "name": "a"}], "type": "record", "name": "One"}'

    assert fingerprint('"int"').hex() == "8f5c393f1ad57572"
    assert load_schema(said).prefix == MARKER + fingerprint(canonical)


NOT_CANONICAL = {
    "a trailing byte": body() + b"\0",
    "a second record": body() + body(),
    "another fingerprint": MARKER + bytes(8) + body()[PREFIX_BYTES:],
    "another marker": b"\xc3\x02" + body()[2:],
    "an over-long length of a string": body(texts=b"\x04\x82\x00a\x02b\x00"),
    "an over-long count of a list": body(texts=b"\x84\x00\x02a\x02b\x00"),
    "an over-long number": body(numbers=b"\x02\x02x\x82\x00\x00"),
    "an over-long end of a list": body(texts=b"\x04\x02a\x02b\x80\x00"),
    "a list in two blocks": body(texts=b"\x02\x02a\x02\x02b\x00"),
    "a list with its size in bytes": body(texts=b"\x03\x08\x02a\x02b\x00"),
    "a doubled key": body(numbers=b"\x04\x02x\x02\x02x\x02\x00"),
    "a doubled key with another value first": body(numbers=b"\x04\x02x\x04\x02x\x02\x00"),
    "an enum counted from the end": body(rest=b"\x01\x01\x00"),
    "a branch counted from the end": body(rest=b"\x02\x01\x03"),
    "a truth that is neither 0 nor 1": body(rest=b"\x02\x02\x00"),
}


@pytest.mark.parametrize("raw", NOT_CANONICAL.values(), ids=NOT_CANONICAL.keys())
def test_a_second_form_of_the_same_value_is_refused(raw: bytes) -> None:
    with pytest.raises(NotCanonicalError, match="bytes of ListKept are not in canonical form"):
        decode(SCHEMA, raw)


NOT_THE_RECORD = {
    "nothing": b"",
    "no body": SCHEMA.prefix,
    "a missing byte": body()[:-1],
    "an enum beyond its symbols": body(rest=b"\x06\x01\x00"),
    "a branch beyond the union": body(rest=b"\x02\x01\x04"),
    "text that is not UTF-8": body(texts=b"\x02\x02\xff\x00"),
    "text with a surrogate": body(texts=b"\x02\x06\xed\xa0\x80\x00"),
    "text longer than the record": body(texts=b"\x02\x7ea\x00"),
    "text of a negative length": body(texts=b"\x02\x01\x00"),
}


@pytest.mark.parametrize("raw", NOT_THE_RECORD.values(), ids=NOT_THE_RECORD.keys())
def test_what_is_not_the_record_is_refused(raw: bytes) -> None:
    with pytest.raises(NotAnEventError, match="bytes are not a ListKept: "):
        decode(SCHEMA, raw)


@pytest.mark.parametrize("announced", [2**31, 2**40, 2**62, 2**63 - 1, -(2**31), -(2**63)])
@pytest.mark.parametrize("where", ["text", "list", "map", "bytes"])
def test_a_huge_length_costs_neither_time_nor_memory(where: str, announced: int) -> None:
    length = number(announced)
    schema, raw = {
        "text": (SCHEMA, body(texts=b"\x02" + length + b"a\x00")),
        "list": (SCHEMA, body(texts=length + b"\x02a\x02b\x00")),
        "map": (SCHEMA, body(numbers=length + b"\x02x\x02\x00")),
        "bytes": (wire_schema("Envelope"), wire_schema("Envelope").prefix + length + bytes(200)),
    }[where]
    start()
    begun = monotonic()

    with pytest.raises((NotAnEventError, NotCanonicalError)):
        decode(schema, raw)

    _, peak = get_traced_memory()
    stop()
    assert monotonic() - begun < 1
    assert peak < 1_000_000


def test_a_number_that_never_ends_is_refused() -> None:
    for length in (10, 11, 100, 40_000):
        with pytest.raises((NotAnEventError, NotCanonicalError)):
            decode(SCHEMA, body(texts=b"\xff" * length))


@pytest.mark.parametrize("value", [{}, {**VALUE, "kind": "three"}, {**VALUE, "texts": 5}, {**VALUE, "note": 5}])
def test_a_value_that_does_not_fit_is_not_written(value: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        encode(SCHEMA, value)


def changed(**changes: object) -> bytes:
    """Return the schema with some of its parts replaced."""
    return json.dumps({**json.loads(LIST), **changes}).encode()


def of(*types: object) -> bytes:
    return changed(fields=[{"name": f"field_{at}", "type": each} for at, each in enumerate(types)])


EMPTY = {"type": "record", "name": "Empty", "fields": []}
NULLS = {"type": "record", "name": "Nulls", "fields": [{"name": "nothing", "type": "null"}]}

INVALID = {
    "no JSON": (b"{", "schema is not a valid Avro record: JSONDecodeError"),
    "no UTF-8": (b'{"type": "\xff"}', "schema is not a valid Avro record: UnicodeDecodeError"),
    "nested too deeply": (b"[" * 100_000, "schema is not a valid Avro record: RecursionError"),
    "a list": (b"[]", "schema is not a valid Avro record: AttributeError"),
    "a bare type": (b'"string"', "schema is not a valid Avro record: AttributeError"),
    "an enum": (
        b'{"type": "enum", "name": "Kind", "symbols": ["a"]}',
        "schema is not a record",
    ),
    "an error": (changed(type="error"), "schema is not a record"),
    "an unknown type": (of("strnig"), "schema is not a valid Avro record: UnknownType"),
    "no name": (b'{"type": "record", "fields": []}', "schema is not a valid Avro record: .*"),
    "an empty name": (changed(name=""), "schema has an odd name: expected PascalCase, at most 64 letters"),
    "a name with a namespace": (changed(name="a.b.ListKept"), "schema has an odd name: .*"),
    "a long name": (changed(name="L" * 65), "schema has an odd name: .*"),
    "two fields of one name": (
        changed(fields=[{"name": "a", "type": "int"}, {"name": "a", "type": "string"}]),
        "schema has two fields of one name",
    ),
    "itself inside": (of("ListKept", "int"), "schema refers to itself: ListKept"),
    "itself in a list": (of({"type": "array", "items": "ListKept"}), "schema refers to itself: ListKept"),
    "itself in a map": (of({"type": "map", "values": ["null", "ListKept"]}), "schema refers to itself: ListKept"),
    "a list of nothing": (of({"type": "array", "items": "null"}), "schema has a list of things that take no bytes"),
    "a list of a said nothing": (
        of({"type": "array", "items": {"type": "null"}}),
        "schema has a list of things that take no bytes",
    ),
    "a list of empty records": (
        of({"type": "array", "items": EMPTY}),
        "schema has a list of things that take no bytes",
    ),
    "an empty record to refer to": (of(EMPTY, {"type": "array", "items": "Empty"}), "schema has a named type that .*"),
    "a record of nothings to refer to": (of(NULLS, "int"), "schema has a named type that takes no bytes"),
    "a fixed of no bytes": (of({"type": "fixed", "name": "F", "size": 0}, "int"), "schema has a named type that .*"),
}


@pytest.mark.parametrize(("raw", "message"), INVALID.values(), ids=INVALID.keys())
def test_a_schema_that_could_stop_a_reader_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(SchemaInvalidError, match=f"^{message}$"):
        load_schema(raw)


def test_a_sealed_part_is_held_to_the_same_rules() -> None:
    sealed = {
        "type": "record",
        "name": "Part",
        "fields": [{"name": "more", "type": {"type": "array", "items": "Part"}}],
    }

    with pytest.raises(SchemaInvalidError, match="schema refers to itself: Part"):
        load_schema(changed(sealed=sealed))


def test_one_type_may_stand_in_two_places() -> None:
    schema = load_schema(of({"type": "fixed", "name": "F", "size": 2}, "F", {"type": "array", "items": "F"}))

    assert decode(schema, schema.prefix + b"aabb\x02cc\x00") == {"field_0": b"aa", "field_1": b"bb", "field_2": [b"cc"]}


def test_a_schema_is_named_by_its_exact_bytes() -> None:
    spaced = load_schema(LIST + b" ")

    assert spaced.prefix == SCHEMA.prefix
    assert spaced.sha256 != SCHEMA.sha256


def test_two_schemas_that_read_bytes_differently_and_look_alike_to_avro_are_not_both_known() -> None:
    """Decimal scale and enum defaults are no part of Avro's fingerprint, and change what the bytes mean."""
    money = {"type": "bytes", "logicalType": "decimal", "precision": 9}
    two, four = (load_schema(of({**money, "scale": scale})) for scale in (2, 4))

    assert two.prefix == four.prefix
    with pytest.raises(SchemaInvalidError, match="schema ListKept has the Avro fingerprint of one already known"):
        SchemaSet().plus(two).plus(four)


def test_the_newest_schema_of_a_name_is_written_with_and_the_older_one_still_read() -> None:
    newer = load_schema(of("int"))

    known = SchemaSet().plus(SCHEMA).plus(newer)

    assert known.by_name["ListKept"] == newer
    assert known.of(body()) == SCHEMA


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(b"", "nothing"), (b"\xc3", "c3"), (b"\xc3\x01\x01", "c301"), (b"\x00\x01" + bytes(8), "0001")],
)
def test_bytes_without_the_marker_are_no_event(raw: bytes, expected: str) -> None:
    with pytest.raises(NotAnEventError, match=f"event does not begin with the Avro marker c301, found {expected}"):
        released().of(raw)


def test_an_unknown_fingerprint_is_named() -> None:
    with pytest.raises(SchemaUnknownError, match="no schema with fingerprint 0102030405060708 is in force"):
        released().of(MARKER + bytes(range(1, 9)))


@pytest.mark.parametrize("name", [*schemas.EVENTS, *schemas.WIRE])
def test_every_released_schema_is_one_that_cannot_stop_a_reader(name: str) -> None:
    found: Schema = load_schema({**schemas.EVENTS, **schemas.WIRE}[name])

    assert found.name == name
