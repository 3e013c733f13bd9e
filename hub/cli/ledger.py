"""`hub ledger`: the entries this node has verified, in a list and one by one."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from events.ids import LeafIndex, short
from events.projections import Json
from hub.cli.common import JsonOption, UsageError, emit_json, emit_table, opened_store, say, tell
from hub.decoded import entry_json, row_json
from hub.store import Store, StoredEntry

app = typer.Typer(no_args_is_help=True, help="The ledger as this node has verified it.")

AT_ONCE = 500
LIMIT_MAX = 10_000

LimitOption = Annotated[int, typer.Option("--limit", min=1, max=LIMIT_MAX, help="Most entries to show.")]
AfterOption = Annotated[
    int | None, typer.Option("--after", metavar="LEAF", min=0, help="Begin after this leaf; without it, the newest.")
]
TypeOption = Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Only this type, e.g. LeadShared.")]
OfficeOption = Annotated[str | None, typer.Option("--office", metavar="OFFICE", help="Only what this office said.")]


@app.command("list")
def list_entries(
    limit: LimitOption = 20,
    after: AfterOption = None,
    event_type: TypeOption = None,
    office: OfficeOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List ledger entries in ledger order: the newest, or those after a leaf."""
    with opened_store() as (store, corridor):
        size = store.size(corridor)
        wanted = (
            each
            for each in _searched(store, corridor, after, size)
            if event_type in {None, each.type} and office in {None, each.office}
        )
        rows = sorted(islice(wanted, limit), key=lambda each: each.leaf_index)
    tell(f"{len(rows)} of {size} entries")
    if as_json:
        emit_json({"tree_size": size, "entries": [row_json(each) for each in rows]})
        return
    emit_table(("Leaf", "Admitted", "Verdict", "Office", "No.", "Type", "Case", "Digest"), map(_row, rows))


def _searched(store: Store, corridor: int, after: int | None, size: int) -> Iterator[StoredEntry]:
    """Yield entries after a leaf, oldest first; without one all of them, newest first."""
    if after is not None:
        for start in range(after + 1, size, AT_ONCE):
            yield from store.at(corridor, map(LeafIndex, range(start, min(start + AT_ONCE, size))))
        return
    for end in range(size, 0, -AT_ONCE):
        yield from reversed(store.at(corridor, map(LeafIndex, range(max(0, end - AT_ONCE), end))))


def _row(each: StoredEntry) -> tuple[object, ...]:
    verdict = each.verdict if each.reason is None else f"{each.verdict}: {each.reason}"
    digest = None if each.digest is None else short(each.digest)
    at = each.admitted_at.strftime("%Y-%m-%d %H:%M:%SZ")
    return each.leaf_index, at, verdict, each.office, each.sequence, each.type, each.case_key, digest


@app.command("show")
def show(
    which: Annotated[str, typer.Argument(help="A leaf index, an event id, the beginning of a digest, or last.")],
    *,
    with_raw: Annotated[bool, typer.Option("--raw", help="Also print the entry's exact bytes as hex.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one entry: the decoded event, its schema, and whether its signature holds."""
    with opened_store() as (store, corridor):
        size = store.size(corridor)
        found = _one(store.find(corridor, which), which, size)
        book, _ = store.newest_book(corridor)
    value = entry_json(found, book)
    if with_raw:
        value["raw"] = found.raw.hex()
    if as_json:
        emit_json(value)
        return
    _print(value, 0)


def _one(found: tuple[StoredEntry, ...], which: str, size: int) -> StoredEntry:
    if len(found) == 1:
        return found[0]
    if not found:
        newest = f"this node holds leaves 0 to {size - 1}" if size else "this node holds no entries yet"
        message = f"no entry is called {which[:64]}"
        raise UsageError(message, hint=f"{newest}; `hub ledger list` shows them")
    message = f"{which[:64]} may mean {len(found)} entries or more"
    raise UsageError(message, hint="name one: " + ", ".join(f"leaf {each.leaf_index}" for each in found))


def _print(value: Json, depth: int, name: str = "") -> None:
    """Print a value as indented lines, lists of small things on one."""
    lead = "  " * depth + (f"{name}: " if name else "")
    if isinstance(value, dict) and value:
        say(lead.rstrip())
        for key, each in value.items():
            _print(each, depth + bool(name), key)
    elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        say(lead.rstrip())
        for number, each in enumerate(value, 1):
            _print(each, depth + 1, str(number))
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        say(lead + ("–" if text in (None, "", {}) else str(text)))
