from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.ids import Hash, LeafIndex, TreeSize
from events.merkle import (
    EMPTY,
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.unit.golden import ENTRIES, GOLDEN, LEAVES, hashes

SIZE_MAX = 130
ALL = tuple(leaf_hash(b"entry %d" % number) for number in range(SIZE_MAX))


def standard_root(leaves: tuple[Hash, ...]) -> Hash:
    """Return the root as RFC 6962, section 2.1, defines it, word for word."""
    if not leaves:
        return Hash(sha256(b"").digest())
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return Hash(sha256(b"\x01" + standard_root(leaves[:split]) + standard_root(leaves[split:])).digest())


ROOTS = tuple(standard_root(ALL[:size]) for size in range(SIZE_MAX + 1))


def is_beginning(old: int, new: int, proof: tuple[Hash, ...], *, roots: tuple[Hash, ...] = ROOTS) -> bool:
    return verify_consistency(
        old=TreeSize(old), old_root=roots[old], new=TreeSize(new), new_root=roots[new], proof=proof
    )


def is_included(index: int, size: int, proof: tuple[Hash, ...]) -> bool:
    return verify_inclusion(ALL[index], LeafIndex(index), TreeSize(size), proof, ROOTS[size])


def damaged(proof: tuple[Hash, ...]) -> list[tuple[Hash, ...]]:
    """Return the proof too long, too short, turned round, and with one bit changed in each hash."""
    changed = [(*proof[:at], Hash(bytes([step[0] ^ 1]) + step[1:]), *proof[at + 1 :]) for at, step in enumerate(proof)]
    cut = [proof[:-1], proof[1:]] if proof else []
    turned = [proof[::-1]] if len(proof) > 1 else []
    return [(*proof, ALL[0]), (ALL[0], *proof), *cut, *turned, *changed]


def test_the_golden_leaves_are_the_hashes_of_the_golden_entries() -> None:
    assert tuple(map(leaf_hash, ENTRIES)) == LEAVES


def test_the_golden_proofs_are_made_and_hold() -> None:
    inclusion = GOLDEN["inclusion"]
    proof = inclusion_proof(LEAVES, LeafIndex(inclusion["index"]))

    assert proof == hashes(inclusion["proof"])
    assert verify_inclusion(LEAVES[1], LeafIndex(1), TreeSize(3), proof, root_of(LEAVES))


@pytest.mark.parametrize("row", GOLDEN["consistency"], ids=lambda row: f"{row['old']} to {row['new']}")
def test_the_golden_consistency_proofs_are_made_and_hold(row: dict[str, Any]) -> None:
    old = TreeSize(row["old"])

    proof = consistency_proof(LEAVES, old)

    assert proof == hashes(row["proof"])
    assert verify_consistency(
        old=old, old_root=root_of(LEAVES[:old]), new=TreeSize(3), new_root=root_of(LEAVES), proof=proof
    )


def test_a_tree_without_leaves_has_the_hash_of_nothing_as_its_root() -> None:
    assert EMPTY.root() == EMPTY_ROOT == standard_root(())


def test_a_frontier_has_the_standard_root_at_every_size() -> None:
    frontier = EMPTY
    for size, leaf in enumerate(ALL):
        assert frontier.root() == ROOTS[size]
        frontier = frontier.append(leaf)

    assert frontier.root() == ROOTS[SIZE_MAX]


def test_a_frontier_holds_one_peak_for_each_bit_of_its_size() -> None:
    frontier = EMPTY
    for size, leaf in enumerate(ALL, start=1):
        frontier = frontier.append(leaf)
        assert (frontier.size, len(frontier.peaks)) == (size, size.bit_count())


def test_appending_leaves_the_frontier_before_it_as_it_was() -> None:
    before = EMPTY.append(ALL[0])

    before.append(ALL[1])

    assert before == Frontier(TreeSize(1), (ALL[0],))


@pytest.mark.parametrize("size", range(1, SIZE_MAX + 1))
def test_every_leaf_of_every_small_tree_is_included(size: int) -> None:
    leaves = ALL[:size]

    assert all(is_included(index, size, inclusion_proof(leaves, LeafIndex(index))) for index in range(size))


@pytest.mark.parametrize("new", range(1, SIZE_MAX + 1))
def test_every_small_tree_is_a_beginning_of_every_larger_one(new: int) -> None:
    leaves = ALL[:new]

    assert all(is_beginning(old, new, consistency_proof(leaves, TreeSize(old))) for old in range(1, new + 1))


@pytest.mark.parametrize("size", range(1, 20))
def test_no_damaged_inclusion_proof_holds(size: int) -> None:
    for index in range(size):
        proof = inclusion_proof(ALL[:size], LeafIndex(index))
        assert not any(is_included(index, size, each) for each in damaged(proof) if each != proof)


@pytest.mark.parametrize("new", range(2, 20))
def test_no_damaged_consistency_proof_holds(new: int) -> None:
    for old in range(1, new):
        proof = consistency_proof(ALL[:new], TreeSize(old))
        assert not any(is_beginning(old, new, each) for each in damaged(proof) if each != proof)


@pytest.mark.parametrize("size", range(2, 20))
def test_an_inclusion_proof_holds_at_no_other_index(size: int) -> None:
    for index in range(size):
        proof = inclusion_proof(ALL[:size], LeafIndex(index))
        held = [
            other
            for other in range(size + 2)
            if verify_inclusion(ALL[index], LeafIndex(other), TreeSize(size), proof, ROOTS[size])
        ]
        assert held == [index]


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (4, 3), (-1, 3), (2**63, 3)])
def test_an_index_outside_the_tree_is_never_included(index: int, size: int) -> None:
    assert not verify_inclusion(ALL[0], LeafIndex(index), TreeSize(size), (), ROOTS[size])


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_of_another_length_proves_nothing(length: int) -> None:
    odd = Hash(bytes(length))

    assert not is_included(0, 2, (odd,))
    assert not is_beginning(1, 2, (odd,))


