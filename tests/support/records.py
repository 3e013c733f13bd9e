"""Single records to and from a broker."""

from aiokafka import TopicPartition

from hub.kafka import KafkaSettings, consumer, producer


async def write(settings: KafkaSettings, topic: str, *values: bytes) -> list[int]:
    """Write records to partition 0 and return their offsets, each acknowledged before the next."""
    sender = producer(settings)
    await sender.start()
    try:
        return [(await sender.send_and_wait(topic, value, partition=0, key=b"key")).offset for value in values]
    finally:
        await sender.stop()


async def read(settings: KafkaSettings, topic: str, *, group: str | None = None) -> list[bytes]:
    """Return what partition 0 has, or with a group what a member of it is given first."""
    reader = consumer(settings, *([topic] if group else []), group_id=group)
    try:
        await reader.start()
        if group is None:
            reader.assign([TopicPartition(topic, 0)])
            await reader.seek_to_beginning()
        found = await reader.getmany(timeout_ms=3000)
        return [record.value for records in found.values() for record in records]
    finally:
        await reader.stop()
