"""A case as it was known: its statements in ledger order, what each moved, and where everything then stood."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from events.event import Event, Recorded
from events.ids import Hash, LeafIndex
from events.pack import instant
from events.projections import INITIAL, Aggregate, Json, Name, State, changes, fold, touches
from events.replay import AsOf, OccurredBy, possible, select
from hub.errors import HubError

NEAR_MAX = 5
RECEIPTS = ("EventReceived", "EventOpened", "RequestAcknowledged")

Named = frozenset[Name]


class CaseUnknown(HubError):  # noqa: N818 - a statement about the case
    """Look at the case keys of the newest statements with `hub ledger list`."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a statement did to one aggregate of the case; *before* and *after* are its states."""

    kind: str
    key: str
    before: str
    after: str
    finding: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A statement of the case; *about* are the leaves it is a receipt for, *is_certain* is False if it may be later."""

    recorded: Recorded
    changes: tuple[Change, ...]
    about: tuple[LeafIndex, ...]
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class History:
    """A case as of something: its lines in ledger order and its aggregates; *known* of *total* statements."""

    case_key: str
    lines: tuple[Line, ...]
    aggregates: tuple[Aggregate, ...]
    known: int
    total: int


def case_history(history: Sequence[Recorded], case_key: str, as_of: AsOf | None = None) -> History:
    """Return a case as it was known, given every event of the ledger.

    Raises:
        CaseUnknown: no event speaks of the case.
    """
    # What was delivered when stands in lines of its own, not in the case.
    names = frozenset(
        name for name, each in fold(history).items() if each.case_key == case_key and each.kind != "delivery"
    )
    own = [each for each in history if _speaks_of(each.event, case_key, names)]
    if not own:
        _unknown(case_key, history)
    leaves = {each.event.digest: each.leaf_index for each in own}
    related = [each for each in history if each.event.digest in leaves or _about(each.event, leaves)]
    chosen = select(related, as_of)
    lines, state = _lines(chosen, names, leaves)
    if isinstance(as_of, OccurredBy):
        maybe = (Line(each, (), _about(each.event, leaves), is_certain=False) for each in possible(related, as_of.day))
        lines = sorted([*lines, *maybe], key=lambda line: line.recorded.leaf_index)
    return History(
        case_key,
        tuple(lines),
        tuple(each for name, each in sorted(state.items()) if name in names),
        known=sum(each.event.digest in leaves for each in chosen),
        total=len(own),
    )


def history_json(found: History) -> dict[str, Json]:
    """Return a history as the value that ``--json`` prints."""
    return {
        "case_key": found.case_key,
        "known": found.known,
        "total": found.total,
        "timeline": [_line_json(line) for line in found.lines],
        "aggregates": [each.to_json() for each in found.aggregates],
    }


def near(wanted: str, known: Iterable[str]) -> list[str]:
    """Return the names most like the one that was asked for, at most five; any of them if none is alike."""
    names = sorted(set(known))
    return get_close_matches(wanted.lower(), names, NEAR_MAX, cutoff=0.5) or names[:NEAR_MAX]


def _speaks_of(event: Event, case_key: str, names: Named) -> bool:
    if event.header.case_key is not None:
        return event.header.case_key == case_key
    return any((touch.kind, touch.key) in names for touch in touches(event))


def _about(event: Event, leaves: dict[Hash, LeafIndex]) -> tuple[LeafIndex, ...]:
    """Return the statements of the case that an event is a receipt for."""
    match event.header.type:
        case "EventReceived":
            digests = event.payload.get("digests")
            listed: Sequence[object] = digests if isinstance(digests, list | tuple) else ()
        case "EventOpened":
            listed = (event.payload.get("digest"),)
        case "RequestAcknowledged":
            listed = (event.header.cause,)
        case _:
            return ()
    return tuple(sorted(leaves[Hash(each)] for each in listed if isinstance(each, bytes) and each in leaves))


def _lines(chosen: Sequence[Recorded], names: Named, leaves: dict[Hash, LeafIndex]) -> tuple[list[Line], State]:
    state, lines = INITIAL, []
    for recorded in chosen:
        moved = changes(state.get, recorded)
        said = tuple(_change(state, each, recorded) for each in moved if (each.kind, each.key) in names)
        lines.append(Line(recorded, said, _about(recorded.event, leaves)))
        for each in moved:
            state = state.set((each.kind, each.key), each)
    return lines, state


def _change(state: State, after: Aggregate, recorded: Recorded) -> Change:
    before = state.get((after.kind, after.key))
    found = [name for leaf, name in after.findings if leaf == recorded.leaf_index]
    return Change(
        after.kind, after.key, "unborn" if before is None else before.state, after.state, found[0] if found else None
    )


def _line_json(line: Line) -> Json:
    header, recorded = line.recorded.event.header, line.recorded
    return {
        "leaf": recorded.leaf_index,
        "admitted_at": instant(recorded.admitted_at),
        "occurred": header.occurred,
        "certain": line.is_certain,
        "office": header.office,
        "type": header.type,
        "event_id": str(header.event_id),
        "digest": recorded.event.digest.hex(),
        "basis": header.basis,
        "provenance": header.provenance,
        "about": list(line.about),
        "changes": [
            {"kind": each.kind, "key": each.key, "from": each.before, "to": each.after, "finding": each.finding}
            for each in line.changes
        ],
    }


def _unknown(case_key: str, history: Sequence[Recorded]) -> None:
    known = {each.event.header.case_key for each in history} - {None}
    names = near(case_key, (str(name) for name in known))
    message = f"no statement of this ledger speaks of case {case_key[:64]}; it has {len(known)} cases"
    raise CaseUnknown(message, hint=f"did you mean {', '.join(names)}?" if names else None)
