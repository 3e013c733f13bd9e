"""Key files: the private keys of a node's offices, as age files under one passphrase.

    identity.age                an age identity, encrypted with the node's passphrase
    <office, - for :>.key.age   JSON: office, created, sign_seed and seal_private (base64), encrypted to that identity

The passphrase costs half a second of scrypt; it is paid once for all offices. The `age` program opens
both: `age -d identity.age > identity`, then `age -d -i identity cn-blo-ruili.key.age`.

Source: age-encryption.org/v1.
"""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyrage
from pyrage import passphrase as age_passphrase
from pyrage import x25519

from events.ids import Office, is_office
from events.passphrase import FILE_KEY_BYTES, NONCE_BYTES, SALT_BYTES, with_passphrase
from events.sealing import KEY_BYTES, SealingKey, sealing_key
from events.signing import SEED_BYTES, SigningKey, signing_key
from hub.errors import HubError
from hub.private_files import make_private_folder, read_private, require_private_folder, write_private

IDENTITY_FILE = "identity.age"
KEY_SUFFIX = ".key.age"

PASSPHRASE_CHARACTERS_MIN = 12
"""A stolen identity file can be guessed at for years."""

FILE_VARIABLE = "HUB_PASSPHRASE_FILE"
"""Environment variable that names the passphrase's file."""

# what the age library says; whatever else it says is about the file
_SAID_IF_WRONG = "Decryption failed"
_SAID_IF_BUSY = "Excessive work parameter"
_HEADER = b"age-encryption.org/v1\n"


class PassphraseWrongError(HubError):
    """Check the passphrase, and that it is this node's."""


class PassphraseWeakError(HubError):
    """Choose at least twelve characters, for example five random words."""


class TooMuchWorkError(HubError):
    """Try again when the machine is less busy; `age -p` made this file with a high work factor."""


class KeyFileCorruptError(HubError):
    """Restore the file from the backup; if there is none, enrol new keys with the agency's roots."""


class OfficeNameError(HubError):
    """Write the office as <agency>:<office>, for example cn:blo-ruili."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The opened identity of a node: what opens its offices' key files. Shown by its recipient only."""

    recipient: str
    opened: x25519.Identity = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class OfficeKeys:
    """An office's private keys; *created* is in UTC."""

    office: Office
    signing: SigningKey
    sealing: SealingKey
    created: datetime


def create_identity(folder: Path, passphrase: str) -> Identity:
    """Return a new identity, written to *folder* under a passphrase; takes about half a second.

    Raises:
        PassphraseWeakError: the passphrase has fewer than twelve characters.
        PrivateFileExistsError: the folder has an identity already.
    """
    _require_strong(passphrase)
    make_private_folder(folder)
    opened = x25519.Identity.generate()
    salt, file_key, nonce = (secrets.token_bytes(size) for size in (SALT_BYTES, FILE_KEY_BYTES, NONCE_BYTES))
    content = with_passphrase(f"{opened}\n".encode(), passphrase, salt=salt, file_key=file_key, nonce=nonce)
    write_private(folder / IDENTITY_FILE, content)
    return _identity(opened)


def unlock(folder: Path, passphrase: str) -> Identity:
    """Return the identity in *folder*, opened with the passphrase; takes about half a second.

    Raises:
        PassphraseWrongError: it is another one.
        KeyFileCorruptError: the file is not what `create_identity` wrote.
        PrivateFileMissingError, PrivateFileExposedError, PrivateFileUnusableError: see `hub.private_files`.
    """
    file = folder / IDENTITY_FILE
    content = _opened_with_passphrase(file, _read_file(file), passphrase)
    opened = _parsed_identity(content)
    if opened is None:
        raise _corrupt(file, "holds no identity")
    return _identity(opened)


def generate_office_keys(office: Office, created: datetime) -> OfficeKeys:
    """Return new random keys for an office, not yet written anywhere."""
    _require_office(office)
    signing, sealing = signing_key(secrets.token_bytes(SEED_BYTES)), sealing_key(secrets.token_bytes(KEY_BYTES))
    return OfficeKeys(office, signing, sealing, created.astimezone(UTC))


def write_keys(folder: Path, identity: Identity, keys: OfficeKeys) -> Path:
    """Return the file to which an office's keys were written; never replaces one.

    Raises:
        PrivateFileExistsError: the office has a key file already.
    """
    recipient = x25519.Recipient.from_str(identity.recipient)
    file = key_file(folder, keys.office)
    write_private(file, pyrage.encrypt(_written(keys), [recipient]))
    return file


