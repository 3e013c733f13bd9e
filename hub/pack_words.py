"""How the page of a pack says in English what the pack says in codes."""

from collections.abc import Mapping
from datetime import date
from typing import cast

from events.count import Count
from events.projections import Json

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip

WORDS: Mapping[str, str] = {
    "persons_handed_over": "Persons handed over",
    "leads_shared": "Leads shared",
    "victims_identified": "Victims identified",
    "suspects_arrested_on_leads": "Suspects arrested on a lead of the other side",
    "groups_disrupted": "Criminal groups disrupted",
    "meetings_held": "Meetings held",
    "not_confirmed": "receiver's signature missing",
    "confirmed_without_offer": "confirmed, never offered",
    "balanced": "balanced",
    "headcount_differs": "head count differs: dispute",
    "u1_life_or_liberty": "life or liberty",
    "u2_urgent": "urgent",
    "u3_routine": "routine",
    "u4_field_work": "field work",
    "joint_minutes": "joint minutes",
    "case_name": "the case's name",
    "reported_by_counterpart": "reported by the counterpart",
    "return": "person's return",
    "unknown": "not stated",
    "zh": "zh-Hans",
}
"""Codes whose words are not the code itself with spaces."""

VERBS: Mapping[str, str] = {
    "ActivityPlanned": "work-plan line issued",
    "ArrestReported": "arrests reported",
    "CaseStageReported": "case stage reported",
    "HandoverConfirmed": "hand-over confirmed",
    "HandoverOffered": "hand-over offered",
    "LeadAssessed": "lead assessed",
    "LeadShared": "lead shared",
    "MeetingHeld": "meeting held",
    "RequestAcknowledged": "acknowledged by a person",
    "ReturnDecided": "return decided",
    "VictimIdentified": "victim identified",
}


def words(code: object) -> str:
    """Return a code as words; a dash for none."""
    if code is None or code == "":
        return "\N{EN DASH}"
    text = str(code)
    if text in VERBS:
        return VERBS[text]
    return WORDS.get(text, text.replace("_", " "))


def direction(code: object) -> str:
    """Return ``cn-mm`` as CN → MM, one agency's name in capitals, nothing for none."""
    return "" if code is None else str(code).upper().replace("-", " \N{RIGHTWARDS ARROW} ")


def count(value: Json) -> str:
    """Return a count with its bounds: 23, 0-16 with a dash, ≥ 2; a dash for none."""
    return "\N{EN DASH}" if value is None else str(count_of(value))


def count_of(value: Json) -> Count:
    """Return the count in ``{"min", "max"}``."""
    bounds = cast("Mapping[str, int]", value)
    return Count(bounds["min"], bounds["max"])


def span(first: Json, last: Json) -> str:
    """Return the bounds of what has no period, in months: 2005-07 to 2006-11."""
    ends = [None if day is None else str(day)[:7] for day in (first, last)]
    if ends[0] is None:
        return "date not known" if ends[1] is None else f"until {ends[1]}"
    if ends[1] is None:
        return f"from {ends[0]}"
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def occurred(text: Json) -> str:
    """Return an EDTF text as people read it: intervals with a word between their ends."""
    first, slash, last = str(text).partition("/")
    if not slash:
        return first
    if first == "..":
        return f"until {last}"
    return f"from {first}" if last == ".." else f"{first} to {last}"


def period_title(name: str, first: str, last: str) -> str:
    """Return a period as a heading has it: July 2005, July to September 2005, 2005."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    if "-" not in name:
        return name
    if start.month == end.month:
        return f"{MONTHS[start.month - 1]} {start.year}"
    return f"{MONTHS[start.month - 1]} to {MONTHS[end.month - 1]} {start.year}"


def day(text: Json) -> str:
    """Return a day as 31 July 2005."""
    found = date.fromisoformat(str(text))
    return f"{found.day} {MONTHS[found.month - 1]} {found.year}"


def corridor_title(name: Json) -> str:
    """Return a corridor's name as people write it: Ruili–Muse."""
    return "\N{EN DASH}".join(part.capitalize() for part in str(name).split("-"))


def in_groups(digest: Json) -> str:
    """Return a hash in groups of eight digits, to be compared by eye."""
    text = str(digest)
    return " ".join(text[at : at + 8] for at in range(0, len(text), 8))
