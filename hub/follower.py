"""A desk's own view of the ledger, for programs that run beside the desk's service or without it.

Whoever comes first folds a record into the read model; the other one finds it there. So a client may follow
the ledger itself at any time, and does so whenever the read model does not come along by itself.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from uuid import UUID

from events.envelope import parse_envelope
from events.errors import AdmissionError
from events.ids import Agency
from events.ledger import parse_entry
from events.topics import LEDGER, notifications_topic, sealed_topic
from hub.chunk import Chunk, Record
from hub.desk_values import Receipt
from hub.issuing import Standing
from hub.kafka_log import records_of
from hub.node import Node
from hub.outbox_errors import NotFound
from hub.projector import LedgerRecord, Projector
from hub.repetition import Prior
from hub.settings import CorridorSection
from hub.settling import reconcile, settle
from hub.store.rows import StoredEntry

RECORDS_AT_ONCE = 500
PARTS_AT_ONCE = 50
LOOK_EVERY_S = 0.2


class Follower:
    """Reads one corridor's ledger, and what is addressed to this desk, up to their ends when asked."""

    def __init__(self, node: Node, corridor: CorridorSection) -> None:
        """Read nothing yet."""
        self._node = node
        self._corridor = corridor
        self._projector = self._new_projector()
        self._is_current = False
        self._looked_at = -LOOK_EVERY_S

    @property
    def partition(self) -> int:
        """The corridor's number."""
        return self._corridor.partition

    def standing(self) -> Standing:
        """Return what this desk knows of the ledger, with what others have folded until a moment ago."""
        if monotonic() - self._looked_at > LOOK_EVERY_S:
            self._look()
        return Standing(self.partition, self._projector.book, self._is_current)

    async def catch_up(self) -> None:
        """Fold the ledger up to its end as it is now, verifying every entry, and settle what is ours.

        Raises:
            Transient: the broker does not answer.
            GenesisMismatch: it is another ledger.
        """
        await asyncio.to_thread(self._look)
        waiting: list[LedgerRecord] = []
        async for record in records_of(self._node.kafka, LEDGER, self.partition, self._projector.position):
            waiting.append((record.offset, record.value or b""))
            if len(waiting) == RECORDS_AT_ONCE:
                await asyncio.to_thread(self._apply, waiting)
                waiting = []
        await asyncio.to_thread(self._apply, waiting)
        await asyncio.to_thread(reconcile, self._node.outbox, self._node.store, self.partition)
        self._is_current = True

    async def collect(self) -> None:
        """Take in notifications for this desk's offices and everyone's sealed parts, as far as they have come.

        Raises:
            Transient: the broker does not answer.
        """
        await self._collect(notifications_topic(self._node.settings.agency), self._node.reception.note)
        for agency in self._corridor.agencies:
            await self._collect(sealed_topic(Agency(agency)), self._node.keep)

    def find(self, event_id: UUID) -> Prior | None:
        """Return the admitted event with an id, and its sealed part if that is kept here."""
        found = self._stored(event_id)
        entry = None if found is None else parse_entry(found.raw)
        if found is None or found.office is None or entry is None:
            return None
        return self._with_sealed(Prior(parse_envelope(entry.body).event, found.office))

    def receipt(self, event_id: UUID) -> Receipt:
        """Return the receipt for an event of which only the ledger knows.

        Raises:
            NotFound: the ledger does not know it, either.
        """
        found = self._stored(event_id)
        if found is None or found.digest is None or found.office is None or found.sequence is None:
            message = f"event {event_id} was not signed here, and is not in the ledger"
            raise NotFound(message)
        return Receipt(
            event_id=event_id,
            digest=found.digest,
            office=found.office,
            sequence=found.sequence,
            topic=found.source.topic,
            partition=found.source.partition,
            offset=found.source.offset,
            leaf_index=found.leaf_index,
            state="admitted",
        )

    def _stored(self, event_id: UUID) -> StoredEntry | None:
        found = self._node.store.find(self.partition, str(event_id))
        return next((each for each in found if each.event_id == event_id), None)

    def _with_sealed(self, prior: Prior) -> Prior:
        try:
            reference = prior.read(self._projector.book.schemas).header.sealed
        except AdmissionError:
            return prior
        part = None if reference is None else self._node.store.sealed(reference.digest)
        return Prior(prior.event, prior.office, part)

    def _look(self) -> None:
        self._looked_at = monotonic()
        if self._node.store.size(self.partition) != self._projector.book.tail.size:
            self._projector = self._new_projector()

    def _apply(self, records: Sequence[LedgerRecord]) -> None:
        settle(self._node.outbox, self.partition, self._projector.apply(records))

    async def _collect(self, topic: str, take: Callable[[Chunk], None]) -> None:
        waiting: list[Record] = []
        start = self._node.outbox.mark(self._mark(topic))
        async for record in records_of(self._node.kafka, topic, self.partition, start):
            waiting = [*waiting, record]
            if len(waiting) == PARTS_AT_ONCE:
                await asyncio.to_thread(self._take, topic, waiting, take)
                waiting = []
        await asyncio.to_thread(self._take, topic, waiting, take)

    def _take(self, topic: str, records: Sequence[Record], take: Callable[[Chunk], None]) -> None:
        if records:
            take(Chunk(topic, self.partition, tuple(records)))
            self._node.outbox.set_mark(self._mark(topic), records[-1].offset + 1)

    def _mark(self, topic: str) -> str:
        return f"offset of {topic} {self.partition}"

    def _new_projector(self) -> Projector:
        genesis = bytes.fromhex(self._corridor.genesis) if self._corridor.genesis else None
        return Projector(self._node.store, self._corridor.partition, genesis=genesis)
