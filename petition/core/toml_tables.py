"""Reads TOML tables value by value. Each error is a DataError, one sentence: the file, the entry, what is needed."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Generic, TypeVar

from petition.core.errors import DataError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)  # so that a list of texts also counts as an iterable of texts
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """A kind of value: its name in error messages, and a test of whether a value is of this kind."""

    name: str
    fits: Callable[[Any], bool]


def list_of(kind: Kind[T], name: str) -> Kind[list[T]]:
    """A list whose values are all of one kind; `name` is in the plural."""
    return Kind(f"a list of {name}", lambda v: isinstance(v, list) and all(map(kind.fits, v)))


def one_of(*texts: str) -> Kind[str]:
    return Kind(f"one of {', '.join(texts)}", lambda v: v in texts)


TEXT: Kind[str] = Kind("a text", lambda v: isinstance(v, str))
DAY: Kind[date] = Kind("a day such as 2026-12-24, without quotes", lambda v: type(v) is date)  # not a datetime
WHOLE_NUMBER: Kind[int] = Kind("a whole number", lambda v: type(v) is int)  # not True
YES_OR_NO: Kind[bool] = Kind("true or false", lambda v: isinstance(v, bool))
COUNTRY: Kind[str] = Kind("a country code such as BY", lambda v: TEXT.fits(v) and bool(re.fullmatch("[A-Z]{2}", v)))
EMAIL: Kind[str] = Kind(
    "an email address",
    lambda value: TEXT.fits(value) and bool(re.fullmatch(r"[!-?A-~]{1,64}@[a-zA-Z0-9.-]{1,253}", value)),
)
TEXTS = list_of(TEXT, "texts")
SOME_TEXTS: Kind[list[str]] = Kind("a list of one text or more", lambda v: TEXTS.fits(v) and v != [])
_TABLE: Kind[dict[str, Any]] = Kind("a table", lambda v: isinstance(v, dict))
_TABLES = list_of(_TABLE, "tables")
TEXT_BY_NAME: Kind[dict[str, str]] = Kind("a table of texts", lambda v: _TABLE.fits(v) and TEXTS.fits([*v.values()]))
_NAMED_BY = ("id", "code", "key", "tag", "name")  # errors call an entry of a list by one of these, else by its number


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Errors call it `where`, such as "governments.toml, state LT"."""

    where: str
    values: dict[str, Any]

    def fault(self, what: str, joint: str = ": ") -> DataError:
        """The error to raise for this table; `what` has no full stop."""
        return DataError(" ".join(f"{self.where}{joint}{what}.".split()))  # a name from the file may have line breaks

    def read(self, name: str, kind: Kind[T]) -> T:
        """A value that must be there, of this kind, and not an empty text."""
        if name not in self.values:
            raise self.fault(f"lacks {name}, {kind.name}", " ")
        value: T = self.values[name]
        if not kind.fits(value):
            raise self.fault(f"{name} is not {kind.name}")
        if isinstance(value, str) and not value.strip():
            raise self.fault(f"{name} is empty")
        return value

    def optional(self, name: str, kind: Kind[T], default: D) -> T | D:
        """A value that may be missing; if it is there, the rules of read() apply."""
        return self.read(name, kind) if name in self.values else default

    def text(self, name: str) -> str:
        """A text that must be there and not be empty."""
        return self.read(name, TEXT)

    def table(self, name: str, *, needed: bool = True) -> "Table":
        """A table inside this one; if it is not needed and missing, an empty table."""
        return Table(f"{self.where}, {name}", self.read(name, _TABLE) if needed else self.optional(name, _TABLE, {}))

    def tables(self, name: str, *, needed: bool = True) -> list["Table"]:
        """The tables of a list; if it is not needed and missing, none."""
        rows = self.read(name, _TABLES) if needed else self.optional(name, _TABLES, [])
        return [Table(f"{self.where}, {name} {_called(row, n)}", row) for n, row in enumerate(rows, start=1)]


def _called(row: dict[str, Any], n: int) -> str:
    return next((row[key] for key in _NAMED_BY if TEXT.fits(row.get(key)) and row[key].strip()), str(n))


def load(file: Path) -> Table:
    return parse(read_text(file, file.name), file.name)


def read_text(file: Path, where: str) -> str:
    """The text of a file. Errors call the file `where`."""
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise DataError(f"{where} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{where} is not text in UTF-8.") from None


def parse(text: str, where: str) -> Table:
    """The table in a text. Errors call the text `where`."""
    try:
        return Table(where, tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where} is not TOML: {error}.") from None
