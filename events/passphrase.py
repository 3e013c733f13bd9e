"""An age file under a passphrase, with a work factor that is ours to choose.

pyrage opens such files but makes them with a work factor measured on the spot: a file made on a quiet machine is then
refused as too expensive on a busy one. So the file is written here, and pyrage and the `age` program open it.

Source: age-encryption.org/v1, "scrypt recipient stanza", "Header MAC", "Payload"; RFC 5869 for HKDF.
"""

import hmac
from base64 import b64encode
from hashlib import scrypt, sha256

from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt as chacha20poly1305

WORK_FACTOR = 17
"""Base-2 logarithm of scrypt's N: 128 MiB, with r = 8 and p = 1 what OWASP recommends (2023)."""

SALT_BYTES = 16
FILE_KEY_BYTES = 16
NONCE_BYTES = 16
CHUNK_BYTES = 64 * 1024

_BLOCK = 8
_NO_NONCE = bytes(12)
_LAST_CHUNK = bytes(11) + b"\x01"


def with_passphrase(content: bytes, passphrase: str, *, salt: bytes, file_key: bytes, nonce: bytes) -> bytes:
    """Return an age file that only the passphrase opens; *salt*, *file_key* and *nonce* are 16 random bytes each.

    Raises:
        ValueError: the content is over one chunk of 64 KiB.
    """
    if len(content) > CHUNK_BYTES:
        message = f"content is too large: expected at most {CHUNK_BYTES} bytes, found {len(content)}"
        raise ValueError(message)
    wrapped = chacha20poly1305(file_key, None, _NO_NONCE, _wrap_key(passphrase, salt))
    header = b"age-encryption.org/v1\n-> scrypt %b %d\n%b\n---" % (_base64(salt), WORK_FACTOR, _base64(wrapped))
    mac = hmac.digest(_hkdf(file_key, b"", b"header"), header, "sha256")
    payload = chacha20poly1305(content, None, _LAST_CHUNK, _hkdf(file_key, nonce, b"payload"))
    return b"%b %b\n%b%b" % (header, _base64(mac), nonce, payload)


def _wrap_key(passphrase: str, salt: bytes) -> bytes:
    memory = 2 * 128 * _BLOCK << WORK_FACTOR
    labelled = b"age-encryption.org/v1/scrypt" + salt
    return scrypt(passphrase.encode(), salt=labelled, n=1 << WORK_FACTOR, r=_BLOCK, p=1, maxmem=memory, dklen=32)


def _hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    extracted = hmac.digest(salt or bytes(sha256().digest_size), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def _base64(raw: bytes) -> bytes:
    return b64encode(raw).rstrip(b"=")
