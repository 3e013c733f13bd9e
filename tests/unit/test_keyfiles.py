import json
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import pyrage
import pytest
from pyrage import x25519

from events.ids import Office
from hub.errors import HubError
from hub.keyfiles import (
    IDENTITY_FILE,
    Identity,
    KeyFileCorruptError,
    OfficeKeys,
    OfficeNameError,
    PassphraseWeakError,
    PassphraseWrongError,
    create_identity,
    generate_office_keys,
    key_file,
    public_record,
    read_all_keys,
    read_keys,
    unlock,
    write_keys,
)
from hub.private_files import (
    PrivateFileExistsError,
    PrivateFileExposedError,
    PrivateFileMissingError,
    PrivateFileUnusableError,
)

PASSPHRASE = "five invented words stand here"
RUILI, POLICE = Office("cn:blo-ruili"), Office("cn:ah-police")
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an identity and one office's keys; made once, for scrypt takes seconds."""
    folder = tmp_path_factory.mktemp("node") / "keys"
    write_keys(folder, create_identity(folder, PASSPHRASE), generate_office_keys(RUILI, CREATED))
    return folder


@pytest.fixture(scope="module")
def identity(locked: Path) -> Identity:
    return unlock(locked, PASSPHRASE)


@pytest.fixture
def folder(locked: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a copy of the folder, to be damaged."""
    copy = copytree(locked, tmp_path / "keys")
    yield copy
    copy.chmod(0o700)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def secrets_of(keys: OfficeKeys) -> list[str]:
    raw = (keys.signing.seed, keys.signing.secret, keys.sealing.private)
    return [form for secret in raw for form in (secret.hex(), repr(secret)[2:-1])]


def encrypted_to(identity: Identity, content: bytes) -> bytes:
    return bytes(pyrage.encrypt(content, [x25519.Recipient.from_str(identity.recipient)]))


def test_keys_read_back_as_they_were_written(folder: Path, identity: Identity) -> None:
    keys = generate_office_keys(POLICE, CREATED)

    write_keys(folder, identity, keys)

    assert read_keys(folder, identity, POLICE) == keys
    assert read_keys(folder, identity, POLICE).signing.seed == keys.signing.seed
    assert read_keys(folder, identity, POLICE).sealing.private == keys.sealing.private


def test_all_offices_of_a_node_open_with_one_identity(folder: Path, identity: Identity) -> None:
    write_keys(folder, identity, generate_office_keys(POLICE, CREATED))

    found = read_all_keys(folder, identity, (POLICE, RUILI))

    assert [keys.office for keys in found] == [POLICE, RUILI]


def test_only_the_owner_can_read_folder_and_files(locked: Path) -> None:
    assert mode_of(locked) == 0o700
    assert {mode_of(file) for file in locked.iterdir()} == {0o600}


def test_nothing_is_left_beside_the_files(locked: Path) -> None:
    assert sorted(file.name for file in locked.iterdir()) == ["cn-blo-ruili.key.age", "identity.age"]


def test_both_files_are_age_files(locked: Path) -> None:
    assert {file.read_bytes()[:22] for file in locked.iterdir()} == {b"age-encryption.org/v1\n"}


def test_another_passphrase_does_not_unlock(locked: Path) -> None:
    with pytest.raises(PassphraseWrongError, match=r"passphrase does not open .*identity\.age") as raised:
        unlock(locked, "another passphrase altogether")

    assert "another passphrase altogether" not in str(raised.value)


def test_an_identity_that_was_changed_is_corrupt(folder: Path) -> None:
    file = folder / IDENTITY_FILE
    raw = file.read_bytes()
    file.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))

    with pytest.raises(KeyFileCorruptError, match="was changed or cut off"):
        unlock(folder, PASSPHRASE)


@pytest.mark.parametrize("content", [b"", b"not an age file", b"age-encryption.org/v1\n-> X"])
def test_an_identity_that_is_no_age_file_is_corrupt(folder: Path, content: bytes) -> None:
    (folder / IDENTITY_FILE).write_bytes(content)

    with pytest.raises(KeyFileCorruptError):
        unlock(folder, PASSPHRASE)


@pytest.mark.parametrize("passphrase", ["", "eleven char"])
def test_a_short_passphrase_makes_no_identity(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(PassphraseWeakError, match="expected at least 12 characters"):
        create_identity(tmp_path / "keys", passphrase)

    assert not (tmp_path / "keys").exists()


def test_keys_are_never_written_over_others(folder: Path, identity: Identity) -> None:
    before = key_file(folder, RUILI).read_bytes()

    with pytest.raises(PrivateFileExistsError):
        write_keys(folder, identity, generate_office_keys(RUILI, CREATED))

    assert key_file(folder, RUILI).read_bytes() == before
    assert len(list(folder.iterdir())) == 2


def test_another_identity_does_not_open_the_keys(locked: Path) -> None:
    opened = x25519.Identity.generate()

    with pytest.raises(KeyFileCorruptError, match="does not open with the node's identity"):
        read_keys(locked, Identity(str(opened.to_public()), opened), RUILI)


@pytest.mark.parametrize("at", [0, 30, -1])
def test_keys_that_were_changed_are_corrupt(folder: Path, identity: Identity, at: int) -> None:
    raw = bytearray(key_file(folder, RUILI).read_bytes())
    raw[at] ^= 1
    key_file(folder, RUILI).write_bytes(raw)

    with pytest.raises(KeyFileCorruptError):
        read_keys(folder, identity, RUILI)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="no fields"),
        pytest.param(
            json.dumps(
                {"office": RUILI, "created": "2026-01-02", "sign_seed": "AAAA", "seal_private": "AAAA"}
            ).encode(),
            id="three bytes",
        ),
        pytest.param(
            json.dumps({"office": RUILI, "created": 5, "sign_seed": None, "seal_private": "?"}).encode(), id="types"
        ),
    ],
)
def test_a_file_that_holds_something_else_is_corrupt(folder: Path, identity: Identity, content: bytes) -> None:
    key_file(folder, RUILI).write_bytes(encrypted_to(identity, content))

    with pytest.raises(KeyFileCorruptError, match="holds no office keys"):
        read_keys(folder, identity, RUILI)


def test_an_error_about_the_content_does_not_carry_the_content(folder: Path, identity: Identity) -> None:
    key_file(folder, RUILI).write_bytes(encrypted_to(identity, b'{"sign_seed": "canary'))

    with pytest.raises(KeyFileCorruptError) as raised:
        read_keys(folder, identity, RUILI)

    assert "canary" not in str(raised.value)
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


def test_keys_of_another_office_are_not_taken(folder: Path, identity: Identity) -> None:
    key_file(folder, RUILI).rename(key_file(folder, POLICE))

    with pytest.raises(KeyFileCorruptError, match="holds the keys of another office, expected cn:ah-police"):
        read_keys(folder, identity, POLICE)


def test_a_missing_file_is_named(locked: Path, identity: Identity) -> None:
    with pytest.raises(PrivateFileMissingError, match=r"cn-ah-police\.key\.age is missing"):
        read_keys(locked, identity, POLICE)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrivateFileMissingError, match=r"folder .*nowhere is missing"):
        unlock(tmp_path / "nowhere", PASSPHRASE)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o755])
def test_a_folder_that_is_open_to_others_is_not_used(folder: Path, identity: Identity, mode: int) -> None:
    folder.chmod(mode)

    with pytest.raises(PrivateFileExposedError, match=f"expected mode 700, found {mode:o}"):
        read_keys(folder, identity, RUILI)
    with pytest.raises(PrivateFileExposedError, match=f"expected mode 700, found {mode:o}"):
        write_keys(folder, identity, generate_office_keys(POLICE, CREATED))


@pytest.mark.parametrize("name", ["", "cn", "../etc:x", "cn:../../x", "CN:blo-ruili", "cn:a/b", "cn:blo-ruili\n"])
def test_a_name_that_is_no_office_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(OfficeNameError):
        key_file(tmp_path, Office(name))


def test_nothing_secret_is_shown(locked: Path, identity: Identity) -> None:
    keys = read_keys(locked, identity, RUILI)
    shown = repr((keys, identity, public_record(keys)))

    assert not any(secret in shown for secret in secrets_of(keys))
    assert "AGE-SECRET-KEY" not in shown


def test_the_public_record_names_both_keys(locked: Path, identity: Identity) -> None:
    keys = read_keys(locked, identity, RUILI)

    assert public_record(keys) == {
        "office": "cn:blo-ruili",
        "created": "2026-01-02T03:04:05+00:00",
        "sign_public_key": keys.signing.public_key.hex(),
        "sign_key_id": keys.signing.key_id.hex(),
        "encrypt_public_key": keys.sealing.public_key.hex(),
        "encrypt_key_id": keys.sealing.key_id.hex(),
    }


def test_two_offices_never_share_keys() -> None:
    first, second = generate_office_keys(RUILI, CREATED), generate_office_keys(RUILI, CREATED)

    assert first.signing != second.signing
    assert first.sealing != second.sealing


@pytest.mark.parametrize(
    "kind",
    [
        KeyFileCorruptError,
        OfficeNameError,
        PassphraseWeakError,
        PassphraseWrongError,
        PrivateFileExistsError,
        PrivateFileExposedError,
        PrivateFileMissingError,
        PrivateFileUnusableError,
    ],
)
def test_every_error_has_a_hint_of_its_own(kind: type[HubError]) -> None:
    assert kind("message").hint not in ("", HubError("message").hint)
