"""The small facts each kind of aggregate keeps beside its state, taken from the events that touch it."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TypeAlias, cast

from events.count import bounds_of
from events.event import Event, Recorded
from events.ids import agency_of
from events.projections.aggregate import Facts, Json, canonical_json
from events.projections.touches import Touch

Rule: TypeAlias = Callable[[Facts, Touch, Recorded], Facts]

NOT_EVALUATED = "not evaluated"
"""What safeguards show for what was entered later from documents; never "passed"."""


def facts_after(facts: Facts, touch: Touch, recorded: Recorded) -> Facts:
    """Return what is known of an aggregate after an event."""
    rule = _RULES.get(touch.kind)
    return facts if rule is None else rule(facts, touch, recorded)


def payload_digest(payload: Mapping[str, object]) -> str:
    """Return SHA-256, as hex, over a payload's canonical JSON; absent fields and null are the same."""
    return sha256(canonical_json(_plain(payload))).hexdigest()


def _plain(value: object) -> Json:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str | int | None) else str(value)


def _with(facts: Facts, payload: Mapping[str, object], *names: str) -> dict[str, Json]:
    said = {name: value for name in names if isinstance(value := payload.get(name), str | int)}
    return {**facts, **said}


def _lead(facts: Facts, _touch: Touch, recorded: Recorded) -> Facts:
    event = recorded.event
    match event.header.type:
        case "LeadShared" if "office" not in facts:
            return {**_with(facts, event.payload, "kind"), "office": event.header.office}
        case "LeadAssessed":
            return _with(facts, event.payload, "outcome")
        case "ArrestReported":
            return {**facts, "arrests": _plus(facts.get("arrests"), event.payload.get("suspects"))}
    return facts


def _request(facts: Facts, _touch: Touch, recorded: Recorded) -> Facts:
    event = recorded.event
    if event.header.type == "InformationRequested" and "office" not in facts:
        return {**_with(facts, event.payload, "kind"), "office": event.header.office}
    return _with(facts, event.payload, "outcome")


def _return(facts: Facts, touch: Touch, recorded: Recorded) -> Facts:
    event = recorded.event
    found = _with(facts, event.payload, "status", "return_key", "decision", "handover_key", "crossing")
    match event.header.type:
        case "VictimIdentified" if event.header.is_backfilled:
            found["safeguards"] = NOT_EVALUATED
        case "HandoverOffered":
            found["offered_by"] = event.header.office
        case "HandoverConfirmed":
            found["confirmed_by"] = event.header.office
            found["at_the_gate"] = touch.signal.partition(":")[2]
    return found


def _case(facts: Facts, _touch: Touch, recorded: Recorded) -> Facts:
    payload = recorded.event.payload
    counted = {
        name: _plus(facts.get(name), payload[name])
        for name in ("suspects", "groups_disrupted")
        if payload.get(name) is not None
    }
    return {**_with(facts, payload, "stage"), **counted}


def _plus(before: Json, said: object) -> Json:
    added = bounds_of(before) + bounds_of(said)
    return {"min": added.min, "max": added.max}


def _evidence(facts: Facts, _touch: Touch, recorded: Recorded) -> Facts:
    event = recorded.event
    # Who sent it still answers for it until the other side has signed.
    return facts if event.header.type == "EvidenceSent" else {**facts, "holder": event.header.office}


def _activity(facts: Facts, _touch: Touch, recorded: Recorded) -> Facts:
    event = recorded.event
    if event.header.type != "ActivityPlanned":
        return _with(facts, event.payload, "status")
    plans = cast("dict[str, Json]", facts.get("plans", {}))
    mine = {str(agency_of(event.header.office)): payload_digest(event.payload)}
    parts = event.payload.get("parts")
    return {
        **_with(facts, event.payload, "plan_year", "number"),
        "plans": {**plans, **mine},
        "parts": len(parts) if isinstance(parts, list | tuple) else 0,
    }


def is_planned_by_another(facts: Facts, event: Event) -> bool:
    """Return whether another side has issued the same line of the plan."""
    plans = cast("dict[str, Json]", facts.get("plans", {}))
    mine = agency_of(event.header.office)
    return payload_digest(event.payload) in (digest for agency, digest in plans.items() if agency != mine)


def _meeting(facts: Facts, _touch: Touch, recorded: Recorded) -> Facts:
    return _with(facts, recorded.event.payload, "level", "place_text", "from_on", "to_on")


def _delivery(facts: Facts, touch: Touch, recorded: Recorded) -> Facts:
    # The first time counts: a repeated receipt says nothing new.
    return facts if touch.signal in facts else {**facts, touch.signal: recorded.leaf_index}


_RULES: Mapping[str, Rule] = {
    "lead": _lead,
    "request": _request,
    "return": _return,
    "case": _case,
    "evidence": _evidence,
    "activity": _activity,
    "meeting": _meeting,
    "delivery": _delivery,
}

__all__ = ["NOT_EVALUATED", "facts_after", "is_planned_by_another", "payload_digest"]
