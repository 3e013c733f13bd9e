"""The table by which the founding scenario is checked: each cell recomputed from the events of a ledger.

The texts are those of the table both sides know, so that found and expected can be compared as they stand.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from events import statistics as measure
from events.count import ZERO, Count, total
from events.event import Recorded
from events.ids import Agency
from events.projections import NOT_EVALUATED, Aggregate, fold

CN, MM = Agency("cn"), Agency("mm")
CN_TO_MM = "cn-mm"

History: TypeAlias = Sequence[Recorded]

DATES = (date(2005, 6, 30), date(2005, 7, 15), date(2005, 7, 31), date(2005, 12, 31), date(2006, 11, 9))
"""The days of the table, left to right."""

NONE, NO_VALUE = "none", "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Cell:
    """What was found for a named figure as of a day, written YYYY-MM-DD."""

    name: str
    as_of: str
    found: str


def scenario_table(recorded: Iterable[Recorded]) -> tuple[Cell, ...]:
    """Return every cell of the table, row by row, each row from the earliest day to the latest."""
    history = tuple(recorded)
    return tuple(Cell(name, day.isoformat(), found(history, day)) for name, found in ROWS.items() for day in DATES)


def end_state(recorded: Iterable[Recorded]) -> dict[str, str]:
    """Return what the scenario must have come to, by name."""
    history = tuple(recorded)
    aggregates = fold(history).values()
    states = {kind: Counter(_states(aggregates, kind)) for kind in ("lead", "return", "evidence")}
    return {
        "lead": _listed(states["lead"]),
        "returns": f"{states['return']['received']} received",
        "case, side MM": _case(aggregates, MM),
        "case, side CN": _case(aggregates, CN),
        "evidence items": str(states["evidence"].total()),
        "return requests": _return_requests(history),
        "unanswered requests": _unanswered(history),
        "disputes": str(states["return"]["disputed"]),
        "counter-signatures seen": _signatures(history),
        "safeguards": _safeguards(aggregates),
    }


def period_tables(recorded: Iterable[Recorded]) -> dict[str, dict[str, str]]:
    """Return the hand-overs and the arrests by month, quarter, year and in all, by name and period."""
    history = tuple(recorded)
    measured = {
        "persons handed over CN→MM": measure.handed_over(history, CN, MM),
        "suspects arrested by MM": measure.arrests_credited(history, MM),
    }
    grains = {"month": measure.month, "quarter": measure.quarter, "year": measure.year}
    tables = {
        f"{name}, by {label}": {period: str(count) for period, count in measure.by_period(happenings, grain).items()}
        for name, happenings in measured.items()
        for label, grain in grains.items()
    }
    in_all = {name: str(total(each.count for each in happenings)) for name, happenings in measured.items()}
    return {**tables, "all time": in_all}


def _handed_over(history: History, day: date) -> Count:
    return measure.as_of(measure.handed_over(history, CN, MM), day)


def _declared(history: History, day: date) -> Count | None:
    return measure.declared_total(history, measure.PERSONS_HANDED_OVER, CN_TO_MM, day)


def _not_itemised(history: History, day: date) -> str:
    # Whether the itemised are among the declared is not said. They were handed over formally and
    # recently, so they are counted in; if they are not, the remainder is the declared total itself.
    declared = _declared(history, day)
    return NO_VALUE if declared is None else str(declared - _handed_over(history, day))


def _plan(history: History, day: date) -> str:
    lines = measure.plan_lines(history)
    agreed = measure.as_of((line.agreed for line in lines), day)
    done = measure.as_of((line.done for line in lines if line.done is not None), day)
    return f"{agreed}/{done}{_parts(lines) if agreed != ZERO else ''}"


def _parts(lines: Sequence[measure.PlanLine]) -> str:
    under = [f"the {line.parts} under no. {line.number}" for line in lines if line.parts]
    if not under:
        return ""
    return f" ({len(lines) + sum(line.parts for line in lines)} lines with {' and '.join(under)})"


ROWS: Mapping[str, Callable[[History, date], str]] = {
    "persons handed over CN→MM, itemised": lambda history, day: str(_handed_over(history, day)),
    "leads shared CN→MM": lambda history, day: str(measure.as_of(measure.leads_shared(history, CN), day)),
    "suspects arrested by MM, credited to the lead": lambda history, day: str(
        measure.as_of(measure.arrests_credited(history, MM), day),
    ),
    "groups disrupted": lambda history, day: str(measure.as_of(measure.groups_disrupted(history), day)),
    "meetings held": lambda history, day: str(measure.as_of(measure.meetings_held(history), day)),
    "declared total CN→MM": lambda history, day: str(_declared(history, day) or NONE),
    'declared \N{MINUS SIGN} itemised ("not itemised")': _not_itemised,
    "plan activities agreed / done": _plan,
}
"""How each row of the table is computed, by its label."""


def _states(aggregates: Iterable[Aggregate], kind: str) -> list[str]:
    return [aggregate.state for aggregate in aggregates if aggregate.kind == kind]


def _listed(states: Mapping[str, int]) -> str:
    return ", ".join(sorted(states)) or NONE


def _case(aggregates: Iterable[Aggregate], side: Agency) -> str:
    return _listed(Counter(each.state for each in aggregates if each.kind == "case" and each.key.endswith(f":{side}")))


def _return_requests(history: History) -> str:
    asked = sum(each.event.header.type == "ReturnProposed" for each in history)
    decided = sum(each.event.header.type == "ReturnDecided" for each in history)
    # A decision without its request on record proves that requests were made, not how many.
    return str(asked) if asked >= decided else "unknown, not 0"


def _unanswered(history: History) -> str:
    claimed = measure.declared_total(history, measure.REQUESTS_UNANSWERED, CN_TO_MM, date.max)
    return NONE if claimed is None else f"claimed {claimed}, unverifiable"


def _signatures(history: History) -> str:
    confirmed = [each.event for each in history if each.event.header.type == "HandoverConfirmed"]
    return f"{sum(bool(event.payload.get('signed_by_roles')) for event in confirmed)} of {len(confirmed)}"


def _safeguards(aggregates: Iterable[Aggregate]) -> str:
    found = sum(each.facts.get("safeguards") == NOT_EVALUATED for each in aggregates if each.kind == "return")
    return f"{found} \N{MULTIPLICATION SIGN} {NOT_EVALUATED}"
