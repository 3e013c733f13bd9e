"""Disks that fail for real: too small ones, read-only ones, and ones whose system calls return errors.

A small disk is a tmpfs, which root may mount, or `sudo` without a password. A machine that can do neither fails the
test and says so: a failure nobody looked at is worse than a red build.
"""

import ctypes
import errno
import multiprocessing
import os
import platform
import struct
import subprocess
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

FORK = multiprocessing.get_context("fork")
CHILD_WITHIN_S = 60.0
BLOCK_BYTES = 4096

HINT = "run the tests as root, allow `sudo -n mount`, or give the container the capability SYS_ADMIN"


@dataclass(frozen=True)
class Disk:
    """A small file system of its own."""

    folder: Path

    @property
    def ballast(self) -> Path:
        """The file that takes up the room."""
        return self.folder / "ballast"

    def fill(self, *, leave_bytes: int = 0) -> None:
        """Take all room but so much."""
        with self.ballast.open("ab", buffering=0) as file:
            while self.free_bytes() > leave_bytes:
                try:
                    file.write(bytes(min(1 << 20, self.free_bytes() - leave_bytes)))
                except OSError as error:
                    assert error.errno == errno.ENOSPC  # noqa: PT017 - anything else is no full disk
                    return

    def make_room(self) -> None:
        """Give the room back."""
        self.ballast.unlink()

    def free_bytes(self) -> int:
        """Return the room that is left."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Let nobody write, root neither; nothing on it may be open for writing."""
        _mount("mount", "-o", "remount,ro", str(self.folder))
        try:
            yield
        finally:
            _mount("mount", "-o", "remount,rw", str(self.folder))


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[Disk]:
    """Give an empty disk of so many KiB, mounted at *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=0777,uid={os.getuid()}", "tmpfs", str(folder))
    try:
        yield Disk(folder)
    finally:
        _mount("umount", "--lazy", str(folder))


def _mount(*command: str) -> None:
    words = command if os.getuid() == 0 else ("sudo", "-n", *command)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"this machine cannot make a small disk: {done.stderr.strip()}\nhint: {HINT}", pytrace=False)


# ---------------------------------------------------------------- system calls that fail

CALLS = {
    "x86_64": {"pwrite64": 18, "fsync": 74, "fdatasync": 75, "ftruncate": 77},
    "aarch64": {"pwrite64": 68, "fsync": 82, "fdatasync": 83, "ftruncate": 46},
}
"""The calls by which SQLite changes a file; numbers from the kernel's tables of system calls."""

WRITES = ("pwrite64", "ftruncate")
SYNCS = ("fsync", "fdatasync")

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
RET_ALLOW, RET_ERRNO = 0x7FFF0000, 0x00050000
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06


def break_calls(calls: Sequence[str], error: int) -> None:
    """Let some system calls of this process fail from now on, for good; only for a process that ends with the test."""
    numbers = CALLS[platform.machine()]
    rules = [_rule(LOAD_WORD, 0)]
    for at, name in enumerate(calls):
        rules.append(_rule(JUMP_IF_EQUAL, numbers[name], when_equal=len(calls) - at))
    rules += [_rule(RETURN, RET_ALLOW), _rule(RETURN, RET_ERRNO | error)]
    program = ctypes.create_string_buffer(b"".join(rules))
    pointer = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(program)))
    library = ctypes.CDLL(None, use_errno=True)
    _succeeded(library.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _succeeded(library.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(pointer), 0, 0))


def in_a_child(work: Callable[[], None]) -> None:
    """Do *work* in a process of its own, and fail with what it fails with."""
    outcome = FORK.SimpleQueue()
    child = FORK.Process(target=_report, args=(work, outcome))
    child.start()
    child.join(CHILD_WITHIN_S)
    if child.is_alive():
        child.kill()
        child.join()
    said = outcome.get() if not outcome.empty() else f"child ended with {child.exitcode} and said nothing"
    assert said == ""


def _report(work: Callable[[], None], outcome: "multiprocessing.queues.SimpleQueue[str]") -> None:
    try:
        work()
    except BaseException:  # noqa: BLE001 - it is told to the test
        outcome.put(traceback.format_exc())
    else:
        outcome.put("")


def _rule(code: int, value: int, *, when_equal: int = 0) -> bytes:
    return struct.pack("HBBI", code, when_equal, 0, value)


def _succeeded(found: int) -> None:
    if found:
        pytest.fail(f"this kernel lets no process filter its calls: {os.strerror(ctypes.get_errno())}", pytrace=False)


# ---------------------------------------------------------------- files that were changed behind their owner's back


def flip(file: Path, places: Sequence[int]) -> None:
    """Change one bit at each of some places."""
    raw = bytearray(file.read_bytes())
    for place in places:
        raw[place] ^= 1 << (place % 8)
    file.write_bytes(raw)


def copied(folder: Path, pattern: str = "*.sqlite*") -> dict[str, bytes]:
    """Return the files of a folder, as a backup has them."""
    return {file.name: file.read_bytes() for file in folder.glob(pattern)}


def copied_back(folder: Path, backup: dict[str, bytes], pattern: str = "*.sqlite*") -> None:
    """Bring files back as a backup has them: written over those that are there, so that each is the same file."""
    for file in folder.glob(pattern):
        if file.name not in backup:
            file.unlink()
    for name, content in backup.items():
        (folder / name).write_bytes(content)
