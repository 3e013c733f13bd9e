"""Agent `notify`: tells every office what concerns it, in ledger order."""

from collections.abc import Mapping

from agents.runtime import AgentApp, AppSettings, Reading, reading_app
from events.topics import LEDGER, notifications_topic
from hub.chunk import Chunk, Partition, numbers_of
from hub.node import Node


def notify(node: Node) -> AgentApp:
    """Return the app that writes the agencies' notification topics."""
    topics = tuple(map(notifications_topic, node.agencies))
    return reading_app(AppSettings(node.name, "notify", node.kafka, topics, node.settings.partitions), notifying(node))


def notifying(node: Node) -> Reading:
    """Return what the agent does."""
    notifiers = {corridor.partition: node.notifier(corridor.partition) for corridor in node.settings.corridors}

    async def body(chunk: Chunk) -> None:
        notifier = notifiers[chunk.partition]
        await notifier.tell(chunk)
        node.save(chunk.partition, "notify", notifier.book, notifier.offset)

    async def positions(partitions: frozenset[Partition]) -> Mapping[Partition, int]:
        for number in numbers_of(partitions):
            saved = node.notifier(number)  # another worker may have gone on since
            if saved.offset > notifiers[number].offset:
                notifiers[number] = saved
        return {place: notifiers[place[1]].offset for place in partitions}

    return Reading((LEDGER,), body, positions)
