"""Names for the small values everything else is made of.

Four integers never meet without a conversion: a *sequence* counts one office's chain from 1, a *leaf
index* is a place in the ledger from 0, a *tree size* is a count of leaves, an *offset* is Kafka's.
"""

import re
from typing import NewType

Sequence = NewType("Sequence", int)
LeafIndex = NewType("LeafIndex", int)
TreeSize = NewType("TreeSize", int)
Offset = NewType("Offset", int)

Hash = NewType("Hash", bytes)
"""32 bytes of SHA-256."""

KeyId = NewType("KeyId", bytes)
"""32 bytes: SHA-256 of an algorithm byte and the public key."""

Office = NewType("Office", str)
"""``<agency>:<office>``, lower case, for example ``cn:blo-ruili``."""

Agency = NewType("Agency", str)
"""The part of an office's name before the colon, for example ``cn``."""

NO_HASH = Hash(bytes(32))
"""What the first of a chain names as its previous: 32 zero bytes."""

HUB = Agency("hub")
"""The agency name of the hub's own offices."""

_OFFICE = re.compile(r"[a-z][a-z0-9]{0,15}:[a-z0-9][a-z0-9-]{0,47}")


def is_office(text: str) -> bool:
    """Return whether *text* has the form of an office's name."""
    return _OFFICE.fullmatch(text) is not None


def agency_of(office: Office) -> Agency:
    """Return the agency an office belongs to."""
    return Agency(office.partition(":")[0])


def short(digest: bytes) -> str:
    """Return the first 12 hex digits of a hash: enough to find it, short enough to say."""
    return digest.hex()[:12]
