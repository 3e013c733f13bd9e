"""Sends what is signed: sealed parts first, then the envelopes in the order of signing, until nothing is left.

One program of a node sends at a time; it holds a lock on a file, which a crash lets go. Between the broker's
acknowledgement and our note of it a crash sends an envelope twice: admission calls the second a duplicate.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import structlog

from events.ids import agency_of
from events.topics import sealed_topic
from hub.outbox import Outbox
from hub.outbox_errors import OutboxBusy, named
from hub.outbox_rows import Kept
from hub.ports import Message

log = structlog.get_logger()

ROWS_MAX = 2_000
BYTES_MAX = 8 << 20
LOCK_PAUSE_S = 0.01
LOCK_WITHIN_S = 30.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sender(Protocol):
    """A way to Kafka that says where records came to stand."""

    async def put(self, messages: Sequence[Message]) -> Sequence[int]:
        """Write all messages, in order for each partition, and return their offsets once all are acknowledged.

        Raises:
            Transient: it is not known whether they were written.
        """
        ...


class Relay:
    """Empties the outbox into Kafka."""

    def __init__(self, outbox: Outbox, sender: Sender) -> None:
        """Nothing is sent yet."""
        self._outbox = outbox
        self._sender = sender
        self._turn = asyncio.Lock()

    async def flush(self) -> int:
        """Send everything that is not sent, whoever signed it, and return how much that was.

        Raises:
            Transient: the broker does not answer, or another program has been sending for long; all is kept.
        """
        async with self._turn:
            if not await asyncio.to_thread(self._outbox.unsent, 1):
                return 0
            async with _locked(self._outbox.lock_file):
                return await self._all()

    async def _all(self) -> int:
        count, is_more = 0, True
        while is_more:
            events, is_more = await asyncio.to_thread(self._next)
            await self._put(events)
            count += len(events)
        if count:
            log.info("events_sent", count=count)
        return count

    async def _put(self, events: Sequence[Kept]) -> None:
        if parts := [_part(event) for event in events if event.sealed is not None]:
            await self._sender.put(parts)
        if events:
            offsets = await self._sender.put([_message(event) for event in events])
            sent = [(offset, event.id) for offset, event in zip(offsets, events, strict=True)]
            await asyncio.to_thread(self._outbox.sent, sent)

    def _next(self) -> tuple[list[Kept], bool]:
        """Return what is sent next, and whether there was more at that moment."""
        found = self._outbox.unsent(ROWS_MAX)
        events = list(_within(found))
        return events, len(events) < len(found) or len(found) == ROWS_MAX


def _within(events: list[Kept]) -> Iterator[Kept]:
    """Yield the first events, at least one, that are together within what is sent at once."""
    room = BYTES_MAX
    for event in events:
        if room <= 0:
            return
        yield event
        room -= len(event.envelope) + len(event.sealed or b"")


def _message(event: Kept) -> Message:
    # For other people's tools; nobody here believes it.
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_id", event.event_id.encode()),
        ("ce_source", event.office.encode()),
        ("ce_type", event.type.encode()),
        ("ce_time", _rfc3339(event.issued_at)),
        ("content-type", b"application/avro"),
    )
    return Message(event.topic, event.corridor, event.office.encode(), event.envelope, headers)


def _part(event: Kept) -> Message:
    return Message(sealed_topic(agency_of(event.office)), event.corridor, event.sealed_digest, event.sealed)


@lru_cache(maxsize=16)  # events of one batch have one time
def _rfc3339(at: int) -> bytes:
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z").encode()


@asynccontextmanager
async def _locked(file: Path) -> AsyncIterator[None]:
    """Hold a lock that other programs of this node, and other tasks of this one, wait for."""
    with named(file):
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await _lock(handle, file)
        yield
    finally:
        os.close(handle)


async def _lock(handle: int, file: Path) -> None:
    # The lock is asked for again and again: a thread that waits for it could not be cancelled.
    try:
        async with asyncio.timeout(LOCK_WITHIN_S):
            while not _try_lock(handle):  # noqa: ASYNC110 - who holds it is another process
                await asyncio.sleep(LOCK_PAUSE_S)
    except TimeoutError:
        message = f"{file.name} is held by another program that has been sending for {LOCK_WITHIN_S:.0f} s"
        raise OutboxBusy(message, hint="wait: what is signed is kept and sent") from None


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
