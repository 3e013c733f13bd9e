"""Who is told of an event, how urgently, what they owe in return, and who may say what at all.

Everything here is a row of `events.routing_table`; this module only reads rows. An event of a type
without a row goes to the other side's liaison desk by the urgency of its own header.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from events.event import Event, Recorded
from events.ids import HUB, Office, agency_of
from events.routing_table import (
    ANY_OFFICE,
    BOOKKEEPING,
    BY_NAME,
    CLASSES,
    DEFAULT,
    RULES,
    SPEAKERS,
    Owed,
    Owes,
    Rule,
    Side,
)

__all__ = ["SPEAKERS", "Directory", "Notice", "may_say", "told"]

Directory: TypeAlias = Mapping[Office, frozenset[str]]
"""Roles of every office with a key in force."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One office to be told; a due time is absent where nothing is owed."""

    office: Office
    urgency: str
    receipt_due_at: datetime | None
    answer_due_at: datetime | None


def may_say(event_type: str, roles: Iterable[str]) -> bool:
    """Return whether an office with these roles may issue an event of this type."""
    return not SPEAKERS.get(event_type, ANY_OFFICE).isdisjoint(roles)


def told(recorded: Recorded, directory: Directory) -> tuple[Notice, ...]:
    """Return who is told of an event, sorted by office, the issuer never among them.

    An office that several rules name is told once, by the most urgent one. Calendar time runs from
    admission. A backfilled event is told and owes nothing; nor does an office owe a receipt that it
    has no right to sign.
    """
    event = recorded.event
    if event.header.type in BOOKKEEPING:
        return ()
    offices = sorted(office for office in directory if office != event.header.office and agency_of(office) != HUB)
    return tuple(
        _notice(recorded, office, directory[office], rules)
        for office in offices
        if (rules := tuple(_rules_for(event, office, directory[office])))
    )


def _rules_for(event: Event, office: Office, roles: frozenset[str]) -> Iterator[Rule]:
    for rule in RULES.get(event.header.type, DEFAULT):
        if rule.names(roles) and _is_on(rule.side, event, office) and rule.when(event.payload):
            yield rule
    if office in event.header.recipients:
        yield BY_NAME


def _is_on(side: Side, event: Event, office: Office) -> bool:
    is_own = agency_of(office) == agency_of(event.header.office)
    return side is Side.BOTH or is_own == (side is Side.OWN)


def _notice(recorded: Recorded, office: Office, roles: frozenset[str], rules: tuple[Rule, ...]) -> Notice:
    header = recorded.event.header
    if header.is_backfilled:
        return Notice(office, header.urgency, None, None)
    owed = [_owed(rule, header.urgency) for rule in rules]
    receipts = [each.receipt for each in owed] if may_say("RequestAcknowledged", roles) else []
    return Notice(
        office,
        min(_urgency(rule, header.urgency) for rule in rules),
        _due_at(recorded.admitted_at, receipts),
        _due_at(recorded.admitted_at, [each.answer for each in owed]),
    )


def _urgency(rule: Rule, asked: str) -> str:
    # The classes sort by urgency: an issuer can ask for more than the rule, never for less.
    return min(rule.urgency or asked, asked)


def _owed(rule: Rule, asked: str) -> Owed:
    if isinstance(rule.owes, Owed):
        return rule.owes
    by_class = CLASSES[_urgency(rule, asked)]
    return Owed(
        by_class.receipt if rule.owes in {Owes.RECEIPT, Owes.BOTH} else None,
        by_class.answer if rule.owes in {Owes.ANSWER, Owes.BOTH} else None,
    )


def _due_at(start: datetime, spans: Iterable[timedelta | None]) -> datetime | None:
    owed = [span for span in spans if span is not None]
    return start + min(owed) if owed else None
