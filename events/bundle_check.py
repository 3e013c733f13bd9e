"""The check of an audit bundle: needs nothing but its files and the genesis hash, trusts neither hub nor copy.

Every step says that something *holds*, is *broken* or is *missing*; what could not be looked at because an earlier step
failed is *not checked*. A bundle is good if everything holds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from events.book import Book
from events.bundle import (
    CHECKPOINT,
    GENESIS,
    MANIFEST,
    README,
    BundleIncompleteError,
    BundleInvalidError,
    Files,
    Ledger,
    line_of,
    log_key,
    manifest,
    parse_manifest,
    small_files,
)
from events.chain import Link, link_of
from events.checkpoint import Checkpoint, open_checkpoint
from events.errors import EventsError
from events.ids import Hash, Office, Sequence, TreeSize, short
from events.merkle import leaf_hash
from events.reading import Step, verified
from events.tiles import entries_in, tile_path, tile_places

S = TypeVar("S")
T = TypeVar("T")

SHOWN_MAX = 3


class Status(StrEnum):
    """What a step of the check found."""

    HOLDS = "holds"
    BROKEN = "broken"
    MISSING = "missing"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Check:
    """One step of the check and what it found."""

    name: str
    status: Status
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """All steps in order; *ledger* is what the bundle proves, None unless the entries could be replayed."""

    checks: tuple[Check, ...]
    ledger: Ledger | None

    @property
    def is_complete(self) -> bool:
        """Whether every step holds."""
        return all(check.status is Status.HOLDS for check in self.checks)


def check_bundle(files: Files, genesis: Hash) -> Report:
    """Return what holds of a bundle, given the leaf hash of its first entry from a source one trusts."""
    listed = _tried("manifest", lambda: _listed(files))
    anchored = _tried("genesis", lambda: _anchored(files, genesis))
    replay = _after(listed, "entries", lambda size: _replayed(files, size))
    derived = _after(replay, "keys, schemas, tiles", lambda ledger: _derived(files, ledger))
    signed = _after(replay, "checkpoint", lambda ledger: _signed(files, ledger))
    return Report((listed.check, anchored.check, replay.check, derived.check, signed.check), replay.value)


@dataclass(frozen=True, slots=True)
class _Tried(Generic[T]):
    check: Check
    value: T | None = None


def _tried(name: str, step: Callable[[], tuple[T, str]]) -> _Tried[T]:
    try:
        value, detail = step()
    except BundleIncompleteError as error:
        return _Tried(Check(name, Status.MISSING, str(error)))
    except EventsError as error:
        return _Tried(Check(name, Status.BROKEN, str(error)))
    return _Tried(Check(name, Status.HOLDS, detail), value)


def _after(before: _Tried[S], name: str, step: Callable[[S], tuple[T, str]]) -> _Tried[T]:
    value = before.value
    if value is None:
        return _Tried(Check(name, Status.NOT_CHECKED, f"needs {before.check.name}"))
    return _tried(name, lambda: step(value))


def _listed(files: Files) -> tuple[TreeSize, str]:
    size, lines = parse_manifest(_file(files, MANIFEST))
    missing = sorted(set(lines) - set(files))
    if missing:
        message = f"{len(missing)} of {len(lines)} files are missing: {', '.join(missing[:SHOWN_MAX])}"
        raise BundleIncompleteError(message)
    unlisted = len(set(files) - set(lines) - {MANIFEST})
    if unlisted:
        message = f"files are not listed in the manifest: found {unlisted}"
        raise BundleInvalidError(message)
    for path, line in lines.items():
        if line != line_of(path, files[path]):
            message = f"{path} is not the file that the manifest lists"
            raise BundleInvalidError(message)
    return TreeSize(size), f"{len(lines)} files with size and SHA-256, nothing else"


def _anchored(files: Files, genesis: Hash) -> tuple[Hash, str]:
    found = leaf_hash(_file(files, GENESIS))
    if found != genesis:
        message = f"first entry is another ledger's: expected {short(genesis)}, found {short(found)}"
        raise BundleInvalidError(message)
    return found, f"first entry has the leaf hash given, {short(found)}"


def _replayed(files: Files, size: TreeSize) -> tuple[Ledger, str]:
    """Judge every entry again, as the hub had to, and check that the hub's verdicts were right."""
    book, genesis = Book(), b""
    leaves: list[Hash] = []
    chains: dict[tuple[Office, int, Sequence], Link] = {}
    for raw in _entries(files, size):
        step = verified(book, raw, lambda *place: chains.get(place))
        _check_step(step, len(leaves))
        assert step is not None, "checked above"
        _remember(chains, step)
        book, genesis = step.book, genesis or raw
        leaves.append(step.leaf_hash)
    found = Ledger(book, genesis, tuple(leaves))
    return (
        found,
        f"{size} entries in one chain, each admitted by the rules and the keys then in force",
    )


def _remember(chains: dict[tuple[Office, int, Sequence], Link], step: Step) -> None:
    if step.event is not None:
        header = step.event.header
        chains[header.office, header.epoch, header.sequence] = link_of(step.event, step.entry.index)


def _check_step(step: Step | None, index: int) -> None:
    if step is None:
        message = f"entry {index} does not continue the ledger"
        raise BundleInvalidError(message)
    if step.objections:
        message = f"entry {index} breaks the rules of admission: {', '.join(step.objections)}"
        raise BundleInvalidError(message)


def _entries(files: Files, size: TreeSize) -> Iterator[bytes]:
    for place in tile_places(size):
        yield from entries_in(_file(files, tile_path("entries", place)), place.width)


def _derived(files: Files, ledger: Ledger) -> tuple[bool, str]:
    expected = small_files(ledger)
    for path, content in sorted(expected.items()):
        if _file(files, path) != content:
            message = f"{path} does not follow from the entries"
            raise BundleInvalidError(message)
    listed = [line_of(path, files[path]) for path in sorted(files) if path != MANIFEST]
    if files[MANIFEST] != manifest(ledger, listed):
        message = f"{MANIFEST} does not follow from the entries"
        raise BundleInvalidError(message)
    _check_expected(files, ledger, set(expected))
    return True, f"{len(expected)} files follow from the entries, root {short(ledger.book.tail.frontier.root())}"


def _check_expected(files: Files, ledger: Ledger, derived: set[str]) -> None:
    bundles = {tile_path("entries", place) for place in tile_places(len(ledger.leaves))}
    foreign = sorted(set(files) - derived - bundles - {MANIFEST, CHECKPOINT, README})
    if foreign:
        message = f"files do not belong to a bundle of {len(ledger.leaves)} entries: found {len(foreign)}"
        raise BundleInvalidError(message)


def _signed(files: Files, ledger: Ledger) -> tuple[Checkpoint, str]:
    book = ledger.book
    checkpoint = open_checkpoint(_file(files, CHECKPOINT), log_key(ledger), ()).checkpoint
    expected = Checkpoint(book.origin, TreeSize(len(ledger.leaves)), book.tail.frontier.root())
    if checkpoint != expected:
        message = (
            f"checkpoint is not of these entries: expected size {expected.size} and root {short(expected.root)}, "
            f"found {checkpoint.size} and {short(checkpoint.root)}"
        )
        raise BundleInvalidError(message)
    return checkpoint, f"size {checkpoint.size} and root {short(checkpoint.root)}, signed by the hub's key from genesis"


def _file(files: Files, path: str) -> bytes:
    found = files.get(path)
    if found is None:
        message = f"{path} is missing"
        raise BundleIncompleteError(message)
    return found
