"""Agent `checkpoint`: signs how long each ledger is, once a second if it grew."""

import asyncio
from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, agent, build_app
from agents.worker import Task
from events.topics import CHECKPOINTS, LEDGER
from hub.chunk import Chunk, Partition
from hub.node import Node

EVERY_S = 1.0


def checkpoint(node: Node) -> tuple[AgentApp, Task]:
    """Return the app that follows the ledgers and the task that signs them."""
    checkpointers = {corridor.partition: node.checkpointer(corridor) for corridor in node.settings.corridors}

    async def body(chunk: Chunk) -> None:
        checkpointers[chunk.partition].follow(chunk)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        return {place: checkpointers[place[1]].offset for place in partitions}

    async def sign() -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            for partition, checkpointer in checkpointers.items():
                await node.publish_checkpoint(partition, checkpointer)

    app = build_app(AppSettings(node.name, "checkpoint", node.kafka, writes=(CHECKPOINTS,)))
    agent(app, [LEDGER], body, positions)
    return app, Task("checkpoint.sign", sign)
