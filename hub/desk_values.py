"""What a desk gives back: receipts for what it published, and events as it opened them."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from events.event import Event
from events.ids import Hash, LeafIndex, Office, Sequence
from hub.outbox_rows import REFUSED, STATES, Placed


@dataclass(frozen=True, slots=True)
class Receipt:
    """An event that is signed, kept and on its way: its name, its digest and its place in the office's chain.

    *offset* is that of the broker that acknowledged it, *leaf_index* its place in the ledger; each None until known.
    *state* is signed, sent, admitted or refused; *reason* why it was refused.
    """

    event_id: UUID
    digest: Hash
    office: Office
    sequence: Sequence
    topic: str
    partition: int
    offset: int | None = None
    leaf_index: LeafIndex | None = None
    state: str = "signed"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An event as one of its readers has it; *sealed* is None if it has no sealed part or that part is erased."""

    event: Event
    leaf_index: LeafIndex
    sealed: Mapping[str, object] | None
    is_erased: bool
    receipt: Receipt


def receipt_of(event: Placed) -> Receipt:
    """Return the receipt for an event in the outbox."""
    return Receipt(
        event_id=UUID(event.event_id),
        digest=event.digest,
        office=event.office,
        sequence=Sequence(event.sequence),
        topic=event.topic,
        partition=event.corridor,
        offset=event.offset,
        leaf_index=event.leaf_index,
        state=STATES[event.state],
        reason=event.reason if event.state == REFUSED else None,
    )
