"""Files and folders of the local broker: private ones, and a lock between processes."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def private_folder(folder: Path) -> Path:
    """Return a folder that only its owner can enter, made if it is missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_private(file: Path, text: str) -> None:
    """Write a file of mode 600 as a whole: a reader finds the old text or the new one, never half of it."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    new.replace(file)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a file; under the new name it is whole or not there."""
    new = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, new)
    new.replace(target)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; another process waits here until it is free."""
    with (folder / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def last_lines(file: Path, count: int = 8) -> str:
    """Return the end of a log without the inner lines of Java's stack traces, empty if there is none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join([line for line in lines if not line.startswith("\t")][-count:])
