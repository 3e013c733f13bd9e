"""The read model of a node: SQL tables folded from the ledger, in SQLite or PostgreSQL, one code path."""

from hub.store.batch import Batch, Mark, Snapshot
from hub.store.errors import (
    StoreBusy,
    StoreCorruptError,
    StoreLags,
    StoreMovedOn,
    StoreReadOnlyError,
    StoreReplacedError,
    StoreUnreachable,
    StoreUnwritable,
    StoreUrlError,
    StoreVersionError,
)
from hub.store.queries import PROJECT
from hub.store.rows import Finding, StoredEntry, Told
from hub.store.store import Store

__all__ = [
    "PROJECT",
    "Batch",
    "Finding",
    "Mark",
    "Snapshot",
    "Store",
    "StoreBusy",
    "StoreCorruptError",
    "StoreLags",
    "StoreMovedOn",
    "StoreReadOnlyError",
    "StoreReplacedError",
    "StoreUnreachable",
    "StoreUnwritable",
    "StoreUrlError",
    "StoreVersionError",
    "StoredEntry",
    "Told",
]
