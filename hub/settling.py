"""What the ledger says of this node's own events: admitted, refused for good, or to be sent again."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import structlog

from events.book import Book
from events.chain import Earlier, Link
from events.errors import Reason
from events.ids import Office, short
from events.ids import Sequence as ChainSequence
from events.ledger import REFUSED
from events.reading import Step
from hub.outbox import Outbox
from hub.outbox_rows import SENT, Kept
from hub.store import Store, StoreLags
from hub.store.queries import PROJECT

log = structlog.get_logger()

LATER = frozenset({Reason.SEQUENCE_GAP.value, Reason.NOT_FOUNDED.value})
"""Reasons that go away when the events before have arrived."""


def settle(outbox: Outbox, corridor: int, steps: Sequence[Step]) -> None:
    """Remember what some steps of the ledger say of the events in the outbox; the same steps may come again.

    A refused event frees its place in the chain, and those signed after it are refused with it: they continue
    something that does not exist. A gap is not the event's fault: what is missing is sent again.
    """
    if not steps or outbox.is_settled(corridor):
        return
    with outbox.noting():
        outbox.admitted(_places(corridor, steps))
    reasons = {step.entry.body: step.entry.reason for step in steps if step.entry.verdict == REFUSED}
    _settle_passed(outbox, corridor, steps[-1].book, reasons)


def reconcile(outbox: Outbox, store: Store, corridor: int) -> None:
    """Remember what the read model says of the events in the outbox: for steps that a crash kept from `settle`."""
    waiting = outbox.unsettled(corridor)
    if not waiting:
        return
    look_up = store.earlier(corridor)
    found = [(each, _link(look_up, each)) for each in waiting]
    places = [
        (link.leaf_index, corridor, each.office, each.epoch, each.sequence, each.digest) for each, link in found if link
    ]
    with outbox.noting():
        outbox.admitted(places)
    _settle_passed(outbox, corridor, store.load_book(corridor, PROJECT)[0], {})


def _link(look_up: Earlier, event: Kept) -> Link | None:
    try:
        return look_up(event.office, event.epoch, ChainSequence(event.sequence))
    except StoreLags:
        return None


def _settle_passed(outbox: Outbox, corridor: int, book: Book, reasons: Mapping[bytes, str | None]) -> None:
    """Settle the events whose records the ledger has accounted for, and has not admitted."""
    for topic, partition in book.sources:
        if partition == corridor:
            for event in outbox.passed(corridor, topic, book.next_offset(topic, partition)):
                _not_admitted(outbox, book, event, reasons.get(sha256(event.envelope).digest()))


def _places(corridor: int, steps: Iterable[Step]) -> list[tuple[int, int, Office, int, int, bytes]]:
    return [
        (step.entry.index, corridor, header.office, header.epoch, header.sequence, step.event.digest)
        for step in steps
        if step.event is not None
        for header in [step.event.header]
    ]


def _not_admitted(outbox: Outbox, book: Book, event: Kept, reason: str | None) -> None:
    current = outbox.by_event_id(event.event_id)
    if current is None or current.state != SENT:  # settled with one before it
        return
    # Without a reason the record is not where it was, or a crash has made us forget: it comes again, and so does that.
    if reason is None or reason in LATER:
        count = outbox.send_again(event.corridor, event.office, book.head(event.office))
        log.warning("events_sent_again", office=event.office, first_sequence=event.sequence, count=count)
        return
    _give_up(outbox, book, event, reason)


def _give_up(outbox: Outbox, book: Book, event: Kept, reason: str) -> None:
    head = book.head(event.office)
    lost = [
        each
        for each in outbox.unsettled(event.corridor)
        if each.office == event.office
        and (each.id == event.id or (each.epoch, each.sequence) > (head.epoch, head.sequence))
    ]
    with outbox.writing():
        for each in lost:
            outbox.refuse(each, reason if each.id == event.id else f"continues {short(event.digest)}, {reason}")
        outbox.set_head(event.corridor, event.office, head)
    log.error(
        "event_refused", office=event.office, sequence=event.sequence, reason=reason, with_following=len(lost) - 1
    )
