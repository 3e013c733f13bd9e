"""What may be on the wire: one ``.avsc`` file per record, never edited once released.

``wire/`` holds the records that carry events, ``events/`` one self-contained file per event type.
The SHA-256 of a file's exact bytes is the schema's name everywhere.
"""

from importlib.resources import files


def _folder(name: str) -> dict[str, bytes]:
    found = (path for path in (files(__name__) / name).iterdir() if path.name.endswith(".avsc"))
    return {path.name.removesuffix(".avsc"): path.read_bytes() for path in sorted(found, key=lambda path: path.name)}


WIRE: dict[str, bytes] = _folder("wire")
"""Exact bytes of each wire record's schema, by record name."""

EVENTS: dict[str, bytes] = _folder("events")
"""Exact bytes of each released event type's schema, by type name."""
