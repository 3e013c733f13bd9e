"""What the ledger says while the demonstration runs: who was told of what, and how soon a desk signed for it."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import cast

from events.book import Book
from events.event import Event, Recorded
from events.ids import HUB, Hash, LeafIndex, Office, agency_of
from events.ledger import REFUSED
from events.reading import trusted
from events.routing import told
from hub.errors import HubError
from hub.store import Store

WITHIN_S = 30.0
LOOK_EVERY_S = 0.02

Delivery = tuple[Hash, Office]
"""An event and an office that is told of it."""


class Watch:
    """Follows one corridor in a node's read model."""

    def __init__(self, store: Store, partition: int) -> None:
        """Nothing is read yet."""
        self._store = store
        self._partition = partition
        self._book = Book()
        self._said_at: dict[Hash, datetime] = {}
        self.history: list[Recorded] = []
        self.refused = 0
        self.told: set[Delivery] = set()
        self.received_ms: dict[Delivery, float] = {}

    @property
    def book(self) -> Book:
        """The book at the last entry looked at."""
        return self._book

    @property
    def office_events(self) -> int:
        """How many admitted events are of offices, not of the hub."""
        return sum(agency_of(each.event.header.office) != HUB for each in self.history)

    def look(self) -> None:
        """Read what is new."""
        for _, raw in self._store.entries(self._partition, LeafIndex(self._book.tail.size)):
            step = trusted(self._book, raw)
            if step is None:
                message = f"read model does not continue at entry {self._book.tail.size}"
                raise HubError(message)
            self._book = step.book
            self.refused += step.entry.verdict == REFUSED
            if step.recorded is not None:
                self._take(step.recorded)

    async def until_received(self, digests: Iterable[Hash]) -> list[float]:
        """Return after how many milliseconds the offices told of some events had signed for them, once all have.

        Raises:
            HubError: some have not in time.
        """
        wanted = set(digests)
        try:
            async with asyncio.timeout(WITHIN_S):
                while self._missing(wanted):
                    await asyncio.sleep(LOOK_EVERY_S)
                    self.look()
        except TimeoutError:
            message = f"{len(self._missing(wanted))} deliveries were not received within {WITHIN_S:g} s"
            raise HubError(message, hint="read worker.log in the desks' folders") from None
        return [ms for (digest, _), ms in self.received_ms.items() if digest in wanted]

    def _missing(self, digests: set[Hash]) -> set[Delivery]:
        known = digests <= self._said_at.keys()
        waiting = {each for each in self.told if each[0] in digests and each not in self.received_ms}
        return waiting if known else waiting | {(digest, Office("")) for digest in digests - self._said_at.keys()}

    def _take(self, recorded: Recorded) -> None:
        event = recorded.event
        self.history.append(recorded)
        self._said_at[event.digest] = event.header.issued_at
        self.told |= {(event.digest, notice.office) for notice in told(recorded, self._book.keyring.directory)}
        if event.header.type == "EventReceived":
            self._receive(event)

    def _receive(self, receipt: Event) -> None:
        for digest in cast("list[Hash]", receipt.payload["digests"]):
            said_at = self._said_at.get(digest)
            delivery = (digest, receipt.header.office)
            if said_at is not None and delivery not in self.received_ms:
                self.received_ms[delivery] = (receipt.header.issued_at - said_at).total_seconds() * 1000
