"""What can go wrong with signing and sending, named."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.errors import HubError, Transient


class OutboxUnwritable(HubError):  # noqa: N818 - a state of the world
    """Make room on the disk, or give this user the right to write the node's folder; nothing was signed."""


class OutboxBusy(Transient):
    """Wait: another program of this node is signing; nothing was signed."""


class OutboxDamaged(HubError):  # noqa: N818 - a state of the world
    """Move the file aside and start again: the chain is taken up from the ledger; unsent events must be said again."""


class LedgerNotRead(HubError):  # noqa: N818 - a state of the world
    """Start again when the broker can be reached: the desk reads the ledger before it signs."""


class ChainWentOn(HubError):  # noqa: N818 - a state of the world
    """Find out who else signs with this office's key, then publish new keys that open a new chain."""


class NoSigningKey(HubError):  # noqa: N818 - a state of the world
    """Name an office whose key this node holds and the ledger has in force; `hub keys show` lists them."""


class NoReader(HubError):  # noqa: N818 - a state of the world
    """Ask the other agency to publish an encryption key for its office, or leave the office out."""


class SaidOtherwise(HubError):  # noqa: N818 - a state of the world
    """Give the new event a name of its own: under this one something else was signed before."""


class NotSentYet(Transient):
    """Nothing is lost: what is signed is kept and sent when the broker is back; do not publish it again."""

    def __init__(self, message: str, *, event_ids: tuple[str, ...] = ()) -> None:
        """Keep the ids of what was signed."""
        super().__init__(message)
        self.event_ids = event_ids


class NotAdmittedYet(Transient):
    """Wait: the event is signed and will be sent until it is in the ledger; `hub status` shows what is in the way."""


class NotFound(HubError):  # noqa: N818 - a state of the world
    """Give an event id, a leaf index or at least four hex digits of a digest; `hub inbox` lists what came in."""


class Refused(HubError):  # noqa: N818 - a state of the world
    """Mend what the reason names and publish the event again, as a new one."""


@contextmanager
def named(file: Path) -> Iterator[None]:
    """Turn SQLite's and the file system's errors into ours.

    Raises:
        HubError: the file cannot be written, is in use, or is damaged.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None and isinstance(error, sqlite3.OperationalError):  # Python's own: it would show the text
            message = f"outbox {file.name} failed: a text is not UTF-8"
            raise OutboxDamaged(message) from error
        kind = _KINDS.get((code or 0) & _PRIMARY)
        if kind is None:
            raise
        message = f"outbox {file.name} failed: {error}"
        raise kind(message) from error
    except OSError as error:
        message = f"outbox {file.name} failed: {error.strerror or type(error).__name__}"
        raise OutboxUnwritable(message) from error


_PRIMARY = 0xFF
# The lower byte of SQLite's extended error codes.

_KINDS: dict[int, type[HubError]] = {
    sqlite3.SQLITE_FULL: OutboxUnwritable,
    sqlite3.SQLITE_IOERR: OutboxUnwritable,
    sqlite3.SQLITE_READONLY: OutboxUnwritable,
    sqlite3.SQLITE_CANTOPEN: OutboxUnwritable,
    sqlite3.SQLITE_PERM: OutboxUnwritable,
    sqlite3.SQLITE_BUSY: OutboxBusy,
    sqlite3.SQLITE_LOCKED: OutboxBusy,
    sqlite3.SQLITE_CORRUPT: OutboxDamaged,
    sqlite3.SQLITE_NOTADB: OutboxDamaged,
}
