"""The six state machines, row by row: (state, signal, next state), and the mistakes that have a name.

A signal is an event's type, with a variant where one of its fields decides: ``LeadAssessed:exhausted``. A
row without a variant holds for every variant that has no row of its own. Row order matters once: a
backfilled event whose earlier steps are not on record moves to the target of the first row with its signal
whose state does not come earlier in the table than the present one.
"""

Row = tuple[str, str, str]
"""State, signal, and the next state or the name of the finding."""

UNBORN = "unborn"
"""The state of what no event has spoken of yet."""

LEAD_ROWS: tuple[Row, ...] = (
    ("unborn", "LeadShared", "shared"),
    ("shared", "RequestAcknowledged", "acknowledged"),
    ("shared", "LeadAssessed:actionable", "actionable"),
    ("shared", "LeadAssessed:not_actionable", "closed"),
    ("shared", "LeadAssessed:already_known", "closed"),
    ("shared", "RecordCorrected:withdrawn", "withdrawn"),
    ("acknowledged", "LeadAssessed:actionable", "actionable"),
    ("acknowledged", "LeadAssessed:not_actionable", "closed"),
    ("acknowledged", "LeadAssessed:already_known", "closed"),
    ("acknowledged", "RecordCorrected:withdrawn", "withdrawn"),
    ("actionable", "ArrestReported", "acted_on"),
    ("actionable", "CaseStageReported", "acted_on"),
    ("actionable", "LeadAssessed:exhausted", "closed"),
    ("actionable", "RecordCorrected:withdrawn", "withdrawn"),
    ("acted_on", "ArrestReported", "acted_on"),
    ("acted_on", "CaseStageReported", "acted_on"),
    ("acted_on", "LeadAssessed:exhausted", "closed"),
)
"""Lead 线索."""

LEAD_INVALID: tuple[Row, ...] = (
    ("unborn", "LeadAssessed:actionable", "lead.assessment_without_lead"),
    ("shared", "ArrestReported", "lead.arrest_credited_to_unassessed_lead"),
    ("closed", "ArrestReported", "lead.arrest_credited_to_closed_lead"),
    ("withdrawn", "LeadAssessed:actionable", "lead.withdrawn_lead_used"),
)

LEAD_ENDS = frozenset({"closed", "withdrawn"})

REQUEST_ROWS: tuple[Row, ...] = (
    ("unborn", "InformationRequested", "requested"),
    ("requested", "RequestAcknowledged", "acknowledged"),
    ("requested", "RequestAnswered:final", "answered"),
    ("requested", "RequestAnswered:partial", "partly_answered"),
    ("requested", "RequestAnswered:declined", "declined"),
    ("requested", "DeadlineMissed", "requested"),
    ("requested", "RecordCorrected:withdrawn", "withdrawn"),
    ("acknowledged", "RequestAnswered:final", "answered"),
    ("acknowledged", "RequestAnswered:partial", "partly_answered"),
    ("acknowledged", "AnswerDelayed:clarification_needed", "suspended"),
    ("acknowledged", "AnswerDelayed:more_time", "delayed"),
    ("acknowledged", "RequestAnswered:declined", "declined"),
    ("acknowledged", "DeadlineMissed", "acknowledged"),
    ("acknowledged", "RecordCorrected:withdrawn", "withdrawn"),
    ("partly_answered", "RequestAnswered:partial", "partly_answered"),
    ("partly_answered", "DeadlineMissed", "partly_answered"),
    ("partly_answered", "RequestAnswered:final", "answered"),
    ("suspended", "RequestClarified", "acknowledged"),
    ("suspended", "RecordCorrected:withdrawn", "withdrawn"),
    ("delayed", "RequestAnswered:partial", "partly_answered"),
    ("delayed", "RequestAnswered:final", "answered"),
    ("delayed", "RequestAnswered:declined", "declined"),
    ("delayed", "DeadlineMissed", "delayed"),
    ("delayed", "RecordCorrected:withdrawn", "withdrawn"),
)
"""Information request 协查请求."""

