"""`hub doctor`, `config show`, `keys show`, `rebuild`, `schema publish`: about a node itself."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from events.book import NEW_SCHEMA
from events.codec import load_schema
from events.draft import Draft
from events.projections import Json
from events.topics import LEDGER
from hub.chunk import Record
from hub.cli.common import FAILED, JsonOption, UsageError, emit_json, emit_table, progress, say, tell, this_node
from hub.cli.desk import receipt_json, settled, with_desk
from hub.desk import Desk
from hub.desk_values import Receipt
from hub.doctor import Check, Health, examined
from hub.kafka_log import end_of, records_of
from hub.node import Node, now
from hub.projector import LedgerRecord
from hub.rebuild import rebuild as rebuilt
from hub.settings import Settings
from hub.store import Store
from hub.store.errors import StoreVersionError
from hub.store.repair import begin_anew

config_app = typer.Typer(no_args_is_help=True, help="This node's settings.")
keys_app = typer.Typer(no_args_is_help=True, help="Whose keys are in force.")
schema_app = typer.Typer(no_args_is_help=True, help="Event types.")

RECORDS_AHEAD = 2_000


def doctor(*, as_json: JsonOption = False) -> None:
    """Look at everything this node needs; exit 1 if something is wrong."""
    checks = asyncio.run(_examined(this_node().settings()))
    if as_json:
        emit_json([_check_json(each) for each in checks])
    else:
        emit_table(("Check", "Health", "Found", "What to do"), ((c.name, c.health, c.found, c.hint) for c in checks))
    if any(each.health is Health.WRONG for each in checks):
        raise typer.Exit(FAILED)


@config_app.command("show")
def show_config(*, as_json: JsonOption = False) -> None:
    """Show what is in force, from hub.toml and the environment; secrets are in files and not shown."""
    values = this_node().settings().model_dump(mode="json")
    if as_json:
        emit_json(values)
        return
    emit_table(("Setting", "Value"), _flat("", values))


@keys_app.command("show")
def show_keys(*, as_json: JsonOption = False) -> None:
    """Show every office's keys by the verified ledger: in force or retired, and which are this node's."""
    node = Node(this_node().settings())
    try:
        book, _ = node.store.load_book(node.settings.corridor.partition, "project")
    finally:
        node.store.close()
    held = [(key, "in force") for key in book.keyring.in_force.values()]
    held += [(key, "retired") for key in book.keyring.retired.values()]
    rows: list[dict[str, Json]] = [
        {
            "office": key.office,
            "roles": [*sorted(book.roles(key.office))],
            "purpose": key.purpose,
            "key_id": key.key_id.hex(),
            "state": state,
            "is_ours": key.office in node.settings.offices,
        }
        for key, state in sorted(held, key=lambda each: (each[0].office, each[0].purpose))
    ]
    if as_json:
        emit_json([*rows])
        return
    heads = ("Office", "Roles", "Purpose", "Key id", "State", "Ours")
    listed = (
        (r["office"], ", ".join(map(str, _list(r["roles"]))), r["purpose"], str(r["key_id"])[:16], r["state"])
        for r in rows
    )
    emit_table(heads, ((*line, "yes" if row["is_ours"] else "") for line, row in zip(listed, rows, strict=True)))


def rebuild(*, as_json: JsonOption = False) -> None:
    """Replay the ledger topic into a new read model, which then replaces the old one; agents may go on meanwhile."""
    node = Node(this_node().settings())
    corridor = node.settings.corridor
    try:
        end = asyncio.run(end_of(node.kafka, LEDGER, corridor.partition))
        tell(f"replaying ledger records 0 to {end - 1} ({end})")
        records = progress(_records(node, corridor.partition), end, "replaying")
        genesis = bytes.fromhex(corridor.genesis) if corridor.genesis else None
        digest = rebuilt(_usable(node), corridor.partition, records, lambda _count: None, genesis=genesis)
        size = node.store.size(corridor.partition)
    finally:
        node.store.close()
    if as_json:
        emit_json({"tree_size": size, "state_digest": digest})
        return
    say(f"{size} entries, state digest {digest}")


@schema_app.command("publish")
def publish_schema(
    file: Annotated[Path, typer.Argument(help="The .avsc file of a new event type, the common header first.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Publish an event type (on the hub): events may use it from the next leaf on."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise UsageError(message, hint="name the .avsc file") from error
    schema = load_schema(raw)
    receipt = with_desk(lambda desk, node: _published(desk, node, Draft(NEW_SCHEMA, {"schema": raw})))
    if as_json:
        emit_json({**receipt_json(receipt), "type": schema.name, "schema_sha256": schema.sha256.hex()})
        return
    say(f"{schema.name} ({schema.sha256.hex()}) is in force from leaf {(receipt.leaf_index or 0) + 1} on")


def _usable(node: Node) -> Store:
    try:
        return node.store
    except StoreVersionError:
        node.store = begin_anew(node.settings.store_url, now())
        return node.store


async def _published(desk: Desk, node: Node, draft: Draft) -> Receipt:
    return await settled(desk, node, await desk.publish(draft))


async def _examined(settings: Settings) -> list[Check]:
    return [check async for check in examined(settings)]


def _check_json(check: Check) -> dict[str, Json]:
    return {"name": check.name, "health": check.health.value, "found": check.found, "hint": check.hint}


def _records(node: Node, partition: int) -> Iterator[LedgerRecord]:
    """Yield a ledger partition's records, a page at a time."""
    offset = 0
    while page := asyncio.run(_page(node, partition, offset)):
        yield from ((record.offset, record.value or b"") for record in page)
        offset = page[-1].offset + 1


async def _page(node: Node, partition: int, offset: int) -> list[Record]:
    page = []
    async for record in records_of(node.kafka, LEDGER, partition, offset):
        page.append(record)
        if len(page) == RECORDS_AHEAD:
            break
    return page


def _flat(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(f"{prefix}.{name}".lstrip("."), each)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for at, each in enumerate(value):
            yield from _flat(f"{prefix}[{at}]", each)
    else:
        yield prefix, json.dumps(value, ensure_ascii=False)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
