"""A ledger partition on a bad day, and sequencers that can be stopped at any instant and go on later.

A sequencer's work is a coroutine; it stops at every `pause` and somebody decides when it goes on. So any
interleaving of any number of them can be played, without threads and without time.
"""

from collections.abc import Coroutine, Generator, Sequence
from dataclasses import dataclass, field
from types import coroutine
from typing import Literal, TypeAlias, get_args

from hub.chunk import Record
from hub.errors import Transient
from hub.memory import MemoryLedgerLog
from hub.ports import Overtaken

Fate: TypeAlias = Literal["written", "lost", "unacknowledged", "late", "split", "first_late", "rest_late"]
"""What becomes of a batch of leaves on its way to the broker."""

FATES: tuple[Fate, ...] = get_args(Fate)


@coroutine
def pause() -> Generator[None, None, None]:
    """Stop here until somebody says go on."""
    yield


class NotAcknowledged(Transient):
    """Wait: it is not known whether the leaves were written."""


@dataclass
class Partition:
    """The ledger as the broker has it, and the batches that are still on their way."""

    log: MemoryLedgerLog = field(default_factory=MemoryLedgerLog)
    under_way: list[Sequence[bytes]] = field(default_factory=list)

    @property
    def records(self) -> list[bytes]:
        """What was written, in order."""
        return self.log.records

    async def land(self, which: int) -> None:
        """Write a batch that was under way."""
        await self.log.append(self.under_way.pop(which))


@dataclass
class FlakyLedgerLog:
    """One sequencer's way to a partition; *fate* is what becomes of the batch it sends next."""

    partition: Partition
    fate: Fate = "written"

    async def read(self, offset: int) -> Sequence[Record]:
        """Return what is there; others may write before and after."""
        await pause()
        found = await self.partition.log.read(offset)
        await pause()
        return found

    async def append(self, leaves: Sequence[bytes]) -> int:
        """Write leaves as fate has it."""
        await pause()
        fate, half = self.fate, len(leaves) // 2
        match fate:
            case "written" | "unacknowledged":
                first = await self.partition.log.append(leaves)
            case "split":
                first = await self._split(leaves, half)
            case "lost" | "late":
                first = -1
                self.partition.under_way.extend([leaves] if fate == "late" else [])
            case _:
                first = await self._torn(leaves[:half], leaves[half:])
        await pause()
        if fate in ("written", "split"):
            return first
        message = f"batch of {len(leaves)} was not acknowledged"
        raise NotAcknowledged(message)

    async def _split(self, leaves: Sequence[bytes], half: int) -> int:
        first = await self.partition.log.append(leaves[:half])
        await pause()
        second = await self.partition.log.append(leaves[half:])
        if second != first + half:
            raise Overtaken
        return first

    async def _torn(self, begin: Sequence[bytes], rest: Sequence[bytes]) -> int:
        late, now = (begin, rest) if self.fate == "first_late" else (rest, begin)
        self.partition.under_way.append(late)
        return await self.partition.log.append(now)


@dataclass
class Work:
    """A sequencer's work on one chunk; it ends by itself, or with a fault that will pass."""

    steps: Coroutine[object, object, None]
    is_over: bool = False
    is_done: bool = False
    fault: Transient | None = None

    def go_on(self) -> None:
        """Run to the next pause."""
        try:
            self.steps.send(None)
        except StopIteration:
            self.is_over = self.is_done = True
        except Transient as error:
            self.is_over, self.fault = True, error

    def finish(self) -> bool:
        """Run to the end and return whether the work was done."""
        while not self.is_over:
            self.go_on()
        return self.is_done
