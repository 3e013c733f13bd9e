"""`hub publish`: drafts become signed events."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from events.forms import FormError, parse_json
from events.ids import short
from hub.cli.common import JsonOption, UsageError, emit_json, emit_table, progress
from hub.cli.desk import receipt_json, settled, with_desk
from hub.desk import Desk
from hub.desk_values import Receipt
from hub.node import Node


def publish(
    file: Annotated[
        Path, typer.Argument(help="A draft, an array of drafts, or one draft a line; - is standard input.")
    ],
    *,
    wait: Annotated[bool, typer.Option(help="Wait until the ledger has them.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Sign drafts and publish them: all are checked before any is signed."""
    drafts = read_drafts(file)
    receipts = with_desk(lambda desk, node: _published(desk, node, drafts, wait=wait))
    if as_json:
        emit_json([receipt_json(each) for each in receipts])
        return
    rows = (
        (each.event_id, each.office, each.sequence, short(each.digest), each.state, each.leaf_index)
        for each in receipts
    )
    emit_table(("Event", "Office", "No.", "Digest", "State", "Leaf"), rows)


def read_drafts(file: Path) -> list[object]:
    """Return the drafts in a file: a JSON object, an array, or one object a line.

    Raises:
        UsageError: the file cannot be read, or is not JSON; names the line.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        raise UsageError(message, hint="name a file of drafts in JSON; README.md shows one") from error
    if not _is_lines(text):
        return _whole(text)
    return [_parsed(line, f"line {at}") for at, line in enumerate(text.splitlines(), 1) if line.strip()]


async def _published(desk: Desk, node: Node, drafts: Sequence[object], *, wait: bool) -> list[Receipt]:
    receipts = [receipt async for some in desk.publish_json(drafts) for receipt in some]
    if not wait:
        return receipts
    return [await settled(desk, node, each) for each in progress(receipts, len(receipts), "admitted")]


def _is_lines(text: str) -> bool:
    """Return whether a text is one JSON value a line: its first line is a whole one."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        parse_json(first)
    except FormError:
        return False
    return True


def _whole(text: str) -> list[object]:
    value = _parsed(text, "draft")
    return value if isinstance(value, list) else [value]


def _parsed(text: str, path: str) -> object:
    try:
        return parse_json(text, path)
    except FormError as error:
        hint = "write one draft, an array of drafts, or one draft a line"
        raise UsageError(str(error), hint=hint) from None
