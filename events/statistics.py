"""What was done, how often, and how sure that is: pure measures over the events of a ledger.

The founding facts are coarse, so every figure has bounds. As of a day, what must have happened by then is
the lower bound and what can have happened the upper one. In a table of months, what belongs to no single
month stands in a row of its own. A figure is only comparable under one definition; these are version 1.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from events.count import ZERO, Count, bounds_of, exactly, total
from events.edtf import Span, parse_span
from events.event import Event, Recorded
from events.ids import Agency, agency_of
from events.projections.facts import payload_digest

DEFINITIONS_VERSION = 1
"""Goes up when a measure below begins to count differently."""

PERSONS_HANDED_OVER = "persons_handed_over"
REQUESTS_UNANSWERED = "requests_unanswered"

ONE = exactly(1)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that counts, and the days on which it can have happened."""

    span: Span
    count: Count = ONE


Grain: TypeAlias = Callable[[date], str]
"""Names the period that a day belongs to."""


def month(day: date) -> str:
    """Return the month of a day, as 2005-07."""
    return f"{day.year:04}-{day.month:02}"


def quarter(day: date) -> str:
    """Return the quarter of a day, as 2005-Q3."""
    return f"{day.year:04}-Q{(day.month + 2) // 3}"


def year(day: date) -> str:
    """Return the year of a day, as 2005."""
    return f"{day.year:04}"


def as_of(happenings: Iterable[Happening], day: date) -> Count:
    """Return how many there were by the end of a day: those that must, up to those that can have been."""
    return total(_by_day(each, day) for each in happenings)


def _by_day(happening: Happening, day: date) -> Count:
    if happening.span.has_ended_by(day):
        return happening.count
    return Count(0, happening.count.max) if happening.span.has_begun_by(day) else ZERO


def by_period(happenings: Iterable[Happening], grain: Grain) -> dict[str, Count]:
    """Return a count for each period that has one, in order; what fits in none follows under its bounds."""
    found: dict[tuple[bool, str], Count] = {}
    for each in happenings:
        row = _row(each.span, grain)
        found[row] = found.get(row, ZERO) + each.count
    return {name: found[is_unknown, name] for is_unknown, name in sorted(found)}


def _row(span: Span, grain: Grain) -> tuple[bool, str]:
    if span.first is not None and span.last is not None and grain(span.first) == grain(span.last):
        return False, grain(span.first)
    return True, f"period not known{_bounds(span)}"


def _bounds(span: Span) -> str:
    if span.first is not None and span.last is not None:
        return f" ({month(span.first)} to {month(span.last)})"
    if span.first is not None:
        return f" (from {month(span.first)})"
    return "" if span.last is None else f" (until {month(span.last)})"


def handed_over(history: Iterable[Recorded], giver: Agency, taker: Agency) -> tuple[Happening, ...]:
    """Return one happening for each person that *giver* handed over to *taker*.

    It counts if one country offered and the other confirmed: the same hand-over, gate and person (S07).
    Offer and confirmation fall within the later of the two beginnings and the later of the two ends.
    """
    offers: dict[tuple[object, object, str], Span] = {}
    taken: dict[tuple[object, object, str], Span] = {}
    for event in _of(history, "HandoverOffered", "HandoverConfirmed"):
        agency = agency_of(event.header.office)
        if event.header.type == "HandoverOffered" and agency == giver:
            _note(offers, event, "persons")
        if event.header.type == "HandoverConfirmed" and agency == taker != giver:
            _note(taken, event, "received")
    return tuple(Happening(_later(span, taken[name])) for name, span in offers.items() if name in taken)


def _note(seen: dict[tuple[object, object, str], Span], event: Event, field: str) -> None:
    for person in _texts(event.payload.get(field)):
        seen.setdefault((event.payload.get("handover_key"), event.payload.get("crossing"), person), _span(event))


def _later(left: Span, right: Span) -> Span:
    first = max((day for day in (left.first, right.first) if day is not None), default=None)
    # One end that is not known leaves the later end unknown.
    return Span(first, max(left.last, right.last) if left.last and right.last else None)


def leads_shared(history: Iterable[Recorded], giver: Agency) -> tuple[Happening, ...]:
    """Return one happening for each lead that an agency shared, by its first event."""
    return _first_of(history, "LeadShared", "lead_key", giver)


def meetings_held(history: Iterable[Recorded]) -> tuple[Happening, ...]:
    """Return one happening for each meeting, whichever side recorded it first."""
    return _first_of(history, "MeetingHeld", "meeting_key", None)


