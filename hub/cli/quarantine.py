"""`hub quarantine`: the records that were refused, why, and what their senders can do about it."""

from collections.abc import Callable
from hashlib import sha256
from itertools import islice
from typing import Annotated, TypeAlias

import typer

from events.errors import HINTS
from events.ids import LeafIndex
from events.ledger import REFUSED, Source, parse_entry
from events.pack import instant
from events.projections import Json
from hub.cli.common import JsonOption, UsageError, emit_json, emit_table, opened_store, say, tell, this_node
from hub.errors import HubError
from hub.settings import Settings
from hub.store import StoredEntry

Fetch: TypeAlias = Callable[[Settings, Source], bytes | None]
"""Reads a refused record's exact bytes from the quarantine topic; None if they are not there."""

LIMIT_MAX = 10_000


def quarantine_app(fetch: Fetch) -> typer.Typer:
    """Return the commands; *fetch* is called only when bytes are asked for."""
    app = typer.Typer(no_args_is_help=True, help="Records that were refused, with the reason.")
    app.command("list")(list_refused)

    @app.command("show")
    def show(
        leaf: Annotated[int, typer.Argument(min=0, help="Leaf index of the refusal.")],
        *,
        with_raw: Annotated[bool, typer.Option("--raw", help="Also print the record's exact bytes as hex.")] = False,
        as_json: JsonOption = False,
    ) -> None:
        """Show one refusal, and on demand the bytes that were refused."""
        show_refused(leaf, fetch if with_raw else None, as_json=as_json)

    return app


def list_refused(
    limit: Annotated[int, typer.Option("--limit", min=1, max=LIMIT_MAX, help="Most records to show.")] = 20,
    after: Annotated[int, typer.Option("--after", metavar="LEAF", min=-1, help="Begin after this leaf.")] = -1,
    *,
    as_json: JsonOption = False,
) -> None:
    """List refused records in ledger order."""
    with opened_store() as (store, corridor):
        size = store.size(corridor)
        found = tuple(islice(store.refused(corridor, LeafIndex(after + 1)), limit))
    rows = [refusal_json(each) for each in found]
    tell(f"{len(rows)} refused records, in {size} entries")
    if as_json:
        emit_json({"tree_size": size, "refused": [*rows]})
        return
    columns = ("Leaf", "Admitted", "Reason", "From", "SHA-256", "What to do")
    emit_table(columns, (_row(each, row) for each, row in zip(found, rows, strict=True)))


def show_refused(leaf: int, fetch: Fetch | None, *, as_json: bool) -> None:
    """Print one refusal; with *fetch* also the bytes, checked against the ledger's SHA-256.

    Raises:
        UsageError: the leaf is no refusal.
        HubError: the bytes are not what the ledger names.
    """
    with opened_store() as (store, corridor):
        found = store.entry(corridor, LeafIndex(leaf))
    if found is None or found.verdict != REFUSED:
        message = f"leaf {leaf} is no refused record" if found else f"leaf {leaf} is not held by this node"
        raise UsageError(message, hint="`hub quarantine list` names those there are")
    value = refusal_json(found)
    if fetch is not None:
        value["raw"] = _checked(fetch, found).hex()
    if as_json:
        emit_json(value)
        return
    for name, each in value.items():
        say(f"{name}: {each}")


def refusal_json(found: StoredEntry) -> dict[str, Json]:
    """Return a refusal as the commands print it."""
    return {
        "leaf": found.leaf_index,
        "admitted_at": instant(found.admitted_at),
        "reason": found.reason,
        "hint": HINTS.get(found.reason or ""),
        "topic": found.source.topic,
        "partition": found.source.partition,
        "offset": found.source.offset,
        "sha256": _body(found).hex(),
    }


def _row(found: StoredEntry, row: dict[str, Json]) -> tuple[object, ...]:
    source = f"{found.source.topic} at {found.source.offset}"
    at = found.admitted_at.strftime("%Y-%m-%d %H:%M:%SZ")
    return found.leaf_index, at, found.reason, source, str(row["sha256"])[:12], row["hint"]


def _body(found: StoredEntry) -> bytes:
    entry = parse_entry(found.raw)
    assert entry is not None, "the read model holds entries only"
    return entry.body


def _checked(fetch: Fetch, found: StoredEntry) -> bytes:
    raw = fetch(this_node().settings(), found.source)
    if raw is None:
        message = f"quarantine holds no record for offset {found.source.offset} of {found.source.topic}"
        raise HubError(message, hint="ask the hub's operator: the quarantine topic keeps everything")
    if sha256(raw).digest() != _body(found):
        message = f"quarantined bytes are not those that leaf {found.leaf_index} names: SHA-256 differs"
        raise HubError(message, hint="keep both and tell the other agency: the ledger is what counts")
    return raw
