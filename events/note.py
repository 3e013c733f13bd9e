"""Signed notes: a text and lines of signatures under it, strictly read.

    <text ending in a line feed>
    <empty line>
    — <key name> <base64 of the 4-byte key hash and the signature>

Stricter than the format asks for: one way only to write each note, at most 64 KiB, no pair of key
name and key hash twice. The key hash only finds a key; it is four bytes and protects nothing.

Source: c2sp.org/signed-note v1.0.0; c2sp.org/tlog-cosignature v1.0.1 for the kinds of keys.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256

from events.errors import NoteInvalidError
from events.signing import PUBLIC_KEY_BYTES, is_enrollable

NOTE_BYTES_MAX = 64 * 1024
SIGNATURES_MAX = 64
KEY_HASH_BYTES = 4

DASH = "\N{EM DASH}"

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_HASH = re.compile(r"[0-9a-f]{8}")


class KeyKind(IntEnum):
    """What a key of a note signs; its number is the first byte of a key text's base64."""

    NOTE = 1
    """Ed25519 over the note's text: how a log signs."""

    COSIGNATURE = 4
    """Ed25519 over a time and the note's text: how a witness signs."""


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key under a name, for one kind of signature."""

    name: str
    kind: KeyKind
    public_key: bytes

    @property
    def key_hash(self) -> bytes:
        """The first 4 bytes of SHA-256 over name, line feed, kind and public key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key).digest()[:KEY_HASH_BYTES]


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line; *signature* is 64 bytes, or 72 with the time of a cosignature before it."""

    name: str
    key_hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a line feed, and its signatures in the order of their lines."""

    text: str
    signatures: tuple[NoteSignature, ...]


def format_key(key: NoteKey) -> str:
    """Return a key as one word: name, key hash and base64 of kind and public key, with ``+`` between."""
    return f"{key.name}+{key.key_hash.hex()}+{_base64(bytes([key.kind]) + key.public_key)}"


def parse_key(text: str) -> NoteKey:
    """Return the key that `format_key` writes as *text*.

    Raises:
        NoteInvalidError: bad name, hash, base64 or kind, or a point that is never enrolled.
    """
    name, _, rest = text.partition("+")
    key_hash, _, encoded = rest.partition("+")
    _require(is_key_name(name), "key text has no valid name")
    raw = _from_base64(encoded, "public key")
    kinds = {int(kind): kind for kind in KeyKind}
    _require(len(raw) == 1 + PUBLIC_KEY_BYTES, f"key {name} has {len(raw)} bytes, expected {1 + PUBLIC_KEY_BYTES}")
    _require(raw[0] in kinds, f"key {name} is of kind {raw[0]}, expected one of {sorted(kinds)}")
    key = NoteKey(name, kinds[raw[0]], raw[1:])
    found = key_hash if _KEY_HASH.fullmatch(key_hash) else "no hash"
    _require(found == key.key_hash.hex(), f"key {name}: expected hash {key.key_hash.hex()}, found {found}")
    _require(is_enrollable(key.public_key), f"key {name} is not a point of prime order")
    return key


def format_note(note: Note) -> bytes:
    """Return a note's bytes.

    Raises:
        NoteInvalidError: `parse_note` would refuse them.
    """
    lines = (f"{DASH} {each.name} {_base64(each.key_hash + each.signature)}\n" for each in note.signatures)
    raw = f"{note.text}\n{''.join(lines)}".encode()
    _require(parse_note(raw) == note, "note does not read back as it was")
    return raw


def parse_note(raw: bytes) -> Note:
    """Return the note in some bytes, its signatures still to be verified.

    Raises:
        NoteInvalidError: the bytes are not a note under our strict profile.
    """
    # before anything that takes time or memory in proportion
    _require(len(raw) <= NOTE_BYTES_MAX, f"note has {len(raw)} bytes, expected at most {NOTE_BYTES_MAX}")
    whole = _utf8(raw)
    _require(_CONTROL.search(whole) is None, "note has a control character")
    text, blank, rest = whole.rpartition("\n\n")
    _require(bool(blank) and rest.endswith("\n"), "note has no signature lines, or no line feed at its end")
    lines = rest[:-1].split("\n")
    _require(len(lines) <= SIGNATURES_MAX, f"note has {len(lines)} signatures, expected at most {SIGNATURES_MAX}")
    signatures = tuple(map(_parse_signature, lines))
    pairs = {(each.name, each.key_hash) for each in signatures}
    _require(len(pairs) == len(signatures), "note has two signatures of one key")
    return Note(text + "\n", signatures)


def is_key_name(name: str) -> bool:
    """Return whether a name can stand in a signature line: not empty, no space, no ``+``, no control character."""
    return bool(name) and "+" not in name and not any(map(str.isspace, name)) and _CONTROL.search(name) is None


def _parse_signature(line: str) -> NoteSignature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    _require(dash == DASH and is_key_name(name), "signature line is not a dash, a name and base64")
    raw = _from_base64(encoded, f"signature of {name}")
    _require(len(raw) > KEY_HASH_BYTES, f"signature of {name} is empty")
    return NoteSignature(name, raw[:KEY_HASH_BYTES], raw[KEY_HASH_BYTES:])


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        message = "note is not UTF-8"
        raise NoteInvalidError(message) from error


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()


def _from_base64(text: str, what: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        message = f"{what} is not base64"
        raise NoteInvalidError(message) from error
    # the last digit before the padding has bits that no byte uses: only zero is canonical
    _require(_base64(raw) == text, f"{what} is not canonical base64")
    return raw


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - a statement to check, not a switch
    if not condition:
        raise NoteInvalidError(message)
