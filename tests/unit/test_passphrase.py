from pathlib import Path

import pytest

from hub.keyfiles import FILE_VARIABLE, PassphraseWrongError, read_passphrase
from hub.private_files import PrivateFileExposedError, write_private

PASSPHRASE = "five invented words stand here"


def test_the_passphrase_is_the_files_line(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", b" with spaces \r\n")

    assert read_passphrase(tmp_path / "secret", {}) == " with spaces "


def test_the_environment_names_the_passphrases_file(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", PASSPHRASE.encode())

    assert read_passphrase(None, {FILE_VARIABLE: str(tmp_path / "secret")}) == PASSPHRASE


def test_without_a_file_there_is_no_passphrase() -> None:
    assert read_passphrase(None, {"HUB_PASSPHRASE": PASSPHRASE}) is None


def test_a_passphrase_that_others_can_read_is_not_taken(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", PASSPHRASE.encode())
    (tmp_path / "secret").chmod(0o644)

    with pytest.raises(PrivateFileExposedError, match="expected mode 600, found 644"):
        read_passphrase(tmp_path / "secret", {})


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xff"])
def test_a_file_without_a_passphrase_is_an_error(tmp_path: Path, content: bytes) -> None:
    write_private(tmp_path / "secret", content)

    with pytest.raises(PassphraseWrongError, match="holds no passphrase"):
        read_passphrase(tmp_path / "secret", {})
