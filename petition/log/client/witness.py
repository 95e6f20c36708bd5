"""A witness that a machine runs every hour: it signs that the log only grew since it looked last."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from petition.core import clock
from petition.log import note_keys, notes, tree
from petition.log.client.copies import open_head, read_signed, read_tiles
from petition.log.client.saved_heads import write_safely
from petition.log.client.sources import Source, post
from petition.log.errors import LogError
from petition.log.note_keys import LogKey, name_of
from petition.log.notes import Head


class Misconduct(LogError):
    """The log has shown two histories, and signed both. `evidence`: the file with the newer of them."""


def look(source: Source, vkeys: Sequence[str], key: LogKey, state: Path) -> str:
    """The checkpoint with our signature, which `state` has now too. Raises LogError; Misconduct keeps both heads."""
    if key.kind != note_keys.WITNESS:
        raise LogError("This is the key of a log: a witness needs one of its own, from `petition log key --witness`.")
    with _locked(state):
        note, head = read_signed(source, vkeys)
        subtrees = read_tiles(source, head.size)
        if tree.root(subtrees, head.size) != head.root:
            raise LogError("The tiles of the log do not lead to the hash in its checkpoint; nothing was signed.")
        old = _last_head(state, vkeys)
        if head.size < old.size:
            raise _kept(
                state,
                "ROLLED-BACK",
                note,
                f"ROLLED BACK: {old.size} entries were signed, now {head.size}. For some minutes a cache or a standby "
                "may show an older copy; if it stays so, entries were taken away.",
            )
        proof = tree.consistency_proof(subtrees, old.size, head.size)
        if old.origin != head.origin or not tree.is_consistent(old.size, head.size, old.root, head.root, proof):
            raise _kept(state, "FORK", note, f"FORK: {head.size} entries do not extend the {old.size} before them.")
        cosigned = notes.cosign(note, key, clock.epoch())
        write_safely(state, cosigned)
        return cosigned


def send_cosignatures(site: str, note: str) -> str:
    """Brings a checkpoint with cosignatures back to its site; the site's answer. Raises LogError."""
    status, answer = post(f"{site.rstrip('/').removesuffix('/log')}/log/cosignatures", note.encode())
    said = answer[:200].decode("utf-8", "replace").strip()
    if not 200 <= status < 300:
        raise LogError(f"The site has not taken the cosignatures: it answers {status}. {said}".strip())
    return said


def _last_head(state: Path, vkeys: Sequence[str]) -> Head:
    """What this witness has signed last; the empty tree before its first look."""
    try:
        return open_head(state.read_text("utf-8"), vkeys)[0]
    except FileNotFoundError:
        return Head(name_of(vkeys[0]), 0, tree.EMPTY)
    except (OSError, UnicodeDecodeError) as error:
        raise LogError(f"{state} cannot be read: {error}.") from None


def _kept(state: Path, what: str, note: str, sentence: str) -> Misconduct:
    head, _, _ = note.partition("\n\n")
    evidence = state.with_name(f"{state.name}.{what}.{head.split(chr(10))[1]}")
    write_safely(evidence, note)
    return Misconduct(
        f"{sentence} Both are signed by the log, and both are kept: {state} and {evidence}. Nothing was signed. Show "
        "them to other witnesses and to the press."
    )


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """One run at a time: two could sign two histories."""
    try:
        descriptor = os.open(state.with_name(f"{state.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LogError(f"{state} cannot be written: {error.strerror}.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
