"""The desk for scripts that are not asynchronous: the same methods, waited for.

with SyncDesk.open("desks/cn") as desk:
receipt = desk.publish(LeadShared(lead_key="lead-1", kind="route"))
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from pathlib import Path
from typing import Self, TypeVar

from events.draft import USUAL, About, Draft
from events.ids import LeafIndex
from hub.desk import ADMITTED_WITHIN_S, SEND_WITHIN_S, Desk
from hub.desk_values import Opened, Receipt
from hub.store.rows import Told

T = TypeVar("T")


class SyncDesk:
    """A `Desk` whose event loop runs in a thread of its own; any thread may call it."""

    def __init__(self, desk: Desk) -> None:
        """Made by `open`."""
        self._desk = desk
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="desk", daemon=True)

    @classmethod
    def open(cls, folder: str | Path, *, send_within_s: float = SEND_WITHIN_S) -> "SyncDesk":
        """Return the desk in a node's folder; see `Desk.open`."""
        return cls(Desk.open(folder, send_within_s=send_within_s))

    def __enter__(self) -> Self:
        """Open keys and files, and catch up with the ledger."""
        self._thread.start()
        try:
            self._wait(self._desk.__aenter__())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Let go of everything."""
        try:
            self._wait(self._desk.__aexit__(*error))
        finally:
            self._stop()

    def publish(self, value: object, *, about: About = USUAL, sealed: object = None) -> Receipt:
        """Sign a value, send it, and return once the broker has it; see `Desk.publish`."""
        return self._wait(self._desk.publish(value, about=about, sealed=sealed))

    def publish_many(self, drafts: Iterable[Draft]) -> tuple[Receipt, ...]:
        """Sign drafts in order, all or none, and send them; see `Desk.publish_many`."""
        return self._wait(self._desk.publish_many(drafts))

    def publish_json(self, values: Iterable[object]) -> Iterator[tuple[Receipt, ...]]:
        """Publish drafts in JSON and yield their receipts as they are sent; see `Desk.publish_json`."""
        batches = aiter(self._desk.publish_json(values))
        while (batch := self._wait(_next(batches))) is not None:
            yield batch

    def draft(self, value: object) -> Draft:
        """Return the draft that a JSON object says; see `Desk.draft`."""
        return self._wait(self._desk.draft(value))

    def flush(self) -> int:
        """Send what is signed and not sent; see `Desk.flush`."""
        return self._wait(self._desk.flush())

    def admitted(self, receipt: Receipt, within_s: float = ADMITTED_WITHIN_S) -> LeafIndex:
        """Return the leaf index of a published event; see `Desk.admitted`."""
        return self._wait(self._desk.admitted(receipt, within_s))

    def refresh(self) -> None:
        """Read what is new and sign the receipts that are due; see `Desk.refresh`."""
        self._wait(self._desk.refresh())

    def inbox(self) -> tuple[Told, ...]:
        """Return what this desk's offices were told of; see `Desk.inbox`."""
        return self._wait(self._desk.inbox())

    def open_event(self, text: str, office: str | None = None) -> Opened:
        """Return an event with its sealed part decrypted; see `Desk.open_event`."""
        return self._wait(self._desk.open_event(text, office))

    def acknowledge(self, text: str, office: str | None = None) -> Receipt:
        """Sign that a person has taken note of an event; see `Desk.acknowledge`."""
        return self._wait(self._desk.acknowledge(text, office))

    def _wait(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _next(batches: AsyncIterator[tuple[Receipt, ...]]) -> tuple[Receipt, ...] | None:
    return await anext(batches, None)
