"""What a check found: one line each."""

from enum import StrEnum
from typing import NamedTuple

from petition.log.errors import make_printable

WHERE_KEYS_ARE = "the README of the campaign's source code, its partners, or a newspaper that has written about it"


class State(StrEnum):
    OK = "ok  "
    NOTE = "note"  # nothing is wrong, but a reader should know it
    FAILED = "FAIL"


class Finding(NamedTuple):
    state: State
    text: str

    def __str__(self) -> str:
        return f"{self.state}  {make_printable(self.text)}"


def passed(text: str) -> Finding:
    return Finding(State.OK, text)


def note(text: str) -> Finding:
    return Finding(State.NOTE, text)


def failed(text: str) -> Finding:
    return Finding(State.FAILED, text)


def join_or_pass(problems: list[str], success: str, most: int = 5) -> list[Finding]:
    """A line for each of the first problems, and one for the number of the rest; else the sentence for success."""
    if not problems:
        return [passed(success)]
    rest = [failed(f"… and {len(problems) - most} more of this kind.")] if len(problems) > most else []
    return [*map(failed, problems[:most]), *rest]
