"""Agent `keep`: holds on this desk's own ground the sealed parts that were published to it."""

from agents.runtime import AgentApp, AppSettings, agent, build_app
from events.topics import sealed_topic
from hub.chunk import Chunk
from hub.node import Node


def keep(node: Node) -> AgentApp:
    """Return the app that stores every agency's sealed parts, as ciphertext."""

    async def body(chunk: Chunk) -> None:
        node.keep(chunk)

    app = build_app(AppSettings(node.name, "keep", node.kafka))
    agent(app, [sealed_topic(agency) for agency in node.agencies], body)
    return app
