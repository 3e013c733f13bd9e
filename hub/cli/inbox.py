"""`hub inbox`, `open`, `acknowledge`: what an office hears, and what a person of it says to that."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from events.forms import json_of
from events.pack import instant
from events.projections import Aggregate, Json, delivery_key
from hub.cli.common import JsonOption, UsageError, emit_json, emit_table, say, tell, this_node
from hub.cli.desk import receipt_json, settled, with_desk
from hub.desk import Desk
from hub.desk_values import Opened, Receipt
from hub.node import Node
from hub.store.rows import Told

LOOK_EVERY_S = 0.5

OfficeOption = Annotated[
    str | None, typer.Option("--office", metavar="OFFICE", help="Office that speaks; by default the one that was told.")
]
EventArgument = Annotated[
    str, typer.Argument(metavar="EVENT", help="An event id, a leaf index, the beginning of a digest, or last.")
]


def inbox(
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on and print what arrives, until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List what this desk's offices were told of, with what was signed for it and what is still owed."""
    node = Node(this_node().settings())
    try:
        seen = _print_new(node, set(), as_json=as_json)
        while follow:
            asyncio.run(asyncio.sleep(LOOK_EVERY_S))
            seen = _print_new(node, seen, as_json=as_json)
    finally:
        node.store.close()


def open_event(event: EventArgument, office: OfficeOption = None, *, as_json: JsonOption = False) -> None:
    """Show an event with its sealed part decrypted; that a person opened it is signed and recorded."""
    opened = with_desk(lambda desk, node: desk.open_event(_meant(node, event), office))
    value = opened_json(opened)
    if as_json:
        emit_json(value)
        return
    for line in json.dumps(value, ensure_ascii=False, indent=2).splitlines():
        say(line)


def acknowledge(event: EventArgument, office: OfficeOption = None, *, as_json: JsonOption = False) -> None:
    """Sign that a person has taken note of an event; doing it twice is doing it once."""
    receipt = with_desk(lambda desk, node: _acknowledged(desk, node, _meant(node, event), office))
    if as_json:
        emit_json(receipt_json(receipt))
        return
    say(f"acknowledged by {receipt.office}: event {receipt.event_id}, {receipt.state}, leaf {receipt.leaf_index}")


def opened_json(opened: Opened) -> dict[str, Json]:
    """Return an opened event as ``--json`` prints it; the sealed part is for the eyes of the office that opened it."""
    header = opened.event.header
    return {
        "event_id": str(header.event_id),
        "leaf": opened.leaf_index,
        "type": header.type,
        "office": header.office,
        "case_key": header.case_key,
        "occurred": header.occurred,
        "urgency": header.urgency,
        "payload": _json(opened.event.payload),
        "sealed": None if opened.sealed is None else _json(opened.sealed),
        "sealed_is_erased": opened.is_erased,
        "opened_by": opened.receipt.office,
    }


def told_json(told: Told, delivery: Aggregate | None) -> dict[str, Json]:
    """Return a line of the inbox as ``--json`` prints it."""
    note = told.notification
    return {
        "leaf": note.leaf_index,
        "event_id": str(told.event_id),
        "digest": told.digest.hex(),
        "type": note.type,
        "from": told.issuer,
        "office": note.office,
        "case_key": told.case_key,
        "urgency": note.urgency,
        "admitted_at": instant(note.admitted_at),
        "receipt_due_at": None if note.receipt_due_at is None else instant(note.receipt_due_at),
        "answer_due_at": None if note.answer_due_at is None else instant(note.answer_due_at),
        "state": "notified" if delivery is None else delivery.state,
    }


async def _acknowledged(desk: Desk, node: Node, event: str, office: str | None) -> Receipt:
    return await settled(desk, node, await desk.acknowledge(event, office))


def _meant(node: Node, text: str) -> str:
    """Return what was named; ``last`` is what this desk's offices were told of last."""
    if text != "last":
        return text
    told = tuple(node.store.inbox(node.settings.corridor.partition, node.settings.offices))
    if not told:
        message = "nothing has come in yet"
        raise UsageError(message, hint="`hub inbox --follow` shows what arrives")
    return told[-1].digest.hex()


def _print_new(node: Node, seen: set[bytes], *, as_json: bool) -> set[bytes]:
    partition = node.settings.corridor.partition
    told = [each for each in node.store.inbox(partition, node.settings.offices) if each.notification.id not in seen]
    names = {each.notification.id: ("delivery", delivery_key(each.digest, each.notification.office)) for each in told}
    found = node.store.named(partition, names.values())
    rows = [told_json(each, found.get(names[each.notification.id])) for each in told]
    if as_json:
        _emit_lines(rows) if seen else emit_json([*rows])
    elif rows or not seen:
        _table(rows, with_head=not seen)
    return seen | names.keys()


def _table(rows: Iterable[Mapping[str, Json]], *, with_head: bool) -> None:
    keys = ("leaf", "urgency", "type", "from", "office", "case_key", "state", "receipt_due_at", "event_id")
    heads = ("Leaf", "Urgency", "Type", "From", "To", "Case", "State", "Acknowledge by", "Event")
    listed = [[row[key] for key in keys] for row in rows]
    if with_head:
        tell(f"{len(listed)} notifications, now {instant(datetime.now(UTC))}")
    emit_table(heads, listed)


def _emit_lines(rows: Iterable[Json]) -> None:
    for row in rows:
        say(json.dumps(row, ensure_ascii=False))


def _json(value: object) -> Json:
    found: Json = json.loads(json.dumps(json_of(value)))
    return found
