"""State machines as tables: what an event does to a lead, a request, a return, a case, an item, a plan.

An event that fits no row is admitted like any other: the state stays and the misfit gets a name, a
*finding*, which both sides see. The rows are in `events.machine_tables`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from events import machine_tables as tables
from events.machine_tables import UNBORN, Row

__all__ = ["MACHINES", "UNBORN", "Machine", "Step", "step"]

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Step:
    """The state after an event, and the name of what was wrong with it, if anything."""

    state: str
    finding: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A table, indexed: next states and named mistakes by (state, signal).

    *ranks* are the places of the states in the table; *implied* are, by signal, the rank of each row's
    state and its target, in table order.
    """

    name: str
    rows: tuple[Row, ...]
    ends: frozenset[str]
    targets: Mapping[tuple[str, str], str]
    invalid: Mapping[tuple[str, str], str]
    ranks: Mapping[str, int]
    implied: Mapping[str, tuple[tuple[int, str], ...]]


def step(machine: Machine, state: str, signal: str, *, backfilled: bool) -> Step:
    """Return what a signal does in a state.

    A signal ``Type:variant`` without a row of its own takes the row of ``Type``. Backfilled events are
    never findings: documents name the later state, and the steps before it are implied. So without a row they
    move to the target of the first row with their signal that does not lie behind the current state.
    """
    kind = signal.partition(":")[0]
    target = machine.targets.get((state, signal)) or machine.targets.get((state, kind))
    if target is not None:
        return Step(target)
    if backfilled:
        return Step(_implied(machine, state, machine.implied.get(signal) or machine.implied.get(kind, ())))
    named = machine.invalid.get((state, signal)) or machine.invalid.get((state, kind))
    return Step(state, named or f"{machine.name}.unexpected_{_WORD.sub('_', kind).lower()}")


def _implied(machine: Machine, state: str, rows: Iterable[tuple[int, str]]) -> str:
    # Documents are entered in any order: what tells an earlier step later must not turn back the state.
    reached = machine.ranks.get(state, len(machine.ranks))
    return next((target for rank, target in rows if rank >= reached), state)


def _machine(name: str, rows: tuple[Row, ...], invalid: tuple[Row, ...], ends: frozenset[str]) -> Machine:
    ranks = {state: rank for rank, state in enumerate(dict.fromkeys(state for state, _, _ in rows))}
    implied: dict[str, tuple[tuple[int, str], ...]] = {}
    for state, signal, target in rows:
        implied[signal] = (*implied.get(signal, ()), (ranks[state], target))
    return Machine(
        name=name,
        rows=rows,
        ends=ends,
        targets={(state, signal): target for state, signal, target in rows},
        invalid={(state, signal): finding for state, signal, finding in invalid},
        ranks=ranks,
        implied=implied,
    )


MACHINES: Mapping[str, Machine] = {
    machine.name: machine
    for machine in (
        _machine("lead", tables.LEAD_ROWS, tables.LEAD_INVALID, tables.LEAD_ENDS),
        _machine("request", tables.REQUEST_ROWS, tables.REQUEST_INVALID, tables.REQUEST_ENDS),
        _machine("return", tables.RETURN_ROWS, tables.RETURN_INVALID, tables.RETURN_ENDS),
        _machine("case", tables.CASE_ROWS, tables.CASE_INVALID, tables.CASE_ENDS),
        _machine("evidence", tables.EVIDENCE_ROWS, tables.EVIDENCE_INVALID, tables.EVIDENCE_ENDS),
        _machine("activity", tables.ACTIVITY_ROWS, tables.ACTIVITY_INVALID, tables.ACTIVITY_ENDS),
    )
}
"""The machines by the kind of aggregate they move."""
