"""What can go wrong with the read model, named; whatever else SQLAlchemy raises is a bug of ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from hub.errors import HubError, Transient


class StoreCorruptError(HubError):
    """The file is damaged: `hub rebuild` sets it aside and reads everything again from the ledger."""


class StoreVersionError(HubError):
    """The read model was written by another version of this software: `hub rebuild` writes it anew."""


class StoreReplacedError(HubError):
    """Start this program again: it then works with the file that is there now, and fills it from the ledger."""


class StoreReadOnlyError(HubError):
    """Give this user the right to write the read model's file and its folder."""


class StoreUrlError(HubError):
    """Name the read model as sqlite:///FILE or postgresql://HOST/DATABASE; the latter needs the extra `postgres`."""


class StoreUnwritable(Transient):
    """Make room on the disk of the read model, or mend it; nothing is lost meanwhile."""


class StoreBusy(Transient):
    """Wait: another process writes to the read model."""


class StoreUnreachable(Transient):
    """Start the database server, or mend the address in `store.url`."""


class StoreLags(Transient):
    """Wait: the read model does not hold what is asked for yet; `hub status` shows its lag."""


class StoreMovedOn(Transient):
    """Read the position again: another process has taken the read model further."""


_BY_CODE: dict[int, type[HubError]] = {
    sqlite3.SQLITE_CORRUPT: StoreCorruptError,
    sqlite3.SQLITE_NOTADB: StoreCorruptError,
    sqlite3.SQLITE_READONLY: StoreReadOnlyError,
    sqlite3.SQLITE_CANTOPEN: StoreReadOnlyError,
    sqlite3.SQLITE_PERM: StoreReadOnlyError,
    sqlite3.SQLITE_FULL: StoreUnwritable,
    sqlite3.SQLITE_IOERR: StoreUnwritable,
    sqlite3.SQLITE_BUSY: StoreBusy,
    sqlite3.SQLITE_LOCKED: StoreBusy,
}

_PRIMARY = 0xFF
"""The lower byte of SQLite's extended error codes."""


@contextmanager
def named(store: str) -> Iterator[None]:
    """Turn the driver's errors into ours; *store* is what messages call the database.

    Raises:
        HubError: the world failed, in one of the ways above.
    """
    try:
        yield
    except DBAPIError as error:
        kind = _kind(error)
        if kind is None:
            raise
        message = f"read model {store} failed: {_text(error)}"
        raise kind(message) from error


def _kind(error: DBAPIError) -> type[HubError] | None:
    if isinstance(error.orig, sqlite3.Error):
        return _BY_CODE.get(_code(error.orig) & _PRIMARY)
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return StoreUnwritable if getattr(error.orig, "sqlstate", None) == "53100" else StoreUnreachable
    return None


def _code(error: sqlite3.Error) -> int:
    found: int | None = getattr(error, "sqlite_errorcode", None)
    # Python's own complaint that a text is not UTF-8, which we wrote: the file was changed.
    unreadable = sqlite3.SQLITE_CORRUPT if isinstance(error, sqlite3.OperationalError) else 0
    return unreadable if found is None else found


def _text(error: DBAPIError) -> str:
    # Not str(error): it holds the statement with all its values; nor Python's own: that holds the text.
    if getattr(error.orig, "sqlite_errorcode", None) is None and isinstance(error.orig, sqlite3.OperationalError):
        return "a text is not UTF-8"
    return str(error.orig).strip().partition("\n")[0]
