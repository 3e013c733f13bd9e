from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.errors import SignatureInvalid
from events.signing import (
    EVENT_PAYLOAD_TYPE,
    event_digest,
    event_message,
    is_enrollable,
    key_id,
    pae,
    sealing_key_id,
    sign,
    signing_key,
    verify,
)
from tests.unit.golden import GOLDEN, golden_key

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Order of the prime-order subgroup: what S is taken modulo."""

SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]

NOT_CANONICAL = [
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]

KEY = golden_key("log")
MESSAGE = b"the message"
SIGNATURE = sign(KEY, MESSAGE)


def holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        verify(public_key, message, signature)
    except SignatureInvalid:
        return False
    return True


@pytest.mark.parametrize("row", GOLDEN["dsse"], ids=lambda row: row["type"])
def test_the_encoding_before_signing_is_the_one_of_the_vectors(row: dict[str, Any]) -> None:
    assert pae(row["type"], row["body"].encode()) == row["pae"].encode()


def test_the_golden_signature_is_made_and_holds() -> None:
    row = GOLDEN["dsse"][1]
    key = signing_key(bytes.fromhex(row["seed"]))

    signature = sign(key, row["pae"].encode())

    assert signature.hex() == row["signature"]
    assert holds(key.public_key, row["pae"].encode(), signature)


def test_lengths_are_counted_in_bytes() -> None:
    assert pae("ü", "é".encode()) == b"DSSEv1 2 \xc3\xbc 2 \xc3\xa9"


def test_two_splits_of_the_same_bytes_are_signed_differently() -> None:
    assert pae("a", b"b c") != pae("a b", b"c")


def test_an_event_is_signed_under_its_own_payload_type() -> None:
    assert event_message(b"event") == pae(EVENT_PAYLOAD_TYPE, b"event")
    assert b" application/vnd.liaison.event.v1+avro 5 event" in event_message(b"event")


def test_the_digest_of_an_event_is_that_of_what_is_signed() -> None:
    assert event_digest(b"event").hex() == "68f4b5970d093062e365cf50ef937607b00cecdcb78d575b667fd83db9ea1c61"


def test_a_signature_under_another_payload_type_does_not_hold() -> None:
    signature = sign(KEY, event_message(b"event"))

    assert not holds(KEY.public_key, pae("text/plain", b"event"), signature)


@pytest.mark.parametrize("bit", range(512))
def test_no_flipped_bit_of_a_signature_holds(bit: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[bit // 8] ^= 1 << bit % 8

    assert not holds(KEY.public_key, MESSAGE, bytes(changed))


@settings(max_examples=50)
@given(message=st.binary(max_size=200), data=st.data())
def test_no_changed_byte_of_a_message_is_ever_accepted(message: bytes, data: st.DataObject) -> None:
    other = data.draw(st.binary(max_size=200).filter(lambda drawn: drawn != message))
    signature = sign(KEY, message)

    assert holds(KEY.public_key, message, signature)
    assert not holds(KEY.public_key, other, signature)


def test_the_second_form_of_a_signature_does_not_hold() -> None:
    """S plus the group's order satisfies the equation, too; accepting it would make signatures malleable."""
    second = int.from_bytes(SIGNATURE[32:], "little") + ORDER

    assert not holds(KEY.public_key, MESSAGE, SIGNATURE[:32] + second.to_bytes(32, "little"))


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_key_of_small_order_verifies_nothing(point: str) -> None:
    """With such a key, R = S * B and S = anything would hold for every message."""
    forged = bytes.fromhex(SMALL_ORDER[0]) + bytes(32)

    assert not holds(bytes.fromhex(point), MESSAGE, forged)


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_commitment_of_small_order_does_not_hold(point: str) -> None:
    assert not holds(KEY.public_key, MESSAGE, bytes.fromhex(point) + SIGNATURE[32:])


@pytest.mark.parametrize("point", SMALL_ORDER + NOT_CANONICAL)
def test_an_odd_point_is_never_enrolled(point: str) -> None:
    assert not is_enrollable(bytes.fromhex(point))


def test_a_key_with_a_part_of_small_order_is_never_enrolled() -> None:
    """Libraries judge its signatures differently. This one is ours plus the point of order two, negated."""
    y = int.from_bytes(KEY.public_key, "little") & (2**255 - 1)
    mixed = (2**255 - 19 - y) | (KEY.public_key[31] & 0x80) << 248

    assert not is_enrollable(mixed.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_never_enrolled_and_verifies_nothing(length: int) -> None:
    odd = (KEY.public_key * 2)[:length]

    assert not is_enrollable(odd)
    assert not holds(odd, MESSAGE, SIGNATURE)


def test_a_key_made_from_a_seed_can_be_enrolled() -> None:
    assert is_enrollable(KEY.public_key)


@pytest.mark.parametrize("cut", [0, 63])
def test_a_short_signature_does_not_hold(cut: int) -> None:
    assert not holds(KEY.public_key, MESSAGE, SIGNATURE[:cut])


def test_the_beginning_of_a_message_cannot_move_into_the_signature() -> None:
    assert not holds(KEY.public_key, MESSAGE[1:], SIGNATURE + MESSAGE[:1])


def test_a_refusal_names_the_key_and_not_the_message() -> None:
    with pytest.raises(SignatureInvalid, match=f"signature does not verify with key {KEY.key_id.hex()[:12]}"):
        verify(KEY.public_key, b"another", SIGNATURE)


def test_keys_for_signing_and_for_sealing_never_share_an_id() -> None:
    assert key_id(KEY.public_key).hex() == "225455f8723545755d6790616ea3636ab0afc440a67c9923107f3d8f1f8a4269"
    assert sealing_key_id(KEY.public_key).hex() == "d7130b1979aacebcbcb9eba14ebf080ef11440889bac3e32456f664a2b1d3971"


def test_a_signing_key_never_shows_what_is_secret() -> None:
    shown = repr(KEY)

    assert repr(KEY.secret) not in shown
    assert repr(KEY.seed)[2:-1] not in shown
    assert "secret" not in shown


def test_a_signing_key_remembers_its_seed() -> None:
    assert signing_key(KEY.seed) == KEY


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_seed_of_another_length_makes_no_key(length: int) -> None:
    with pytest.raises(ValueError, match=f"expected 32 bytes, found {length}"):
        signing_key(bytes(length))
