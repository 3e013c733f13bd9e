"""What all commands share: the node, one way out for results, one for errors, a progress bar.

Results go to stdout, everything else to stderr. A table fits a terminal's width; a file gets it in full, plain.
Programs ask for ``--json``.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from time import monotonic
from typing import Annotated, TypeVar
from unicodedata import category

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from events.errors import EventsError, hint_of
from events.projections import Json
from hub.errors import HubError
from hub.ledger_view import LedgerView
from hub.settings import Settings, load_settings
from hub.store import Store

T = TypeVar("T")

DONE, FAILED, USAGE, NOT_VERIFIED, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes."""

BAR_AFTER_S = 1.0

NodeOption = Annotated[
    Path, typer.Option("--node", metavar="DIR", envvar="HUB_NODE", help="Folder of the node, with its hub.toml.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
CorridorOption = Annotated[
    str | None,
    typer.Option(
        "--corridor", metavar="NAME", envvar="HUB_CORRIDOR", help="Corridor that is meant, if the node has several."
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="WHEN",
        help="leaf:N, admitted:TIME, received:OFFICE[@TIME], opened:OFFICE[@TIME] or occurred:DATE.",
    ),
]


class UsageError(HubError):
    """`hub --help` says what there is."""

    exit_code = USAGE


@dataclass(frozen=True, slots=True)
class NodeFolder:
    """The node that commands are about, and which of its corridors; without one, its first."""

    folder: Path = Path()
    corridor: str | None = None

    def settings(self) -> Settings:
        """Return its settings, the corridor that is meant first.

        Raises:
            HubError: there is no node in the folder, its settings are wrong, or it has no such corridor.
        """
        found = load_settings(self.folder)
        return found if self.corridor is None else found.about(self.corridor)


# One command line is about one node: what the root callback was told, every command can ask for.
_CHOSEN: ContextVar[NodeFolder] = ContextVar("node")


def choose_node(ctx: typer.Context, node: NodeOption = Path(), corridor: CorridorOption = None) -> None:
    """Remember the node: the root callback of `hub` calls this."""
    ctx.obj = NodeFolder(node, corridor)
    _CHOSEN.set(ctx.obj)


def this_node() -> NodeFolder:
    """Return the node that was named with ``--node``, or the one in the current folder."""
    return _CHOSEN.get(NodeFolder())


@contextmanager
def opened_store() -> Iterator[tuple[Store, int]]:
    """Give the node's read model and the number of its corridor.

    Raises:
        HubError: there is no node, or its read model cannot be opened.
    """
    settings = this_node().settings()
    store = Store.open(settings.store_url)
    try:
        yield store, settings.corridor.partition
    finally:
        store.close()


@contextmanager
def opened_ledger() -> Iterator[LedgerView]:
    """Give the node's verified ledger.

    Raises:
        HubError: there is no node, or its read model cannot be opened.
    """
    with opened_store() as (store, corridor):
        yield LedgerView(store, corridor)


def run(app: typer.Typer, args: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; what went wrong is said as ``error:`` and ``hint:``.

    A bug of ours is none of these and ends as Python ends it, loudly.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(args=None if args is None else list(args), prog_name="hub", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone, as `| head` does: nothing more to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (typer.TyperException, typer.Abort, KeyboardInterrupt, HubError, EventsError, OSError) as error:
        return _said(error)
    return code if isinstance(code, int) else DONE


def _said(error: BaseException) -> int:
    match error:
        case HubError():
            return failed(str(error), hint=error.hint, code=error.exit_code)
        case EventsError():
            return failed(str(error), hint=hint_of(error), code=FAILED)
        case typer.TyperException():
            return failed(error.format_message(), hint="`hub --help` says what there is", code=error.exit_code)
        case OSError():
            message = f"{error.filename or 'system'}: {error.strerror or type(error).__name__}"
            return failed(message, hint=OS_HINT, code=FAILED)
    return failed("interrupted", hint="nothing was lost; run the command again", code=INTERRUPTED)


OS_HINT = "look at the file, its rights and the room on the disk; `hub doctor` looks at everything"


def failed(message: str, *, hint: str, code: int) -> int:
    """Say an error and what to do about it on stderr, and return the exit code."""
    first, rest = message[:1].lower(), message[1:]
    sys.stderr.write(f"error: {printable(first + rest).rstrip('.')}\nhint: {printable(hint)}\n")
    return code


def usage(read: Callable[[str], T], text: str) -> T:
    """Return what *read* makes of an argument.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return read(text)
    except EventsError as error:
        raise UsageError(str(error), hint=hint_of(error)) from error


def emit_json(value: Json) -> None:
    """Print a value as JSON, keys in the order given; what cannot be seen is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    sys.stdout.write("".join(map(_seen, text)) + "\n")


def emit_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their heads: as wide as the terminal, or as wide as they are where there is none."""
    cells = [[printable("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        _plain_table([list(columns), *cells])
        return
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in cells:
        table.add_row(*map(Text, row))
    Console(highlight=False).print(table)


def _plain_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")


def say(text: str) -> None:
    """Print one line of a result."""
    sys.stdout.write(printable(text) + "\n")


def tell(text: str) -> None:
    """Print one line about the work, on stderr."""
    sys.stderr.write(printable(text) + "\n")


def printable(text: str) -> str:
    """Return a text that cannot move the cursor, change its direction or hide a part of itself."""
    return "".join(
        sign if category(sign) not in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} or sign == "\t" else " " for sign in text
    )


def _seen(sign: str) -> str:
    if sign.isprintable() or sign == "\n":
        return sign
    return json.dumps(sign)[1:-1]


def progress(items: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Yield the items, with a bar on stderr if it is a terminal and they take more than a second."""
    if not sys.stderr.isatty():
        yield from items
        return
    started = monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(label, total=total)
    try:
        for count, item in enumerate(items):
            if count % 64 == 0 and monotonic() - started > BAR_AFTER_S:
                bar.start()
                bar.update(task, completed=count)
            yield item
    finally:
        bar.stop()
