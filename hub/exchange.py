"""The pack of a period as files: pack.json, whose SHA-256 both sides sign, and pack.html, the same to read."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from events.ids import TreeSize
from events.pack import Scope, pack
from events.projections import Json
from events.reading import Step
from events.replay import Period
from hub.errors import HubError
from hub.ledger_view import Replayed, replayed
from hub.pack_page import page

JSON_FILE, PAGE_FILE = "pack.json", "pack.html"


@dataclass(frozen=True, slots=True)
class Pack:
    """A period's pack: its value, the exact bytes of pack.json, and their SHA-256 as hex."""

    value: dict[str, Json]
    data: bytes
    digest: str


def pack_of(steps: Iterable[Step], period: Period) -> Pack:
    """Return the pack that a ledger's entries make; the same bytes on every node and machine.

    Raises:
        LedgerBroken: there are no entries.
    """
    found = replayed(steps)
    value = pack(_scope(found), found.history, period)
    data = pack_bytes(value)
    return Pack(value, data, sha256(data).hexdigest())


def pack_bytes(value: Json) -> bytes:
    """Return the one form of pack.json: keys sorted, no spaces, UTF-8, no floats.

    Source: RFC 8785, whose order of keys is that of code points for our ASCII ones.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def write_pack(folder: Path, found: Pack) -> tuple[Path, Path]:
    """Write both files and return their paths; each appears whole or not at all.

    Raises:
        HubError: they cannot be written.
    """
    files = (folder / JSON_FILE, folder / PAGE_FILE)
    contents = (found.data, page(found.value, found.digest).encode())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in zip(files, contents, strict=True):
            _write(file, content)
    except OSError as error:
        message = f"{error.filename or folder} cannot be written: {error.strerror}"
        raise HubError(message, hint="name a folder that can be written and has room with --out DIR") from error
    return files


def _write(file: Path, content: bytes) -> None:
    part = file.with_name(file.name + ".part")
    try:
        with part.open("wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _scope(found: Replayed) -> Scope:
    book = found.book
    return Scope(
        corridor=str(found.founding.event.payload.get("corridor")),
        origin=book.origin,
        agencies=tuple(sorted(book.keyring.agencies)),
        genesis=found.genesis,
        tree_size=TreeSize(book.tail.size),
        root=book.tail.frontier.root(),
        admitted_until=book.admitted_at,
        verdicts=found.verdicts,
        objections=found.objections,
        directory=book.keyring.directory,
    )
