from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.checkpoint import Checkpoint
from events.ids import Hash, TreeSize
from events.ledger import EMPTY_TAIL
from events.merkle import consistency_proof, leaf_hash, root_of, verify_consistency
from hub.checkpointer import Checkpointer, LedgerWentBack
from hub.chunk import Chunk, Record
from tests.support.forge import fresh
from tests.support.ledger import RUILI, lead

CORRIDOR = fresh()
for number in range(10):
    CORRIDOR.says(RUILI, "LeadShared", lead(f"lead-{number}"))

GOOD = CORRIDOR.entries
LEAVES = [leaf_hash(raw) for raw in GOOD]
MIXED = [raw for at, each in enumerate(GOOD) for raw in (each, CORRIDOR.rival(at), GOOD[at // 2], b"garbage")]
"""The ledger's records with a rival's, a late and a senseless one after each."""


def chunk(records: list[bytes], start: int = 0, end: int | None = None) -> Chunk:
    cut = [Record(at, None, raw) for at, raw in enumerate(records)][start:end]
    return Chunk("liaison.hub.ledger.v1", 0, tuple(cut))


def of(size: int) -> Checkpoint:
    """Return the one true checkpoint of the first *size* entries."""
    return Checkpoint(CORRIDOR.origin, TreeSize(size), root_of(LEAVES[:size]))


def test_nothing_is_signed_for_an_empty_ledger() -> None:
    assert Checkpointer(CORRIDOR.origin).due() is None


def test_a_checkpoint_is_the_size_and_root_of_all_that_was_read() -> None:
    checkpointer = Checkpointer(CORRIDOR.origin)
    checkpointer.follow(chunk(GOOD))

    assert checkpointer.due() == of(len(GOOD))


def test_a_checkpoint_stays_due_until_it_is_done() -> None:
    checkpointer = Checkpointer(CORRIDOR.origin)
    checkpointer.follow(chunk(GOOD, 0, 5))

    assert checkpointer.due() == checkpointer.due() == of(5)
    checkpointer.done(of(5))
    assert checkpointer.due() is None


def test_a_ledger_that_grew_while_a_checkpoint_was_published_is_signed_next() -> None:
    checkpointer = Checkpointer(CORRIDOR.origin)
    checkpointer.follow(chunk(GOOD, 0, 5))
    signed = checkpointer.due()
    assert signed is not None

    checkpointer.follow(chunk(GOOD, 5, 9))
    checkpointer.done(signed)

    assert checkpointer.due() == of(9)


def test_what_does_not_count_is_not_signed() -> None:
    checkpointer = Checkpointer(CORRIDOR.origin)
    checkpointer.follow(chunk(MIXED))

    assert checkpointer.due() == of(len(GOOD))


def test_a_restarted_checkpointer_signs_nothing_twice_and_nothing_smaller() -> None:
    first = Checkpointer(CORRIDOR.origin)
    first.follow(chunk(GOOD, 0, 12))
    first.done(of(12))

    second = Checkpointer(CORRIDOR.origin, first.tail, first.offset)

    assert second.due() is None
    second.follow(chunk(GOOD))
    assert second.due() == of(len(GOOD))


def test_a_ledger_that_lost_its_end_is_not_signed_again() -> None:
    checkpointer = Checkpointer(CORRIDOR.origin)
    checkpointer.done(of(12))
    checkpointer.follow(chunk(GOOD, 0, 5))

    with pytest.raises(LedgerWentBack) as caught:
        checkpointer.due()

    assert str(caught.value) == f"ledger {CORRIDOR.origin} has 5 entries, 12 were checkpointed"
    assert caught.value.hint.startswith("Do not sign")


def test_another_tree_of_the_same_size_is_not_signed() -> None:
    checkpointer = Checkpointer(CORRIDOR.origin)
    checkpointer.done(replace(of(12), root=Hash(bytes(32))))

    with pytest.raises(LedgerWentBack) as caught:
        checkpointer.follow(chunk(GOOD))

    assert str(caught.value) == (
        f"ledger {CORRIDOR.origin} has root {of(12).root.hex()[:12]} at 12 entries, 000000000000 was checkpointed"
    )


def test_a_ledger_that_was_written_anew_after_a_restart_is_not_signed() -> None:
    first = Checkpointer(CORRIDOR.origin)
    first.follow(chunk(GOOD, 0, 3))
    anew = fresh()
    anew.says(RUILI, "LeadShared", lead("another past"))

    second = Checkpointer(CORRIDOR.origin, first.tail, 0)
    second.follow(chunk([*anew.entries[:3], *(CORRIDOR.rival(at) for at in range(9))]))

    assert second.tail == first.tail
    assert second.due() is None


@settings(max_examples=50)
@given(data=st.data())
def test_every_checkpoint_is_larger_than_the_last_and_continues_it(data: st.DataObject) -> None:
    checkpointer, saved = Checkpointer(CORRIDOR.origin), (EMPTY_TAIL, 0)
    signed: list[Checkpoint] = []
    for _ in range(data.draw(st.integers(1, 12))):
        at = min(checkpointer.offset, len(MIXED) - 1)
        start = data.draw(st.integers(max(0, at - 9), at))
        checkpointer.follow(chunk(MIXED, start, start + data.draw(st.integers(1, 30))))
        due = checkpointer.due()
        if due is not None and data.draw(st.booleans()):
            saved = (checkpointer.tail, checkpointer.offset)
            signed.append(due)
            checkpointer.done(due)
        if data.draw(st.booleans()):
            checkpointer = Checkpointer(CORRIDOR.origin, *saved)

    for old, new in pairwise(signed):
        assert old.size < new.size
        proof = consistency_proof(LEAVES[: new.size], old.size)
        assert verify_consistency(old=old.size, old_root=old.root, new=new.size, new_root=new.root, proof=proof)
