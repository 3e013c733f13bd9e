"""Agent `checkpoint`: signs how long each ledger is, once a second if it grew."""

import asyncio
from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, Reading, reading_app
from agents.worker import Task
from events.topics import CHECKPOINTS, LEDGER
from hub.checkpointer import Checkpointer
from hub.chunk import Chunk, Partition, numbers_of
from hub.node import Node

EVERY_S = 1.0


def checkpoint(node: Node) -> tuple[AgentApp, Task]:
    """Return the app that follows the ledgers and the task that signs them."""
    reading, sign = checkpointing(node)
    settings = AppSettings(node.name, "checkpoint", node.kafka, (CHECKPOINTS,), node.settings.partitions)
    return reading_app(settings, reading), sign


def checkpointing(node: Node) -> tuple[Reading, Task]:
    """Return what the agent does, and the task beside it."""
    checkpointers: dict[int, Checkpointer] = {}  # of the corridors that this worker has now

    async def body(chunk: Chunk) -> None:
        checkpointers[chunk.partition].follow(chunk)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        for number in numbers_of(partitions) - checkpointers.keys():
            checkpointers[number] = await node.taken_over(number)
        return {place: checkpointers[place[1]].offset for place in partitions}

    async def revoked(partitions: frozenset[Partition]) -> None:
        for number in numbers_of(partitions):
            checkpointers.pop(number, None)

    return Reading((LEDGER,), body, positions, revoked), _signing(node, checkpointers)


def _signing(node: Node, checkpointers: Mapping[int, Checkpointer]) -> Task:
    async def sign() -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            for partition, checkpointer in tuple(checkpointers.items()):
                await node.publish_checkpoint(partition, checkpointer)

    return Task("checkpoint.sign", sign)
