from dataclasses import replace

import pytest

from events.codec import decode, released, wire_schema
from events.envelope import (
    ENVELOPE_BYTES_MAX,
    EVENT_BYTES_MAX,
    parse_envelope,
    read_event,
    sign_event,
    write_event,
)
from events.errors import EventTooLargeError, HeaderMismatchError, NotAnEnvelopeError
from events.event import Evaluation, Handling, SealedReference, SeenCheckpoint
from events.ids import Hash, KeyId, Office, TreeSize
from events.signing import event_digest, event_message, verify
from tests.support.forge import EVIL, event_bytes, fresh, sealed_in
from tests.support.ledger import RUILI, lead

CORRIDOR = fresh()
ENVELOPE = CORRIDOR.signed(RUILI, "LeadShared", lead())


def test_an_envelope_holds_the_exact_bytes_that_were_signed() -> None:
    event = event_bytes(ENVELOPE)

    found = parse_envelope(sign_event(event, EVIL))

    assert (found.event, found.key_id) == (event, EVIL.key_id)
    verify(EVIL.public_key, event_message(event), found.signature)


def test_a_second_signature_makes_another_envelope_and_the_same_event() -> None:
    second = sign_event(event_bytes(ENVELOPE), EVIL)

    assert second != ENVELOPE
    assert CORRIDOR.event_of(second) == CORRIDOR.event_of(ENVELOPE)


def test_an_events_digest_is_that_of_what_was_signed() -> None:
    assert CORRIDOR.event_of(ENVELOPE).digest == event_digest(event_bytes(ENVELOPE))


def test_every_part_of_a_header_comes_back_as_it_was_written() -> None:
    schema, event = read_event(released(), event_bytes(ENVELOPE))
    header = replace(
        event.header,
        case_key="anhui-2005",
        recipients=(Office("mm:a"), Office("mm:b")),
        handling=Handling("h3", ("rescue",), ("mm:a",), "2027-01-01"),
        evaluation=Evaluation("b", 3),
        cause=Hash(b"\x01" * 32),
        seen=SeenCheckpoint(TreeSize(7), Hash(b"\x02" * 32)),
        sealed=SealedReference(Hash(b"\x03" * 32), Hash(b"\x04" * 32), (KeyId(b"\x05" * 32), KeyId(b"\x06" * 32))),
    )

    _, found = read_event(released(), write_event(schema, header, event.payload))

    assert found.header == header
    assert found.payload == event.payload


def test_the_largest_event_can_be_signed_and_one_byte_more_cannot() -> None:
    assert len(sign_event(bytes(EVENT_BYTES_MAX), EVIL)) <= ENVELOPE_BYTES_MAX
    with pytest.raises(EventTooLargeError, match="event is too large: expected at most 49152 bytes, found 49153"):
        sign_event(bytes(EVENT_BYTES_MAX + 1), EVIL)


def test_a_record_of_100_mb_is_refused_by_its_length_alone() -> None:
    with pytest.raises(EventTooLargeError, match="record is too large: expected at most 49280 bytes, found 100000000"):
        parse_envelope(bytes(100_000_000))


@pytest.mark.parametrize("cut", [0, 1, 2, 9, 10, 11, 12, 40, -97, -65, -64, -1])
def test_a_truncated_envelope_is_none(cut: int) -> None:
    raw = ENVELOPE[:cut]

    with pytest.raises(NotAnEnvelopeError, match=f"record of {len(raw)} bytes is not an envelope"):
        parse_envelope(raw)


def test_two_envelopes_in_one_record_are_none() -> None:
    with pytest.raises(NotAnEnvelopeError, match="not in canonical form"):
        parse_envelope(ENVELOPE + ENVELOPE)


def test_another_record_of_ours_is_no_envelope() -> None:
    with pytest.raises(NotAnEnvelopeError):
        parse_envelope(CORRIDOR.entries[0])


def test_what_is_not_an_event_still_makes_an_envelope() -> None:
    raw = sealed_in(b"anything", KeyId(bytes(32)), bytes(64))

    assert parse_envelope(raw).event == b"anything"
    assert decode(wire_schema("Envelope"), raw)["signature"] == bytes(64)


def test_an_event_that_claims_another_type_of_the_same_shape_is_refused() -> None:
    schema, event = read_event(released(), event_bytes(ENVELOPE))
    other = released().by_name["LeadAssessed"]
    lying = write_event(schema, replace(event.header, type=other.name, schema_sha256=other.sha256), event.payload)

    with pytest.raises(HeaderMismatchError) as caught:
        read_event(released(), lying)

    assert str(caught.value) == (
        f"header names LeadAssessed with schema {other.sha256.hex()[:12]}, "
        f"the bytes are LeadShared with schema {schema.sha256.hex()[:12]}"
    )
