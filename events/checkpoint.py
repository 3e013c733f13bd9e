"""Checkpoints: how long the ledger is and what its root is, signed by the log and cosigned by witnesses.

    <origin>
    <tree size, decimal>
    <base64 of the root hash>

Exactly these three lines: no extension lines, no second way to write a number or a hash.

Source: c2sp.org/tlog-checkpoint v1.0.0; c2sp.org/tlog-cosignature v1.0.1.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass

from events.errors import NoteInvalidError, SignatureInvalid
from events.ids import Hash, TreeSize
from events.merkle import EMPTY_ROOT, HASH_BYTES
from events.note import KeyKind, Note, NoteKey, NoteSignature, is_key_name, parse_note
from events.signing import SIGNATURE_BYTES, SigningKey, sign, verify

INTEGER_END = 2**63
"""Sizes and times are below this."""

TIME_BYTES = 8

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a ledger: its name, its number of leaves and their root."""

    origin: str
    size: TreeSize
    root: Hash


@dataclass(frozen=True, slots=True)
class Verified:
    """A key whose signature on a note holds; *signed_at* is a witness's claim in POSIX seconds, None for a log."""

    key: NoteKey
    signed_at: int | None


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log's signature holds, and the cosignatures on it that hold."""

    checkpoint: Checkpoint
    cosignatures: tuple[Verified, ...]


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """Return the text that is signed.

    Raises:
        NoteInvalidError: `parse_checkpoint` would refuse it.
    """
    text = f"{checkpoint.origin}\n{checkpoint.size:d}\n{b64encode(checkpoint.root).decode()}\n"
    _require(parse_checkpoint(text) == checkpoint, "checkpoint does not read back as it was")
    return text


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint in a note's text.

    Raises:
        NoteInvalidError: not exactly three lines, or a line is not in its only form.
    """
    lines = text.split("\n")
    _require(len(lines) == len(("origin", "size", "root", "")), f"checkpoint has {len(lines) - 1} lines, expected 3")
    origin, size, root, rest = lines
    _require(rest == "", "checkpoint has no line feed at its end")
    _require(is_key_name(origin), "checkpoint has no valid origin")
    found = Checkpoint(origin, TreeSize(_decimal(size)), _root(root))
    _require(found.size > 0 or found.root == EMPTY_ROOT, "checkpoint of no leaves has a root of some")
    return found


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> NoteSignature:
    """Return the log's signature; the log's key has the origin as its name."""
    named = NoteKey(checkpoint.origin, KeyKind.NOTE, key.public_key)
    return NoteSignature(named.name, named.key_hash, sign(key, format_checkpoint(checkpoint).encode()))


def cosign_checkpoint(checkpoint: Checkpoint, key: SigningKey, name: str, *, signed_at: int) -> NoteSignature:
    """Return a witness's cosignature: "at that time this was the largest tree I knew of, and it is consistent".

    The message does not name the witness, so a key is only ever one witness's.

    Raises:
        NoteInvalidError: *signed_at*, in POSIX seconds, is not in ``0 < signed_at < 2**63``.
    """
    _require(0 < signed_at < INTEGER_END, f"cosignature time {signed_at} is outside 1 to 2**63 - 1")
    named = NoteKey(name, KeyKind.COSIGNATURE, key.public_key)
    signature = sign(key, cosigned_message(format_checkpoint(checkpoint), signed_at))
    return NoteSignature(name, named.key_hash, signed_at.to_bytes(TIME_BYTES) + signature)


def cosigned_message(text: str, signed_at: int) -> bytes:
    """Return what a witness signs over a checkpoint's text."""
    return f"cosignature/v1\ntime {signed_at:d}\n{text}".encode()


def verify_note(note: Note, keys: Sequence[NoteKey]) -> tuple[Verified, ...]:
    """Return which of the given keys signed a note, in the order of its lines; unknown signers are passed over.

    Raises:
        NoteInvalidError: none of the keys signed, a signature of one of them does not hold, or two of the
            keys cannot be told apart.
    """
    check_distinct(keys)
    known = {(key.name, key.key_hash): key for key in keys}
    pairs = ((known.get((each.name, each.key_hash)), each.signature) for each in note.signatures)
    found = tuple(_verified(note.text, key, signature) for key, signature in pairs if key is not None)
    _require(bool(found), "note is not signed by a known key")
    return found


def open_checkpoint(raw: bytes, log: NoteKey, witnesses: Sequence[NoteKey]) -> SignedCheckpoint:
    """Return the checkpoint in a note's bytes, signed by its log, with the cosignatures that hold.

    Whether these are enough, and fresh enough, is the caller's to decide (`timely`).

    Raises:
        NoteInvalidError: not a strict note, another origin, no signature of the log, or one that does not hold.
    """
    note = parse_note(raw)
    verified = verify_note(note, (log, *witnesses))
    checkpoint = parse_checkpoint(note.text)
    _require(checkpoint.origin == log.name, f"origin: expected {log.name}, found {checkpoint.origin}")
    _require(log in (each.key for each in verified), f"checkpoint is not signed by {log.name}")
    return SignedCheckpoint(checkpoint, tuple(each for each in verified if each.key != log))


def timely(cosignatures: Sequence[Verified], *, earliest: int, latest: int) -> tuple[Verified, ...]:
    """Return the cosignatures made from *earliest* to *latest*, POSIX seconds, both included: those that count."""
    return tuple(each for each in cosignatures if each.signed_at is not None and earliest <= each.signed_at <= latest)


def check_distinct(keys: Sequence[NoteKey]) -> None:
    """Return if the keys are different ones, whatever their names and kinds.

    Raises:
        NoteInvalidError: one public key stands for two signers, or two keys share name and key hash.
    """
    # one public key under two names would count as two witnesses
    _require(len({key.public_key for key in keys}) == len(keys), "one public key is given for two signers")
    _require(len({(key.name, key.key_hash) for key in keys}) == len(keys), "two keys have one name and key hash")


def _verified(text: str, key: NoteKey, signature: bytes) -> Verified:
    signed_at = None if key.kind is KeyKind.NOTE else int.from_bytes(signature[:TIME_BYTES])
    length = SIGNATURE_BYTES + (0 if signed_at is None else TIME_BYTES)
    _require(len(signature) == length, f"signature of {key.name}: expected {length} bytes, found {len(signature)}")
    in_range = signed_at is None or 0 < signed_at < INTEGER_END
    _require(in_range, f"cosignature of {key.name} has a time outside 1 to 2**63 - 1")
    message = text.encode() if signed_at is None else cosigned_message(text, signed_at)
    try:
        verify(key.public_key, message, signature[-SIGNATURE_BYTES:])
    except SignatureInvalid as error:
        message_text = f"signature of {key.name} does not hold"
        raise NoteInvalidError(message_text) from error
    return Verified(key, signed_at)


def _decimal(text: str) -> int:
    # int() would take signs, spaces, underscores, leading zeros and other scripts' digits
    valid = _DECIMAL.fullmatch(text) is not None and int(text) < INTEGER_END
    _require(valid, "tree size is not a decimal number below 2**63 without leading zeros")
    return int(text)


def _root(text: str) -> Hash:
    try:
        raw = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        message = "root is not base64"
        raise NoteInvalidError(message) from error
    _require(len(raw) == HASH_BYTES and b64encode(raw).decode() == text, "root is not 32 bytes in canonical base64")
    return Hash(raw)


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - a statement to check, not a switch
    if not condition:
        raise NoteInvalidError(message)
