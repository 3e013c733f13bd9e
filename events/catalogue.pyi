# Made by `python -m deploy.stubs` from schemas/events; do not edit.
# ruff: noqa: PYI021 - editors show these docstrings
"""A frozen dataclass for each event type, sealed part and nested record, made from the schemas."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from events.count import Count as Count

EVENT_TYPES: tuple[str, ...]
"""The names of the released event types."""

def to_payload(value: object) -> dict[str, object]:
    """Return a value of this catalogue as the record that Avro writes."""

def from_payload(name: str, payload: Mapping[str, object]) -> object:
    """Return the value of the class *name* for a decoded record."""

Role: TypeAlias = Literal[
    "unknown",
    "police",
    "liaison",
    "welfare",
    "immigration",
    "consular",
    "prosecutor",
    "coordinator",
    "statistics",
    "auditor",
    "hub",
    "root",
]
HandlingCode: TypeAlias = Literal["h2", "h0", "h1", "h3"]
SourceCode: TypeAlias = Literal["x", "a", "b", "c"]
Urgency: TypeAlias = Literal["u3_routine", "u1_life_or_liberty", "u2_urgent", "u4_field_work"]
Basis: TypeAlias = Literal["observed", "reported_by_counterpart", "joint_minutes", "implied", "case_name"]
Provenance: TypeAlias = Literal["live", "backfilled"]
CaseStage: TypeAlias = Literal[
    "unknown",
    "opened",
    "sent_to_prosecutor",
    "returned_for_investigation",
    "charged",
    "convicted",
    "acquitted",
    "dropped",
    "closed",
]
LeadOutcome: TypeAlias = Literal["unknown", "actionable", "not_actionable", "already_known", "exhausted"]
LeadKind: TypeAlias = Literal["unknown", "person_at_risk", "recruiter", "suspect", "route", "place", "online"]
MeetingLevel: TypeAlias = Literal["unknown", "monthly", "quarterly", "annual", "emergency"]
ReferenceKind: TypeAlias = Literal[
    "unknown",
    "lead",
    "request",
    "return",
    "case",
    "evidence",
    "activity",
    "meeting",
    "handover",
]
ReturnDecision: TypeAlias = Literal["unknown", "accepted", "postponed", "declined"]
PlacementKind: TypeAlias = Literal[
    "unknown",
    "transit_centre",
    "shelter",
    "safe_house",
    "hospital",
    "family",
    "police_cell",
    "detention_centre",
    "immigration_detention",
    "closed_shelter",
    "prison",
]
VictimStatus: TypeAlias = Literal["unknown", "presumed", "confirmed", "not_a_victim"]
Sex: TypeAlias = Literal["unknown", "female", "male", "other"]
AgeBasis: TypeAlias = Literal["unknown", "document", "own_statement", "estimate", "assessment"]

@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """A title in the languages it exists in.

    Attributes:
        zh: Chinese.
        en: English.
        my: Burmese, Unicode.
    """

    zh: str | None = None
    en: str | None = None
    my: str | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPart:
    """A line of its own under an activity.

    Attributes:
        part_key: Name of the part.
        title: What it is.
    """

    part_key: str
    title: Title

@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPlanned:
    """One line of the work plan.

    It is agreed when both sides have issued the same payload.

    Attributes:
        activity_key: Name of the activity.
        plan_year: Year of the plan.
        number: Number of the line in the plan, from 1.
        framework_point: Point 1 to 8 of the co-operation framework it serves; 0 if none is named.
        title: What will be done.
        parts: Lines of their own under this one.
        due_on: Due date as EDTF.
        owners: Offices that will do it.
        partners: Partners that take part, as codes.
    """

    activity_key: str
    plan_year: int
    number: int
    framework_point: int = 0
    title: Title
    parts: tuple[ActivityPart, ...] = ()
    due_on: str | None = None
    owners: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()

@dataclass(frozen=True, slots=True, kw_only=True)
class RootSignature:
    """One root key's signature over the AgencyKeys bytes.

    Attributes:
        key_id: SHA-256 of the byte 01 and the root public key.
        signature: Ed25519 over the DSSE PAE of application/vnd.liaison.agency-keys.v1+avro and the bytes.
    """

    key_id: bytes
    signature: bytes

@dataclass(frozen=True, slots=True, kw_only=True)
class SignedKeys:
    """An agency's keys with the root signatures.

    Attributes:
        document: AgencyKeys in single-object encoding, exactly as signed.
        signatures: Root signatures, at least the threshold.
    """

    document: bytes
    signatures: tuple[RootSignature, ...]

@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyKeysPublished:
    """A new version of an agency's offices and keys, in force from the next leaf on.

    Attributes:
        keys: The version, signed by a threshold of the old and of the new roots.
    """

    keys: SignedKeys

@dataclass(frozen=True, slots=True, kw_only=True)
class ArrestReported:
    """Suspects were arrested.

    The case is the header's case_key.

    Attributes:
        lead_keys: Leads the arrest is credited to.
        suspects: How many suspects.
        suspect_keys: Random names of suspects, where they have one.
        roles: HTCDS per_RoleInProcess values of the suspects.
        offence_class: Class of offence as a code, for example trafficking.
        place_code: Province or state of the arrest, ISO 3166-2; never more exact.
        groups_disrupted: Criminal groups disrupted by it.
        victims_involved: Whether victims were found with the suspects; absent if not known.
    """

    lead_keys: tuple[str, ...] = ()
    suspects: Count
    suspect_keys: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    offence_class: str | None = None
    place_code: str | None = None
    groups_disrupted: Count | None = None
    victims_involved: bool | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStageReported:
    """A case of the issuing side reached a stage.

    The case is the header's case_key, the side is the agency of the office.

    Attributes:
        stage: Stage reached.
        groups_disrupted: Criminal groups disrupted since the last report on this case, if any is known.
        lead_keys: Leads this step is credited to.
    """

    stage: CaseStage
    groups_disrupted: Count | None = None
    lead_keys: tuple[str, ...] = ()

@dataclass(frozen=True, slots=True, kw_only=True)
class CorridorFounded:
    """First entry of a ledger: its name, the hub's key and both agencies' first keys.

    Its leaf hash is the trust anchor.

    Attributes:
        corridor: Name of the corridor, for example ruili-muse.
        crossing: Crossing the corridor is named after.
        rules_version: Version of the admission rules, 1.
        hub_key: The hub's Ed25519 public key: signs its events and the ledger's checkpoints.
        event_bytes_max: Largest event admitted, bytes.
        entry_bytes_max: Largest ledger entry, bytes.
        agencies: Version 1 of each agency's keys, sorted by agency.
    """

    corridor: str
    crossing: str
    rules_version: int
    hub_key: bytes
    event_bytes_max: int
    entry_bytes_max: int
    agencies: tuple[SignedKeys, ...]

@dataclass(frozen=True, slots=True, kw_only=True)
class EventOpened:
    """A person of this office has opened an event addressed to it.

    Attributes:
        digest: Digest of the event opened.
    """

    digest: bytes

@dataclass(frozen=True, slots=True, kw_only=True)
class EventReceived:
    """Machine receipt: this office's desk holds and has verified these entries.

    Attributes:
        digests: Digests of the events received, in ledger order, at most 500.
        tree_size: Ledger entries the desk had verified when it signed.
    """

    digests: tuple[bytes, ...]
    tree_size: int

@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverConfirmed:
    """The receiving side signs persons in, and accounts for every one of them.

    Attributes:
        handover_key: Hand-over signed for.
        offer_digest: Digest of the HandoverOffered that is signed for; absent if none was seen.
        received: Person keys received.
        not_received: Person keys offered and not received; each is a dispute.
        declined_to_cross: Person keys of those who did not want to cross, and did not have to.
        crossing: Crossing, for example ruili-muse.
        at: When at the gate, as EDTF, if known better than the header's occurred.
        signed_by_roles: Roles that signed at the gate; empty if no signature was seen.
    """

    handover_key: str
    offer_digest: bytes | None = None
    received: tuple[str, ...] = ()
    not_received: tuple[str, ...] = ()
    declined_to_cross: tuple[str, ...] = ()
    crossing: str
    at: str | None = None
    signed_by_roles: tuple[Role, ...] = ()

@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverConfirmedSealed:
    """Encrypted part of HandoverConfirmed.

    Attributes:
        condition: Condition on arrival, by person key.
    """

    condition: str | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverOffered:
    """The delivering side signs persons out at the gate.

    Attributes:
        handover_key: Name of the hand-over; the receiver signs for the same one.
        persons: Person keys of everyone handed over, at most 500.
        crossing: Crossing, for example ruili-muse.
        at: When at the gate, as EDTF, if known better than the header's occurred.
        papers: Papers that travel with the group, as codes.
        signed_by_roles: Roles that signed at the gate; empty if no signature was seen.
    """

    handover_key: str
    persons: tuple[str, ...]
    crossing: str
    at: str | None = None
    papers: tuple[str, ...] = ()
    signed_by_roles: tuple[Role, ...] = ()

@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverOfferedSealed:
    """Encrypted part of HandoverOffered.

    Attributes:
        belongings: Belongings, by person key.
        needs: What the receivers must know at once.
    """

    belongings: str | None = None
    needs: str | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAssessed:
    """What became of a lead.

    Attributes:
        lead_key: Lead assessed.
        outcome: What became of it.
        reason: Reason as a code, lower case.
    """

    lead_key: str
    outcome: LeadOutcome
    reason: str | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAssessedSealed:
    """Encrypted part of LeadAssessed.

    Attributes:
        feedback: What the sender should know.
    """

    feedback: str

@dataclass(frozen=True, slots=True, kw_only=True)
class LeadShared:
    """A lead: what may save a person or find a trafficker.

    Its content is sealed; the 4x4 evaluation stands in the header.

    Attributes:
        lead_key: Name of the lead, unique in the ledger.
        kind: What the lead is about; person_at_risk makes it urgent.
        place_code: Where, if it may be said in clear: ISO 3166-2, below it the national code after a colon, for example
            CN-YN:533102.
        protects_source: Whether the source must be protected; so it is unless the sender says no.
    """

    lead_key: str
    kind: LeadKind
    place_code: str | None = None
    protects_source: bool = True

@dataclass(frozen=True, slots=True, kw_only=True)
class LeadSharedSealed:
    """Encrypted part of LeadShared.

    Attributes:
        summary: What is known.
        source: Who it comes from, if the readers may know.
        wanted: What the other side is asked to do.
    """

    summary: str
    source: str | None = None
    wanted: str | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """One side of the table.

    Attributes:
        agency: Agency, for example cn.
        count: How many delegates.
    """

    agency: str
    count: Count

@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTotal:
    """A figure said at the meeting, as it was said.

    Attributes:
        measure: What was counted: persons_handed_over, or requests_unanswered.
        direction: From one agency to the other, for example cn-mm.
        period_text: Period in the words of the source.
        count: The figure with its bounds.
    """

    measure: str
    direction: str
    period_text: str
    count: Count

@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingHeld:
    """A meeting of both sides: who met, what was decided, which totals were declared.

    Attributes:
        meeting_key: Name of the meeting.
        level: Level of the meeting.
        place_code: Where: ISO 3166-2, below it the national code after a colon, for example CN-YN:533102.
        place_text: Name of the place, as in the minutes.
        from_on: First day, YYYY-MM-DD.
        to_on: Last day, YYYY-MM-DD.
        delegations: Who was there.
        decisions: Keys of the activities decided.
        declared_totals: Figures declared at the meeting.
        minutes_digest: SHA-256 of the minutes adopted.
    """

    meeting_key: str
    level: MeetingLevel
    place_code: str | None = None
    place_text: str | None = None
    from_on: str
    to_on: str
    delegations: tuple[Delegation, ...] = ()
    decisions: tuple[str, ...] = ()
    declared_totals: tuple[DeclaredTotal, ...] = ()
    minutes_digest: bytes | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAcknowledged:
    """A person has read it.

    The header's cause is the digest of the event that is acknowledged.

    Attributes:
        ref_kind: Kind of what was acknowledged.
        ref_key: Its key, for example the lead_key.
        by_role: Role of the person who has read it.
        due_at: When the answer is due, as the office has understood it.
    """

    ref_kind: ReferenceKind = "unknown"
    ref_key: str | None = None
    by_role: Role = "unknown"
    due_at: datetime | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDecided:
    """The receiving side accepts, postpones or declines the return of a person.

    Attributes:
        return_key: Return request decided; for a request not on record, a new name.
        person_key: Person it is about.
        decision: Decision.
        reason: Reason as a code, lower case.
        travel_paper: Travel paper she will cross with, as a code.
        receiving_role: Role of the office that will receive her.
        next_placement: Where she will be next.
    """

    return_key: str
    person_key: str
    decision: ReturnDecision
    reason: str | None = None
    travel_paper: str | None = None
    receiving_role: Role | None = None
    next_placement: PlacementKind = "unknown"

@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaPublished:
    """A schema that events may use from the next leaf on.

    Attributes:
        schema: Exact bytes of the .avsc file.
    """

    schema: bytes

@dataclass(frozen=True, slots=True, kw_only=True)
class VictimIdentified:
    """The status of a person as a victim, presumed or decided.

    Who she is stands only in the sealed part.

    Attributes:
        person_key: Random name of the person in this case, never derived from her name.
        status: Status from now on.
        decided_by_role: Role of the office that decided.
        sex: Sex in the records.
        gender: HTCDS prs_Gender value, if she was asked.
        age_years_min: Lowest possible age in years; absent if not known, and she is then protected as a child.
        age_years_max: Highest possible age in years.
        age_basis: What the age rests on.
        citizenship_claimed: Citizenships she claims, ISO 3166-1 alpha-2.
        languages: Languages she can be interviewed in, ISO 639-3, best first.
        relationship_to_trafficker: HTCDS vic_RelationshipToTrafficker value.
        recruitment_methods: HTCDS vic_MethodOfRecruitment values, or local codes.
        control_methods: HTCDS vic_MethodsOfControl values, or local codes.
        exploitation_types: HTCDS vic_TypeOfExploitation values, or local codes.
        found_place_code: Province or state where she was found, ISO 3166-2; never more exact.
        interviewer_sex: Sex of the interviewer.
        held_in_closed_place: Whether she is in a place she may not leave; absent if not known.
    """

    person_key: str
    status: VictimStatus
    decided_by_role: Role = "unknown"
    sex: Sex = "unknown"
    gender: str | None = None
    age_years_min: int | None = None
    age_years_max: int | None = None
    age_basis: AgeBasis = "unknown"
    citizenship_claimed: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    relationship_to_trafficker: str | None = None
    recruitment_methods: tuple[str, ...] = ()
    control_methods: tuple[str, ...] = ()
    exploitation_types: tuple[str, ...] = ()
    found_place_code: str | None = None
    interviewer_sex: Sex = "unknown"
    held_in_closed_place: bool | None = None

@dataclass(frozen=True, slots=True, kw_only=True)
class VictimIdentifiedSealed:
    """Encrypted part of VictimIdentified.

    Attributes:
        name: Name in Latin letters.
        name_local: Name as she writes it.
        birthdate: Date of birth as EDTF.
        identity_number: Number of an identity document.
        address: Home address.
        phone: Phone number, E.164.
        family_names: Names of family members who can be told.
        health: What those who take care of her must know.
        circumstances: Circumstances, places and further details.
    """

    name: str | None = None
    name_local: str | None = None
    birthdate: str | None = None
    identity_number: str | None = None
    address: str | None = None
    phone: str | None = None
    family_names: str | None = None
    health: str | None = None
    circumstances: str | None = None