REQUEST_INVALID: tuple[Row, ...] = (
    ("unborn", "RequestAnswered:final", "request.answer_without_request"),
    ("answered", "RequestAnswered:final", "request.second_final_answer"),
    ("answered", "AnswerDelayed:more_time", "request.delay_after_answer"),
    ("delayed", "AnswerDelayed:more_time", "request.second_delay"),
    ("requested", "AnswerDelayed:more_time", "request.delay_without_acknowledgement"),
    ("withdrawn", "RequestAnswered:final", "request.answer_to_withdrawn_request"),
    ("answered", "DeadlineMissed", "request.missed_deadline_after_answer"),
    ("suspended", "DeadlineMissed", "request.missed_deadline_while_suspended"),
)

REQUEST_ENDS = frozenset({"answered", "declined", "withdrawn"})

RETURN_ROWS: tuple[Row, ...] = (
    ("unborn", "VictimIdentified", "identified"),
    ("identified", "VictimIdentified:confirmed", "identified"),
    ("identified", "VictimIdentified:not_a_victim", "not_a_victim"),
    ("identified", "ConsentRecorded:return_given", "willing"),
    ("identified", "ConsentRecorded:return_refused", "staying"),
    ("staying", "ConsentRecorded:return_given", "willing"),
    ("willing", "ReturnProposed", "proposed"),
    ("willing", "ConsentRecorded:return_withdrawn", "staying"),
    ("proposed", "ReturnDecided:accepted", "accepted"),
    ("proposed", "ReturnDecided:postponed", "proposed"),
    ("proposed", "ReturnDecided:declined", "declined"),
    ("proposed", "ConsentRecorded:return_withdrawn", "staying"),
    ("declined", "ReturnProposed", "proposed"),
    ("accepted", "HandoverScheduled", "scheduled"),
    ("accepted", "ConsentRecorded:return_withdrawn", "staying"),
    ("scheduled", "HandoverScheduled", "scheduled"),
    ("scheduled", "RecordCorrected:withdrawn", "accepted"),
    ("scheduled", "HandoverOffered", "offered"),
    ("scheduled", "ConsentRecorded:return_withdrawn", "staying"),
    ("offered", "HandoverConfirmed:received", "received"),
    ("offered", "HandoverConfirmed:not_received", "disputed"),
    ("offered", "HandoverConfirmed:declined_to_cross", "staying"),
    ("disputed", "RecordCorrected:resolved_received", "received"),
    ("disputed", "RecordCorrected:resolved_not_sent", "accepted"),
    ("received", "ReintegrationReported", "reintegrating"),
    ("reintegrating", "ReintegrationReported", "reintegrating"),
    ("reintegrating", "ReintegrationReported:closed", "closed"),
)
"""Return and hand-over 遣返与移交 (one per person)."""

RETURN_INVALID: tuple[Row, ...] = (
    ("identified", "ReturnProposed", "return.return_proposed_without_wish"),
    ("staying", "ReturnProposed", "return.return_proposed_against_wish"),
    ("proposed", "HandoverScheduled", "return.scheduled_before_acceptance"),
    ("declined", "HandoverScheduled", "return.scheduled_after_refusal"),
    ("accepted", "HandoverOffered", "return.offered_unannounced"),
    ("scheduled", "HandoverConfirmed:received", "return.received_without_offer"),
    ("received", "HandoverConfirmed:received", "return.received_twice"),
    ("received", "HandoverOffered", "return.offered_after_receipt"),
    ("disputed", "ReintegrationReported", "return.follow_up_while_disputed"),
    ("offered", "ReintegrationReported", "return.follow_up_before_receipt"),
    ("staying", "HandoverOffered", "return.handed_over_against_wish"),
    ("not_a_victim", "ReturnProposed", "return.victim_return_of_a_non_victim"),
)

RETURN_ENDS = frozenset({"closed", "not_a_victim"})

