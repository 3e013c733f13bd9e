import os
import stat
from pathlib import Path

import pytest

from hub.private_files import (
    FILE_BYTES_MAX,
    PrivateFileExistsError,
    PrivateFileExposedError,
    PrivateFileMissingError,
    PrivateFileUnusableError,
    make_private_folder,
    read_private,
    require_private_folder,
    write_private,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a private file."""
    made = tmp_path / "folder" / "secret"
    write_private(made, b"content")
    return made


def someone_elses_file(folder: Path) -> Path:
    """Return a file that another user owns: root's, or, if we are root, one given away."""
    if os.geteuid() != 0:
        return Path("/etc/passwd")
    file = folder / "given-away"
    write_private(file, b"content")
    os.chown(file, 65534, 65534)
    return file


def test_a_file_reads_back_as_it_was_written(file: Path) -> None:
    assert read_private(file) == b"content"


def test_file_and_folder_are_for_their_owner_only(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_a_file_is_never_written_over_another(file: Path) -> None:
    with pytest.raises(PrivateFileExistsError, match=r"file .*secret is there already"):
        write_private(file, b"another")

    assert read_private(file) == b"content"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o777])
def test_a_file_that_is_open_to_others_is_not_read(file: Path, mode: int) -> None:
    file.chmod(mode)

    with pytest.raises(PrivateFileExposedError, match=f"expected mode 600, found {mode:o}"):
        read_private(file)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o755])
def test_nothing_is_written_to_a_folder_that_is_open_to_others(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)

    with pytest.raises(PrivateFileExposedError, match=f"expected mode 700, found {mode:o}"):
        write_private(tmp_path / "secret", b"content")

    assert list(tmp_path.iterdir()) == []


def test_a_file_of_someone_else_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(PrivateFileExposedError, match=f"has another owner: expected user {os.geteuid()}, found"):
        read_private(someone_elses_file(tmp_path))


def test_a_link_is_not_followed(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)

    with pytest.raises(PrivateFileUnusableError):
        read_private(link)


def test_a_link_is_not_written_through(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file.with_name("target"))

    with pytest.raises(PrivateFileExistsError):
        write_private(link, b"content")

    assert not file.with_name("target").exists()


def test_a_folder_is_no_file(file: Path) -> None:
    with pytest.raises(PrivateFileUnusableError, match="is not a regular file"):
        read_private(file.parent)


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", mode=0o600)

    with pytest.raises(PrivateFileUnusableError, match="is not a regular file"):
        read_private(tmp_path / "pipe")


def test_a_file_in_place_of_the_folder_is_an_error(file: Path) -> None:
    with pytest.raises(PrivateFileUnusableError):
        make_private_folder(file)


def test_a_huge_file_is_not_read(file: Path) -> None:
    file.write_bytes(bytes(FILE_BYTES_MAX + 1))

    with pytest.raises(PrivateFileUnusableError, match="expected at most 65536 bytes"):
        read_private(file)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrivateFileMissingError, match=r"file .*nowhere is missing"):
        read_private(tmp_path / "nowhere")
    with pytest.raises(PrivateFileMissingError, match=r"folder .*nowhere is missing"):
        require_private_folder(tmp_path / "nowhere")
