"""A notification on the wire: which office is told of which entry, and what it owes in return."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import cast

from events.codec import decode, wire_schema
from events.ids import Hash, LeafIndex, Office
from events.reading import Step
from events.routing import Notice


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification as a desk reads it; *id* is the same however often it is sent."""

    id: Hash
    origin: str
    leaf_index: LeafIndex
    leaf_hash: Hash
    office: Office
    type: str
    urgency: str
    admitted_at: datetime
    receipt_due_at: datetime | None
    answer_due_at: datetime | None


def notification_id(leaf_hash: Hash, office: Office) -> Hash:
    """Return the notification's name: SHA-256 of the leaf hash and the office's name."""
    return Hash(sha256(leaf_hash + office.encode()).digest())


def notification(step: Step, notice: Notice) -> dict[str, object]:
    """Return the Notification record that tells one office of a step's event."""
    event = step.event
    return {
        "id": notification_id(step.leaf_hash, notice.office),
        "origin": step.book.origin,
        "leaf_index": step.entry.index,
        "leaf_hash": step.leaf_hash,
        "office": notice.office,
        "type": "" if event is None else event.header.type,
        "urgency": notice.urgency,
        "admitted_at": step.entry.admitted_at,
        "receipt_due_at": notice.receipt_due_at,
        "answer_due_at": notice.answer_due_at,
    }


def parse_notification(raw: bytes) -> Notification:
    """Return the notification in a record's bytes.

    Raises:
        NotAnEventError, NotCanonicalError: the bytes are not a Notification.
    """
    record = decode(wire_schema("Notification"), raw)
    return Notification(**cast("dict[str, bytes]", record))  # type: ignore[arg-type]  # the schema's own fields