def test_a_leaf_of_another_length_is_never_included_even_as_its_own_root() -> None:
    odd = Hash(b"odd")

    assert not verify_inclusion(odd, LeafIndex(0), TreeSize(1), (), odd)


def test_a_root_of_another_length_is_not_even_consistent_with_itself() -> None:
    odd, one = Hash(b"odd"), TreeSize(1)

    assert not verify_consistency(old=one, old_root=odd, new=one, new_root=odd, proof=())


@pytest.mark.parametrize(("old", "new", "claimed"), [(3, 5, 9), (3, 5, 17), (4, 5, 9), (1, 2, 3), (2, 4, 6)])
def test_a_proof_is_too_short_for_a_tree_that_is_said_to_be_deeper(old: int, new: int, claimed: int) -> None:
    proof = consistency_proof(ALL[:new], TreeSize(old))

    assert not verify_consistency(
        old=TreeSize(old), old_root=ROOTS[old], new=TreeSize(claimed), new_root=ROOTS[new], proof=proof
    )


@pytest.mark.parametrize(("old", "new"), [(0, 3), (0, 0), (4, 3), (-1, 3)])
def test_no_proof_starts_from_nothing_or_goes_back(old: int, new: int) -> None:
    assert not verify_consistency(
        old=TreeSize(old), old_root=EMPTY_ROOT, new=TreeSize(new), new_root=ROOTS[new], proof=()
    )


def test_swapped_roots_are_not_consistent() -> None:
    proof = consistency_proof(ALL[:7], TreeSize(3))

    assert not verify_consistency(old=TreeSize(3), old_root=ROOTS[7], new=TreeSize(7), new_root=ROOTS[3], proof=proof)


def test_two_roots_of_one_size_are_not_consistent() -> None:
    three = TreeSize(3)

    assert not verify_consistency(old=three, old_root=ROOTS[3], new=three, new_root=ROOTS[4], proof=())


def test_a_tree_is_a_beginning_of_itself_without_proof_only() -> None:
    assert is_beginning(3, 3, ())
    assert not is_beginning(3, 3, (ALL[0],))


def test_a_larger_tree_needs_a_proof() -> None:
    assert not is_beginning(4, 8, ())


def test_an_inner_node_does_not_pass_for_a_leaf() -> None:
    """Its two children, put together, would be the entry; the prefixes keep leaf and node apart."""
    forged = leaf_hash(ALL[0] + ALL[1])

    assert forged != node_hash(ALL[0], ALL[1])
    assert not verify_inclusion(forged, LeafIndex(0), TreeSize(2), (node_hash(ALL[2], ALL[3]),), ROOTS[4])


@pytest.mark.parametrize("size", [3, 5, 6, 7])
def test_doubling_a_lonely_last_leaf_changes_the_root(size: int) -> None:
    assert root_of((*ALL[:size], ALL[size - 1])) != root_of(ALL[:size])


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int) -> None:
    with pytest.raises(ValueError, match=f"leaf index {index} is outside a tree of 3"):
        inclusion_proof(LEAVES, LeafIndex(index))


@pytest.mark.parametrize("old", [0, 4])
def test_there_is_no_proof_from_a_size_outside_the_tree(old: int) -> None:
    with pytest.raises(ValueError, match=f"old size {old} is outside 1 to 3"):
        consistency_proof(LEAVES, TreeSize(old))


@given(entries=st.lists(st.binary(max_size=8), min_size=1, max_size=300), data=st.data())
def test_proofs_of_any_tree_hold(entries: list[bytes], data: st.DataObject) -> None:
    leaves = tuple(map(leaf_hash, entries))
    index = LeafIndex(data.draw(st.integers(0, len(leaves) - 1)))
    old, new = TreeSize(index + 1), TreeSize(len(leaves))
    root = root_of(leaves)

    assert root == standard_root(leaves)
    assert verify_inclusion(leaves[index], index, new, inclusion_proof(leaves, index), root)
    assert verify_consistency(
        old=old, old_root=root_of(leaves[:old]), new=new, new_root=root, proof=consistency_proof(leaves, old)
    )


@given(size=st.integers(2, 200), data=st.data())
def test_no_changed_leaf_keeps_the_root(size: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, size - 1))
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    changed = [*leaves[:at], leaf_hash(b"another"), *leaves[at + 1 :]]

    assert root_of(changed) != root_of(leaves)
