"""The ports of `hub.ports` in memory: they pass the same contract tests as the real ones and serve the simulation."""

from collections.abc import Sequence

from hub.chunk import Partition, Record
from hub.ports import Message


class MemoryLedgerLog:
    """One corridor's ledger partition as a list; any number of sequencers may share it."""

    def __init__(self) -> None:
        """Start empty."""
        self.records: list[bytes] = []

    async def read(self, offset: int) -> Sequence[Record]:
        """Return the records from *offset* to the end as it is now."""
        return [Record(at, None, raw) for at, raw in enumerate(self.records[offset:], start=offset)]

    async def append(self, leaves: Sequence[bytes]) -> int:
        """Write leaves in order and return the offset of the first."""
        return self.write(leaves)

    def write(self, leaves: Sequence[bytes]) -> int:
        """Write leaves in order and return the offset of the first."""
        self.records.extend(leaves)
        return len(self.records) - len(leaves)


class MemorySink:
    """Every topic but the ledger: *messages* as they came, and the records of each partition."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: list[Message] = []
        self._partitions: dict[Partition, list[Record]] = {}

    async def put(self, messages: Sequence[Message]) -> Sequence[int]:
        """Write all messages in order and return their offsets."""
        return [self.write(message) for message in messages]

    def write(self, message: Message) -> int:
        """Write one message and return its offset."""
        self.messages.append(message)
        records = self._partitions.setdefault((message.topic, message.partition), [])
        records.append(Record(len(records), message.key, message.value, message.headers))
        return len(records) - 1

    def records(self, topic: str, partition: int, offset: int = 0) -> Sequence[Record]:
        """Return a partition's records from *offset* to the end as it is now."""
        return self._partitions.get((topic, partition), [])[offset:]
