"""The audit bundle as one file: a zip archive in its only form, not compressed, dates fixed, same bytes everywhere.

An archive is read strictly: whatever is in it is written again by the same rules and must give the same bytes, so that
nothing can hide between the files, in comments, links, doubled names or local headers.
"""

import os
import re
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from events.bundle import Ledger, contents
from events.bundle_check import Check, Report, Status, check_bundle
from events.ids import Hash
from hub.errors import HubError

FIXED_DATE = (1980, 1, 1, 0, 0, 0)
UNIX = 3
MODE = 0o100644 << 16
FILE_BYTES_MAX = 32 * 1024 * 1024
"""Largest file in a bundle; an entry bundle has at most 16.8 MB."""

CHUNK_BYTES = 1 << 20

_PATH = re.compile(
    r"README\.md|checkpoint|genesis\.leaf|manifest\.json|keys/[a-z0-9]+(\.v[0-9]+\.avro|\.vkey)|schemas/[0-9a-f]{64}\.avsc"
    r"|tile/(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?"
)


class NotABundle(HubError):  # noqa: N818 - a statement about the file
    """Get the bundle again from its source; `hub audit export` writes one."""

    exit_code = 3


def write_bundle(file: Path, ledger: Ledger, entries: Callable[[], Iterable[bytes]], checkpoint: bytes) -> None:
    """Write a bundle; the file appears whole or not at all.

    Raises:
        HubError: it cannot be written.
    """
    part = file.with_name(file.name + ".part")
    try:
        with part.open("wb") as target:
            _write(target, contents(ledger, entries, checkpoint))
            target.flush()
            os.fsync(target.fileno())
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        message = f"{file} cannot be written: {error.strerror}"
        raise HubError(message, hint="name a file in a folder that exists and has room") from error


def verify_bundle(file: Path, genesis: Hash) -> Report:
    """Return what holds of a bundle's file, given the leaf hash of the first entry.

    Raises:
        NotABundle: the file cannot be read at all, or is no zip archive.
    """
    with _opened(file) as (source, archive):
        problem = _read_through(file, source, archive)
        if problem:
            return Report((Check("archive", Status.BROKEN, problem),), None)
        found = check_bundle(ArchiveFiles(archive), genesis)
        detail = f"{len(archive.namelist())} files, byte for byte as the format asks"
    return Report((Check("archive", Status.HOLDS, detail), *found.checks), found.ledger)


class ArchiveFiles(Mapping[str, bytes]):
    """The files of an archive by path, each read when asked for."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Read nothing yet."""
        self._archive = archive
        self._names = frozenset(archive.namelist())

    def __getitem__(self, path: str) -> bytes:
        """Return the content of a file."""
        if path not in self._names:
            raise KeyError(path)
        return self._archive.read(path)

    def __iter__(self) -> Iterator[str]:
        """Yield the paths."""
        return iter(self._names)

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self._names)


UNREADABLE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OverflowError, struct.error)
"""What `zipfile` raises at an archive that is none, or damaged."""


@contextmanager
def _opened(file: Path) -> Iterator[tuple[IO[bytes], zipfile.ZipFile]]:
    try:
        source = file.open("rb")
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}"
        raise NotABundle(message, hint="name the bundle's file") from error
    with source:
        yield source, _archive(file, source)


def _archive(file: Path, source: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except (*UNREADABLE, OSError) as error:
        message = f"{file} is not a readable archive: {type(error).__name__}"
        raise NotABundle(message) from error


def _read_through(file: Path, source: IO[bytes], archive: zipfile.ZipFile) -> str:
    """Return what is wrong with an archive as such; empty if nothing is."""
    try:
        return _problem(archive) or ("" if _is_canonical(source, archive) else "archive is not in its only form")
    except (*UNREADABLE, OSError) as error:
        message = f"{file} is not a readable archive: {type(error).__name__}"
        raise NotABundle(message) from error


def _problem(archive: zipfile.ZipFile) -> str:
    names = archive.namelist()
    if len(set(names)) != len(names):
        return f"archive names a file twice: {len(names)} names, {len(set(names))} files"
    for info in archive.infolist():
        if not _PATH.fullmatch(info.filename):
            return f"archive holds a path that no bundle has, {len(info.filename)} characters long"
        if info.compress_type != zipfile.ZIP_STORED or not 0 <= info.file_size <= FILE_BYTES_MAX:
            return f"{info.filename}: expected at most {FILE_BYTES_MAX} bytes, not compressed"
    return ""


def _is_canonical(source: IO[bytes], archive: zipfile.ZipFile) -> bool:
    names = archive.namelist()
    ordered = sorted(names, key=lambda name: (name == "manifest.json", name))
    if names != ordered:
        return False
    with TemporaryFile() as again:
        _write(again, ((name, archive.read(name)) for name in names))
        return _same(source, again)


def _same(left: IO[bytes], right: IO[bytes]) -> bool:
    left.seek(0)
    right.seek(0)
    while part := left.read(CHUNK_BYTES):
        if part != right.read(CHUNK_BYTES):
            return False
    return right.read(1) == b""


def _write(target: IO[bytes], files: Iterable[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files:
            info = zipfile.ZipInfo(path, FIXED_DATE)
            info.create_system, info.external_attr = UNIX, MODE
            archive.writestr(info, content)
