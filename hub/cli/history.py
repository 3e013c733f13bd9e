"""`hub history`: a case as it was known."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Annotated

import typer

from events.projections import Aggregate
from events.replay import AtLeaf, parse_as_of
from hub.cli.common import (
    AsOfOption,
    JsonOption,
    emit_json,
    emit_table,
    opened_ledger,
    progress,
    say,
    tell,
    usage,
)
from hub.cli.exchange import check_leaf
from hub.history import History, Line, case_history, history_json
from hub.ledger_view import replayed
from hub.pack_words import occurred

NAMED_MAX = 3
"""More aggregates than these in one state are counted, not named."""


def history(
    case: Annotated[str, typer.Argument(help="Key of the case, for example cn-ah-2005-0528.")],
    as_of: AsOfOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show a case as it was known: what was said, by whom, when it was admitted, and what it moved."""
    wanted = None if as_of is None else usage(parse_as_of, as_of)
    with opened_ledger() as ledger:
        held = ledger.held()
        size = check_leaf(wanted.leaf_index, held) + 1 if isinstance(wanted, AtLeaf) else held
        tell(f"replaying ledger entries 0 to {size - 1} ({size}) for case {case}")
        found = replayed(progress(ledger.steps(size), size, "replaying"))
    known = case_history(found.history, case, wanted)
    if as_json:
        emit_json({"as_of": as_of, "tree_size": size, **history_json(known)})
        return
    _show(known, as_of)


def _show(found: History, as_of: str | None) -> None:
    say(f"case {found.case_key}, as of {as_of or 'now'}: {found.known} of {found.total} statements")
    emit_table(("Leaf", "Admitted", "Happened", "Office", "What", "Moved"), _rows(found.lines))
    say("")
    emit_table(("Kind", "State", "Which"), _states(found.aggregates))


def _rows(lines: Sequence[Line]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each run of statements alike: twenty-three of one kind are one row."""
    for _, run in groupby(lines, key=_likeness):
        group = list(run)
        first, last = group[0], group[-1]
        header = first.recorded.event.header
        leaves = str(first.recorded.leaf_index)
        number = "" if first is last else f" ×{len(group)}"
        yield (
            leaves if first is last else f"{leaves}–{last.recorded.leaf_index}",
            first.recorded.admitted_at.strftime("%Y-%m-%d %H:%M:%SZ"),
            occurred(header.occurred) + ("" if first.is_certain else " (may be later)"),
            header.office,
            f"{header.type}{number}" + _about(group),
            _moved(group),
        )


def _likeness(line: Line) -> tuple[object, ...]:
    header = line.recorded.event.header
    return header.type, header.office, header.occurred, line.is_certain, line.about, _moved([line])


def _about(group: Sequence[Line]) -> str:
    about = group[0].about
    if not about:
        return ""
    return f" of leaf {about[0]}" if len(about) == 1 else f" of {len(about)} statements"


def _moved(group: Iterable[Line]) -> str:
    moves: Counter[str] = Counter()
    for line in group:
        for change in line.changes:
            step = change.after if change.before == change.after else f"{change.before} → {change.after}"
            moves[f"{change.kind} {step}" + (f" [{change.finding}]" if change.finding else "")] += 1
    return "; ".join(move if number == 1 else f"{number} × {move}" for move, number in moves.items())


def _states(aggregates: Iterable[Aggregate]) -> Iterator[tuple[str, str, str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for each in aggregates:
        found.setdefault((each.kind, each.state), []).append(each.key)
    for (kind, state), keys in found.items():
        yield kind, state, ", ".join(keys) if len(keys) <= NAMED_MAX else f"{len(keys)} of them"
