"""The tables of a pack: what happened in a period, row by row, and what was open at its end.

Counts are ``{"min", "max"}`` with ``max`` null where there is no upper bound; days are EDTF as the issuers wrote them.
"""

from collections import Counter
from collections.abc import Sequence

from events.count import bounds_of, total
from events.machines import MACHINES
from events.pack_values import (
    Placed,
    Row,
    about,
    count_json,
    in_pack,
    integer,
    optional,
    optional_count,
    provenance,
    records,
    text,
    texts,
    title,
)
from events.projections import Json, State
from events.replay import Period, Place, span_of


def handovers(events: Sequence[Placed]) -> list[Json]:
    """Return one row for each hand-over with an offer or a confirmation in the pack, by crossing and key."""
    found: dict[tuple[str, str], dict[str, Placed]] = {}
    for each in events:
        if each.event.header.type in {"HandoverOffered", "HandoverConfirmed"}:
            name = (text(each.event, "crossing"), text(each.event, "handover_key"))
            found.setdefault(name, {}).setdefault(each.event.header.type, each)
    rows = ((name, parts) for name, parts in sorted(found.items()) if any(_belongs(each) for each in parts.values()))
    return [_handover(name, parts.get("HandoverOffered"), parts.get("HandoverConfirmed")) for name, parts in rows]


def _belongs(each: Placed) -> bool:
    return each.place is not Place.OUTSIDE


def _handover(name: tuple[str, str], offer: Placed | None, receipt: Placed | None) -> Json:
    offered = set(texts(offer, "persons"))
    accounts = {field: set(texts(receipt, field)) for field in ("received", "not_received", "declined_to_cross")}
    accounted = set[str]().union(*accounts.values())
    sides = [each for each in (offer, receipt) if each is not None]
    return {
        "crossing": name[0],
        "handover_key": name[1],
        "case_key": next((each.event.header.case_key for each in sides), None),
        "offered": len(offered),
        **{field: len(persons) for field, persons in accounts.items()},
        "unaccounted": len(offered - accounted),
        "not_offered": len(accounted - offered),
        "status": _handover_status(offer, receipt, is_balanced=offered == accounted),
        "offer": _side(offer),
        "confirmation": _side(receipt),
        "provenance": provenance(sides),
    }


def _handover_status(offer: Placed | None, receipt: Placed | None, *, is_balanced: bool) -> str:
    if receipt is None:
        return "not_confirmed"
    if offer is None:
        return "confirmed_without_offer"
    return "balanced" if is_balanced else "headcount_differs"


def _side(each: Placed | None) -> Json:
    if each is None:
        return None
    header = each.event.header
    return {
        "leaf": each.recorded.leaf_index,
        "office": header.office,
        "occurred": header.occurred,
        "place": each.place.value,
        "basis": header.basis,
        "signed_by_roles": [*texts(each, "signed_by_roles")],
    }


def leads(events: Sequence[Placed], state: State) -> list[Json]:
    """Return one row for each lead shared in the pack; *state* is as it must have been at the end of the period."""
    first: dict[str, Placed] = {}
    later: dict[str, list[Json]] = {}
    for each in in_pack(events, "LeadShared", "LeadAssessed", "ArrestReported", "CaseStageReported"):
        keys = [
            *texts(each, "lead_keys"),
            *([text(each.event, "lead_key")] if "lead_key" in each.event.payload else []),
        ]
        for key in keys:
            if each.event.header.type == "LeadShared":
                first.setdefault(key, each)
            else:
                later.setdefault(key, []).append(_followed(each))
    return [_lead(key, each, later.get(key, []), state) for key, each in sorted(first.items())]


def _lead(key: str, each: Placed, later: list[Json], state: State) -> Json:
    header, aggregate = each.event.header, state.get(("lead", key))
    evaluation = header.evaluation
    return {
        **about(each),
        "lead_key": key,
        "kind": text(each.event, "kind"),
        "urgency": header.urgency,
        "evaluation": None if evaluation is None else f"{evaluation.source_code}{evaluation.information_code}",
        "state": None if aggregate is None else aggregate.state,
        "followed_by": later,
    }


def _followed(each: Placed) -> Json:
    outcome = each.event.payload.get("outcome", each.event.payload.get("stage"))
    return {**about(each), "type": each.event.header.type, "outcome": outcome if isinstance(outcome, str) else None}


def arrests(events: Sequence[Placed]) -> list[Json]:
    """Return one row for each report of arrests, whether or not its period is known."""
    return [
        {
            **about(each),
            "suspects": count_json(bounds_of(each.event.payload.get("suspects"))),
            "groups_disrupted": optional_count(each.event.payload.get("groups_disrupted")),
            "lead_keys": [*texts(each, "lead_keys")],
            "offence_class": optional(each.event, "offence_class"),
        }
        for each in in_pack(events, "ArrestReported")
    ]


