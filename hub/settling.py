"""What the ledger says of this node's own events: admitted, refused for good, or to be sent again."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import structlog

from events.book import Book
from events.chain import Earlier, Link
from events.errors import Reason
from events.ids import Office, short
from events.ids import Sequence as ChainSequence
from events.ledger import REFUSED, Entry, parse_entry
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
    refusals = [step.entry for step in steps if step.entry.verdict == REFUSED]
    if not refusals:
        return
    waiting = {sha256(event.envelope).digest(): event for event in outbox.unsettled(corridor)}
    ours = [(entry, waiting[entry.body]) for entry in refusals if entry.body in waiting]
    for entry, event in ours:
        _refused(outbox, steps[-1].book, entry, event)


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
    _reconcile_refused(outbox, store, corridor)


def _link(look_up: Earlier, event: Kept) -> Link | None:
    try:
        return look_up(event.office, event.epoch, ChainSequence(event.sequence))
    except StoreLags:
        return None


def _reconcile_refused(outbox: Outbox, store: Store, corridor: int) -> None:
    book, _ = store.load_book(corridor, PROJECT)
    passed = {
        (each.topic, each.offset): each
        for each in outbox.unsettled(corridor)
        if each.offset is not None and each.offset < book.next_offset(each.topic, corridor)
    }
    if not passed:
        return
    for stored in store.refused(corridor):
        event = passed.get((stored.source.topic, stored.source.offset))
        entry = parse_entry(stored.raw)
        if event is not None and entry is not None:
            _refused(outbox, book, entry, event)


def _places(corridor: int, steps: Iterable[Step]) -> list[tuple[int, int, Office, int, int, bytes]]:
    return [
        (step.entry.index, corridor, header.office, header.epoch, header.sequence, step.event.digest)
        for step in steps
        if step.event is not None
        for header in [step.event.header]
    ]


def _refused(outbox: Outbox, book: Book, entry: Entry, event: Kept) -> None:
    current = outbox.by_event_id(event.event_id)
    # A later copy of it is on its way, or it is to be sent anyhow: that one counts.
    if current is None or current.state != SENT or current.offset is None or current.offset > entry.source.offset:
        return
    head = book.head(event.office)
    following = outbox.at(event.corridor, event.office, epoch=head.epoch, sequence=head.sequence + 1)
    if entry.reason in LATER and following is not None:
        count = outbox.send_again(event.corridor, event.office, head)
        log.warning("events_sent_again", office=event.office, after_sequence=head.sequence, count=count)
        return
    _give_up(outbox, book, event, entry.reason or "unknown")


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
