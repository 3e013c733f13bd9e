"""Someone tampers with what an office has signed, or signs what it should not."""

import json
from dataclasses import replace
from hashlib import sha512

import pytest
from nacl.bindings import crypto_core_ed25519_scalar_reduce, crypto_scalarmult_ed25519_base_noclamp

from events.admission import Admitted, Duplicate, judge
from events.checkpoint import Checkpoint, cosigned_message, format_checkpoint
from events.codec import load_schema, released
from events.envelope import parse_envelope, read_event, sign_event, write_event
from events.ids import LeafIndex, TreeSize, agency_of
from events.ledger import ENTRY_BYTES_MAX
from events.merkle import EMPTY_ROOT
from events.signing import EVENT_PAYLOAD_TYPE, SigningKey, event_message, pae, sign
from tests.support.forge import (
    EVIL,
    as_payload,
    bent,
    event_bytes,
    fresh,
    judged,
    next_keys,
    nobody,
    refusal,
    sealed_in,
    signed_for,
    topic_of,
)
from tests.support.ledger import AH_POLICE, FOUNDED_AT, MUSE, RUILI, Corridor, lead

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Order of Ed25519's prime-order subgroup."""


@pytest.fixture
def corridor() -> Corridor:
    return fresh()


def next_of(corridor: Corridor) -> bytes:
    return corridor.signed(RUILI, "LeadShared", lead())


def reason(corridor: Corridor, raw: bytes) -> str:
    return refusal(judged(corridor, RUILI, raw))[0]


def test_the_second_form_of_a_signature_is_refused(corridor: Corridor) -> None:
    good = parse_envelope(next_of(corridor))
    second = int.from_bytes(good.signature[32:], "little") + ORDER

    raw = sealed_in(good.event, good.key_id, good.signature[:32] + second.to_bytes(32, "little"))

    assert reason(corridor, raw) == "signature-invalid"


