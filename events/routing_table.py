"""The rows of routing: for each type who is told and what is owed, and which roles may say it.

Times are proposals both sides still have to agree on. "Sender" in the domain's table is read as the
other side's liaison desk; a desk that answers another office by name puts it in the recipients.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import TypeAlias

Payload: TypeAlias = Mapping[str, object]
"""The fields of a type."""

POLICE, LIAISON, WELFARE, IMMIGRATION = "police", "liaison", "welfare", "immigration"
COORDINATOR, AUDITOR, HUB_ROLE, ROOT = "coordinator", "auditor", "hub", "root"

ADULT_YEARS = 18
"""Below this age, or with an age not known to be above, a person is protected as a child."""

CUSTODIAL = frozenset({"police_cell", "detention_centre", "immigration_detention", "prison", "closed_shelter"})
"""Kinds of place that a person may not leave."""


class Side(Enum):
    """Which agencies a rule looks at, seen from the issuer."""

    OWN = "own"
    OTHER = "other"
    BOTH = "both"


class Owes(Enum):
    """What is owed within the times of the urgency class."""

    NOTHING = "nothing"
    RECEIPT = "receipt"
    ANSWER = "answer"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Owed:
    """Time from admission to a person's receipt and to an answer, where owed."""

    receipt: timedelta | None
    answer: timedelta | None


def always(_payload: Payload) -> bool:
    """Return that the rule holds whatever the payload says."""
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """Tell the offices with one of *roles* (none: all) on *side*; no urgency means the header's."""

    side: Side
    roles: frozenset[str]
    urgency: str | None = None
    owes: Owes | Owed = Owes.NOTHING
    when: Callable[[Payload], bool] = always

    def names(self, roles: frozenset[str]) -> bool:
        """Return whether an office with these roles is meant."""
        return not self.roles or not self.roles.isdisjoint(roles)


U1, U2, U3, U4 = "u1_life_or_liberty", "u2_urgent", "u3_routine", "u4_field_work"

CLASSES: Mapping[str, Owed] = {
    U1: Owed(timedelta(hours=1), timedelta(hours=8)),
    U2: Owed(timedelta(hours=12), timedelta(days=3)),
    U3: Owed(timedelta(hours=24), timedelta(days=7)),
    U4: Owed(timedelta(hours=24), timedelta(days=30)),
}
"""What each urgency class owes; the names sort from most to least urgent."""

WEEK = Owed(timedelta(days=7), None)
"""A receipt within seven days."""

AT_THE_GATE = Owed(timedelta(hours=1), timedelta(hours=2))
"""The receiver signs at the gate; after two hours without the signature there is an alarm."""


def _is(field: str, *values: str) -> Callable[[Payload], bool]:
    return lambda payload: payload.get(field) in values


def may_be_a_child(payload: Payload) -> bool:
    """Return whether the person is, or possibly is, under 18."""
    low = payload.get("age_years_min")
    return not isinstance(low, int) or low < ADULT_YEARS


def _is_at_risk(payload: Payload) -> bool:
    is_victim = payload.get("status") != "not_a_victim"
    return is_victim and (may_be_a_child(payload) or payload.get("held_in_closed_place") is True)


def _is_held(payload: Payload) -> bool:
    return payload.get("kind") in CUSTODIAL or payload.get("may_leave") is False


def _is_second_step(payload: Payload) -> bool:
    step = payload.get("step")
    return isinstance(step, int) and step > 1


def _tell(
    side: Side,
    *roles: str,
    urgency: str | None = None,
    owes: Owes | Owed = Owes.NOTHING,
    when: Callable[[Payload], bool] = always,
) -> Rule:
    return Rule(side, frozenset(roles), urgency, owes, when)


_own = partial(_tell, Side.OWN)
_other = partial(_tell, Side.OTHER)
_both = partial(_tell, Side.BOTH)

