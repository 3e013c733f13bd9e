"""`hub exchange`: the pack of a month, a quarter or a year."""

from pathlib import Path
from typing import Annotated

import typer

from events.ids import LeafIndex
from events.replay import AtLeaf, parse_as_of, parse_period
from hub.cli.common import (
    AsOfOption,
    JsonOption,
    UsageError,
    emit_json,
    opened_ledger,
    progress,
    say,
    tell,
    usage,
)
from hub.exchange import pack_of, write_pack


def exchange(
    period: Annotated[str, typer.Argument(help="A month (2005-07), a quarter (2005-Q3) or a year (2005).")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for pack.json and pack.html.")] = Path(
        "exchange"
    ),
    as_of: AsOfOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make the pack that both sides compare and sign; the same ledger gives the same bytes on every node."""
    wanted = usage(parse_period, period)
    with opened_ledger() as ledger:
        size = _size(as_of, ledger.held())
        tell(f"replaying ledger entries 0 to {size - 1} ({size}) for {wanted.first} to {wanted.last}")
        found = pack_of(progress(ledger.steps(size), size, "replaying"), wanted)
    files = write_pack(out, found)
    if as_json:
        named = {file.name: str(file) for file in files}
        emit_json({"period": wanted.name, "tree_size": size, "sha256": found.digest, "files": dict(named)})
        return
    for file in files:
        say(str(file))
    say(f"SHA-256 of {files[0].name}, which both sides sign: {found.digest}")


def _size(as_of: str | None, held: int) -> int:
    if as_of is None:
        return held
    wanted = usage(parse_as_of, as_of)
    if not isinstance(wanted, AtLeaf):
        message = "a pack is made from a range of the ledger: expected --as-of leaf:N"
        raise UsageError(message, hint="`hub history` knows the other meanings of as-of")
    return check_leaf(wanted.leaf_index, held) + 1


def check_leaf(leaf_index: LeafIndex, held: int) -> LeafIndex:
    """Return a leaf index that this node holds.

    Raises:
        UsageError: it does not.
    """
    if leaf_index >= held:
        message = f"leaf {leaf_index} is not here yet: this node holds {held} entries"
        raise UsageError(message, hint="name an earlier leaf, or wait until the node has read further")
    return leaf_index
