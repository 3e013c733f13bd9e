import zipfile
from pathlib import Path

import pytest

from events.bundle import replayed
from events.bundle_check import Report
from hub.bundle_file import NotABundle, verify_bundle, write_bundle
from hub.errors import HubError
from tests.support.played import checkpoint_of
from tests.unit.test_bundle import corridor, files, flip, genesis


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return written(tmp_path / "bundle.zip")


def written(file: Path) -> Path:
    entries = corridor().entries
    write_bundle(file, replayed(entries, size=len(entries)), lambda: entries, checkpoint_of(corridor()))
    return file


def holds(file: Path) -> bool:
    try:
        return verify_bundle(file, genesis()).is_complete
    except NotABundle:
        return False


def test_a_bundle_holds_and_has_the_same_bytes_again(bundle: Path, tmp_path: Path) -> None:
    assert holds(bundle)
    assert bundle.read_bytes() == written(tmp_path / "again.zip").read_bytes()


def test_the_report_names_every_step(bundle: Path) -> None:
    report: Report = verify_bundle(bundle, genesis())

    expected = ["archive", "manifest", "genesis", "entries", "keys, schemas, tiles", "checkpoint"]
    assert [check.name for check in report.checks] == expected


def test_no_flipped_byte_is_ever_accepted(bundle: Path, tmp_path: Path) -> None:
    raw, damaged = bundle.read_bytes(), tmp_path / "damaged.zip"
    step = len(raw) // 150
    tail = range(len(raw) - 400, len(raw), 9)
    for at in (*range(60), *range(60, len(raw), step), *tail):
        damaged.write_bytes(flip(raw, at))

        assert not holds(damaged), f"byte {at} of {len(raw)} was flipped"


def test_no_truncated_file_is_ever_accepted(bundle: Path, tmp_path: Path) -> None:
    raw, cut = bundle.read_bytes(), tmp_path / "cut.zip"
    for length in (*range(0, len(raw), len(raw) // 40), len(raw) - 1):
        cut.write_bytes(raw[:length])

        assert not holds(cut), f"cut to {length} of {len(raw)}"


@pytest.mark.parametrize("end", [b"\n", b"PK\x05\x06" + bytes(18)])
def test_nothing_can_be_appended(bundle: Path, end: bytes) -> None:
    bundle.write_bytes(bundle.read_bytes() + end)

    assert not holds(bundle)


def rewritten(file: Path, **changes: object) -> Path:
    """Write the right files in an archive of another form."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files().items():
            info = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            for name, value in changes.items():
                setattr(info, name, value)
            archive.writestr(info, content)
    return file


@pytest.mark.parametrize(
    "changes",
    [
        {"date_time": (2020, 1, 1, 0, 0, 0)},
        {"external_attr": 0o120777 << 16},
        {"compress_type": zipfile.ZIP_DEFLATED},
        {"comment": b"hidden"},
        {"extra": b"\x99\x99\x00\x00"},
    ],
)
def test_an_archive_of_another_form_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    assert holds(rewritten(tmp_path / "same.zip"))
    assert not holds(rewritten(tmp_path / "other.zip", **changes))


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "tile/0/../x", "keys/a b.vkey"])
def test_a_path_that_no_bundle_has_is_refused(tmp_path: Path, path: str) -> None:
    file = rewritten(tmp_path / "more.zip")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(path, b"more")

    assert not holds(file)


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = rewritten(tmp_path / "twice.zip")
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("README.md", b"more")

    assert not holds(file)


def test_a_file_that_is_no_archive_ends_with_code_3(tmp_path: Path) -> None:
    file = tmp_path / "text.zip"
    file.write_text("not an archive", encoding="utf-8")

    with pytest.raises(NotABundle) as caught:
        verify_bundle(file, genesis())

    assert caught.value.exit_code == 3


def test_a_bundle_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="cannot be written"):
        written(tmp_path / "nowhere" / "bundle.zip")

    assert list(tmp_path.iterdir()) == []
