import pytest

from events.sealing import is_sealable, sealing_key

KEY = sealing_key(b"\x01" * 32)

X25519_SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


@pytest.mark.parametrize("point", X25519_SMALL_ORDER)
def test_nothing_is_sealed_to_a_point_of_small_order(point: str) -> None:
    assert not is_sealable(bytes.fromhex(point))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_nothing_is_sealed_to_a_key_of_another_length(length: int) -> None:
    assert not is_sealable((KEY.public_key * 2)[:length])


def test_every_generated_key_can_be_sealed_to() -> None:
    assert all(is_sealable(sealing_key(bytes([number]) * 32).public_key) for number in range(20))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_private_key_of_another_length_makes_no_key(length: int) -> None:
    with pytest.raises(ValueError, match=f"expected 32 bytes, found {length}"):
        sealing_key(bytes(length))


def test_a_sealing_key_never_shows_what_is_secret() -> None:
    assert repr(KEY.private)[2:-1] not in repr(KEY)
    assert "private" not in repr(KEY)
