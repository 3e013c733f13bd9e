"""Sealed parts: content that only the named readers can open, tied to one event.

    context    = SHA-256(Avro(origin, office, event id, type, schema SHA-256, readers' key ids in order))
    key        = BLAKE2b-256(context, key=content key, person="hub-evt-enc-v1")
    commitment = BLAKE2b-256(context, key=content key, person="hub-evt-com-v1")     stands in the signed header
    ciphertext = XChaCha20-Poly1305(key, nonce, content padded to 256 bytes, associated data = context)
    wrap       = sealed box for the reader's X25519 key over content key and context

The commitment gives every reader the same content; the context keeps ciphertext and wraps from being
attached to another event. Content key and nonce are drawn by the caller, for one event only; the sealed box
draws its own one-time key. There is no forward secrecy: a reader's stolen private key opens what was sealed to it.

Source: libsodium 1.0.20, "Sealed boxes", "XChaCha20-Poly1305", "Padding".
"""

from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import cast
from uuid import UUID

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_box_seal,
    crypto_box_seal_open,
    crypto_scalarmult,
    crypto_scalarmult_base,
    sodium_pad,
    sodium_unpad,
)
from nacl.exceptions import CryptoError

from events.codec import decode, encode, wire_schema
from events.errors import (
    AdmissionError,
    CiphertextInvalidError,
    CommitmentMismatchError,
    NotAReaderError,
    ReadersMismatchError,
    SealedPartError,
    SealedPartTooLargeError,
    WrapInvalidError,
)
from events.event import Header
from events.ids import Hash, KeyId, Office, short
from events.signing import sealing_key_id

CONTENT_KEY_BYTES = 32
NONCE_BYTES = 24
KEY_BYTES = 32
WRAP_BYTES = 112
TAG_BYTES = 16
BLOCK_BYTES = 256

CIPHERTEXT_BYTES_MAX = 1024 * 1024
"""Largest ciphertext."""

CONTENT_BYTES_MAX = (CIPHERTEXT_BYTES_MAX - TAG_BYTES) // BLOCK_BYTES * BLOCK_BYTES - 1
"""Largest content: its padding is at least one byte."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A private X25519 key of a reader; made by `sealing_key`, shown by its public key only."""

    public_key: bytes
    key_id: KeyId = field(repr=False)
    private: bytes = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Context:
    """The event a sealed part belongs to, and the key ids of its readers, in ascending order."""

    origin: str
    office: Office
    event_id: UUID
    type: str
    schema_sha256: Hash
    readers: tuple[KeyId, ...]

    @property
    def digest(self) -> Hash:
        """SHA-256 of the context's only Avro encoding."""
        return Hash(sha256(_avro(self)).digest())


@dataclass(frozen=True, slots=True)
class Wrap:
    """The content key for one reader."""

    key_id: KeyId
    wrap: bytes


@dataclass(frozen=True, slots=True)
class SealedPart:
    """What travels beside an event: ciphertext, and a wrap for each reader in the order of their key ids."""

    nonce: bytes
    ciphertext: bytes
    wraps: tuple[Wrap, ...]


def sealing_key(private: bytes) -> SealingKey:
    """Return the key of 32 random bytes.

    Raises:
        ValueError: there are not 32 of them.
    """
    _require_length(private, KEY_BYTES, "private key")
    public_key = crypto_scalarmult_base(private)
    return SealingKey(public_key, sealing_key_id(public_key), private)


def is_sealable(public_key: bytes) -> bool:
    """Return whether content can be sealed to a public key: 32 bytes, not a point of small order."""
    if len(public_key) != KEY_BYTES:
        return False
    try:
        crypto_scalarmult(b"\x01" * KEY_BYTES, public_key)
    except CryptoError:
        return False
    return True


def context_of(header: Header) -> Context:
    """Return the context that an event's signed header gives to its sealed part.

    Raises:
        ReadersMismatchError: the event has no sealed part.
    """
    if header.sealed is None:
        message = f"event {header.event_id} has no sealed part"
        raise ReadersMismatchError(message)
    keys = header.sealed.recipient_keys
    return Context(header.origin, header.office, header.event_id, header.type, header.schema_sha256, keys)


def key_commitment(content_key: bytes, context: Context) -> Hash:
    """Return what the header says about the content key, so that there can be no second one."""
    return Hash(_derived(content_key, context.digest, b"hub-evt-com-v1"))


def seal(
    content: bytes, context: Context, readers: tuple[bytes, ...], *, content_key: bytes, nonce: bytes
) -> SealedPart:
    """Return *content* sealed to the X25519 public keys of its readers.

    Content key (32 bytes) and nonce (24 bytes) must be random and never used again.

    Raises:
        SealedPartTooLargeError: the content is over 1 MiB less tag and padding.
        ReadersMismatchError: the keys are not those of the context.
        ValueError: a length is wrong, or a public key is unusable.
    """
    _require_length(content_key, CONTENT_KEY_BYTES, "content key")
    _require_length(nonce, NONCE_BYTES, "nonce")
    if len(content) > CONTENT_BYTES_MAX:
        message = f"sealed content is too large: expected at most {CONTENT_BYTES_MAX} bytes, found {len(content)}"
        raise SealedPartTooLargeError(message)
    by_id = {sealing_key_id(key): key for key in readers}
    _require_readers(tuple(sorted(by_id)), context)
    digest = context.digest
    padded = sodium_pad(content, BLOCK_BYTES)
    key = _derived(content_key, digest, b"hub-evt-enc-v1")
    ciphertext = crypto_aead_xchacha20poly1305_ietf_encrypt(padded, digest, nonce, key)
    wraps = (Wrap(name, _wrapped(content_key + digest, by_id[name])) for name in context.readers)
    return SealedPart(nonce, ciphertext, tuple(wraps))


