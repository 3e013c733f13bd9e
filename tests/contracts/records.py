"""Records and commits, written and looked at from outside of any agent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from hub.kafka import KafkaSettings, TopicPartition, consumer, producer


def send(kafka: KafkaSettings, topic: str, numbers: Sequence[int], partition: int = 0) -> None:
    """Write numbers to one partition and return once they are safe."""

    async def work() -> None:
        sender = producer(kafka)
        await sender.start()
        try:
            await asyncio.gather(*[await sender.send(topic, b"%d" % n, partition=partition) for n in numbers])
        finally:
            await sender.stop()

    asyncio.run(work())


async def send_and_abort(kafka: KafkaSettings, topic: str) -> None:
    """Write two records in a transaction that is aborted."""
    sender = producer(kafka, transactional_id=topic)
    await sender.start()
    try:
        await sender.begin_transaction()
        await sender.send_and_wait(topic, b"never", partition=0)
        await sender.send_and_wait(topic, b"never", partition=0)
        await sender.abort_transaction()
    finally:
        await sender.stop()


def committed(kafka: KafkaSettings, topic: str, partition: int = 0, group: str | None = None) -> int | None:
    """Return the offset that the agent's group has committed."""

    async def work() -> int | None:
        async with group_of(kafka, topic, partition, group or topic) as reader:
            offset: int | None = await reader.committed(TopicPartition(topic, partition))
        return offset

    return asyncio.run(work())


def commit(kafka: KafkaSettings, topic: str, offset: int) -> None:
    """Commit for the agent's group, as if it had read so far."""

    async def work() -> None:
        async with group_of(kafka, topic, 0, topic) as reader:
            await reader.commit({TopicPartition(topic, 0): offset})

    asyncio.run(work())


@asynccontextmanager
async def group_of(kafka: KafkaSettings, topic: str, partition: int, group: str) -> AsyncIterator[Any]:
    """Give a consumer of the agent's group that reads nothing."""
    reader = consumer(kafka, group_id=f"liaison.test.{group}.v1")
    reader.assign([TopicPartition(topic, partition)])
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()
