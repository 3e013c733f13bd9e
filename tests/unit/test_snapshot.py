"""A book survives being written down, and nothing but the ledger can put keys into it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.book import Book
from events.ids import LeafIndex
from events.projections import canonical_json
from events.snapshot import FORMAT, SnapshotInvalidError, from_json, microseconds, moment, rare_leaves, to_json
from tests.support.ledger import ATIPD, FOUNDED_AT, MUSE, RUILI, Corridor, lead

CORRIDOR = Corridor.founded()
CORRIDOR.says(RUILI, "LeadShared", lead("lead-1"))
CORRIDOR.says(MUSE, "LeadAssessed", {"lead_key": "lead-1", "outcome": "actionable", "reason": None})
CORRIDOR.publish_keys(ATIPD)
CORRIDOR.hear("liaison.cn.events.v1", b"nonsense")

RARE = {leaf: CORRIDOR.entries[leaf] for leaf in CORRIDOR.book.rare}


def through_text(book: Book) -> Book:
    return from_json(json.loads(canonical_json(to_json(book))), RARE)


def test_a_book_comes_back_as_it_was() -> None:
    found = through_text(CORRIDOR.book)

    assert found == CORRIDOR.book
    assert found.keyring.retired, "one office's keys were retired, and still are"


def test_an_empty_book_comes_back_as_it_was() -> None:
    assert through_text(Book()) == Book()


def test_the_same_book_is_written_in_the_same_words() -> None:
    assert canonical_json(to_json(through_text(CORRIDOR.book))) == canonical_json(to_json(CORRIDOR.book))


def test_the_book_goes_on_from_where_it_was_written_down() -> None:
    corridor = Corridor.founded()
    corridor.says(RUILI, "LeadShared", lead("lead-1"))
    rare = {leaf: corridor.entries[leaf] for leaf in corridor.book.rare}

    corridor.book = from_json(to_json(corridor.book), rare)
    corridor.says(RUILI, "LeadShared", lead("lead-2"))

    assert corridor.book.head(RUILI).sequence == 2


def test_the_leaves_that_changed_keys_or_schemas_are_named() -> None:
    assert rare_leaves(to_json(CORRIDOR.book)) == CORRIDOR.book.rare


def test_a_missing_rare_leaf_is_an_error() -> None:
    with pytest.raises(SnapshotInvalidError):
        from_json(to_json(CORRIDOR.book), {})


def test_a_leaf_of_another_place_is_not_taken_for_a_rare_one() -> None:
    first, second = CORRIDOR.book.rare[:2]
    swapped = {**RARE, first: RARE[second], second: RARE[first]}

    with pytest.raises(SnapshotInvalidError, match=f"leaf {first} is not the entry"):
        from_json(to_json(CORRIDOR.book), swapped)


def test_a_key_cannot_be_put_into_a_rare_leaf() -> None:
    leaf = CORRIDOR.book.rare[-1]
    raw = bytearray(RARE[leaf])
    key = CORRIDOR.keys[MUSE].public_key
    start = bytes(raw).find(key)
    raw[start : start + 32] = CORRIDOR.keys[RUILI].public_key

    with pytest.raises(SnapshotInvalidError):
        from_json(to_json(CORRIDOR.book), {**RARE, leaf: bytes(raw)})


def test_another_format_is_refused_by_number() -> None:
    value = {**to_json(CORRIDOR.book), "format": FORMAT + 1}

    with pytest.raises(SnapshotInvalidError, match=f"expected {FORMAT}, found {FORMAT + 1}"):
        from_json(value, RARE)


@given(st.sampled_from(sorted(to_json(CORRIDOR.book))), st.sampled_from([None, -1, "x", [1], {}, [["a"]]]))
def test_a_damaged_snapshot_is_an_error_and_never_a_crash(part: str, junk: object) -> None:
    value = {**to_json(CORRIDOR.book), part: junk}

    try:
        from_json(value, RARE)  # type: ignore[arg-type]
    except SnapshotInvalidError:
        return


def test_times_are_kept_to_the_microsecond() -> None:
    assert moment(microseconds(FOUNDED_AT)) == FOUNDED_AT
    assert microseconds(moment(1_234_567)) == 1_234_567


def test_leaf_indexes_are_listed_as_such() -> None:
    assert rare_leaves({"rare": [0, 3]}) == (LeafIndex(0), LeafIndex(3))
