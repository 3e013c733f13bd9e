"""Task `relay`: sends what this node's offices signed and a client could not send itself."""

import asyncio

from agents.worker import Task
from hub.node import Node

EVERY_S = 0.5


def relay(node: Node) -> Task:
    """Return the loop that empties the outbox; clients send at once, this is for what they left."""

    async def step() -> None:
        while True:
            await node.flush()
            await asyncio.sleep(EVERY_S)

    return Task("relay", step)
