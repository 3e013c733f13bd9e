"""Agent `project`: folds the ledger into this node's read model, verifying every entry."""

import asyncio
from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, Reading, reading_app
from agents.worker import Task
from events.topics import LEDGER
from hub.chunk import Chunk, Partition, numbers_of
from hub.node import Node

SIGN_EVERY_S = 0.5


def project(node: Node) -> tuple[AgentApp, Task]:
    """Return the app that keeps the read model, and the task that signs for what arrives later than its entry."""
    settings = AppSettings(node.name, "project", node.kafka, partitions=node.settings.partitions)
    return reading_app(settings, projecting(node)), signing(node)


def projecting(node: Node) -> Reading:
    """Return what the agent does; after each chunk the node acts on what is new."""

    async def body(chunk: Chunk) -> None:
        projector = node.projector(node.settings.corridor_at(chunk.partition))
        steps = projector.apply((record.offset, record.value or b"") for record in chunk.records)
        await node.after(chunk.partition, steps)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        for number in numbers_of(partitions):
            await node.begin(number)
        corridors = {place: node.settings.corridor_at(place[1]) for place in partitions}
        return {place: node.projector(corridor).position for place, corridor in corridors.items()}

    async def revoked(partitions: frozenset[Partition]) -> None:
        for number in numbers_of(partitions):
            node.leave(number)

    return Reading((LEDGER,), body, positions, revoked)


def signing(node: Node) -> Task:
    """Return the loop that signs receipts for notifications that another process of this node has taken in."""

    async def step() -> None:
        while True:
            await asyncio.sleep(SIGN_EVERY_S)
            for number in node.owned:
                await node.receive(number)

    return Task("project.sign", step)
