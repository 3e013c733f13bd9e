"""Agent `admit`: the sequencers of this worker's corridors, fed from every office's events."""

from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, Reading, reading_app
from events.ids import HUB
from events.topics import LEDGER, QUARANTINE, events_topic
from hub.chunk import Chunk, Partition, numbers_of
from hub.node import Node


def admit(node: Node) -> AgentApp:
    """Return the app that gives every source record its one ledger entry."""
    settings = AppSettings(node.name, "admit", node.kafka, (LEDGER, QUARANTINE), node.settings.partitions)
    return reading_app(settings, admitting(node))


def admitting(node: Node) -> Reading:
    """Return what the agent does."""
    sequencers = {corridor.partition: node.sequencer(corridor.partition) for corridor in node.settings.corridors}

    async def body(chunk: Chunk) -> None:
        await sequencers[chunk.partition].admit(chunk)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        books = {number: await node.take_over(sequencers[number], number) for number in numbers_of(partitions)}
        return {(topic, number): books[number].next_offset(topic, number) for topic, number in partitions}

    return Reading(tuple(events_topic(agency) for agency in (HUB, *node.agencies)), body, positions)
