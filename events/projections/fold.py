"""The fold: what the aggregates are after one more event. One function for live, replay, as-of and audit."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from immutables import Map

from events.event import Event, Recorded
from events.ids import agency_of
from events.machines import MACHINES, UNBORN, Step, step
from events.projections.aggregate import Aggregate
from events.projections.facts import facts_after, is_planned_by_another
from events.projections.touches import Touch, touches

Name: TypeAlias = tuple[str, str]
"""Kind and key of an aggregate."""

State: TypeAlias = Map[Name, Aggregate]
"""All aggregates by name."""

INITIAL: State = Map()
"""Nothing has been said of anything."""

_DELIVERY = ("unborn", "received", "opened", "acknowledged")


def apply(state: State, recorded: Recorded) -> State:
    """Return all aggregates after one more event."""
    for aggregate in changes(state.get, recorded):
        state = state.set((aggregate.kind, aggregate.key), aggregate)
    return state


def fold(history: Iterable[Recorded], state: State = INITIAL) -> State:
    """Return all aggregates after many events; the same as applying them one by one, only faster."""
    draft = state.mutate()
    for recorded in history:
        for aggregate in changes(draft.get, recorded):
            draft[aggregate.kind, aggregate.key] = aggregate
    return draft.finish()


def changes(find: Callable[[Name], Aggregate | None], recorded: Recorded) -> tuple[Aggregate, ...]:
    """Return the aggregates that an event changes, as they are after it, each once.

    *find* returns an aggregate as it was before, or None if nothing was said of it yet.
    """
    changed: dict[Name, Aggregate] = {}
    for touch in touches(recorded.event):
        name = (touch.kind, touch.key)
        changed[name] = advanced(changed.get(name) or find(name), touch, recorded)
    return tuple(changed.values())


def advanced(before: Aggregate | None, touch: Touch, recorded: Recorded) -> Aggregate:
    """Return an aggregate after one touch; None before means that this is the first."""
    event, leaf = recorded.event, recorded.leaf_index
    if before is None:
        before = Aggregate(touch.kind, touch.key, None, UNBORN, leaf, leaf, (), {})
    move = _MOVES.get(touch.kind, _by_machine)(before, touch, event)
    return Aggregate(
        before.kind,
        before.key,
        before.case_key if event.header.case_key is None else event.header.case_key,
        move.state,
        before.first_leaf,
        leaf,
        before.findings if move.finding is None else (*before.findings, (leaf, move.finding)),
        facts_after(before.facts, touch, recorded),
    )


def _by_machine(before: Aggregate, touch: Touch, event: Event) -> Step:
    return step(MACHINES[before.kind], before.state, touch.signal, backfilled=event.header.is_backfilled)


def _heard(before: Aggregate, touch: Touch, event: Event) -> Step:
    # Several offices may be told. The counterpart's first acknowledgement moves it; a later one, or one
    # from the sender's own side, is a fact of its delivery and no mistake.
    if touch.signal != "RequestAcknowledged" or before.state == UNBORN:
        return _by_machine(before, touch, event)
    sender = str(before.facts.get("office", "")).partition(":")[0]
    can_move = (before.state, touch.signal) in MACHINES[before.kind].targets
    if not can_move or sender == agency_of(event.header.office):
        return Step(before.state)
    return _by_machine(before, touch, event)


def _planned(before: Aggregate, touch: Touch, event: Event) -> Step:
    if event.header.type != "ActivityPlanned":
        return _by_machine(before, touch, event)
    side = "second_side" if is_planned_by_another(before.facts, event) else "first_side"
    return _by_machine(before, Touch(touch.kind, touch.key, f"{touch.signal}:{side}"), event)


def _held(_before: Aggregate, _touch: Touch, _event: Event) -> Step:
    return Step("held")


def _delivered(before: Aggregate, touch: Touch, _event: Event) -> Step:
    # A person may acknowledge before the machine's receipt is in the ledger: the furthest step stands.
    return Step(max(before.state, touch.signal, key=_DELIVERY.index))


_MOVES: Mapping[str, Callable[[Aggregate, Touch, Event], Step]] = {
    "lead": _heard,
    "request": _heard,
    "activity": _planned,
    "meeting": _held,
    "delivery": _delivered,
}
"""How an aggregate moves, where its machine alone does not say."""
