"""What is written is read back, and nothing is read that was not written so."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from events.codec import PREFIX_BYTES, Schema, decode, encode, released, wire_schema
from events.envelope import read_event, write_event
from events.errors import AdmissionError
from tests.support.values import values_of

RECORDS: list[Schema] = [*released().by_name.values(), *map(wire_schema, schemas.WIRE)]


def number(value: int) -> bytes:
    """Return an Avro long."""
    left = value << 1 if value >= 0 else (-value << 1) - 1
    found = bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*found, left])


def tried(schema: Schema, raw: bytes) -> dict[str, Any] | None:
    """Return what the bytes decode to, or None if they are refused; any other error fails the test."""
    try:
        return decode(schema, raw)
    except AdmissionError:
        return None


@pytest.mark.parametrize("schema", RECORDS, ids=lambda schema: schema.name)
@settings(max_examples=8)
@given(data=st.data())
def test_every_record_comes_back_as_it_was_written(schema: Schema, data: st.DataObject) -> None:
    value = data.draw(values_of(schema))

    raw = encode(schema, value)

    assert raw[:PREFIX_BYTES] == schema.prefix
    assert decode(schema, raw) == value


@pytest.mark.parametrize("schema", RECORDS, ids=lambda schema: schema.name)
@settings(max_examples=8)
@given(data=st.data())
def test_changed_bytes_are_refused_or_are_the_only_form_of_another_value(schema: Schema, data: st.DataObject) -> None:
    raw = encode(schema, data.draw(values_of(schema)))
    at = data.draw(st.integers(0, len(raw)))
    cut = data.draw(st.integers(0, 3))
    changed = raw[:at] + data.draw(st.binary(max_size=4)) + raw[at + cut :]

    found = tried(schema, changed)

    assert found is None or encode(schema, found) == changed


@pytest.mark.parametrize("schema", RECORDS, ids=lambda schema: schema.name)
@settings(max_examples=6)
@given(data=st.data())
def test_no_record_is_read_with_anything_after_it_or_without_its_end(schema: Schema, data: st.DataObject) -> None:
    raw = encode(schema, data.draw(values_of(schema)))

    assert tried(schema, raw + data.draw(st.binary(min_size=1, max_size=9))) is None
    assert tried(schema, raw[: data.draw(st.integers(0, len(raw) - 1))]) is None


@settings(max_examples=200)
@given(schema=st.sampled_from(RECORDS), body=st.binary(max_size=300))
def test_whatever_strangers_send_is_a_value_or_a_refusal(schema: Schema, body: bytes) -> None:
    found = tried(schema, schema.prefix + body)

    assert found is None or encode(schema, found) == schema.prefix + body


@settings(max_examples=60)
@given(schema=st.sampled_from(RECORDS), data=st.data(), announced=st.integers(2**16, 2**63 - 1))
def test_a_length_that_is_not_there_is_refused_wherever_it_stands(
    schema: Schema, data: st.DataObject, announced: int
) -> None:
    raw = encode(schema, data.draw(values_of(schema)))
    at = data.draw(st.integers(PREFIX_BYTES, len(raw)))

    found = tried(schema, raw[:at] + number(announced) + raw[at:])

    assert found is None or len(encode(schema, found)) == len(raw) + len(number(announced))


@pytest.mark.parametrize("schema", list(released().by_name.values()), ids=lambda schema: schema.name)
@settings(max_examples=6)
@given(data=st.data())
def test_an_event_that_was_read_is_written_with_the_same_bytes(schema: Schema, data: st.DataObject) -> None:
    value = data.draw(values_of(schema))
    value["header"] = {**value["header"], "type": schema.name, "schema_sha256": schema.sha256}
    raw = encode(schema, value)

    found, event = read_event(released(), raw)

    assert found == schema
    assert write_event(schema, event.header, event.payload) == raw
    assert replace(event.header) == event.header