@pytest.mark.parametrize("point", ["01" + "00" * 31, "00" * 32, "ec" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f"])
def test_a_signature_around_an_odd_point_is_refused(corridor: Corridor, point: str) -> None:
    good = parse_envelope(next_of(corridor))

    raw = sealed_in(good.event, good.key_id, bytes.fromhex(point) + good.signature[32:])

    assert reason(corridor, raw) == "signature-invalid"


def signed_again(key: SigningKey, message: bytes) -> bytes:
    """Return another valid signature of the same key over the same message, with a nonce of one's own choice."""
    secret = bytearray(sha512(key.seed).digest()[:32])
    secret[0] &= 248
    secret[31] = secret[31] & 127 | 64
    nonce = sha512(b"another nonce").digest()
    commitment = crypto_scalarmult_ed25519_base_noclamp(crypto_core_ed25519_scalar_reduce(nonce))
    challenge = int.from_bytes(sha512(commitment + key.public_key + message).digest(), "little")
    answer = (int.from_bytes(nonce, "little") + challenge * int.from_bytes(secret, "little")) % ORDER
    return commitment + answer.to_bytes(32, "little")


def test_a_second_valid_signature_over_the_same_event_is_the_same_event(corridor: Corridor) -> None:
    """Whoever holds a key can make any number of signatures over one event; they are one event."""
    raw = corridor.says(RUILI, "LeadShared", lead())
    at = LeafIndex(len(corridor.entries) - 1)
    event, key = event_bytes(raw), corridor.keys[RUILI]

    again = sealed_in(event, key.key_id, signed_again(key, event_message(event)))

    assert again != raw
    assert corridor.hear(topic_of(RUILI), again) == Duplicate(at)


def test_a_signature_by_another_good_key_under_this_keys_id_is_refused(corridor: Corridor) -> None:
    event = event_bytes(next_of(corridor))

    raw = signed_for(event, by=corridor.keys[AH_POLICE], named=corridor.keys[RUILI].key_id)

    assert reason(corridor, raw) == "signature-invalid"


def test_an_offices_event_signed_by_another_office_of_its_agency_is_refused(corridor: Corridor) -> None:
    event = event_bytes(next_of(corridor))

    other = corridor.keys[AH_POLICE]
    assert reason(corridor, sign_event(event, other)) == "header-mismatch"
    named = bent(corridor, next_of(corridor), key=other, key_id=other.key_id)
    assert reason(corridor, named) == "office-mismatch"


@pytest.mark.parametrize("kind", ["", "application/vnd.liaison.agency-keys.v1+avro", EVENT_PAYLOAD_TYPE + " "])
def test_an_event_signed_as_something_else_is_refused(corridor: Corridor, kind: str) -> None:
    event = event_bytes(next_of(corridor))
    key = corridor.keys[RUILI]

    assert reason(corridor, sealed_in(event, key.key_id, sign(key, pae(kind, event)))) == "signature-invalid"


def test_bare_bytes_signed_without_their_type_are_refused(corridor: Corridor) -> None:
    event = event_bytes(next_of(corridor))
    key = corridor.keys[RUILI]

    assert reason(corridor, sealed_in(event, key.key_id, sign(key, event))) == "signature-invalid"


def test_a_signed_checkpoint_or_cosignature_never_passes_for_an_event(corridor: Corridor) -> None:
    text = format_checkpoint(Checkpoint(corridor.origin, TreeSize(0), EMPTY_ROOT))
    key = corridor.keys[RUILI]

    for message in (text.encode(), cosigned_message(text, 1)):
        assert reason(corridor, sealed_in(message, key.key_id, sign(key, message))) == "signature-invalid"
        assert reason(corridor, sign_event(message, key)) == "not-an-event"


def test_an_event_of_another_ledger_is_refused_even_if_the_keys_are_the_same(corridor: Corridor) -> None:
    raw = corridor.signed(RUILI, "LeadShared", lead(), origin="test.example/ledger")

    assert reason(corridor, raw) == "origin-mismatch"


def altered(corridor: Corridor, change: str, to: str) -> bytes:
    """Return an event encoded with a schema in which something was replaced."""
    known = released().by_name["LeadShared"]
    other = load_schema(known.raw.replace(change.encode(), to.encode()))
    _, event = read_event(corridor.book.schemas, event_bytes(next_of(corridor)))
    assert other.sha256 != known.sha256
    raw = write_event(other, replace(event.header, schema_sha256=other.sha256), event.payload)
    return sign_event(raw, corridor.keys[RUILI])


def test_an_event_written_with_reordered_symbols_is_refused(corridor: Corridor) -> None:
    assert reason(corridor, altered(corridor, '"recruiter", "suspect"', '"suspect", "recruiter"')) == "schema-unknown"


def test_an_event_written_with_other_defaults_is_refused(corridor: Corridor) -> None:
    """Avro's own fingerprint does not see it; the hash of the schema's bytes does."""
    assert (
        reason(corridor, altered(corridor, '"online"], "default": "unknown"', '"online"], "default": "route"'))
        == "header-mismatch"
    )


def test_an_event_written_with_other_words_in_the_schema_is_refused(corridor: Corridor) -> None:
    assert reason(corridor, altered(corridor, "What the lead is about.", "What it is about.")) == "header-mismatch"


def test_an_event_that_lies_about_the_schema_it_was_written_with_is_refused(corridor: Corridor) -> None:
    known, other = released().by_name["LeadShared"], released().by_name["LeadAssessed"]
    raw = event_bytes(next_of(corridor))
    assert raw.count(known.sha256) == 1

    assert reason(corridor, sign_event(raw.replace(known.sha256, other.sha256), corridor.keys[RUILI])) == (
        "header-mismatch"
    )


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 8, b"\xc3\x01", b"more"])
def test_bytes_after_the_event_are_refused_even_if_they_are_signed(corridor: Corridor, tail: bytes) -> None:
    event = event_bytes(next_of(corridor)) + tail

    assert reason(corridor, sign_event(event, corridor.keys[RUILI])) == "not-canonical"


