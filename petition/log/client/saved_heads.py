"""Checkpoints that somebody saved: each must be the beginning of the log as it is now."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from petition.core.key_files import sync_folder
from petition.log.client.copies import LogCopy, open_head
from petition.log.errors import LogError
from petition.log.notes import Head

_SIGNATURE = "\u2014 "


def split_notes(text: str) -> list[str]:
    """Checkpoints as `curl … >> FILE` puts them behind each other; what is between them stays with the next one."""
    ends = re.finditer(rf"(?m)^{_SIGNATURE}[^\n]*\n(?!{_SIGNATURE})", text)
    cuts = [0, *(match.end() for match in ends)]
    parts = [text[begin:end] for begin, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]
    return [part.strip("\n") + "\n" for part in parts if part.strip()]


def read_heads(text: str, origin: str, vkeys: Sequence[str]) -> tuple[set[Head], int]:
    """Those of the log that one of its keys has signed; and how many texts are something else."""
    heads, unread = set[Head](), 0
    for one in split_notes(text):
        try:
            head, _ = open_head(one, vkeys)
        except LogError:
            unread += 1
            continue
        if head.origin == origin:
            heads.add(head)
        else:
            unread += 1
    return heads, unread


def not_extended(copy: LogCopy, heads: Iterable[Head]) -> list[str]:
    """A sentence for each head that is not the beginning of this copy."""
    size, problems = copy.head.size, list[str]()
    for head in sorted(heads):
        if head.size > size:
            problems.append(
                f"ROLLED BACK: {head.size} entries were signed before, and now there are {size}. For some minutes a "
                "cache or a standby may show an older copy; if it stays so, entries were taken away."
            )
        elif not copy.extends(head):
            problems.append(
                f"FORK: a signed checkpoint of {head.size} entries is not the beginning of this log. Keep both: "
                "together they prove that the log has shown two histories."
            )
    return problems


def read_text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError as error:
        raise LogError(f"{file} cannot be read: {error.strerror}.") from None


def write_safely(file: Path, text: str) -> None:
    """When this returns, it is on disk; a reader sees all of it or what was there before."""
    new = file.with_name(f"{file.name}.new")
    try:
        with new.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        new.replace(file)
        sync_folder(file.parent)
    except OSError as error:
        raise LogError(f"{file} cannot be written: {error.strerror}.") from None
