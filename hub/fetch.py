"""Single records that commands ask Kafka for: the newest checkpoint, the bytes of a refused record."""

import asyncio

from events.ledger import Source
from events.topics import CHECKPOINTS, QUARANTINE, events_topic
from hub.errors import HubError
from hub.kafka import KafkaSettings
from hub.kafka_log import end_of, records_of
from hub.quarantine import place
from hub.settings import Role, Settings


def newest_checkpoint(settings: Settings) -> bytes | None:
    """Return the newest checkpoint of the node's corridor as the hub signed it, or None if there is none.

    Raises:
        Transient: the broker does not answer.
    """
    return asyncio.run(newest_note(settings.kafka_settings, settings.corridor.partition))


def refused_bytes(settings: Settings, source: Source) -> bytes | None:
    """Return the exact bytes of a refused record: the hub has them in the quarantine, a desk in its own topic.

    Raises:
        HubError: it is the other agency's record, and this is a desk.
        Transient: the broker does not answer.
    """
    return asyncio.run(_refused(settings, source))


async def newest_note(kafka: KafkaSettings, partition: int) -> bytes | None:
    """Return the newest checkpoint of a corridor as it was signed, or None if there is none.

    Raises:
        Transient: the broker does not answer.
    """
    end = await end_of(kafka, CHECKPOINTS, partition)
    found = None
    async for record in records_of(kafka, CHECKPOINTS, partition, max(0, end - 1)):
        found = record.value
    return found


async def _refused(settings: Settings, source: Source) -> bytes | None:
    if settings.node.role is Role.HUB:
        key = place(source.topic, source.partition, source.offset).encode()
        async for record in records_of(settings.kafka_settings, QUARANTINE, source.partition, 0):
            if record.key == key:
                return record.value
        return None
    if source.topic != events_topic(settings.agency):
        message = f"record {source.offset} of {source.topic} is not this agency's"
        raise HubError(message, hint="the hub keeps its bytes; ask its operator, or the other agency")
    async for record in records_of(settings.kafka_settings, source.topic, source.partition, source.offset):
        return record.value if record.offset == source.offset else None
    return None
