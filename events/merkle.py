"""The Merkle tree over the ledger's leaves, and the proofs about it.

A lonely node goes up as it is, never doubled: doubling would give two lists of leaves one root.

Source: RFC 6962, section 2.1; verification after RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from events.ids import Hash, LeafIndex, TreeSize

HASH_BYTES = 32

EMPTY_ROOT = Hash(sha256(b"").digest())
"""Root of a tree without leaves."""


def leaf_hash(entry: bytes) -> Hash:
    """Return the hash of a leaf; the prefix 00 keeps it from passing for an inner node."""
    return Hash(sha256(b"\x00" + entry).digest())


def node_hash(left: Hash, right: Hash) -> Hash:
    """Return the hash of an inner node."""
    return Hash(sha256(b"\x01" + left + right).digest())


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the full subtrees of a growing tree, largest first: all that is needed to go on.

    There is one for each bit set in *size*.
    """

    size: TreeSize
    peaks: tuple[Hash, ...]

    def append(self, leaf: Hash) -> "Frontier":
        """Return the frontier with one leaf more, for one inner hash on average."""
        peaks, size = self.peaks, int(self.size)
        while size & 1:
            leaf = node_hash(peaks[-1], leaf)
            peaks, size = peaks[:-1], size >> 1
        return Frontier(TreeSize(self.size + 1), (*peaks, leaf))

    def root(self) -> Hash:
        """Return the root over all leaves."""
        if not self.peaks:
            return EMPTY_ROOT
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node_hash(peak, found)
        return found


EMPTY = Frontier(TreeSize(0), ())


def root_of(leaves: Sequence[Hash]) -> Hash:
    """Return the root over leaf hashes."""
    frontier = EMPTY
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[Hash], index: LeafIndex) -> tuple[Hash, ...]:
    """Return the hashes that tie one leaf to the root, from the leaf upward.

    There are at most ceil(log2(size)) of them, none for a tree of one leaf.

    Raises:
        ValueError: *index* is outside ``0 <= index < len(leaves)``.

    Source: RFC 6962, section 2.1.1.
    """
    if not 0 <= index < len(leaves):
        message = f"leaf index {index} is outside a tree of {len(leaves)}"
        raise ValueError(message)
    if len(leaves) == 1:
        return ()
    split = _split(len(leaves))
    if index < split:
        return (*inclusion_proof(leaves[:split], index), root_of(leaves[split:]))
    return (*inclusion_proof(leaves[split:], LeafIndex(index - split)), root_of(leaves[:split]))


def consistency_proof(leaves: Sequence[Hash], old: TreeSize) -> tuple[Hash, ...]:
    """Return the hashes that show the first *old* leaves' tree to be a beginning of this one.

    Empty if nothing was added. What a proof from an empty tree means is the caller's to decide.

    Raises:
        ValueError: *old* is outside ``0 < old <= len(leaves)``.

    Source: RFC 6962, section 2.1.2.
    """
    if not 0 < old <= len(leaves):
        message = f"old size {old} is outside 1 to {len(leaves)}"
        raise ValueError(message)
    return _subproof(leaves, old, is_whole=True)


def verify_inclusion(leaf: Hash, index: LeafIndex, size: TreeSize, proof: Sequence[Hash], root: Hash) -> bool:
    """Return whether a proof ties a leaf at an index to the root of a tree of *size* leaves.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    at, last, found = int(index), size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(step, found)
            at, last = _past_lonely(at, last)
        else:
            found = node_hash(found, step)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(*, old: TreeSize, old_root: Hash, new: TreeSize, new_root: Hash, proof: Sequence[Hash]) -> bool:
    """Return whether a proof shows that a tree of *old* leaves is a beginning of one of *new*.

    *old* is at least 1: an empty tree is a beginning of every tree, and there is nothing to verify.

    Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 < old <= new or not _are_hashes(old_root, new_root, *proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    if not proof:
        return False
    # (2) a whole subtree proves itself: its root is where the path begins
    path = (old_root, *proof) if old & (old - 1) == 0 else tuple(proof)
    return _roots_over(path, old, new) == (old_root, new_root)


def _roots_over(path: tuple[Hash, ...], old: int, new: int) -> tuple[Hash, Hash] | None:
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_root = new_root = path[0]
    for step in path[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old_root, new_root = node_hash(step, old_root), node_hash(step, new_root)
            at, last = _past_lonely(at, last)
        else:
            new_root = node_hash(new_root, step)
        at, last = at >> 1, last >> 1
    return (old_root, new_root) if last == 0 else None


def _past_lonely(at: int, last: int) -> tuple[int, int]:
    """Return both places on the level where the lonely last node meets its sibling."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _are_hashes(*values: bytes) -> bool:
    # 31 and 33 bytes would otherwise read like 32 and 32
    return all(len(value) == HASH_BYTES for value in values)


def _split(size: int) -> int:
    """Return the largest power of two below *size*, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _subproof(leaves: Sequence[Hash], old: int, *, is_whole: bool) -> tuple[Hash, ...]:
    """Return the standard's SUBPROOF; *is_whole*: the verifier holds the root of these leaves already."""
    if old == len(leaves):
        return () if is_whole else (root_of(leaves),)
    split = _split(len(leaves))
    if old <= split:
        return (*_subproof(leaves[:split], old, is_whole=is_whole), root_of(leaves[split:]))
    return (*_subproof(leaves[split:], old - split, is_whole=False), root_of(leaves[:split]))
