"""Agent `project`: folds the ledger into this node's read model, verifying every entry."""

from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, agent, build_app
from events.topics import LEDGER
from hub.chunk import Chunk, Partition
from hub.node import Node


def project(node: Node) -> AgentApp:
    """Return the app that keeps the read model; afterwards the node acts on what is new."""
    projectors = {corridor.partition: node.projector(corridor) for corridor in node.settings.corridors}

    async def body(chunk: Chunk) -> None:
        steps = projectors[chunk.partition].apply((record.offset, record.value or b"") for record in chunk.records)
        await node.after(chunk.partition, steps)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        for _, number in partitions:
            await node.begin(number)
        return {place: projectors[place[1]].position for place in partitions}

    app = build_app(AppSettings(node.name, "project", node.kafka))
    agent(app, [LEDGER], body, positions)
    return app
