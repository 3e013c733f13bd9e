"""The checkpointer of one corridor: signs how long the ledger is and what its root is, and never takes it back."""

import structlog

from events.checkpoint import Checkpoint
from events.ids import TreeSize, short
from events.ledger import EMPTY_TAIL, Tail, accepts, extended, parse_entry
from hub.chunk import Chunk
from hub.errors import HubError

log = structlog.get_logger()


class LedgerWentBack(HubError):  # noqa: N818 - the field's word for it
    """Do not sign: the ledger topic lost entries that were checkpointed; restore the broker's data first."""


class Checkpointer:
    """Follows one corridor's ledger with nothing but its tail."""

    def __init__(self, origin: str, tail: Tail = EMPTY_TAIL, offset: int = 0) -> None:
        """Continue after a tail that was folded from the ledger topic up to *offset*."""
        self._origin = origin
        self.tail = tail
        self.offset = offset
        self.signed = TreeSize(tail.size)
        self._root = tail.frontier.root()
        self._end = 0

    def take_over(self, newest: Checkpoint | None, end: int) -> None:
        """Go on where another worker of this node may have stopped: its *newest* checkpoint holds.

        Nothing is signed before the ledger topic was read to the offset *end*.
        """
        self._end = end
        if newest is not None:
            self.signed, self._root = newest.size, newest.root

    def follow(self, chunk: Chunk) -> None:
        """Extend the tail by the records of a chunk that count.

        Raises:
            LedgerWentBack: at the size that was last checkpointed the ledger now has another root.
        """
        for record in chunk.records:
            raw = record.value or b""
            entry = parse_entry(raw) if record.offset >= self.offset else None
            if entry is not None and accepts(self.tail, entry):
                self.tail = extended(self.tail, raw)
                self._check_root()
        self.offset = max(self.offset, chunk.last_offset + 1)

    def due(self) -> Checkpoint | None:
        """Return the checkpoint to sign now, or None if the ledger has not grown since the last."""
        if self.tail.size == self.signed or self.offset < self._end:
            return None
        if self.tail.size < self.signed:
            message = f"ledger {self._origin} has {self.tail.size} entries, {self.signed} were checkpointed"
            raise LedgerWentBack(message)
        return Checkpoint(self._origin, TreeSize(self.tail.size), self.tail.frontier.root())

    def done(self, checkpoint: Checkpoint) -> None:
        """Remember that a checkpoint was signed and published."""
        self.signed, self._root = checkpoint.size, checkpoint.root
        log.info("checkpoint_signed", origin=self._origin, tree_size=checkpoint.size, root=short(checkpoint.root))

    def _check_root(self) -> None:
        if self.tail.size != self.signed or self.tail.frontier.root() == self._root:
            return
        found = short(self.tail.frontier.root())
        message = (
            f"ledger {self._origin} has root {found} at {self.signed} entries, {short(self._root)} was checkpointed"
        )
        raise LedgerWentBack(message)
