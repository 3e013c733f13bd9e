from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest

from events.codec import encode, wire_schema
from events.errors import EventTooLargeError
from events.ids import NO_HASH, Hash, LeafIndex, Offset
from events.ledger import (
    EMPTY_TAIL,
    ENTRY_BYTES_MAX,
    Entry,
    Source,
    Tail,
    accepts,
    entry_bytes,
    extended,
    is_well_formed,
    parse_entry,
)
from events.merkle import leaf_hash, root_of

AT = datetime(2026, 11, 1, tzinfo=UTC)
FIRST = Entry(LeafIndex(0), NO_HASH, Source("liaison.cn.events.v1", 0, Offset(0)), AT, "admitted", b"record")


def ledger(size: int) -> tuple[Tail, list[bytes]]:
    """Return a ledger of *size* entries with its tail."""
    tail, leaves = EMPTY_TAIL, list[bytes]()
    for index in range(size):
        leaves.append(entry_bytes(replace(FIRST, index=LeafIndex(index), previous=tail.last)))
        tail = extended(tail, leaves[-1])
    return tail, leaves


def test_the_first_entry_has_index_zero_and_names_nothing() -> None:
    assert accepts(EMPTY_TAIL, FIRST)


def test_the_next_entry_names_the_last_ones_leaf_hash() -> None:
    tail, leaves = ledger(5)

    assert accepts(tail, replace(FIRST, index=LeafIndex(5), previous=leaf_hash(leaves[-1])))


@pytest.mark.parametrize("index", [-1, 0, 4, 6, 2**40])
def test_an_entry_with_another_index_does_not_count(index: int) -> None:
    tail, _ = ledger(5)

    assert not accepts(tail, replace(FIRST, index=LeafIndex(index), previous=tail.last))


def test_an_entry_that_names_another_past_does_not_count() -> None:
    tail, leaves = ledger(5)

    for previous in (NO_HASH, leaf_hash(leaves[0]), Hash(bytes(31) + b"\x01")):
        assert not accepts(tail, replace(FIRST, index=LeafIndex(5), previous=previous))


def test_a_tail_holds_the_root_of_all_leaves() -> None:
    tail, leaves = ledger(11)

    assert tail.size == 11
    assert tail.frontier.root() == root_of([leaf_hash(leaf) for leaf in leaves])


@pytest.mark.parametrize(
    "entry",
    [
        FIRST,
        replace(FIRST, verdict="duplicate", body=bytes(32), first_index=LeafIndex(0)),
        replace(FIRST, verdict="refused", body=bytes(32), reason="too-large"),
        replace(FIRST, admitted_at=datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
    ids=lambda entry: entry.verdict,
)
def test_an_entry_comes_back_as_it_was_written(entry: Entry) -> None:
    assert parse_entry(entry_bytes(entry)) == entry


def test_an_entry_over_65535_bytes_is_never_written() -> None:
    most = ENTRY_BYTES_MAX - len(entry_bytes(replace(FIRST, body=bytes(60_000)))) + 60_000

    assert len(entry_bytes(replace(FIRST, body=bytes(most)))) == ENTRY_BYTES_MAX
    with pytest.raises(EventTooLargeError, match="expected at most 65535 bytes, found 65536"):
        entry_bytes(replace(FIRST, body=bytes(most + 1)))


@pytest.mark.parametrize("cut", range(0, len(entry_bytes(FIRST)), 7))
def test_a_truncated_record_is_no_entry(cut: int) -> None:
    assert parse_entry(entry_bytes(FIRST)[:cut]) is None


def test_another_wire_record_is_no_entry() -> None:
    envelope = encode(wire_schema("Envelope"), {"event": b"", "key_id": bytes(32), "signature": bytes(64)})

    assert parse_entry(envelope) is None


def test_a_time_is_written_to_the_microsecond() -> None:
    entry = replace(FIRST, admitted_at=AT.replace(microsecond=123_457))

    assert cast("Entry", parse_entry(entry_bytes(entry))).admitted_at.microsecond == 123_457


def test_the_first_entry_cannot_be_a_duplicate_of_itself() -> None:
    assert not is_well_formed(replace(FIRST, verdict="duplicate", body=bytes(32), first_index=LeafIndex(0)))
