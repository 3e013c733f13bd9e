"""`hub audit`: a ledger as one file that anyone can check, and the check."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from events.bundle import replayed
from events.bundle_check import Report, Status
from events.checkpoint import Checkpoint, parse_checkpoint
from events.errors import NoteInvalidError
from events.ids import Hash
from events.note import parse_note
from events.projections import Json
from hub.bundle_file import verify_bundle, write_bundle
from hub.cli.common import (
    NOT_VERIFIED,
    JsonOption,
    UsageError,
    emit_json,
    emit_table,
    opened_ledger,
    progress,
    say,
    tell,
    this_node,
)
from hub.errors import HubError
from hub.ledger_view import LedgerView
from hub.settings import Settings

Newest: TypeAlias = Callable[[Settings], bytes | None]
"""Reads the newest checkpoint that the hub signed, as a note; None if there is none yet."""

HASH_HEX_DIGITS = 64

CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", metavar="FILE", help="A checkpoint's note; without it, the newest.")
]


def audit_app(newest: Newest) -> typer.Typer:
    """Return the commands; *newest* is called only by an export without ``--checkpoint``."""
    app = typer.Typer(no_args_is_help=True, help="Evidence that needs no trust in the hub.")
    app.command("verify")(verify)

    @app.command("export")
    def export(
        out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The bundle to write.")],
        checkpoint: CheckpointOption = None,
        *,
        as_json: JsonOption = False,
    ) -> None:
        """Write the ledger up to a signed checkpoint as one file; the same bytes on every node."""
        note = _read(checkpoint) if checkpoint else newest(this_node().settings())
        export_bundle(out, note, as_json=as_json)

    return app


def export_bundle(out: Path, note: bytes | None, *, as_json: bool) -> None:
    """Write this node's ledger up to a checkpoint as a bundle.

    Raises:
        HubError: there is no checkpoint, or this node has not read that far.
    """
    if note is None:
        message = "the hub has signed no checkpoint yet"
        raise HubError(message, hint="wait until it has, or name one with --checkpoint FILE")
    with opened_ledger() as ledger:
        signed = _checkpoint(note, ledger)
        size = signed.size
        tell(f"replaying ledger entries 0 to {size - 1} ({size})")
        replay = replayed(progress(ledger.raw(size), size, "replaying"), size=size)
        if replay.book.tail.frontier.root() != signed.root:
            message = f"this node's first {size} entries have another root than the checkpoint"
            raise HubError(message, hint="keep both and tell the other agency: the ledger was shown in two ways")
        write_bundle(out, replay, lambda: ledger.raw(size), note)
    result: dict[str, Json] = {"file": str(out), "bytes": out.stat().st_size, "tree_size": size}
    result |= {"root": signed.root.hex(), "genesis": replay.leaves[0].hex()}
    if as_json:
        emit_json(result)
        return
    say(f"{out}: {size} entries, root {signed.root.hex()[:12]}")
    say(f"check it anywhere: hub audit verify {out} --genesis {replay.leaves[0].hex()}")


def verify(
    file: Annotated[Path, typer.Argument(help="The bundle.")],
    genesis: Annotated[str, typer.Option("--genesis", metavar="HEX", help="Leaf hash of the ledger's first entry.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Check a bundle offline; exit 0 only if everything holds and nothing is missing, 3 otherwise."""
    report = verify_bundle(file, _hash(genesis))
    if as_json:
        emit_json({"file": str(file), **report_json(report)})
    else:
        emit_table(
            ("Step", "Result", "What was found"), ((each.name, each.status, each.detail) for each in report.checks)
        )
        say(_verdict(report))
    if not report.is_complete:
        raise typer.Exit(NOT_VERIFIED)


def report_json(report: Report) -> dict[str, Json]:
    """Return a report as ``--json`` prints it."""
    ledger = report.ledger
    return {
        "complete": report.is_complete,
        "origin": None if ledger is None else ledger.book.origin,
        "tree_size": None if ledger is None else len(ledger.leaves),
        "root": None if ledger is None else ledger.book.tail.frontier.root().hex(),
        "checks": [{"name": each.name, "status": each.status.value, "detail": each.detail} for each in report.checks],
    }


def _verdict(report: Report) -> str:
    if report.is_complete:
        return "complete: everything holds, nothing is missing"
    words = [
        status for status in (Status.BROKEN, Status.MISSING) if any(each.status is status for each in report.checks)
    ]
    return f"not verified: {' and '.join(words)}"


def _hash(text: str) -> Hash:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(text) != HASH_HEX_DIGITS or len(raw) * 2 != HASH_HEX_DIGITS:
        message = f"--genesis is not a leaf hash: expected {HASH_HEX_DIGITS} hex digits, found {len(text)} characters"
        raise UsageError(message, hint="take it from the treaty's annex, or from hub.toml of a desk you trust")
    return Hash(raw)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise HubError(message, hint="name the file of a checkpoint") from error


def _checkpoint(note: bytes, ledger: LedgerView) -> Checkpoint:
    try:
        found = parse_checkpoint(parse_note(note).text)
    except NoteInvalidError as error:
        raise HubError(str(error), hint="name the file of a checkpoint as the hub signed it") from error
    held = ledger.held()
    if not 0 < found.size <= held:
        message = f"checkpoint is for {found.size} entries, this node holds {held}"
        raise HubError(message, hint="wait until this node has read further, or name an earlier checkpoint")
    return found
