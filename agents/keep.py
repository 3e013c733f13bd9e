"""Agent `keep`: holds on this desk's own ground the sealed parts that were published to it."""

from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, Reading, reading_app
from events.topics import sealed_topic
from hub.chunk import Chunk, Partition
from hub.node import Node


def keep(node: Node) -> AgentApp:
    """Return the app that stores every agency's sealed parts, as ciphertext."""
    return reading_app(AppSettings(node.name, "keep", node.kafka, partitions=node.settings.partitions), keeping(node))


def keeping(node: Node) -> Reading:
    """Return what the agent does."""

    async def body(chunk: Chunk) -> None:
        node.keep(chunk)
        node.kept(f"keep {chunk.topic}", chunk)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        return {place: node.place(f"keep {place[0]}", place[1]) for place in partitions}

    return Reading(tuple(map(sealed_topic, node.agencies)), body, positions)
