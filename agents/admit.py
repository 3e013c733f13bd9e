"""Agent `admit`: the sequencers of this worker's corridors, fed from every office's events."""

from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, agent, build_app
from events.ids import HUB
from events.topics import LEDGER, QUARANTINE, events_topic
from hub.chunk import Chunk, Partition
from hub.node import Node


def admit(node: Node) -> AgentApp:
    """Return the app that gives every source record its one ledger entry."""
    sequencers = {corridor.partition: node.sequencer(corridor.partition) for corridor in node.settings.corridors}

    async def body(chunk: Chunk) -> None:
        await sequencers[chunk.partition].admit(chunk)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        books = {number: await sequencers[number].catch_up() for number in {number for _, number in partitions}}
        return {(topic, number): books[number].next_offset(topic, number) for topic, number in partitions}

    app = build_app(AppSettings(node.name, "admit", node.kafka, writes=(LEDGER, QUARANTINE)))
    agent(app, [events_topic(agency) for agency in (HUB, *node.agencies)], body, positions)
    return app
