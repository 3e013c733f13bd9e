"""An office's chain: every event names its place and the digest of the one before.

A repeated event is a duplicate, a missing number a gap, a second story for one number a fork.
"""

from collections.abc import Callable
from dataclasses import dataclass

from events.errors import PreviousMismatchError, SequenceForkError, SequenceGapError
from events.event import Event
from events.ids import NO_HASH, Hash, LeafIndex, Office, Sequence, short


@dataclass(frozen=True, slots=True)
class Link:
    """The last admitted event of an office: its place, its digest and where it stands in the ledger."""

    epoch: int
    sequence: Sequence
    digest: Hash
    leaf_index: LeafIndex


UNSTARTED = Link(1, Sequence(0), NO_HASH, LeafIndex(-1))
"""The head of an office that has not said anything yet."""

Earlier = Callable[[Office, int, Sequence], Link | None]
"""Looks up the admitted event of an office at (epoch, sequence), which is not after the office's head."""


def repeated(head: Link, event: Event, earlier: Earlier) -> Link | None:
    """Return the first admission of an event that comes again, or None if its place is still ahead.

    Raises:
        SequenceForkError: another event was admitted at that place.
        PreviousMismatchError: none was: the sequence is below 1, or of an epoch that ended before it.
    """
    header = event.header
    if (header.epoch, header.sequence) > (head.epoch, head.sequence):
        return None
    first: Link | None = head
    if (header.epoch, header.sequence) != (head.epoch, head.sequence):
        first = earlier(header.office, header.epoch, header.sequence)
    if first is None or first == UNSTARTED:
        message = (
            f"event {header.sequence} of {header.office} epoch {header.epoch} has no place before "
            f"event {head.sequence} of epoch {head.epoch}"
        )
        raise PreviousMismatchError(message)
    if first.digest != event.digest:
        message = (
            f"chain of {header.office} forks at sequence {header.sequence}: "
            f"admitted {short(first.digest)}, found {short(event.digest)}"
        )
        raise SequenceForkError(message)
    return first


def check_next(head: Link, event: Event) -> None:
    """Check that an event is the next of its office's chain.

    Raises:
        SequenceGapError: the event is not the next by number, or skips an epoch.
        PreviousMismatchError: it is, but names another event as its previous.
    """
    header = event.header
    if header.epoch not in (head.epoch, head.epoch + 1):
        message = (
            f"chain of {header.office} skips an epoch: expected {head.epoch} or {head.epoch + 1}, found {header.epoch}"
        )
        raise SequenceGapError(message)
    opens = header.epoch == head.epoch + 1
    expected = 1 if opens else head.sequence + 1
    if header.sequence != expected:
        message = f"chain of {header.office} has a gap: expected sequence {expected}, found {header.sequence}"
        raise SequenceGapError(message)
    if header.previous != head.digest:
        message = (
            f"event {header.sequence} of {header.office} continues {short(header.previous)}, "
            f"expected {short(head.digest)}"
        )
        raise PreviousMismatchError(message)


def link_of(event: Event, leaf_index: LeafIndex) -> Link:
    """Return the head that an admitted event becomes."""
    return Link(event.header.epoch, event.header.sequence, event.digest, leaf_index)