def open_sealed(part: SealedPart, context: Context, commitment: Hash, key: SealingKey) -> bytes:
    """Return the content, as one of its readers; *context* and *commitment* come from the verified header.

    Raises:
        ReadersMismatchError, NotAReaderError, WrapInvalidError, CommitmentMismatchError,
        CiphertextInvalidError: the first of these checks that fails, in this order.
    """
    # (1) the wraps are for the readers that the header names
    _require_readers(tuple(each.key_id for each in part.wraps), context)
    # (2) one of them is for us, and (3) was made for this event
    content_key = _unwrapped(_wrap_for(part, key), context.digest, key)
    # (4) every reader was given this content key
    if key_commitment(content_key, context) != commitment:
        message = f"content key of event {context.event_id} is not the one its header commits to"
        raise CommitmentMismatchError(message)
    # (5) the ciphertext is this event's, unchanged
    return _decrypted(part, context, content_key)


def sealed_bytes(part: SealedPart) -> bytes:
    """Return a sealed part as it travels: single-object encoding of the wire record SealedPart."""
    wraps = [{"key_id": each.key_id, "wrap": each.wrap} for each in part.wraps]
    return encode(wire_schema("SealedPart"), {"nonce": part.nonce, "ciphertext": part.ciphertext, "wraps": wraps})


def parse_sealed(raw: bytes) -> SealedPart:
    """Return the sealed part in a record's bytes.

    Raises:
        SealedPartError: the bytes are not one in canonical form.
    """
    try:
        record = decode(wire_schema("SealedPart"), raw)
    except AdmissionError as error:
        message = f"record of {len(raw)} bytes is not a sealed part: {error}"
        raise SealedPartError(message) from error
    wraps = tuple(Wrap(**row) for row in cast("list[dict[str, KeyId]]", record["wraps"]))
    return SealedPart(cast("bytes", record["nonce"]), cast("bytes", record["ciphertext"]), wraps)


def sealed_digest(raw: bytes) -> Hash:
    """Return what the header says about a sealed part's exact bytes: their SHA-256."""
    return Hash(sha256(raw).digest())


def _derived(content_key: bytes, digest: Hash, person: bytes) -> bytes:
    return blake2b(digest, digest_size=32, key=content_key, person=person).digest()


def _wrapped(secret: bytes, public_key: bytes) -> bytes:
    if not is_sealable(public_key):
        message = f"public key {short(sealing_key_id(public_key))} cannot be sealed to"
        raise ValueError(message)
    return crypto_box_seal(secret, public_key)


def _wrap_for(part: SealedPart, key: SealingKey) -> bytes:
    for each in part.wraps:
        if each.key_id == key.key_id:
            return each.wrap
    message = f"sealed part has no wrap for key {short(key.key_id)}"
    raise NotAReaderError(message)


def _unwrapped(wrap: bytes, digest: Hash, key: SealingKey) -> bytes:
    message = f"wrap for key {short(key.key_id)} does not open"
    if len(wrap) != WRAP_BYTES:
        raise WrapInvalidError(message)
    try:
        secret = crypto_box_seal_open(wrap, key.public_key, key.private)
    except CryptoError as error:
        raise WrapInvalidError(message) from error
    if secret[CONTENT_KEY_BYTES:] != digest:
        message = f"wrap for key {short(key.key_id)} was made for another event"
        raise WrapInvalidError(message)
    return secret[:CONTENT_KEY_BYTES]


def _decrypted(part: SealedPart, context: Context, content_key: bytes) -> bytes:
    message = f"ciphertext of event {context.event_id} does not open"
    # libsodium takes shorter ones for an error of ours
    if len(part.nonce) != NONCE_BYTES or not TAG_BYTES <= len(part.ciphertext) <= CIPHERTEXT_BYTES_MAX:
        raise CiphertextInvalidError(message)
    digest = context.digest
    key = _derived(content_key, digest, b"hub-evt-enc-v1")
    try:
        padded = crypto_aead_xchacha20poly1305_ietf_decrypt(part.ciphertext, digest, part.nonce, key)
        return sodium_unpad(padded, BLOCK_BYTES)
    except CryptoError as error:
        raise CiphertextInvalidError(message) from error


def _avro(context: Context) -> bytes:
    """Return the fields as an Avro record: strings, fixed 16 and 32, one array block of fixed 32."""
    keys = b"".join(context.readers)
    count = _avro_count(len(context.readers)) if context.readers else b""
    strings = (_avro_string(context.origin), _avro_string(context.office))
    return b"".join(
        (*strings, context.event_id.bytes, _avro_string(context.type), context.schema_sha256, count, keys, b"\x00")
    )


def _avro_string(text: str) -> bytes:
    raw = text.encode()
    return _avro_count(len(raw)) + raw


def _avro_count(value: int) -> bytes:
    rest, found = value << 1, b""  # zigzag: the lowest bit is the sign
    while rest >> 7:
        rest, found = rest >> 7, found + bytes([rest & 0x7F | 0x80])
    return found + bytes([rest])


def _require_readers(found: tuple[KeyId, ...], context: Context) -> None:
    if found != context.readers or found != tuple(sorted(set(found))):
        message = f"readers of event {context.event_id}: expected {_names(context.readers)}, found {_names(found)}"
        raise ReadersMismatchError(message)


def _names(keys: tuple[KeyId, ...]) -> str:
    return ", ".join(map(short, keys)) or "none"


def _require_length(raw: bytes, expected: int, what: str) -> None:
    if len(raw) != expected:
        message = f"{what} has the wrong length: expected {expected} bytes, found {len(raw)}"
        raise ValueError(message)
