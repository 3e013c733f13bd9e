"""Agent `inbox`: takes in what the hub tells this desk's offices, and signs for it."""

from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, Reading, reading_app
from events.topics import notifications_topic
from hub.chunk import Chunk, Partition
from hub.node import Node


def inbox(node: Node) -> AgentApp:
    """Return the app that keeps notifications; receipts are signed once the entry is verified."""
    settings = AppSettings(node.name, "inbox", node.kafka, partitions=node.settings.partitions)
    return reading_app(settings, receiving(node))


def receiving(node: Node) -> Reading:
    """Return what the agent does."""

    async def body(chunk: Chunk) -> None:
        node.reception.note(chunk)
        node.kept("inbox", chunk)
        await node.receive(chunk.partition)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        return {place: node.place("inbox", place[1]) for place in partitions}

    return Reading((notifications_topic(node.settings.agency),), body, positions)
