"""Two desks and a hub on the real broker: real node folders with real keys; the hub runs when a test asks it to."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.corridor import OFFICES, LocalCorridor
from deploy.kafka.broker import LocalKafka
from events.founding import Genesis
from events.ids import Agency
from events.topics import LEDGER, events_topic
from hub.chunk import Chunk
from hub.errors import Transient
from hub.kafka_log import KafkaLedgerLog, KafkaSink, records_of
from hub.node import Node, now
from hub.notifier import Notifier
from hub.sequencer import Sequencer
from hub.settings import load_settings

LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Keys:
    """Node folders with keys and nothing else, to be copied: making keys takes seconds."""

    folder: Path
    genesis: Genesis

    @classmethod
    def made(cls, folder: Path) -> "Keys":
        """Return new ones."""
        return cls(folder, LocalCorridor(folder).make_keys())

    def corridor(self, folder: Path, broker: LocalKafka) -> LocalCorridor:
        """Return a founded corridor in *folder* on a running, empty broker."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        corridor = LocalCorridor(folder)
        corridor.configure(broker, self.genesis.leaf_hash)
        asyncio.run(corridor.found(self.genesis))
        return corridor


class InlineHub:
    """The hub's admission and notification in the test's own process, a step at a time."""

    def __init__(self, corridor: LocalCorridor) -> None:
        """Connect to nothing yet; must be made inside the loop."""
        self._kafka = Node(load_settings(corridor.node("hub"))).kafka
        self._sink = KafkaSink(self._kafka)
        self._ledger = KafkaLedgerLog(self._kafka, 0)
        self._sequencer = Sequencer(self._ledger, self._sink, lambda *_place: None, now)
        self._notifier = Notifier(0, self._sink)

    async def work(self) -> int:
        """Admit what both agencies have sent, tell who is to be told, and return how many entries there are."""
        book = await self._sequencer.catch_up()
        for agency in OFFICES:
            topic = events_topic(Agency(agency))
            start = book.next_offset(topic, 0)
            records = tuple([each async for each in records_of(self._kafka, topic, 0, start)])
            if records:
                await self._sequencer.admit(Chunk(topic, 0, records))
        fresh = tuple([each async for each in records_of(self._kafka, LEDGER, 0, self._notifier.offset)])
        if fresh:
            await self._notifier.tell(Chunk(LEDGER, 0, fresh))
        return self._sequencer.book.tail.size

    async def close(self) -> None:
        """Disconnect."""
        await self._ledger.stop()
        await self._sink.stop()


@asynccontextmanager
async def working_hub(corridor: LocalCorridor) -> AsyncIterator[InlineHub]:
    """Let a hub work all the time inside the block."""
    hub = InlineHub(corridor)
    task = asyncio.create_task(_keep_working(hub))
    try:
        yield hub
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await hub.close()


async def _keep_working(hub: InlineHub) -> None:
    while True:
        with suppress(Transient):
            await hub.work()
        await asyncio.sleep(LOOK_EVERY_S)
