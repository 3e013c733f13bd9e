"""Whether a file is the one that this node wrote last, or one that was copied back from a backup.

A file cannot say so itself: an old copy says what it said when it was made. So beside it stands what the file looked
like after the last write: number and time of change, which the system sets and no copying program can, and how far
its content went. A crash between a write and its note, or a power cut, makes a file strange that is not: that costs
one reading of the ledger. A copy of the whole disk is not noticed; then the two times are the old ones, too.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from hub.errors import HubError

NOTE_BYTES = 160


class OutboxReplaced(HubError):  # noqa: N818 - a state of the world
    """Start this program again: it then works with the file that is there now, and reads the ledger before it signs."""


class Familiar:
    """What is known of an SQLite file with a write-ahead log; threads must not use it at the same time."""

    def __init__(self, file: Path) -> None:
        """Know nothing of the file yet."""
        self._file = file
        self._identity = _identity(file)
        self.is_known = False

    @property
    def _note(self) -> Path:
        return self._file.with_suffix(".known")

    def recognise(self, content: int) -> None:
        """Compare the file with the note beside it; *content* says how far it goes."""
        self.is_known = _read(self._note) == _look(self._file, content)

    def require_same_file(self) -> None:
        """Return if the file still stands where it was opened.

        Raises:
            OutboxReplaced: it was removed or replaced; what would be written now, nobody would find.
        """
        if _identity(self._file) != self._identity:
            message = f"{self._file.name} was removed or replaced while it was in use"
            raise OutboxReplaced(message)

    def written(self, content: int) -> None:
        """Take note of a write, if the file was known before."""
        if self.is_known:
            with suppress(OSError):  # then it is strange the next time
                _write(self._note, self._file, content)


def _identity(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def _look(file: Path, content: int) -> bytes:
    log = file.with_name(f"{file.name}-wal")
    words = (*_identity(file), *_changed(file), *_changed(log), content)
    return " ".join(map(str, words)).encode().ljust(NOTE_BYTES)


def _changed(file: Path) -> tuple[int, int]:
    with suppress(FileNotFoundError):
        found = file.stat()
        return (found.st_size, found.st_ctime_ns) if found.st_size else (0, 0)
    return 0, 0


def _read(note: Path) -> bytes:
    try:
        return note.read_bytes()
    except OSError:
        return b""


def _write(note: Path, file: Path, content: int) -> None:
    handle = os.open(note, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Whoever writes last must also have looked last.
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.pwrite(handle, _look(file, content), 0)
    finally:
        os.close(handle)
