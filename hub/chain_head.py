"""Where an office's chain goes on: what was signed here, compared with what the ledger holds.

The outbox is the first to know what its offices signed. Only one that was restored from a backup, or one of
two that sign for the same office, can be behind the ledger: it must not tell a second story for a number.
"""

from typing import Protocol

from events.book import Book
from events.chain import UNSTARTED, Link
from events.ids import LeafIndex, Office, Sequence, short
from hub.outbox import Outbox
from hub.outbox_errors import ChainWentOn, LedgerNotRead


class Known(Protocol):
    """What this node knows of a corridor's ledger."""

    @property
    def corridor(self) -> int:
        """The corridor's number."""
        ...

    @property
    def book(self) -> Book:
        """The ledger as far as it was read."""
        ...

    @property
    def is_current(self) -> bool:
        """Whether it has been read to its end since the start."""
        ...


def agreed_head(outbox: Outbox, known: Known, office: Office, epoch: int) -> Link:
    """Return the event after which an office goes on with its key of *epoch*.

    Raises:
        LedgerNotRead: the file is new or was copied back, or the ledger went on, and its end was not read.
        ChainWentOn: the ledger has another event of this office at a place that was signed here.
    """
    ledger = known.book.head(office)
    own = outbox.head(known.corridor, office)
    if not known.is_current and not outbox.is_familiar():
        message = f"outbox of {office} is new or was copied back, and the ledger has not been read since"
        raise LedgerNotRead(message)
    # A key of a higher epoch opens a new chain, whatever was signed with the one before.
    if epoch > ledger.epoch:
        return own if own is not None and own.epoch == epoch else Link(epoch, Sequence(0), ledger.digest, LeafIndex(-1))
    _require_same_story(outbox, known.corridor, office, ledger)
    if own is None or _place(own) < _place(ledger):
        return _adopted(known, office, own or UNSTARTED)
    return own


def _adopted(known: Known, office: Office, own: Link) -> Link:
    ledger = known.book.head(office)
    if not known.is_current:
        message = (
            f"chain of {office} went on without this node: signed here up to sequence {own.sequence}, "
            f"ledger has {ledger.sequence}"
        )
        raise LedgerNotRead(message)
    return ledger


def _require_same_story(outbox: Outbox, corridor: int, office: Office, ledger: Link) -> None:
    ours = outbox.stories(corridor, office, ledger)
    if ours and ledger.digest not in ours:
        message = (
            f"chain of {office} was continued elsewhere: event {ledger.sequence} signed here is "
            f"{short(min(ours))}, the ledger has {short(ledger.digest)}"
        )
        raise ChainWentOn(message)


def _place(link: Link) -> tuple[int, int]:
    return link.epoch, link.sequence
