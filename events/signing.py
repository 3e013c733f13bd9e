"""Ed25519 over DSSE's pre-authentication encoding, by libsodium's acceptance rule.

The rule is part of the ledger's rules: whoever checks it must accept and refuse the same signatures.
libsodium refuses S and encodings that are not canonical, and A and R of small order.

Source: DSSE protocol 1.0.2; RFC 8032; libsodium, ``crypto_sign_verify_detached``.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError

from events.errors import SignatureInvalid
from events.ids import Hash, KeyId, short

EVENT_PAYLOAD_TYPE = "application/vnd.liaison.event.v1+avro"
"""What an office signs: the DSSE PAE of this type and the event's bytes."""

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
SEED_BYTES = 32

_ED25519 = b"\x01"
_X25519 = b"\x02"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private Ed25519 key; made from its seed by `signing_key`, shown by its key id only."""

    public_key: bytes
    key_id: KeyId = field(repr=False)
    secret: bytes = field(repr=False, compare=False)

    @property
    def seed(self) -> bytes:
        """The 32 bytes the key was made from: what a key file keeps."""
        return self.secret[:SEED_BYTES]


def signing_key(seed: bytes) -> SigningKey:
    """Return the key of a 32-byte seed.

    Raises:
        ValueError: the seed has another length.
    """
    if len(seed) != SEED_BYTES:
        message = f"seed has the wrong length: expected {SEED_BYTES} bytes, found {len(seed)}"
        raise ValueError(message)
    public_key, secret = crypto_sign_seed_keypair(seed)
    return SigningKey(public_key, key_id(public_key), secret)


def key_id(public_key: bytes) -> KeyId:
    """Return a signing key's id: SHA-256 of the byte 01 and the public key."""
    return KeyId(sha256(_ED25519 + public_key).digest())


def sealing_key_id(public_key: bytes) -> KeyId:
    """Return an encryption key's id: SHA-256 of the byte 02 and the X25519 public key."""
    return KeyId(sha256(_X25519 + public_key).digest())


def pae(payload_type: str, body: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: what is signed for a typed body."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def event_message(event: bytes) -> bytes:
    """Return what an office signs over an event's exact bytes."""
    return pae(EVENT_PAYLOAD_TYPE, event)


def event_digest(event: bytes) -> Hash:
    """Return an event's digest: SHA-256 of what is signed, so that a second signature makes no second event."""
    return Hash(sha256(event_message(event)).digest())


def sign(key: SigningKey, message: bytes) -> bytes:
    """Return the 64-byte signature of a message."""
    return crypto_sign(message, key.secret)[:SIGNATURE_BYTES]


def verify(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Return if libsodium accepts the signature.

    Raises:
        SignatureInvalid: it does not, or key or signature have the wrong length.
    """
    # libsodium reads 32 bytes of key whatever it is given, and would take the end of
    # a long signature for the beginning of the message.
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        text = f"expected a key of 32 and a signature of 64 bytes, found {len(public_key)} and {len(signature)}"
        raise SignatureInvalid(text)
    try:
        crypto_sign_open(signature + message, public_key)
    except CryptoError as error:
        text = f"signature does not verify with key {short(key_id(public_key))}"
        raise SignatureInvalid(text) from error


def is_enrollable(public_key: bytes) -> bool:
    """Return whether a public key is a canonical point of the prime-order subgroup.

    Other libraries judge signatures under other points differently, so they are never enrolled.
    """
    return len(public_key) == PUBLIC_KEY_BYTES and bool(crypto_core_ed25519_is_valid_point(public_key))
