"""The ledger as files that others can read, too: entry bundles and hash tiles of 256.

Source: C2SP tlog-tiles v0.1.0 (EVIDENCE 3.5), with the strict profile of EVIDENCE 3.9.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from events.errors import EventsError
from events.ids import Hash
from events.ledger import ENTRY_BYTES_MAX
from events.merkle import root_of

WIDTH = 256
"""Entries in a full bundle, hashes in a full tile."""

GROUP = 1000
"""Tiles whose numbers share their leading digits in a path."""

LENGTH_BYTES = 2
BUNDLE_BYTES_MAX = WIDTH * (LENGTH_BYTES + ENTRY_BYTES_MAX)
"""Largest entry bundle, bytes."""


class TileInvalidError(EventsError):
    """The file is not an entry bundle of the ledger it is said to be of: get it again from another copy."""


class TilePlace(NamedTuple):
    """The number of a tile in its row, the leaves or hashes before it, and how many it holds."""

    number: int
    first: int
    width: int


def tile_places(size: int) -> Iterator[TilePlace]:
    """Yield the tiles that hold *size* entries or hashes, the last one partial unless it is full."""
    for number, first in enumerate(range(0, size, WIDTH)):
        yield TilePlace(number, first, min(WIDTH, size - first))


def tile_path(row: str, place: TilePlace) -> str:
    """Return the path of a tile; *row* is its level, or ``entries``."""
    groups = []
    rest = place.number
    while rest >= GROUP:
        rest, group = divmod(rest, GROUP)
        groups.append(f"{group:03}")
    groups.append(f"{rest:03}")
    name = "/".join([*(f"x{group}" for group in reversed(groups[1:])), groups[0]])
    return f"tile/{row}/{name}" + ("" if place.width == WIDTH else f".p/{place.width}")


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length in two bytes."""
    return b"".join(len(entry).to_bytes(LENGTH_BYTES, "big") + entry for entry in entries)


def entries_in(bundle: bytes, width: int) -> tuple[bytes, ...]:
    """Return the entries of a bundle that must hold exactly *width*.

    Raises:
        TileInvalidError: it holds more, fewer, or ends in the middle of one.
    """
    found = []
    at = 0
    while at < len(bundle):
        start = at + LENGTH_BYTES
        at = start + int.from_bytes(bundle[at:start], "big")
        found.append(bundle[start:at])
    if at != len(bundle) or len(found) != width:
        message = f"entry bundle of {len(bundle)} bytes is not one of {width} entries: found {len(found)}"
        raise TileInvalidError(message)
    return tuple(found)


def hash_tiles(leaves: Sequence[Hash]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every hash tile over the leaf hashes, from the leaves upward."""
    level = 0
    hashes = leaves
    while hashes:
        above = []
        for place in tile_places(len(hashes)):
            part = hashes[place.first : place.first + place.width]
            yield tile_path(str(level), place), b"".join(part)
            if place.width == WIDTH:
                above.append(root_of(part))
        level, hashes = level + 1, above
