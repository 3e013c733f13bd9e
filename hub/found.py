"""Publishing the genesis of a corridor: the hub's first events and their entries, once."""

from collections.abc import Sequence

import structlog

from events.founding import Genesis
from events.ids import HUB, short
from events.topics import LEDGER, events_topic
from hub.errors import HubError
from hub.kafka import KafkaSettings
from hub.kafka_log import KafkaSink, records_of
from hub.ports import Message

log = structlog.get_logger()


class OtherLedgerError(HubError):
    """This topic holds another ledger: use other topics, or the folder of the hub that founded it."""


async def publish_genesis(kafka: KafkaSettings, partition: int, genesis: Genesis) -> bool:
    """Write the genesis to Kafka unless it is there; return whether anything was missing.

    Raises:
        OtherLedgerError: the topics begin with something else.
    """
    sink = KafkaSink(kafka)
    try:
        events = await _complete(sink, kafka, events_topic(HUB), partition, genesis.envelopes)
        entries = await _complete(sink, kafka, LEDGER, partition, genesis.entries)
    finally:
        await sink.stop()
    if events or entries:
        log.info("corridor_founded", genesis=short(genesis.leaf_hash), entries=len(genesis.entries))
    return events or entries


async def _complete(sink: KafkaSink, kafka: KafkaSettings, topic: str, partition: int, wanted: Sequence[bytes]) -> bool:
    found = []
    async for record in records_of(kafka, topic, partition, 0):
        found.append(record.value)
        if len(found) == len(wanted):
            break
    if found != list(wanted[: len(found)]):
        message = f"{topic} does not begin with this hub's genesis"
        raise OtherLedgerError(message)
    missing = wanted[len(found) :]
    await sink.put([Message(topic, partition, None, value) for value in missing])
    return bool(missing)
