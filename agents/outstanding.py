"""Which chunks were handed out and what of it may be committed."""

from collections import deque
from collections.abc import Mapping

from faust.types import TP
from faust.types.tuples import ConsumerMessage

from hub.chunk import Chunk


class ChunkMessage(ConsumerMessage):
    """One chunk on its way through Faust, which sees no key and no value of it."""

    chunk: Chunk
    epoch: int
    finished: bool


class Outstanding:
    """The chunks handed out and not yet finished, oldest first, per partition.

    A partition's commit is the end of its first finished chunks in a row: a chunk that is
    not finished holds back all after it.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._chunks: dict[TP, deque[ChunkMessage]] = {}
        self._done: dict[TP, int] = {}
        self.unfinished = 0

    def hand_out(self, message: ChunkMessage) -> None:
        """Take note of a chunk that an agent will get."""
        self._chunks.setdefault(message.tp, deque()).append(message)
        self.unfinished += 1

    def finish(self, message: ChunkMessage) -> None:
        """Take note that a chunk is finished."""
        message.finished = True
        self.unfinished -= 1
        waiting = self._chunks[message.tp]
        while waiting and waiting[0].finished:
            self._done[message.tp] = waiting.popleft().chunk.last_offset + 1

    def committable(self) -> Mapping[TP, int]:
        """Return the next offset to read, for each partition that has got on."""
        return self._done

    def forget(self) -> None:
        """Drop everything: all of it will be read again."""
        self._chunks.clear()
        self._done.clear()
        self.unfinished = 0
