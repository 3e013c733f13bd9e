"""Files that only their owner may read: written whole or not at all, never over another, never through a link."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from hub.errors import HubError

FILE_BYTES_MAX = 64 * 1024
FOLDER_MODE = 0o700
FILE_MODE = 0o600

_OTHERS = 0o077


class PrivateFileMissingError(HubError):
    """Check the node's folder (`--node DIR` or HUB_NODE), or restore the file from the backup."""


class PrivateFileExistsError(HubError):
    """Move the file away first, and keep it: what was encrypted to its keys opens with nothing else."""


class PrivateFileExposedError(HubError):
    """Find out who could read it; then `chmod 600` the file, `chmod 700` its folder, and own both."""


class PrivateFileUnusableError(HubError):
    """Check the disk and the rights of the folder."""


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, unless it is there already.

    Raises:
        PrivateFileExposedError: it is there, and others may enter it or own it.
        PrivateFileUnusableError: it cannot be made.
    """
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _require_private(folder.stat(), folder)
    except OSError as error:
        raise _unusable(folder, error) from None


def require_private_folder(folder: Path) -> None:
    """Return if only its owner may enter a folder.

    Raises:
        PrivateFileMissingError: there is none.
        PrivateFileExposedError: it is someone else's, or others may enter it.
        PrivateFileUnusableError: it cannot be looked at.
    """
    try:
        _require_private(folder.stat(), folder)
    except FileNotFoundError:
        message = f"folder {folder} is missing"
        raise PrivateFileMissingError(message) from None
    except OSError as error:
        raise _unusable(folder, error) from None


def write_private(file: Path, content: bytes) -> None:
    """Write a new file, mode 600; after a crash it is there with all its bytes or not at all.

    Raises:
        PrivateFileExistsError: there is one of that name.
        PrivateFileExposedError, PrivateFileUnusableError: see `make_private_folder`.
    """
    make_private_folder(file.parent)
    try:
        temporary = _written_beside(file, content)
        try:
            # a link, unlike a rename, never replaces what is there
            os.link(temporary, file)
        finally:
            temporary.unlink()
        _sync_folder(file.parent)
    except FileExistsError:
        message = f"file {file} is there already"
        raise PrivateFileExistsError(message) from None
    except OSError as error:
        raise _unusable(file, error) from None


def read_private(file: Path) -> bytes:
    """Return the bytes of a file that only its owner may read.

    Raises:
        PrivateFileMissingError: there is none.
        PrivateFileExposedError: it is someone else's, or others may read it.
        PrivateFileUnusableError: it is a link, not a regular file, or over 64 KiB.
    """
    try:
        content = _read_checked(file)
    except FileNotFoundError:
        message = f"file {file} is missing"
        raise PrivateFileMissingError(message) from None
    except OSError as error:
        raise _unusable(file, error) from None
    if len(content) > FILE_BYTES_MAX:
        message = f"file {file} is too large: expected at most {FILE_BYTES_MAX} bytes"
        raise PrivateFileUnusableError(message)
    return content


def _read_checked(file: Path) -> bytes:
    # What is checked is what is read: one open file. Without O_NONBLOCK a pipe would wait for its writer.
    number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            message = f"{file} is not a regular file"
            raise PrivateFileUnusableError(message)
        _require_private(found, file)
        return os.read(number, FILE_BYTES_MAX + 1)
    finally:
        os.close(number)


def _written_beside(file: Path, content: bytes) -> Path:
    number, name = mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(number, "wb") as opened:
            os.fchmod(number, FILE_MODE)
            opened.write(content)
            opened.flush()
            os.fsync(number)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
    return Path(name)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _require_private(found: os.stat_result, path: Path) -> None:
    kind = "folder" if stat.S_ISDIR(found.st_mode) else "file"
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid != os.geteuid():
        message = f"{kind} {path} has another owner: expected user {os.geteuid()}, found {found.st_uid}"
        raise PrivateFileExposedError(message)
    if mode & _OTHERS:
        expected = FOLDER_MODE if kind == "folder" else FILE_MODE
        message = f"{kind} {path} is open to others: expected mode {expected:o}, found {mode:o}"
        raise PrivateFileExposedError(message)


def _unusable(path: Path, error: OSError) -> PrivateFileUnusableError:
    message = f"{path} cannot be used: {(error.strerror or type(error).__name__).lower()}"
    return PrivateFileUnusableError(message)
