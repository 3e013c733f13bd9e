"""What the bodies of the agents need of the world, each as small as it can be.

The real ones are in `hub.ledger_log`, `hub.store` and `hub.outbox`; those in `hub.memory` pass the same
contract tests and serve the simulation.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from hub.chunk import Record


class Message(NamedTuple):
    """One record to write; without a value it erases a compacted key."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Overtaken(Exception):  # noqa: N818 - a state of the world, not a mistake
    """Somebody else wrote to this corridor's ledger; read the tail again."""


class Clock(Protocol):
    """The time of day, UTC."""

    def __call__(self) -> datetime:
        """Return now."""
        ...


class LedgerLog(Protocol):
    """One corridor's partition of the ledger topic."""

    async def read(self, offset: int) -> Sequence[Record]:
        """Return the records from *offset* up to the end as it was when asked, oldest first.

        Raises:
            Transient: the broker does not answer.
        """
        ...

    async def append(self, leaves: Sequence[bytes]) -> int:
        """Write leaves in order and return the offset of the first, once all are acknowledged.

        Raises:
            Overtaken: they are not one after the other: somebody else writes, too.
            Transient: it is not known whether they were written.
        """
        ...


class Sink(Protocol):
    """A topic one writes to, acknowledged when it returns."""

    async def put(self, messages: Sequence[Message]) -> Sequence[int]:
        """Write all messages, in order for each partition, and return their offsets once all are acknowledged.

        Raises:
            Transient: it is not known whether they were written.
        """
        ...