CASE_ROWS: tuple[Row, ...] = (
    ("unborn", "CaseStageReported:opened", "opened"),
    ("opened", "ArrestReported", "suspects_held"),
    ("opened", "CaseStageReported:sent_to_prosecutor", "with_prosecutor"),
    ("opened", "CaseStageReported:dropped", "dropped"),
    ("suspects_held", "ArrestReported", "suspects_held"),
    ("suspects_held", "CaseStageReported:sent_to_prosecutor", "with_prosecutor"),
    ("suspects_held", "CaseStageReported:dropped", "dropped"),
    ("with_prosecutor", "ArrestReported", "with_prosecutor"),
    ("with_prosecutor", "CaseStageReported:charged", "charged"),
    ("with_prosecutor", "CaseStageReported:returned_for_investigation", "suspects_held"),
    ("with_prosecutor", "CaseStageReported:dropped", "dropped"),
    ("charged", "CaseStageReported:convicted", "convicted"),
    ("charged", "CaseStageReported:acquitted", "acquitted"),
    ("convicted", "CaseStageReported:acquitted", "acquitted"),
    ("convicted", "CaseStageReported:closed", "closed"),
    ("acquitted", "CaseStageReported:convicted", "convicted"),
    ("acquitted", "CaseStageReported:closed", "closed"),
    ("dropped", "CaseStageReported:opened", "opened"),
)
"""Arrest and case 案件."""

CASE_INVALID: tuple[Row, ...] = (
    ("unborn", "ArrestReported", "case.arrest_without_case"),
    ("opened", "CaseStageReported:convicted", "case.conviction_without_charge"),
    ("suspects_held", "CaseStageReported:convicted", "case.conviction_without_charge"),
    ("closed", "ArrestReported", "case.arrest_in_closed_case"),
    ("dropped", "ArrestReported", "case.arrest_in_dropped_case"),
    ("closed", "CaseStageReported:charged", "case.stage_after_close"),
)

CASE_ENDS = frozenset({"closed"})

EVIDENCE_ROWS: tuple[Row, ...] = (
    ("unborn", "EvidenceRegistered", "held"),
    ("held", "EvidenceSent", "in_transit"),
    ("in_transit", "EvidenceReceived:intact", "held"),
    ("in_transit", "EvidenceReceived:refused", "held"),
    ("in_transit", "EvidenceReceived:damaged", "broken"),
    ("in_transit", "EvidenceReceived:terminal", "ended"),
    ("broken", "EvidenceSent", "in_transit"),
    ("broken", "EvidenceReceived:terminal", "ended"),
)
"""Evidence item 证据."""

EVIDENCE_INVALID: tuple[Row, ...] = (
    ("unborn", "EvidenceSent", "evidence.unregistered_item_sent"),
    ("held", "EvidenceReceived:intact", "evidence.received_without_being_sent"),
    ("in_transit", "EvidenceSent", "evidence.sent_twice_without_receipt"),
    ("ended", "EvidenceSent", "evidence.moved_after_end"),
    ("broken", "EvidenceReceived:intact", "evidence.broken_item_called_intact"),
)

EVIDENCE_ENDS = frozenset({"ended"})

ACTIVITY_ROWS: tuple[Row, ...] = (
    ("unborn", "ActivityPlanned:first_side", "proposed"),
    ("proposed", "ActivityPlanned:second_side", "agreed"),
    ("proposed", "RecordCorrected:withdrawn", "withdrawn"),
    ("agreed", "ActivityReported:started", "running"),
    ("agreed", "ActivityReported:completed", "completed"),
    ("agreed", "ActivityReported:postponed", "postponed"),
    ("agreed", "ActivityReported:cancelled", "cancelled"),
    ("running", "ActivityReported:completed", "completed"),
    ("running", "ActivityReported:postponed", "postponed"),
    ("postponed", "ActivityReported:started", "running"),
    ("postponed", "ActivityReported:cancelled", "cancelled"),
)
"""Work-plan activity 工作计划活动."""

ACTIVITY_INVALID: tuple[Row, ...] = (
    ("unborn", "ActivityReported:started", "activity.unplanned_activity_reported"),
    ("proposed", "ActivityReported:started", "activity.started_without_agreement"),
    ("completed", "ActivityReported:started", "activity.restarted_after_completion"),
    ("cancelled", "ActivityReported:completed", "activity.completed_after_cancellation"),
)

ACTIVITY_ENDS = frozenset({"cancelled", "completed", "withdrawn"})
