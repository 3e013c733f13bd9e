"""The ledger's partition and other topics on real Kafka, behind the ports of `hub.ports`."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from events.topics import LEDGER
from hub.chunk import Record
from hub.errors import Transient
from hub.kafka import KafkaError, KafkaSettings, TopicPartition, consumer, producer
from hub.ports import Message, Overtaken

BATCH_BYTES_MAX = 900_000
POLL_MS = 500
STOP_WITHIN_S = 5.0


class NotAcknowledged(Transient):
    """Wait: the broker did not acknowledge; the same records are offered again."""


class LazyProducer:
    """An idempotent producer that is started when first needed and thrown away after any error.

    After an error the sequence numbers of a producer cannot be relied on; a new one starts afresh.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._producer: Any = None  # aiokafka's class; it is not typed

    async def started(self) -> Any:
        """Return the producer, connected.

        Raises:
            NotAcknowledged: the broker does not answer.
        """
        if self._producer is None:
            fresh = producer(self._settings, max_batch_size=BATCH_BYTES_MAX + 100_000)
            try:
                await fresh.start()
            except (KafkaError, OSError, TimeoutError) as error:
                await _stopped(fresh)
                message = f"producer cannot start: {type(error).__name__}"
                raise NotAcknowledged(message) from error
            self._producer = fresh
        return self._producer

    async def stop(self) -> None:
        """Disconnect; what was not acknowledged may still arrive."""
        broken, self._producer = self._producer, None
        if broken is not None:
            await _stopped(broken)

    async def acknowledged(self, futures: Sequence[Any]) -> list[Any]:
        """Return the metadata of everything sent, once all is acknowledged.

        Raises:
            NotAcknowledged: something was not; the producer is thrown away.
        """
        results = await asyncio.gather(*futures, return_exceptions=True)
        failed = next((each for each in results if isinstance(each, BaseException)), None)
        if failed is None:
            return list(results)
        await self.stop()
        message = f"records were not acknowledged: {type(failed).__name__}"
        raise NotAcknowledged(message) from failed


class KafkaLedgerLog:
    """One corridor's partition of the ledger topic."""

    def __init__(self, settings: KafkaSettings, partition: int) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._place = TopicPartition(LEDGER, partition)
        self._producer = LazyProducer(settings)

    async def read(self, offset: int) -> Sequence[Record]:
        """Return the records from *offset* to the end as it is now."""
        return [record async for record in records_of(self._settings, LEDGER, self._place.partition, offset)]

    async def append(self, leaves: Sequence[bytes]) -> int:
        """Write leaves in order and return the offset of the first, once all are acknowledged."""
        sender = await self._producer.started()
        batches = list(_batches(sender, leaves))
        try:
            futures = [await sender.send_batch(batch, LEDGER, partition=self._place.partition) for batch in batches]
        except (KafkaError, OSError, TimeoutError) as error:
            await self._producer.stop()
            message = f"ledger entries were not sent: {type(error).__name__}"
            raise NotAcknowledged(message) from error
        found = await self._producer.acknowledged(futures)
        return _first_offset([each.offset for each in found], [each.record_count() for each in batches])

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()


class KafkaSink:
    """Writes to any topic and returns when everything is acknowledged."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Nothing is connected yet."""
        self._producer = LazyProducer(settings)

    async def put(self, messages: Sequence[Message]) -> list[int]:
        """Write all messages in order, wait until they are acknowledged, and return their offsets."""
        sender = await self._producer.started()
        try:
            futures = [await _sent(sender, message) for message in messages]
        except (KafkaError, OSError, TimeoutError) as error:
            await self._producer.stop()
            message = f"records were not sent: {type(error).__name__}"
            raise NotAcknowledged(message) from error
        return [each.offset for each in await self._producer.acknowledged(futures)]

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()


async def records_of(settings: KafkaSettings, topic: str, partition: int, offset: int) -> AsyncIterator[Record]:
    """Yield a partition's records from *offset* to the end as it is when first asked.

    Raises:
        NotAcknowledged: the broker does not answer.
    """
    reader = consumer(settings)
    try:
        await reader.start()
        async for record in _to_the_end(reader, TopicPartition(topic, partition), offset):
            yield record
    except (KafkaError, OSError, TimeoutError) as error:
        message = f"{topic} cannot be read: {type(error).__name__}"
        raise NotAcknowledged(message) from error
    finally:
        await _stopped(reader)


async def end_of(settings: KafkaSettings, topic: str, partition: int) -> int:
    """Return the offset that the next record of a partition will have.

    Raises:
        NotAcknowledged: the broker does not answer.
    """
    place = TopicPartition(topic, partition)
    reader = consumer(settings)
    try:
        await reader.start()
        ends = await reader.end_offsets([place])
    except (KafkaError, OSError, TimeoutError) as error:
        message = f"end of {topic} cannot be read: {type(error).__name__}"
        raise NotAcknowledged(message) from error
    finally:
        await _stopped(reader)
    return int(ends[place])


async def _to_the_end(reader: Any, place: TopicPartition, offset: int) -> AsyncIterator[Record]:
    reader.assign([place])
    end = (await reader.end_offsets([place]))[place]
    reader.seek(place, offset)
    while offset < end:
        found = (await reader.getmany(place, timeout_ms=POLL_MS)).get(place, ())
        for each in found:
            if each.offset < end:
                yield Record(each.offset, each.key, each.value, tuple(each.headers), each.timestamp)
        offset = await reader.position(place)


async def _sent(sender: Any, message: Message) -> Any:
    return await sender.send(
        message.topic,
        value=message.value,
        key=message.key,
        partition=message.partition,
        headers=list(message.headers),
    )


def _batches(sender: Any, leaves: Iterable[bytes]) -> Iterator[Any]:
    batch = sender.create_batch()
    for leaf in leaves:
        if batch.append(key=None, value=leaf, timestamp=None) is None:
            yield batch
            batch = sender.create_batch()
            batch.append(key=None, value=leaf, timestamp=None)
    if batch.record_count():
        yield batch


def _first_offset(offsets: Sequence[int], counts: Sequence[int]) -> int:
    expected = offsets[0]
    for offset, count in zip(offsets, counts, strict=True):
        if offset != expected:
            message = f"batch at offset {offset}, expected {expected}"
            raise Overtaken(message)
        expected += count
    return offsets[0]


async def _stopped(client: Any) -> None:
    with suppress(KafkaError, OSError, TimeoutError):
        await asyncio.wait_for(client.stop(), STOP_WITHIN_S)
