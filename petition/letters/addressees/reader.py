"""Reads the book of governments and institutions from one TOML file and checks it.

A missing address stays missing: the letter leaves lines to fill in, and the desk flags it.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from babel.core import Locale, UnknownLocaleError

from petition.core.errors import DataError
from petition.letters.addressees.directory import Addressee, Book, Crossing, Ministry, Source

LEVELS = ("high", "medium", "low")
COPIES = ("foreign", "transport", "interior")  # the ministries that may stand in the copy-to lines
Table = dict[str, Any]

__all__ = ["Addressee", "Book", "load"]


def load(path: Path) -> Book:
    """The book of a file. Raises DataError, one sentence that names the file and the entry."""
    try:
        return _Reader(tomllib.loads(path.read_text("utf-8"))).book()
    except (OSError, UnicodeDecodeError):
        raise DataError(f"{path.name} cannot be read.") from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path.name} is not TOML: {error}.") from None
    except _Wrong as wrong:
        raise DataError(f"{path.name}: {wrong}.") from None


class _Wrong(Exception):
    """What is wrong with the book, without the full stop."""


@dataclass(frozen=True)
class _Reader:
    data: Table

    def book(self) -> Book:
        for where, table in _tables(self.data, "the book"):
            _check_evidence(table, where)
        states = [a for table in self._listed("state") for a in self._state(table)]
        addressees = (*states, *(self._institution(table) for table in self._listed("institution")))
        _unique([a.key for a in addressees])
        return Book(addressees, _aliases(addressees))

    def _listed(self, name: str) -> list[Table]:
        """All entries of one sort: as many as [meta] announces, so that none is lost unseen."""
        tables: list[Table] = _get(self.data, name, list, "the book")
        announced = _get(_get(self.data, "meta", dict, "the book"), f"{name}s", int, "meta")
        if len(tables) != announced:
            raise _Wrong(f"meta announces {announced} {name}s and {len(tables)} are there")
        return tables

    @cached_property
    def _sources(self) -> dict[str, Source]:
        tables = self.data.get("source", [])
        _unique([_text(table, "id", "a source") for table in tables])
        return {t["id"]: _source(t, "date", "url", f"source {t['id']}") for t in tables}

    def _state(self, table: Table) -> Iterator[Addressee]:
        code = _text(table, "code", "a state")
        if not re.fullmatch("[A-Z]{2}", code):
            raise _Wrong(f"{code} is not a country code of two capital letters")
        entries = {_text(t, "tag", code): t for t in _get(table, "language", list, code)}
        tags = _get(table, "letter_languages", list, code)
        if not tags or any(tag not in entries for tag in tags):
            raise _Wrong(f"{code} needs a [[state.language]] for each of its letter languages")
        _unique([tag.partition("-")[0] for tag in tags])
        for tag in tags:
            yield self._head_of_government(table, code, entries[tag], len(tags) > 1)

    def _head_of_government(self, table: Table, code: str, entry: Table, several: bool) -> Addressee:
        head = _get(table, "head_of_government", dict, code)
        locale = _locale(entry["tag"], code)
        address = _get(head, "address", dict, code)
        lines, confidence = _address(address, code)
        english = [t for t in table["language"] if t["tag"].startswith("en-")]
        offices = {t["tag"]: _text(t, "office", code) for t in table["language"] if "office" in t}
        crossings = tuple(_crossing(t, code) for t in table.get("rail_crossing", []))
        return Addressee(
            key=f"{code}-{locale.language}" if several else code,
            country=code,
            language=locale.language,
            locale=str(locale),
            role=_role(table, code, crossings),
            name_en=_text(table, "short_name_en", code),
            names={},
            title=_text(entry, "title", code),
            title_en=_text(head, "title_en", code),
            salutation=_text(entry, "salutation", code),
            salutation_en=_text(english[0], "salutation", code) if english else None,
            office=_office(offices.get(entry["tag"]), offices.values(), lines),
            lines=lines,
            confidence=confidence,
            checked=_text(address, "checked", code),
            page=_page(address),
            crossings=crossings,
            copies=tuple(_ministry(table, kind, code) for kind in COPIES if f"{kind}_ministry" in table),
            sources=self._sources,
        )

    def _institution(self, table: Table) -> Addressee:
        key = _text(table, "key", "an institution")
        tag = _text(_get(self.data, "meta", dict, "the book"), "institution_language", "meta")
        locale = _locale(tag, key)
        lines, confidence = _address({"status": "found", **table}, key)
        names = table.get("names", {})
        return Addressee(
            key=key,
            country=None,
            language=locale.language,
            locale=str(locale),
            role=key,
            name_en=_text(table, "office", key),
            names={language: _text(names, language, key) for language in names},
            title=_text(table, "office", key),
            title_en=_text(table, "office", key),
            salutation=_text(table, "salutation_en", key),
            salutation_en=_text(table, "salutation_en", key),
            office=_office(institution := _text(table, "institution", key), [institution], lines),
            lines=lines,
            confidence=confidence,
            checked=_text(table, "checked", key),
            page=_page(table),
            crossings=(),
            copies=(),
            sources=self._sources,
        )


def _aliases(addressees: tuple[Addressee, ...]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    for a in addressees:
        if a.country:
            aliases.setdefault(a.country, a.key)
            aliases[f"{a.country}-{a.language}"] = a.key
    return aliases


def _role(table: Table, code: str, crossings: tuple[Crossing, ...]) -> str:
    border, rail = (_get(table, name, bool, code) for name in ("border", "rail"))
    if border != bool(crossings) or (border and not rail):
        raise _Wrong(f"{code} has railway crossings exactly if it has railways and the border")
    if border:
        return "border"
    return "vote" if rail else "no-rail"


def _address(table: Table, where: str) -> tuple[tuple[str, ...], str]:
    """The lines, and how sure the book is of them; what is of low confidence is not printed before a check."""
    status = _text(table, "status", where)
    if status not in ("found", "missing") or (status == "found") != bool(table.get("lines")):
        raise _Wrong(f"the address of {where} is either found, with lines, or missing, without")
    if status == "missing":
        return (), "low"
    confidence = _text(table, "confidence", where)
    lines = tuple(str(line) for line in table["lines"])
    return ((), "low") if confidence == "low" else (lines, confidence)


def _page(table: Table) -> str:
    """Where an address was seen, without the remark behind it; empty if nobody saw it on a page."""
    found = table.get("source", "")
    first, _, _ = str(found[0] if isinstance(found, list) else found).partition(" ")
    return first if first.startswith(("http://", "https://")) else ""


def _office(own: str | None, spellings: Iterable[str], lines: tuple[str, ...]) -> str | None:
    """The office line of an address; None if the lines have it already, in whichever language of the state."""
    return None if any(office in line for office in spellings for line in lines) else own


def _ministry(table: Table, kind: str, code: str) -> Ministry:
    ministry = _get(table, f"{kind}_ministry", dict, code)
    names = {_text(t, "tag", code).partition("-")[0]: _text(t, "text", code) for t in ministry.get("name", [])}
    english = _text(ministry, "name_en", code)
    return Ministry(kind, english, names, _text(ministry, "confidence", code))


def _crossing(table: Table, code: str) -> Crossing:
    name = _text(table, "name", code)
    status = _text(table, "status", name)
    if status not in ("open", "closed"):
        raise _Wrong(f"the crossing {name} is either open or closed")
    return Crossing(name, table.get("names", {}), status, _source(table, "seen", "source", name))


def _source(table: Table, day: str, url: str, where: str) -> Source:
    source = Source(_text(table, "publisher", where), _text(table, day, where), _text(table, url, where))
    if not source.url.startswith(("http://", "https://")):
        raise _Wrong(f"the source of {where} is not a web address")
    if not _is_date(source.date):
        raise _Wrong(f"{where} needs a date: a year, a month or a day, such as 2025-11")
    return source


def _tables(value: object, where: str) -> Iterator[tuple[str, Table]]:
    """Every table of the book, with the name of the entry it belongs to."""
    if isinstance(value, dict):
        where = str(value.get("code") or value.get("key") or where)
        yield where, value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _tables(child, where)


def _check_evidence(table: Table, where: str) -> None:
    """What holds for every entry: a known confidence, the month of the check, a source that is not empty."""
    for name, value in table.items():
        if name.endswith("confidence") and value not in LEVELS:
            raise _Wrong(f"{where} has a {name} that is not one of {', '.join(LEVELS)}")
        if name == "checked" and not (isinstance(value, str) and len(value) == 7 and _is_date(value)):
            raise _Wrong(f"{where} was checked in no month such as 2026-11")
        if name.endswith("source") and (not isinstance(value, (str, list)) or not value):
            raise _Wrong(f"{where} has an empty {name}")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :] if len(text) in (4, 7) else text)
    except ValueError:
        return False
    return True


def _locale(tag: str, where: str) -> Locale:
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        raise _Wrong(f"{where} has the unknown language {tag}") from None
    if not locale.territory:
        raise _Wrong(f"{where} has the language {tag} without a territory")
    return locale


def _unique(names: list[str]) -> None:
    double = {name for name in names if names.count(name) > 1}
    if double:
        raise _Wrong(f"{min(double)} stands there twice")


def _text(table: Table, name: str, where: str) -> str:
    text: str = _get(table, name, str, where)
    if not text.strip():
        raise _Wrong(f"{where} has an empty {name}")
    return text


def _get(table: Table, name: str, kind: type, where: str) -> Any:
    value = table.get(name)
    if not isinstance(value, kind):
        raise _Wrong(f"{where} has no {name}" if value is None else f"{where} has a {name} of the wrong type")
    return value
