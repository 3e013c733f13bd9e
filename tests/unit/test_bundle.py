from collections.abc import Callable, Mapping
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.bundle import (
    CHECKPOINT,
    GENESIS,
    MANIFEST,
    README,
    BundleIncompleteError,
    contents,
    line_of,
    manifest,
    replayed,
)
from events.bundle_check import Report, Status, check_bundle
from events.ids import Hash
from events.merkle import leaf_hash
from events.tiles import TileInvalidError, TilePlace, entries_in, entry_bundle, hash_tiles, tile_path, tile_places
from tests.support.ledger import MUSE, RUILI, Corridor, lead
from tests.support.played import checkpoint_of

FLIPS_PER_FILE = 5


@cache
def corridor() -> Corridor:
    """Return a small ledger: founded, two leads, one of them twice, and nonsense."""
    found = Corridor.founded()
    first = found.says(RUILI, "LeadShared", lead("one"))
    found.says(MUSE, "LeadShared", lead("two"))
    found.hear("liaison.cn.events.v1", first)
    found.hear("liaison.cn.events.v1", b"nonsense")
    return found


def files_of(entries: list[bytes], note: bytes) -> dict[str, bytes]:
    return dict(contents(replayed(entries, size=len(entries)), lambda: entries, note))


def files() -> dict[str, bytes]:
    return files_of(corridor().entries, checkpoint_of(corridor()))


def genesis() -> Hash:
    return leaf_hash(corridor().entries[0])


def relisted(changed: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files with a manifest that fits them again: what somebody who changes them would do."""
    ledger = replayed(corridor().entries, size=len(corridor().entries))
    listed = [line_of(path, changed[path]) for path in sorted(changed) if path != MANIFEST]
    return {**changed, MANIFEST: manifest(ledger, listed)}


def statuses(report: Report) -> dict[str, Status]:
    return {check.name: check.status for check in report.checks}


def test_a_bundle_holds() -> None:
    report = check_bundle(files(), genesis())

    assert report.is_complete
    assert set(statuses(report).values()) == {Status.HOLDS}


def test_the_same_ledger_gives_the_same_files() -> None:
    assert list(files().items()) == list(files().items())


def test_files_come_sorted_and_the_manifest_last() -> None:
    paths = list(files())

    assert paths == [*sorted(set(paths) - {MANIFEST}), MANIFEST]


def test_another_genesis_is_another_ledger() -> None:
    report = check_bundle(files(), Hash(bytes(32)))

    assert statuses(report)["genesis"] is Status.BROKEN


@pytest.mark.parametrize("path", sorted(files()))
def test_a_missing_file_is_named_and_never_complete(path: str) -> None:
    rest = {name: content for name, content in files().items() if name != path}
    report = check_bundle(rest, genesis())

    assert not report.is_complete
    assert any(check.status is Status.MISSING and path in check.detail for check in report.checks)


@pytest.mark.parametrize("path", sorted(files()))
def test_a_changed_file_breaks_the_manifest(path: str) -> None:
    for changed in flipped(path):
        assert not check_bundle(changed, genesis()).is_complete


@pytest.mark.parametrize("path", sorted(set(files()) - {MANIFEST, README}))
def test_a_changed_file_is_found_even_with_a_manifest_that_fits(path: str) -> None:
    for changed in flipped(path):
        assert not check_bundle(relisted(changed), genesis()).is_complete


def flipped(path: str) -> list[dict[str, bytes]]:
    whole = files()
    content = whole[path]
    places = {0, len(content) - 1, *range(0, len(content), len(content) // (FLIPS_PER_FILE - 2) + 1)}
    return [{**whole, path: flip(content, at)} for at in sorted(places)]


def flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_a_file_too_many_is_found() -> None:
    extra = {**files(), "keys/xx.v1.avro": b"more"}

    assert statuses(check_bundle(extra, genesis()))["manifest"] is Status.BROKEN
    assert not check_bundle(relisted(extra), genesis()).is_complete


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries[:-1],
        lambda entries: [*entries[:-2], entries[-1], entries[-2]],
        lambda entries: [*entries[:-2], entries[-1]],
        lambda entries: [*entries, entries[-1]],
    ],
)
def test_dropped_swapped_and_doubled_entries_are_found(change: Callable[[list[bytes]], list[bytes]]) -> None:
    place = next(iter(tile_places(len(corridor().entries))))
    changed = change(corridor().entries)
    forged = {**files(), tile_path("entries", place): entry_bundle(changed)}

    assert not check_bundle(relisted(forged), genesis()).is_complete


def test_a_ledger_cut_short_contradicts_the_checkpoint() -> None:
    short = corridor().entries[:-1]

    report = check_bundle(files_of(short, checkpoint_of(corridor())), genesis())

    assert statuses(report)["checkpoint"] is Status.BROKEN


def test_a_checkpoint_of_another_hub_does_not_count() -> None:
    other = Corridor.founded("myawaddy")

    report = check_bundle(files_of(corridor().entries, checkpoint_of(other)), genesis())

    assert statuses(report)["checkpoint"] is Status.BROKEN


def test_a_checkpoint_for_more_than_there_is_cannot_be_exported() -> None:
    with pytest.raises(BundleIncompleteError, match="ledger has 1 entries, the checkpoint is for 2"):
        replayed(corridor().entries[:1], size=2)


def test_what_cannot_be_looked_at_is_not_said_to_hold() -> None:
    report = check_bundle({**files(), MANIFEST: b"{}"}, genesis())

    assert statuses(report)["manifest"] is Status.BROKEN
    assert statuses(report)["entries"] is statuses(report)["checkpoint"] is Status.NOT_CHECKED


@given(st.dictionaries(st.sampled_from([MANIFEST, GENESIS, CHECKPOINT, "x"]), st.binary(max_size=80)))
def test_no_bytes_break_the_check(found: dict[str, bytes]) -> None:
    assert not check_bundle(found, genesis()).is_complete


# ---------------------------------------------------------------- tiles


def test_the_golden_vector_gives_its_entry_bundle() -> None:
    found = entry_bundle((b"a", b"bb", b"ccc"))

    assert found.hex() == "000161" + "00026262" + "0003636363"
    assert tile_path("entries", TilePlace(0, 0, 3)) == "tile/entries/000.p/3"


@pytest.mark.parametrize(
    ("number", "path"),
    [(0, "000"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067")],
)
def test_tile_numbers_are_written_in_groups_of_three(number: int, path: str) -> None:
    assert tile_path("0", TilePlace(number, 0, 256)) == f"tile/0/{path}"


def test_70000_leaves_give_the_tiles_of_the_specification() -> None:
    paths = [path for path, _ in hash_tiles([Hash(bytes(32))] * 70_000)]

    assert [path for path in paths if ".p/" in path] == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
    assert len(paths) == 274 + 2 + 1


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\x00\x05abc", b"\x00\x01a\x00"])
def test_a_damaged_entry_bundle_is_refused(damage: bytes) -> None:
    with pytest.raises(TileInvalidError):
        entries_in(damage, 1)


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_entry_bundles_read_back(entries: list[bytes]) -> None:
    assert list(entries_in(entry_bundle(entries), len(entries))) == entries
