"""Chunks instead of records: Faust's Kafka consumer, with the parts that lose data replaced.

Faust pays 65-80 µs for every event it hands to an agent, and commits past records that
no agent has finished. Here one Faust message carries a chunk, that is all records of a
partition that one fetch brought, and only the wrapper in ``agents/runtime.py`` says that
a chunk is finished.

Everything that touches Faust's and mode's private parts is in this module, and it is
written against one version. Three rules hold it together:

(1) *Epoch.* Each seek begins a new one. A chunk handed out in an older epoch is neither
    worked on nor counted: its records come again from where the seek went.
(2) *Prefix.* A partition's commit is the end of its first finished chunks in a row.
(3) *Room.* No fetch while ``CHUNKS_AHEAD`` chunks wait: memory is bounded, and Faust's own
    pressure valve, which sleeps a second, never closes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import faust
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, Message
from mode.utils.futures import notify

from agents.outstanding import ChunkMessage, Outstanding
from hub.chunk import Chunk, Partition, Record
from hub.kafka import RANGE_ASSIGNOR

FAUST_VERSION = "0.15.3"
CHUNKS_AHEAD = 2
SEEK_WITHIN_S = 30.0
ANSWER_WITHIN_S = 5.0
RETRY_BACKOFF_MS = 250
LOGGER = logging.getLogger("faust.hub")  # not named after our modules: quiet like the rest

if faust.__version__ != FAUST_VERSION:
    mismatch = (
        f"agents/transport.py is written against faust-streaming {FAUST_VERSION}, "
        f"found {faust.__version__}: pin it, or run the contract tests and adapt"
    )
    raise ImportError(mismatch)

Positions = Callable[[frozenset[Partition]], Awaitable[Mapping[Partition, int]]]
"""Where to start reading partitions; what is not named starts at Kafka's commit."""


async def no_positions(_: frozenset[Partition]) -> Mapping[Partition, int]:
    """Return none: Kafka's commit decides."""
    return {}


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's thread around aiokafka; reads committed records only."""

    logger = LOGGER

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        consumer._partition_assignment_strategy = [RANGE_ASSIGNOR]
        consumer._retry_backoff_ms = RETRY_BACKOFF_MS
        return consumer

    async def seek_all(self, positions: Mapping[TP, int], left_alone: Collection[TP]) -> None:
        """Seek inside the thread that owns the consumer, and fetch nothing of what is left alone."""
        await self.call_thread(self._seek_all, positions, left_alone)

    async def _seek_all(self, positions: Mapping[TP, int], left_alone: Collection[TP]) -> None:
        consumer = self._ensure_consumer()
        consumer.pause(*map(driver.ensure_aiokafka_TP, left_alone))
        for tp, offset in positions.items():
            consumer.seek(driver.ensure_aiokafka_TP(tp), offset)

    async def unread(self) -> int:
        """Return how many offsets the broker is ahead of what was fetched."""
        count: int = await self.call_thread(self._unread)
        return count

    async def _unread(self) -> int:
        consumer = self._ensure_consumer()
        async with asyncio.timeout(ANSWER_WITHIN_S):
            ends = await consumer.end_offsets(list(consumer.assignment() - consumer.paused()))
            return sum([max(0, end - await consumer.position(tp)) for tp, end in ends.items()])


class HubConsumer(driver.Consumer):
    """What both ways of reading have in common: our positions, and who may go on."""

    logger = LOGGER
    app: "HubApp"
    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin before the first seek: nothing is read until then."""
        super().__init__(*args, **kwargs)
        self.outstanding = Outstanding()
        self.epoch = 0
        self.behind = False
        self._room = asyncio.Event()
        self._seeking = asyncio.Lock()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek to our positions, else to what is committed, else to the beginning.

        Faust awaits this after each assignment and, beyond 40 s, stalls for ever: hence
        our own limit, which ends in a crash.
        """
        async with asyncio.timeout(SEEK_WITHIN_S), self._seeking:
            self._new_epoch()
            committed = await super().seek_to_committed()
            known = {ensure_TP(tp): offset or 0 for tp, offset in committed.items() if self.app.knows(tp[1])}
            ours = await self.app.positions(frozenset((tp[0], tp[1]) for tp in known))
            target = {tp: ours.get(tp, offset) for tp, offset in known.items()}
            await self._thread.seek_all(target, [tp for tp in map(ensure_TP, committed) if tp not in known])
            self._new_epoch()
            self.behind = False
        return target

    def _new_epoch(self) -> None:
        self.epoch += 1
        self.outstanding.forget()
        self._room.set()

    async def unread(self) -> int:
        """Return how many offsets the broker is ahead of what was fetched."""
        return await self._thread.unread()

    def release(self, message: Message) -> None:
        """Stop waiting for a message before a rebalance or the end."""
        message.acked = True
        self._unacked_messages.discard(message)
        self._room.set()
        notify(self._waiting_for_ack)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Leave it to the watchdog; Faust's own counts records, not chunks."""


