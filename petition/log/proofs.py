"""Proofs that need no network: an entry, its place, and a checkpoint of the log (c2sp.org/tlog-proof)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from petition.log.errors import LogError
from petition.log.note_keys import decode64, encode64
from petition.log.notes import Head, Opened, open_note, parse_head, parse_number
from petition.log.tree import HASH_BYTES, is_included, leaf_hash

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """`extra`: in our proofs the entry, canonical JSON; nobody has signed it until check_proof() agrees."""

    index: int
    hashes: list[bytes]
    note: str
    extra: bytes


@dataclass(frozen=True, slots=True)
class Proven:
    entry: bytes
    index: int
    head: Head
    opened: Opened


def make_proof(index: int, hashes: Sequence[bytes], note: str, entry: bytes = b"") -> str:
    """The text of a .tlog-proof file. `hashes`: inclusion_proof() for the checkpoint `note`.

    `entry` goes along as `extra`, so that a reader needs nothing but this file, the document and the vkey.
    """
    extra = [f"extra {encode64(entry)}"] if entry else []
    lines = [_FIRST_LINE, *extra, f"index {index}", *(encode64(hash_) for hash_ in hashes), "", note]
    return "\n".join(lines)


def parse_proof(text: str) -> Proof:
    """Raises LogError if it has another form; nothing is checked yet."""
    above, empty_line, note = text.partition("\n\n")
    first, *lines = above.split("\n")
    extra: bytes | None = b""
    if lines and lines[0].startswith("extra "):
        extra = decode64(lines.pop(0).removeprefix("extra "))
    index = parse_number(lines[0].removeprefix("index ")) if lines and lines[0].startswith("index ") else None
    hashes = [decode64(line) for line in lines[1:]]
    known = [hash_ for hash_ in hashes if hash_ is not None and len(hash_) == HASH_BYTES]
    if first != _FIRST_LINE or not empty_line or extra is None or index is None or known != hashes:
        raise LogError("This is no proof of a log (a .tlog-proof file).")
    if len(known) > MAX_HASHES:
        raise LogError("This proof has more hashes than any log needs.")
    return Proof(index, known, note, extra)


def check_proof(proof: Proof, vkeys: Iterable[str], origin: str, entry: bytes | None = None) -> Proven:
    """That `entry` (else the one in the proof) is in the log `origin`, as a head says that one of `vkeys` signed.

    Who of them must have signed, the caller asks `opened`. Raises LogError.
    """
    opened = open_note(proof.note, vkeys)
    head, entry = parse_head(opened.text), proof.extra if entry is None else entry
    if head.origin != origin:
        raise LogError(f"The proof is of another log: {head.origin}.")
    if not is_included(leaf_hash(entry), proof.index, head.size, proof.hashes, head.root):
        raise LogError("The proof does not lead to the hash that the log has signed.")
    return Proven(entry, proof.index, head, opened)
