"""Signed notes (c2sp.org/signed-note): checkpoints (tlog-checkpoint), cosignatures (tlog-cosignature, Ed25519).

A note is a text that ends in a line end, an empty line, and lines of signatures.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from petition.log.errors import LogError
from petition.log.note_keys import DASH, ID_BYTES, LogKey, decode64, encode64, is_name, name_of, parse_vkey
from petition.log.tree import HASH_BYTES

MAX_NOTE = 100_000  # characters
_MAX_NUMBER = 2**63 - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Head(NamedTuple):
    """What a checkpoint says: the log with this origin has so many entries, with this root."""

    origin: str
    size: int
    root: bytes


def head_text(head: Head) -> str:
    return f"{head.origin}\n{head.size}\n{encode64(head.root)}\n"


def parse_head(text: str) -> Head:
    """Of the text of a note. Lines after the third are ignored. Raises LogError."""
    lines = text.split("\n")
    if len(lines) < 4 or not all(lines[:-1]) or lines[-1]:
        raise LogError("This is no checkpoint: it needs three lines and a line end.")
    root = decode64(lines[2])
    if (size := parse_number(lines[1])) is None or root is None or len(root) != HASH_BYTES:
        raise LogError("This is no checkpoint: its size or its hash has a wrong form.")
    return Head(lines[0], size, root)


def read_head(note: str) -> Head:
    """What a note says, without a look at its signatures. Raises LogError."""
    return parse_head(split_note(note)[0])


def parse_number(text: str) -> int | None:
    """Decimal, without zeros before it, below 2**63."""
    if not _NUMBER.fullmatch(text) or int(text) > _MAX_NUMBER:
        return None
    return int(text)


def sign_head(head: Head, keys: Iterable[LogKey]) -> str:
    """The checkpoint as a note, signed by every key. Ed25519 is deterministic: two machines write the same bytes."""
    text = head_text(head)
    return f"{text}\n" + "".join(key.sign(text) for key in keys)


def cosign(note: str, key: LogKey, time: int) -> str:
    """The note with one more line: that a witness saw it. The caller has checked what it signs."""
    text, _ = split_note(note)
    return note + key.cosign(text, time)


@dataclass(frozen=True, slots=True)
class Opened:
    """A note that known keys signed. `times`: by vkey, when; 0 for a log. `lines`: their lines, by vkey."""

    text: str
    times: dict[str, int]
    lines: dict[str, str]

    @property
    def signed(self) -> dict[str, int]:
        """By the name of the key."""
        return {name_of(vkey): time for vkey, time in self.times.items()}


def open_note(note: str, vkeys: Iterable[str]) -> Opened:
    """Signatures of other keys are ignored; a wrong one of these keys, or none, raises LogError."""
    text, lines = split_note(note)
    known = {(key.name, key.key_id): key for key in map(parse_vkey, vkeys)}
    opened = Opened(text, {}, {})
    for line, name, content in lines:
        if key := known.get((name, content[:ID_BYTES])):
            opened.times[key.text] = key.time_of(text, content[ID_BYTES:])
            opened.lines[key.text] = line
    if not opened.times:
        raise LogError("None of the known keys has signed this.")
    return opened


def split_note(note: str) -> tuple[str, list[tuple[str, str, bytes]]]:
    """The text, and of each signature: its line with the line end, name, key ID and signature. Raises LogError."""
    text, empty_line, lines = note.rpartition("\n\n")
    if not empty_line or not lines.endswith("\n") or len(note) > MAX_NOTE or _CONTROL.search(note):
        raise LogError("This is no signed note: a text, an empty line, lines of signatures.")
    return f"{text}\n", [_signature(line) for line in lines[:-1].split("\n")]


def _signature(line: str) -> tuple[str, str, bytes]:
    name, _, content = line.removeprefix(DASH).partition(" ")
    signature = decode64(content)
    if not line.startswith(DASH) or not is_name(name) or signature is None or len(signature) <= ID_BYTES:
        raise LogError("A line of a signature in a note has a wrong form.")
    return f"{line}\n", name, signature
