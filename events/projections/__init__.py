"""What the events add up to: one pure fold, and a digest by which two nodes compare what they hold."""

from events.projections.aggregate import Aggregate, Facts, Json, canonical_json, from_json, state_digest
from events.projections.facts import NOT_EVALUATED, payload_digest
from events.projections.fold import INITIAL, Name, State, advanced, apply, changes, fold
from events.projections.touches import Touch, delivery_key, reference_of, touches

__all__ = [
    "INITIAL",
    "NOT_EVALUATED",
    "Aggregate",
    "Facts",
    "Json",
    "Name",
    "State",
    "Touch",
    "advanced",
    "apply",
    "canonical_json",
    "changes",
    "delivery_key",
    "fold",
    "from_json",
    "payload_digest",
    "reference_of",
    "state_digest",
    "touches",
]
