"""The ports of `hub.ports` in memory: they pass the same contract tests as the real ones and serve the simulation."""

from collections.abc import Sequence

from hub.chunk import Record
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
        self.records.extend(leaves)
        return len(self.records) - len(leaves)


class MemorySink:
    """Every topic as one list of messages."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: list[Message] = []

    async def put(self, messages: Sequence[Message]) -> Sequence[int]:
        """Write all messages in order and return their places."""
        self.messages.extend(messages)
        return range(len(self.messages) - len(messages), len(self.messages))