_SENDER = _other(LIAISON)
_RECEIVERS = (LIAISON, WELFARE, IMMIGRATION)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "LeadShared": (
        _other(LIAISON, urgency=U3, owes=Owes.BOTH),
        _other(LIAISON, urgency=U1, owes=Owes.BOTH, when=_is("kind", "person_at_risk")),
        _own(COORDINATOR),
    ),
    "LeadAssessed": (_other(LIAISON, urgency=U3, owes=Owes.RECEIPT),),
    "InformationRequested": (
        _other(LIAISON, owes=Owes.BOTH),
        _other(LIAISON, urgency=U1, owes=Owes.BOTH, when=lambda payload: payload.get("held_in_closed_place") is True),
        _other(WELFARE, owes=Owes.RECEIPT, when=_is("kind", "family_tracing", "family_assessment")),
    ),
    "RequestAcknowledged": (_SENDER,),
    "RequestClarified": (_SENDER,),
    "AnswerDelayed": (_SENDER,),
    "RequestAnswered": (_SENDER,),
    "DeadlineMissed": (_both(LIAISON), _both(COORDINATOR, when=_is_second_step)),
    "VictimIdentified": (
        _other(LIAISON, urgency=U3, owes=Owes.RECEIPT),
        _both(WELFARE, urgency=U3, owes=Owes.RECEIPT),
        _other(LIAISON, urgency=U1, owes=Owes.RECEIPT, when=_is_at_risk),
        _both(WELFARE, urgency=U1, owes=Owes.RECEIPT, when=_is_at_risk),
    ),
    "ConsentRecorded": (_own(WELFARE, LIAISON), _other(LIAISON, when=_is("decision", "withdrawn"))),
    "PlacementRecorded": (
        _own(WELFARE),
        _both(WELFARE, COORDINATOR, urgency=U1, owes=Owes.RECEIPT, when=_is_held),
    ),
    "ChildMeasureRecorded": (_both(WELFARE, urgency=U3, owes=Owes.RECEIPT),),
    "ReturnProposed": (_other(*_RECEIVERS, urgency=U3, owes=Owes.BOTH),),
    "ReturnDecided": (_SENDER,),
    "HandoverScheduled": (_other(*_RECEIVERS, urgency=U3, owes=Owes.RECEIPT),),
    "HandoverOffered": (_other(LIAISON, WELFARE, urgency=U1, owes=AT_THE_GATE),),
    "HandoverConfirmed": (_SENDER,),
    "ReintegrationReported": (
        _other(WELFARE, owes=WEEK),
        _both(LIAISON, urgency=U1, owes=Owes.RECEIPT, when=_is("situation", "missing", "re_trafficked")),
    ),
    "CaseStageReported": (_other(LIAISON, owes=WEEK),),
    "ArrestReported": (
        _other(LIAISON, urgency=U3, owes=Owes.RECEIPT),
        _both(WELFARE, urgency=U3, when=lambda payload: payload.get("victims_involved") is True),
    ),
    "EvidenceRegistered": (),
    "EvidenceSent": (_other(LIAISON, urgency=U3, owes=Owes.RECEIPT),),
    "EvidenceReceived": (_SENDER,),
    "ActivityPlanned": (_other(COORDINATOR, urgency=U3, owes=Owes.ANSWER),),
    "ActivityReported": (_other(COORDINATOR),),
    "MeetingHeld": (_both(COORDINATOR),),
    "RecordCorrected": (_other(LIAISON, owes=Owes.RECEIPT),),
    "PeriodReconciled": (_both(COORDINATOR, AUDITOR),),
}
"""Who is told of each type; all rows that apply count, the most urgent wins."""

DEFAULT: tuple[Rule, ...] = (_other(LIAISON, owes=Owes.RECEIPT),)
"""The row of a type that has none."""

BY_NAME = Rule(Side.BOTH, frozenset(), owes=Owes.NOTHING)
"""The row of an office named in the header's recipients."""

BOOKKEEPING = frozenset({"CorridorFounded", "AgencyKeysPublished", "SchemaPublished", "EventReceived", "EventOpened"})
"""Types that keep the ledger itself; they tell nobody."""

ANY_OFFICE = frozenset(
    {POLICE, LIAISON, WELFARE, IMMIGRATION, "consular", "prosecutor", COORDINATOR, "statistics", AUDITOR},
)
"""Every role but the hub's and a root key's."""

_FIELD = frozenset({POLICE, LIAISON, WELFARE, IMMIGRATION})

SPEAKERS: Mapping[str, frozenset[str]] = {
    "CorridorFounded": frozenset({HUB_ROLE}),
    "SchemaPublished": frozenset({HUB_ROLE}),
    "AgencyKeysPublished": ANY_OFFICE | {HUB_ROLE, ROOT},
    "EventReceived": ANY_OFFICE,
    "EventOpened": ANY_OFFICE,
    "LeadShared": frozenset({POLICE, LIAISON, WELFARE}),
    "LeadAssessed": frozenset({POLICE, LIAISON}),
    "InformationRequested": _FIELD,
    "RequestAcknowledged": frozenset({LIAISON, WELFARE, IMMIGRATION}),
    "RequestClarified": _FIELD,
    "AnswerDelayed": _FIELD,
    "RequestAnswered": _FIELD,
    "DeadlineMissed": frozenset({HUB_ROLE}),
    "VictimIdentified": frozenset({POLICE, WELFARE, IMMIGRATION}),
    "ConsentRecorded": frozenset({WELFARE, POLICE}),
    "PlacementRecorded": frozenset({WELFARE, POLICE, IMMIGRATION}),
    "ChildMeasureRecorded": frozenset({WELFARE}),
    "ReturnProposed": frozenset({LIAISON, WELFARE}),
    "ReturnDecided": frozenset({LIAISON, WELFARE, IMMIGRATION}),
    "HandoverScheduled": frozenset({LIAISON}),
    "HandoverOffered": frozenset({LIAISON}),
    "HandoverConfirmed": frozenset({LIAISON, WELFARE}),
    "ReintegrationReported": frozenset({WELFARE}),
    "CaseStageReported": frozenset({POLICE}),
    "ArrestReported": frozenset({POLICE}),
    "EvidenceRegistered": frozenset({POLICE}),
    "EvidenceSent": frozenset({POLICE, LIAISON}),
    "EvidenceReceived": frozenset({POLICE, LIAISON}),
    "ActivityPlanned": frozenset({COORDINATOR}),
    "ActivityReported": frozenset({COORDINATOR, LIAISON}),
    "MeetingHeld": frozenset({LIAISON, COORDINATOR}),
    "PeriodReconciled": frozenset({LIAISON, COORDINATOR}),
}
"""Which roles may issue each type; a type without a row may be said by any office."""
