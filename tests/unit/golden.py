"""The vectors that other implementations agreed on (tests/vectors/golden.json), as values."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

from events.ids import Hash
from events.note import NoteKey, parse_key
from events.signing import SigningKey, signing_key

_FILE = Path(__file__).parents[1] / "vectors" / "golden.json"

GOLDEN: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))

SIGNED_AT: int = GOLDEN["signed_at"]
ENTRIES = tuple(entry.encode() for entry in GOLDEN["entries"])
LEAVES = tuple(Hash(bytes.fromhex(leaf)) for leaf in GOLDEN["leaf_hashes"])
NOTE: bytes = GOLDEN["note"].encode()


def golden_key(name: str) -> SigningKey:
    """Return the private key of the log, agency_a or agency_b."""
    return signing_key(bytes.fromhex(GOLDEN["seeds"][name]))


def golden_note_key(name: str) -> NoteKey:
    """Return the public key of the log, agency_a or agency_b."""
    return parse_key(GOLDEN["key_texts"][name])


def hashes(texts: list[str]) -> tuple[Hash, ...]:
    """Return hashes written in base64."""
    return tuple(Hash(b64decode(text)) for text in texts)