def read_keys(folder: Path, identity: Identity, office: Office) -> OfficeKeys:
    """Return an office's keys.

    Raises:
        KeyFileCorruptError: the file does not open with this identity, or holds another office's keys.
        PrivateFileMissingError, PrivateFileExposedError, PrivateFileUnusableError: see `hub.private_files`.
    """
    file = key_file(folder, office)
    raw = _read_file(file)
    try:
        content = pyrage.decrypt(raw, [identity.opened])
    except pyrage.DecryptError:
        raise _corrupt(file, "does not open with the node's identity") from None
    found = _parsed_keys(content)
    if found is None:
        raise _corrupt(file, "holds no office keys")
    if found.office != office:
        raise _corrupt(file, f"holds the keys of another office, expected {office}")
    return found


def read_all_keys(folder: Path, identity: Identity, offices: tuple[Office, ...]) -> tuple[OfficeKeys, ...]:
    """Return the keys of several offices, in their order; raises as `read_keys`."""
    return tuple(read_keys(folder, identity, office) for office in offices)


def key_file(folder: Path, office: Office) -> Path:
    """Return where an office's keys are.

    Raises:
        OfficeNameError: *office* is not the name of one.
    """
    _require_office(office)
    return folder / f"{office.replace(':', '-')}{KEY_SUFFIX}"


def public_record(keys: OfficeKeys) -> dict[str, str]:
    """Return what the agency's roots need in order to enrol an office's keys: hexadecimal, nothing secret."""
    return {
        "office": keys.office,
        "created": keys.created.isoformat(),
        "sign_public_key": keys.signing.public_key.hex(),
        "sign_key_id": keys.signing.key_id.hex(),
        "encrypt_public_key": keys.sealing.public_key.hex(),
        "encrypt_key_id": keys.sealing.key_id.hex(),
    }


def read_passphrase(file: Path | None, environment: Mapping[str, str]) -> str | None:
    """Return the passphrase in *file*, else in the one HUB_PASSPHRASE_FILE names; None if neither is given.

    The environment never carries the passphrase itself: other programs can see it there.

    Raises:
        PassphraseWrongError: the file is empty or not text.
        PrivateFileMissingError, PrivateFileExposedError, PrivateFileUnusableError: see `hub.private_files`.
    """
    named = environment.get(FILE_VARIABLE)
    chosen = file or (Path(named) if named else None)
    if chosen is None:
        return None
    try:
        text = read_private(chosen).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text:
        message = f"file {chosen} holds no passphrase"
        raise PassphraseWrongError(message)
    return text


def _identity(opened: x25519.Identity) -> Identity:
    return Identity(str(opened.to_public()), opened)


def _opened_with_passphrase(file: Path, content: bytes, passphrase: str) -> bytes:
    if not content.startswith(_HEADER):
        raise _corrupt(file, "is not an age file")
    try:
        return bytes(age_passphrase.decrypt(content, passphrase))
    except pyrage.DecryptError as error:
        if str(error) == _SAID_IF_WRONG:
            message = f"passphrase does not open {file}"
            raise PassphraseWrongError(message) from None
        if str(error).startswith(_SAID_IF_BUSY):
            message = f"{file} needs more work than this machine can do now"
            raise TooMuchWorkError(message) from None
        raise _corrupt(file, "was changed or cut off") from None


def _written(keys: OfficeKeys) -> bytes:
    record = {
        "office": keys.office,
        "created": keys.created.isoformat(),
        "sign_seed": b64encode(keys.signing.seed).decode(),
        "seal_private": b64encode(keys.sealing.private).decode(),
    }
    return json.dumps(record, indent=1).encode()


# Both parsers answer None rather than raise: an exception would carry what was decrypted.


def _parsed_identity(content: bytes) -> x25519.Identity | None:
    try:
        return x25519.Identity.from_str(content.decode().strip())
    except (pyrage.IdentityError, UnicodeDecodeError):
        return None


def _parsed_keys(content: bytes) -> OfficeKeys | None:
    try:
        record = json.loads(content)
        signing = signing_key(b64decode(record["sign_seed"], validate=True))
        sealing = sealing_key(b64decode(record["seal_private"], validate=True))
        return OfficeKeys(record["office"], signing, sealing, datetime.fromisoformat(record["created"]))
    except (ValueError, KeyError, TypeError):
        return None


def _read_file(file: Path) -> bytes:
    require_private_folder(file.parent)
    return read_private(file)


def _corrupt(file: Path, what: str) -> KeyFileCorruptError:
    message = f"key file {file} {what}"
    return KeyFileCorruptError(message)


def _require_strong(passphrase: str) -> None:
    if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
        message = f"passphrase is too short: expected at least {PASSPHRASE_CHARACTERS_MIN} characters"
        raise PassphraseWeakError(message)


def _require_office(office: str) -> None:
    if not is_office(office):
        message = f"{office!r} is not the name of an office"
        raise OfficeNameError(message)
