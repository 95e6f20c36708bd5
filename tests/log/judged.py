"""Proofs and notes that our code makes, for another implementation to judge: see vectors.go."""

import json
import sys
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from petition.log import note_keys, notes, tree
from petition.log.notes import Head

SIZES = (*range(1, 34), 255, 256, 257, 300, 511, 513, 8760)


def cases() -> Iterator[dict[str, Any]]:
    leaves = [tree.leaf_hash(str(n).encode()) for n in range(max(SIZES))]
    subtrees = tree.subtrees_of(leaves)
    for size in SIZES:
        yield from _of_size(subtrees, size)


def _of_size(subtrees: tree.Subtrees, size: int) -> Iterator[dict[str, Any]]:
    root, key = tree.root(subtrees, size), note_keys.make_key("site.example/log")
    yield {"kind": "note", "vkey": key.vkey, "note": notes.sign_head(Head(key.name, size, root), [key])}
    for n in range(0, size, size // 30 + 1):
        tree_ = {"size": size, "root": _text(root)}
        proof = tree.inclusion_proof(subtrees, n, size)
        yield {"kind": "inclusion", "leaf": str(n), "index": n, "proof": list(map(_text, proof)), **tree_}
        old, proof = n + 1, tree.consistency_proof(subtrees, n + 1, size)
        old_root = _text(tree.root(subtrees, old))
        yield {"kind": "consistency", "old": old, "oldRoot": old_root, "proof": list(map(_text, proof)), **tree_}


def _text(hash_: bytes) -> str:
    return b64encode(hash_).decode()


if __name__ == "__main__":
    for case in cases():
        sys.stdout.write(f"{json.dumps(case)}\n")
