"""The Merkle tree of RFC 6962, 2.1: roots, proofs, and their checks as in RFC 9162, 2.1.3.2 and 2.1.4.2."""

import hashlib
from collections.abc import Callable, Sequence

# (height, index) -> the hash of the whole subtree of 2**height leaves that begins at leaf index * 2**height.
Subtrees = Callable[[int, int], bytes]

EMPTY = hashlib.sha256(b"").digest()  # the root of a tree without leaves
HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def subtrees_of(leaves: Sequence[bytes]) -> Subtrees:
    """From the leaf hashes of a whole tree; each inner hash is computed once. A list may grow behind it."""
    known: dict[tuple[int, int], bytes] = {}

    def get(height: int, index: int) -> bytes:
        if height == 0:
            return leaves[index]
        if (height, index) not in known:
            known[height, index] = node_hash(get(height - 1, 2 * index), get(height - 1, 2 * index + 1))
        return known[height, index]

    return get


def root(subtrees: Subtrees, size: int, first: int = 0) -> bytes:
    """Of `size` leaves from leaf `first`, a multiple of the smallest power of two that is not below `size`."""
    if size == 0:
        return EMPTY
    if size & (size - 1) == 0:
        return subtrees(size.bit_length() - 1, first // size)
    half = _split(size)
    return node_hash(root(subtrees, half, first), root(subtrees, size - half, first + half))


def inclusion_proof(subtrees: Subtrees, index: int, size: int, first: int = 0) -> list[bytes]:
    """That leaf `index` is in the tree of `size` leaves; 0 <= index < size."""
    if size == 1:
        return []
    half = _split(size)
    if index < half:
        return [*inclusion_proof(subtrees, index, half, first), root(subtrees, size - half, first + half)]
    return [*inclusion_proof(subtrees, index - half, size - half, first + half), root(subtrees, half, first)]


def consistency_proof(subtrees: Subtrees, old: int, size: int) -> list[bytes]:
    """That the tree of `size` leaves begins with that of `old`; 0 <= old <= size."""
    return [] if old in (0, size) else _subproof(subtrees, old, size, 0, whole=True)


def _subproof(subtrees: Subtrees, old: int, size: int, first: int, *, whole: bool) -> list[bytes]:
    if old == size:
        return [] if whole else [root(subtrees, old, first)]
    half = _split(size)
    if old <= half:
        rest = root(subtrees, size - half, first + half)
        return [*_subproof(subtrees, old, half, first, whole=whole), rest]
    begin = root(subtrees, half, first)
    return [*_subproof(subtrees, old - half, size - half, first + half, whole=False), begin]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """`leaf` is a leaf hash."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        is_right = at & 1 or at == last
        found = node_hash(step, found) if is_right else node_hash(found, step)
        at, last = _up(at, last) if is_right else (at, last)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY
    if not 0 < old < new or not proof:
        return False
    return _old_and_new_root(old, new, old_root, proof) == (old_root, new_root)


def _old_and_new_root(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Both roots as the proof has them; None if it is too long or too short."""
    begin, *steps = [old_root, *proof] if old & (old - 1) == 0 else proof
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    of_old = of_new = begin
    for step in steps:
        if last == 0:
            return None
        if at & 1 or at == last:
            of_old, of_new = node_hash(step, of_old), node_hash(step, of_new)
            at, last = _up(at, last)
        else:
            of_new = node_hash(of_new, step)
        at, last = at >> 1, last >> 1
    return (of_old, of_new) if last == 0 else None


def _up(at: int, last: int) -> tuple[int, int]:
    """To the height at which this subtree is a right one, or the first."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1
