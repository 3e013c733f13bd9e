"""Agent `inbox`: takes in what the hub tells this desk's offices, and signs for it."""

from agents.runtime import AgentApp, AppSettings, agent, build_app
from events.topics import notifications_topic
from hub.chunk import Chunk
from hub.node import Node


def inbox(node: Node) -> AgentApp:
    """Return the app that keeps notifications; receipts are signed once the entry is verified."""

    async def body(chunk: Chunk) -> None:
        node.reception.note(chunk)
        await node.receive(chunk.partition)

    app = build_app(AppSettings(node.name, "inbox", node.kafka))
    agent(app, [notifications_topic(node.settings.agency)], body)
    return app