def victims_identified(history: Iterable[Recorded], agency: Agency) -> tuple[Happening, ...]:
    """Return one happening for each person that an agency identified as a victim, presumed or confirmed."""
    found = (each for each in history if each.event.payload.get("status") != "not_a_victim")
    return _first_of(found, "VictimIdentified", "person_key", agency)


def _first_of(history: Iterable[Recorded], kind: str, key: str, agency: Agency | None) -> tuple[Happening, ...]:
    first: dict[object, Happening] = {}
    for event in _of(history, kind):
        if agency is None or agency_of(event.header.office) == agency:
            first.setdefault(event.payload.get(key), Happening(_span(event)))
    return tuple(first.values())


def arrests_credited(history: Iterable[Recorded], by: Agency) -> tuple[Happening, ...]:
    """Return the suspects an agency arrested, event by event, where they are credited to another's lead."""
    events = tuple(_of(history, "LeadShared", "ArrestReported"))
    leads = {event.payload.get("lead_key") for event in events if _is_foreign_lead(event, by)}
    return tuple(
        Happening(_span(event), bounds_of(event.payload.get("suspects")))
        for event in events
        if event.header.type == "ArrestReported"
        and agency_of(event.header.office) == by
        and not leads.isdisjoint(_texts(event.payload.get("lead_keys")))
    )


def _is_foreign_lead(event: Event, agency: Agency) -> bool:
    return event.header.type == "LeadShared" and agency_of(event.header.office) != agency


def groups_disrupted(history: Iterable[Recorded]) -> tuple[Happening, ...]:
    """Return the criminal groups disrupted, report by report, of both sides."""
    return tuple(
        Happening(_span(event), bounds_of(said))
        for event in _of(history, "ArrestReported", "CaseStageReported")
        if (said := event.payload.get("groups_disrupted")) is not None
    )


def declared_total(history: Iterable[Recorded], measure: str, direction: str, day: date) -> Count | None:
    """Return the last figure that a meeting over by *day* declared; None if none did.

    *direction* is for example ``cn-mm``. Of two meetings with the same last day, the later record counts.
    """
    declared = [
        (_span(event).last or date.max, bounds_of(said.get("count")))
        for event in _of(history, "MeetingHeld")
        if _span(event).has_ended_by(day)
        for said in _records(event.payload.get("declared_totals"))
        if said.get("measure") == measure and said.get("direction") == direction
    ]
    return max(reversed(declared), key=lambda each: each[0])[1] if declared else None


@dataclass(frozen=True, slots=True)
class PlanLine:
    """An agreed line of the work plan; *parts* are the lines under it."""

    number: int
    parts: int
    agreed: Happening
    done: Happening | None


def plan_lines(history: Iterable[Recorded]) -> tuple[PlanLine, ...]:
    """Return the lines of the work plan that two sides have issued alike, by number."""
    proposed: dict[tuple[object, str], Event] = {}
    agreed: dict[object, PlanLine] = {}
    done: dict[object, Happening] = {}
    for event in _of(history, "ActivityPlanned", "ActivityReported"):
        key = event.payload.get("activity_key")
        if event.header.type == "ActivityPlanned":
            earlier = proposed.setdefault((key, payload_digest(event.payload)), event)
            if agency_of(earlier.header.office) != agency_of(event.header.office):
                agreed.setdefault(key, _agreed(earlier, event))
        elif event.payload.get("status") == "completed":
            done.setdefault(key, Happening(_span(event)))
    lines = (PlanLine(line.number, line.parts, line.agreed, done.get(key)) for key, line in agreed.items())
    return tuple(sorted(lines, key=lambda line: line.number))


def _agreed(left: Event, right: Event) -> PlanLine:
    number = right.payload.get("number")
    parts = len(tuple(_records(right.payload.get("parts"))))
    span = _later(_span(left), _span(right))
    return PlanLine(number if isinstance(number, int) else 0, parts, Happening(span), None)


def _of(history: Iterable[Recorded], *kinds: str) -> Iterator[Event]:
    return (recorded.event for recorded in history if recorded.event.header.type in kinds)


def _span(event: Event) -> Span:
    return parse_span(event.header.occurred)


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list | tuple) else []


def _records(value: object) -> Iterator[Mapping[str, object]]:
    listed = value if isinstance(value, list | tuple) else ()
    return (each for each in listed if isinstance(each, Mapping))