def test_an_over_long_number_is_refused_even_if_it_is_signed(corridor: Corridor) -> None:
    event = event_bytes(next_of(corridor))
    length = bytes([len(corridor.origin) << 1])
    assert event[10:11] == length

    long = event[:10] + bytes([length[0] | 0x80, 0]) + event[11:]

    assert reason(corridor, sign_event(long, corridor.keys[RUILI])) == "not-canonical"


def test_an_event_id_in_capitals_is_refused_even_if_it_is_signed(corridor: Corridor) -> None:
    raw = next_of(corridor)
    name = str(corridor.event_of(raw).header.event_id).encode()

    shouted = event_bytes(raw).replace(name, name.upper())

    assert reason(corridor, sign_event(shouted, corridor.keys[RUILI])) == "not-canonical"


def test_the_largest_envelope_makes_an_entry_that_a_bundle_can_carry(corridor: Corridor) -> None:
    length = 49_152 - len(event_bytes(corridor.signed(RUILI, "LeadShared", lead("x" * 40_000)))) + 40_000

    verdict = corridor.hear(topic_of(RUILI), corridor.signed(RUILI, "LeadShared", lead("x" * length)))

    assert isinstance(verdict, Admitted)
    assert 49_152 < len(corridor.entries[-1]) <= ENTRY_BYTES_MAX


@pytest.mark.parametrize("year", [1970, 2099])
def test_a_claimed_time_is_kept_as_a_claim_and_decides_nothing(corridor: Corridor, year: int) -> None:
    raw = corridor.signed(RUILI, "LeadShared", lead(), issued_at=FOUNDED_AT.replace(year=year))

    verdict = corridor.hear(topic_of(RUILI), raw)

    assert isinstance(verdict, Admitted)
    assert verdict.event.header.issued_at.year == year
    assert corridor.book.admitted_at.year == FOUNDED_AT.year


def test_one_agencys_event_put_on_the_other_agencys_topic_is_refused(corridor: Corridor) -> None:
    raw = next_of(corridor)

    assert refusal(judge(corridor.book, topic_of(MUSE), raw, nobody)) == (
        "office-mismatch",
        "cn:blo-ruili speaks on liaison.mm.events.v1",
    )


@pytest.mark.parametrize("topic", ["liaison.hub.ledger.v1", "liaison.cn.sealed.v1", "liaison.cn.events.v1.evil", ""])
def test_an_event_on_a_topic_that_carries_none_is_refused(corridor: Corridor, topic: str) -> None:
    assert refusal(judge(corridor.book, topic, next_of(corridor), nobody))[0] == "office-mismatch"


def test_an_agency_cannot_speak_as_the_hub(corridor: Corridor) -> None:
    raw = corridor.signed(RUILI, "SchemaPublished", {"schema": b"{}"})

    assert reason(corridor, raw) == "office-not-authorised"
    assert reason(corridor, bent(corridor, raw, office=corridor.hub, key=corridor.keys[RUILI])) == "office-mismatch"


def test_an_agency_cannot_found_the_ledger_again(corridor: Corridor) -> None:
    payload = dict(corridor.event_of(corridor.genesis.envelopes[0]).payload)

    assert reason(corridor, corridor.signed(RUILI, "CorridorFounded", payload)) == "office-not-authorised"


def test_a_stranger_cannot_speak_at_all(corridor: Corridor) -> None:
    payload = as_payload(next_keys(corridor, agency_of(RUILI)))

    for kind, fields in (("LeadShared", lead()), ("AgencyKeysPublished", payload)):
        raw = corridor.signed(RUILI, kind, fields)
        assert reason(corridor, bent(corridor, raw, key=EVIL, key_id=EVIL.key_id)) == "key-unknown"


def test_a_header_in_json_is_not_read(corridor: Corridor) -> None:
    raw = json.dumps({"type": "LeadShared"}).encode()

    assert reason(corridor, raw) == "not-an-envelope"
    assert reason(corridor, sign_event(raw, corridor.keys[RUILI])) == "not-an-event"
