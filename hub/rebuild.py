"""Rebuilding a corridor's read model from the ledger topic, beside the one in use, which stays in use until the end."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import structlog

from events.ids import LeafIndex
from hub.errors import HubError
from hub.projector import LedgerRecord, Projector
from hub.store import Store, queries, snapshots
from hub.store.reads import pages
from hub.store.store import LAST_LEAF

log = structlog.get_logger()

BATCH_RECORDS = 1_000


class LedgerFellShort(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Keep the read model: the topic lost entries that this node had verified. Ask the other side what it holds."""


def rebuild(
    store: Store,
    corridor: int,
    records: Iterable[LedgerRecord],
    progress: Callable[[int], None],
    *,
    genesis: bytes | None = None,
) -> str:
    """Replay the ledger topic's *records*, from offset 0, put the result in force and return its state digest.

    *progress* is told how many records were read so far. The agents may go on meanwhile: what they added to the
    read model is taken over at the end. When this is cut short, the read model is as it was.

    Raises:
        LedgerFellShort: the read model in use holds entries that the records do not lead to.
        HubError: the read model cannot be written, or the ledger begins with another entry than *genesis*.
    """
    snapshots.begin_rebuild(store.database, corridor)
    projector = Projector(store, corridor, agent=snapshots.REBUILD, genesis=genesis)
    read = 0
    for batch in _batches(records):
        projector.apply(batch)
        read += len(batch)
        progress(read)
    _put_in_force(store, corridor, projector)
    digest = store.state_digest(corridor)
    log.info("read_model_rebuilt", corridor=corridor, records=read, tree_size=store.size(corridor), digest=digest[:12])
    return digest


def _put_in_force(store: Store, corridor: int, projector: Projector) -> None:
    while (old := snapshots.swap(store.database, corridor)) is None:
        _catch_up(store, corridor, projector)
    if old != projector.shelf:
        snapshots.sweep(store.database, old)


def _catch_up(store: Store, corridor: int, projector: Projector) -> None:
    size = projector.book.tail.size
    question = (queries.PAGE, {"corridor": corridor})
    leaves = (raw for _, raw in pages(store.database, question, LeafIndex(size), LAST_LEAF))
    # These are entries and not records of the topic: the offset in force is taken over with them.
    for batch in _batches(enumerate(leaves, projector.position)):
        projector.apply(batch)
    if projector.book.tail.size == size:
        message = (
            f"ledger topic of corridor {corridor} fell short: expected {store.size(corridor)} entries, found {size}"
        )
        raise LedgerFellShort(message)


def _batches(records: Iterable[LedgerRecord]) -> Iterator[list[LedgerRecord]]:
    rest = iter(records)
    while batch := list(islice(rest, BATCH_RECORDS)):
        yield batch