class ChunkConsumer(HubConsumer):
    """Hands out chunks."""

    def is_current(self, message: ChunkMessage) -> bool:
        """Return whether a chunk may be worked on; rule (1)."""
        return message.epoch == self.epoch

    def chunk_of(self, message: ChunkMessage) -> Chunk:
        """Return the chunk that a message carries."""
        return message.chunk

    def finish(self, message: ChunkMessage) -> None:
        """Let the commit pass this chunk, once all before it are finished too; rule (2)."""
        if self.is_current(message):
            self.outstanding.finish(message)
        self.release(message)

    def abandon(self, message: ChunkMessage) -> None:
        """Give a chunk back: it and all after it are read again."""
        if self.is_current(message):
            self._new_epoch()
            self.behind = True
        self.release(message)

    def ack(self, message: Message) -> bool:
        """Do not count what Faust acknowledges by itself, such as messages it skips."""
        self.release(message)
        return False

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109 - Faust's signature
        """Yield one message for each partition that a fetch brought records of."""
        if not await self._may_fetch():
            return
        epoch = self.epoch
        records = await self._getmany(self._get_active_partitions(), timeout)
        for tp, fetched in records.items():
            # A seek since the fetch began: what came is from before it, or is past the
            # place it went to. Either way the next fetch must begin with a new seek.
            if epoch != self.epoch or not self.flow_active:
                self.behind = True
                return
            yield tp, self._hand_out(ensure_TP(tp), fetched)

    async def _may_fetch(self) -> bool:
        if not self.flow_active:
            await self.wait_first(self.can_resume_flow.wait())
        elif self.behind:
            await self._seek_again()
        elif not self._get_active_partitions():
            await self.sleep(0.2)
        elif self.outstanding.unfinished >= CHUNKS_AHEAD:
            self._room.clear()
            await self.wait_first(self._room.wait(), self.suspend_flow.wait())
        else:
            return not self.should_stop
        return False

    async def _seek_again(self) -> None:
        try:
            await self.perform_seek()
        except Exception:
            # A rebalance in between takes the partitions away and seeks by itself.
            if self.flow_active:
                raise

    def _hand_out(self, tp: TP, fetched: Sequence[Any]) -> ChunkMessage:
        chunk = Chunk(tp.topic, tp.partition, tuple(map(record_of, fetched)))
        message = ChunkMessage(
            tp.topic, tp.partition, chunk.last_offset, 0.0, 0, None, None, None, None,
            tp=tp, generation_id=self.app.consumer_generation_id,
        )  # fmt: skip
        message.chunk, message.epoch, message.finished = chunk, self.epoch, False
        self.outstanding.hand_out(message)
        return message

    async def _drain_messages(self, fetcher: Any) -> None:
        # Faust's own compares each offset with the last one read and fills gaps with an
        # interval tree; rule (1) does the work of both.
        with suppress(*self.consumer_stopped_errors):
            while not (self.should_stop or fetcher.should_stop):
                async for _, message in self.getmany(timeout=1.0):
                    await self.wait_first(self.callback(message), self.suspend_flow.wait())
                await asyncio.sleep(0)
            return
        if not self.app.should_stop:
            problem = "aiokafka stopped the consumer"
            raise RuntimeError(problem)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let the chunk in work end and be committed, then forget all others."""
        await super().on_partitions_revoked(revoked)
        self._new_epoch()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Any:  # noqa: ARG002 - all of them, always
        return list(self.outstanding.committable())

    def _new_offset(self, tp: TP) -> int | None:
        return self.outstanding.committable().get(tp)


def record_of(fetched: Any) -> Record:
    """Return our record for aiokafka's."""
    return Record(fetched.offset, fetched.key, fetched.value, tuple(fetched.headers), fetched.timestamp)


class ChunkTransport(driver.Transport):
    """Brings chunks into a Faust app."""

    Consumer: ClassVar[Any] = ChunkConsumer


class NoTables(TableManager):
    """There are none; Faust's own sleeps a second in case some come."""

    async def on_start(self) -> None:
        """Start what resumes reading after each assignment."""
        await self._update_channels()
        await self.recovery.start()


class Boot(BootStrategy):
    """Start what reads: no web server, no sensors, no producer (ours is our own)."""

    enable_kafka_producer = False
    enable_web = False
    enable_sensors = False


class HubApp(faust.App):
    """One agent, one consumer group."""

    logger = LOGGER
    BootStrategy = Boot
    positions: Positions = staticmethod(no_positions)
    partitions: frozenset[int] | None = None
    transport_class: type[driver.Transport] = ChunkTransport

    def knows(self, partition: int) -> bool:
        """Return whether this app reads a partition that it is assigned; all of them if none are named."""
        return self.partitions is None or partition in self.partitions

    @property
    def reader(self) -> Any:
        """Return the consumer: a ``ChunkConsumer`` or a ``RecordConsumer``."""
        return self.consumer

    def _new_transport(self) -> Any:
        return self.transport_class(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Make none: there are no tables and nothing to keep on disk."""
