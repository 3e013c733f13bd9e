"""Records as they come off one partition: in order, some at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

Partition: TypeAlias = tuple[str, int]
"""Topic and partition number; equal to Kafka's own and Faust's named tuples."""


def numbers_of(partitions: Iterable[Partition]) -> frozenset[int]:
    """Return the numbers of some partitions: the corridors that they belong to."""
    return frozenset(number for _, number in partitions)


class Record(NamedTuple):
    """One Kafka record: bytes in, nothing decoded.

    A named tuple and not a dataclass: it is made for every record read, and is made
    in a third of the time.
    """

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records of one partition in the order of their offsets, at least one.

    Offsets may have holes (compaction, the markers of transactions).
    """

    topic: str
    partition: int
    records: tuple[Record, ...]

    @property
    def source(self) -> Partition:
        """Return topic and partition number."""
        return (self.topic, self.partition)

    @property
    def first_offset(self) -> int:
        """Return the offset of the first record."""
        return self.records[0].offset

    @property
    def last_offset(self) -> int:
        """Return the offset of the last record."""
        return self.records[-1].offset
