"""An age file under a passphrase: opened by somebody else's program, and by nothing but the passphrase."""

import pyrage
import pytest

from events.passphrase import CHUNK_BYTES, WORK_FACTOR, with_passphrase

CONTENT = b"EXERCISE identity"
FIXED = {"salt": bytes(16), "file_key": bytes(range(16)), "nonce": bytes(range(16, 32))}


def test_an_independent_program_opens_it() -> None:
    file = with_passphrase(CONTENT, "five plain random words here", **FIXED)

    assert pyrage.passphrase.decrypt(file, "five plain random words here") == CONTENT


def test_another_passphrase_does_not_open_it() -> None:
    file = with_passphrase(CONTENT, "five plain random words here", **FIXED)

    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(file, "five plain random words there")


@pytest.mark.parametrize("at", [30, 60, 120, 150, -1])
def test_a_changed_byte_is_found(at: int) -> None:
    file = bytearray(with_passphrase(CONTENT, "five plain random words here", **FIXED))
    file[at] ^= 1

    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(bytes(file), "five plain random words here")


def test_the_work_factor_does_not_depend_on_the_machine() -> None:
    stanza = with_passphrase(CONTENT, "five plain random words here", **FIXED).splitlines()[1]

    assert stanza.split()[-1] == str(WORK_FACTOR).encode()


def test_more_than_one_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at most {CHUNK_BYTES} bytes, found {CHUNK_BYTES + 1}"):
        with_passphrase(bytes(CHUNK_BYTES + 1), "five plain random words here", **FIXED)
