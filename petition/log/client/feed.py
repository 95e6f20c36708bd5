"""Asks a witness to sign a checkpoint (c2sp.org/tlog-witness). Any machine can do it: all it needs is public."""

import re
from collections.abc import Sequence

from petition.log.client.copies import decode_text, read_signed, read_tiles
from petition.log.client.sources import Source, post
from petition.log.errors import LogError
from petition.log.note_keys import encode64
from petition.log.notes import Opened, open_note
from petition.log.tree import Subtrees, consistency_proof

_TRIES = 4  # another machine may ask the same witness at the same time
_MAX_ANSWER = 64_000  # bytes
_REFUSALS = {
    400: "it does not understand the request",
    403: "it does not know the key that has signed the checkpoint",
    404: "it does not know this log: its operator has to add it",
    422: "it says that this checkpoint does not extend the one that it signed before",
    429: "it is asked too often",
}


def request_body(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """Of add-checkpoint."""
    return "\n".join([f"old {old}", *map(encode64, proof), "", note]).encode()


def parse_size(answer: bytes) -> int:
    """The size that a witness has signed last, from its answer 409. Raises LogError."""
    if not re.fullmatch(rb"(0|[1-9][0-9]{0,17})\n", answer):
        raise LogError("The witness does not say in a known form which size it has signed.")
    return int(answer)


def add_lines(note: str, answer: bytes, vkeys: Sequence[str]) -> Opened:
    """The note with those of the witness's lines that these keys have signed. Raises LogError if there are none."""
    if len(answer) > _MAX_ANSWER:
        raise LogError("The answer of the witness is too long.")
    return open_note(note + decode_text(answer), vkeys)


def ask_witness(source: Source, vkeys: Sequence[str], witness: str, witness_keys: Sequence[str]) -> str:
    """The checkpoint with the witness's lines behind it. `witness`: its address. Raises LogError."""
    note, head = read_signed(source, vkeys)
    subtrees = read_tiles(source, head.size)
    answer = _add_checkpoint(witness.rstrip("/"), note, head.size, subtrees)
    try:
        opened = add_lines(note, answer, witness_keys)
    except LogError as error:
        raise LogError(f"The witness has answered, but with no cosignature that counts: {error}") from None
    return note + "".join(line for line in opened.lines.values() if line not in note)


def _add_checkpoint(witness: str, note: str, size: int, subtrees: Subtrees) -> bytes:
    """The lines of its signatures. A witness that has signed another size tells it, and is asked again."""
    old = 0
    for _ in range(_TRIES):
        proof = consistency_proof(subtrees, old, size)
        status, answer = post(f"{witness}/add-checkpoint", request_body(old, proof, note))
        if status == 200:
            return answer
        if status != 409:
            reason = _REFUSALS.get(status, f"it answers {status}")
            raise LogError(f"The witness has not signed: {reason}.")
        if (old := parse_size(answer)) > size:
            raise LogError(f"The witness has signed {old} entries, and this checkpoint has {size}: is it an old copy?")
    raise LogError("The witness is asked by others at the same time: try again later.")
