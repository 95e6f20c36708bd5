"""What the table of settings says of each: its name, how it is read, what it is for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    parse: Callable[[str], Any]
    meaning: str  # for README.md
    default: str = ""  # {NAME} is replaced by the value of another setting
    needed: bool = False  # required in production: no default can be right


def setting(name: str, parser: Callable[[str], _T], meaning: str, default: str = "", *, needed: bool = False) -> _T:
    """A dataclass field without a default. Like dataclasses.field(), it has the type of its value."""
    made: _T = field(metadata={"row": Row(name, parser, meaning, default, needed)})
    return made