def case_stages(events: Sequence[Placed]) -> list[Json]:
    """Return one row for each stage that a case reached."""
    return [{**about(each), "stage": text(each.event, "stage")} for each in in_pack(events, "CaseStageReported")]


def meetings(events: Sequence[Placed]) -> list[Json]:
    """Return one row for each meeting, as first recorded."""
    first: dict[str, Placed] = {}
    for each in in_pack(events, "MeetingHeld"):
        first.setdefault(text(each.event, "meeting_key"), each)
    return [_meeting(key, each) for key, each in sorted(first.items())]


def _meeting(key: str, each: Placed) -> Json:
    payload = each.event.payload
    return {
        **about(each),
        "meeting_key": key,
        **{name: optional(each.event, name) for name in ("level", "place_code", "place_text", "from_on", "to_on")},
        "delegations": [
            {"agency": str(row.get("agency")), "count": count_json(bounds_of(row.get("count")))}
            for row in records(payload.get("delegations"))
        ],
        "decisions": [*texts(each, "decisions")],
        "declared_totals": [
            {
                **{name: str(row.get(name)) for name in ("measure", "direction", "period_text")},
                "count": count_json(bounds_of(row.get("count"))),
            }
            for row in records(payload.get("declared_totals"))
        ],
    }


def work_plan(events: Sequence[Placed], period: Period, state: State) -> list[Json]:
    """Return the lines of the work plan issued by the end of the period, with their state at that time."""
    first: dict[str, Placed] = {}
    for each in events:
        if each.event.header.type == "ActivityPlanned" and span_of(each.recorded).has_ended_by(period.last):
            first.setdefault(text(each.event, "activity_key"), each)
    rows = sorted(first.items(), key=lambda row: (*_plan_order(row[1]), row[0]))
    return [_activity(key, each, state) for key, each in rows]


def _plan_order(each: Placed) -> tuple[int, int]:
    return integer(each.event.payload.get("plan_year")), integer(each.event.payload.get("number"))


def _activity(key: str, each: Placed, state: State) -> Row:
    payload, aggregate = each.event.payload, state.get(("activity", key))
    return {
        **about(each),
        "activity_key": key,
        "state": None if aggregate is None else aggregate.state,
        **{name: integer(payload.get(name)) for name in ("plan_year", "number", "framework_point")},
        "title": title(payload.get("title")),
        "due_on": optional(each.event, "due_on"),
        "owners": [*texts(each, "owners")],
        "parts": [
            {"part_key": str(row.get("part_key")), "title": title(row.get("title"))}
            for row in records(payload.get("parts"))
        ],
    }


def open_items(state: State) -> list[Json]:
    """Return what had not come to an end, by kind, state and case, with how many and since which leaf."""
    found: Counter[tuple[str, str, str]] = Counter()
    since: dict[tuple[str, str, str], int] = {}
    for aggregate in state.values():
        machine = MACHINES.get(aggregate.kind)
        if machine is None or aggregate.state in machine.ends or aggregate.kind not in OPEN_KINDS:
            continue
        name = (aggregate.kind, aggregate.state, aggregate.case_key or "")
        found[name] += 1
        since[name] = min(since.get(name, aggregate.first_leaf), aggregate.first_leaf)
    return [
        {
            "kind": kind,
            "state": at,
            "case_key": case_key or None,
            "number": found[kind, at, case_key],
            "since_leaf": leaf,
        }
        for (kind, at, case_key), leaf in sorted(since.items())
    ]


OPEN_KINDS = ("request", "lead", "return", "evidence")
"""What the other side can be waiting for."""


def undated(events: Sequence[Placed]) -> list[Json]:
    """Return what may or may not belong to the period, events alike in one row."""
    found: dict[tuple[str, str, str], list[Placed]] = {}
    for each in events:
        header = each.event.header
        if each.place is Place.NOT_KNOWN:
            found.setdefault((header.type, header.occurred, header.office), []).append(each)
    return [_undated(name, group) for name, group in sorted(found.items())]


def _undated(name: tuple[str, str, str], group: Sequence[Placed]) -> Json:
    span = span_of(group[0].recorded)
    suspects = [bounds_of(each.event.payload.get("suspects")) for each in group if "suspects" in each.event.payload]
    return {
        "type": name[0],
        "occurred": name[1],
        "office": name[2],
        "first": None if span.first is None else span.first.isoformat(),
        "last": None if span.last is None else span.last.isoformat(),
        "events": len(group),
        "suspects": count_json(total(suspects)) if suspects else None,
        "provenance": provenance(group),
        "from_leaf": group[0].recorded.leaf_index,
        "to_leaf": group[-1].recorded.leaf_index,
    }
