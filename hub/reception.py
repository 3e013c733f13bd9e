"""The reception of a desk: what its offices were told, and the receipts it signs for them.

A receipt says that this desk holds the entry and has verified it. So a notification waits until the read model has come
to its leaf, whichever of the two arrives first.
"""

from collections.abc import Iterable, Iterator, Sequence

import structlog

from events.draft import LIST_ITEMS_MAX, About, Draft
from events.errors import AdmissionError
from events.ids import Office, TreeSize
from events.notice import Notification, parse_notification
from events.projections import delivery_key
from hub.chunk import Chunk
from hub.issuing import Issuer, Standing
from hub.ports import Clock
from hub.store import Store
from hub.store.rows import Told

log = structlog.get_logger()


class Reception:
    """Takes in one corridor's notifications for the offices of this desk."""

    def __init__(self, store: Store, issuer: Issuer, offices: Sequence[Office], clock: Clock) -> None:
        """Keep notifications in *store*; sign with *issuer*."""
        self._store = store
        self._issuer = issuer
        self._offices = offices
        self._clock = clock

    def note(self, chunk: Chunk) -> None:
        """Keep the notifications of a chunk that are for our offices; one that came before changes nothing."""
        found = (note for record in chunk.records if (note := _parsed(record.value or b"")) is not None)
        ours = [note for note in found if note.office in self._offices]
        if ours:
            self._store.note(chunk.partition, ours, self._clock())

    def sign(self, standing: Standing) -> int:
        """Sign for everything that is verified and not signed for, and return how many notifications that were."""
        size = TreeSize(standing.book.tail.size)
        count = 0
        while waiting := self._store.unreceived(standing.corridor, size, self._offices):
            drafts = list(_receipts(self._unsigned(standing.corridor, waiting), size))
            if drafts:
                self._issuer.issue(standing, drafts)
            self._store.receipt_signed(standing.corridor, [told.notification.id for told in waiting])
            count += len(waiting)
        return count

    def _unsigned(self, corridor: int, waiting: Sequence[Told]) -> list[Told]:
        # A read model that was dropped has forgotten what the ledger still knows.
        names = {
            told.notification.id: ("delivery", delivery_key(told.digest, told.notification.office)) for told in waiting
        }
        known = self._store.named(corridor, names.values())
        return [told for told in waiting if names[told.notification.id] not in known]


def _parsed(raw: bytes) -> Notification | None:
    try:
        return parse_notification(raw)
    except AdmissionError as error:
        log.warning("notification_unreadable", reason=error.reason)
        return None


def _receipts(waiting: Iterable[Told], size: TreeSize) -> Iterator[Draft]:
    by_office: dict[Office, list[bytes]] = {}
    for told in waiting:
        by_office.setdefault(told.notification.office, []).append(told.digest)
    for office, digests in by_office.items():
        for start in range(0, len(digests), LIST_ITEMS_MAX):
            some = digests[start : start + LIST_ITEMS_MAX]
            yield Draft("EventReceived", {"digests": some, "tree_size": size}, About(office=office))
