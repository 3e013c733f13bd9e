"""Agent `notify`: tells every office what concerns it, in ledger order."""

from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, agent, build_app
from events.topics import LEDGER, notifications_topic
from hub.chunk import Chunk, Partition
from hub.node import Node


def notify(node: Node) -> AgentApp:
    """Return the app that writes the agencies' notification topics."""
    notifiers = {corridor.partition: node.notifier(corridor.partition) for corridor in node.settings.corridors}

    async def body(chunk: Chunk) -> None:
        notifier = notifiers[chunk.partition]
        await notifier.tell(chunk)
        node.save(chunk.partition, "notify", notifier.book, notifier.offset)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        return {place: notifiers[place[1]].offset for place in partitions}

    topics = tuple(map(notifications_topic, node.agencies))
    app = build_app(AppSettings(node.name, "notify", node.kafka, writes=topics))
    agent(app, [LEDGER], body, positions)
    return app
