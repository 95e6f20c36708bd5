"""Reads the address book (governments and institutions) from one TOML file and checks it.

A missing address stays missing: the letter has lines to fill in, and the desk shows a warning.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from babel.core import Locale, UnknownLocaleError

from petition.core import toml_tables
from petition.core.toml_tables import COUNTRY, SOME_TEXTS, TEXT_BY_NAME, TEXTS, WHOLE_NUMBER, YES_OR_NO, Table, one_of
from petition.letters.addressees.address_book import (
    CROSSING_PREFIX,
    FORMS_OF_ADDRESS,
    PERMANENT_REPRESENTATION,
    AddressBook,
    Addressee,
    Crossing,
    Ministry,
    PostalAddress,
    Source,
)
from petition.letters.addressees.channels import read_channels
from petition.letters.addressees.evidence import DATE, WEB_ADDRESS, check_evidence
from petition.letters.addressees.source_dates import source_date

COPIED_OFFICES = {  # their tables, by kind: those that can get a copy
    "foreign": "foreign_ministry",
    "transport": "transport_ministry",
    "interior": "interior_ministry",
    PERMANENT_REPRESENTATION: "permanent_representation",
}

__all__ = ["AddressBook", "Addressee", "load_address_book"]


def load_address_book(path: Path) -> AddressBook:
    """Raises DataError: one sentence that names the file and the entry."""
    return _Reader(toml_tables.load(path)).book()


@dataclass(frozen=True)
class _Reader:
    table: Table

    def book(self) -> AddressBook:
        check_evidence(self.table)
        states = [a for table in self._announced_entries("state") for a in self._state_addressees(table)]
        addressees = (*states, *(self._institution(table) for table in self._announced_entries("institution")))
        _check_unique([a.key for a in addressees], self.table)
        return AddressBook(addressees, _aliases(addressees))

    def _announced_entries(self, name: str) -> list[Table]:
        """All entries of one kind. There must be as many as [meta] says, so that none is lost unseen."""
        tables = self.table.tables(name)
        announced = self.table.table("meta").read(f"{name}s", WHOLE_NUMBER)
        if len(tables) != announced:
            raise self.table.fault(f"meta announces {announced} {name}s and {len(tables)} are there")
        return tables

    @cached_property
    def _sources(self) -> dict[str, Source]:
        tables = self.table.tables("source", needed=False)
        _check_unique([table.text("id") for table in tables], self.table)
        return {table.text("id"): _source(table, "date", "url") for table in tables}

    def _state_addressees(self, table: Table) -> Iterator[Addressee]:
        entries = {entry.text("tag"): entry for entry in table.tables("language")}
        tags = table.read("letter_languages", SOME_TEXTS)
        if any(tag not in entries for tag in tags):
            raise table.fault("a [[state.language]] is needed for each of letter_languages")
        _check_unique([tag.partition("-")[0] for tag in tags], table)
        for tag in tags:
            yield self._head_of_government(table, entries, tag, several=len(tags) > 1)

    def _head_of_government(self, table: Table, entries: dict[str, Table], tag: str, *, several: bool) -> Addressee:
        head, entry, code = table.table("head_of_government"), entries[tag], table.read("code", COUNTRY)
        locale = _locale(tag, entry)
        english = next((t.text("salutation") for own, t in entries.items() if own.startswith("en-")), None)
        offices = {own: t.text("office") for own, t in entries.items() if "office" in t.values}
        fields = _address_fields(head.table("address"))
        own_lines = tuple(entry.optional("lines", SOME_TEXTS, []))
        lines = own_lines if own_lines and fields["lines"] else fields["lines"]
        office, fields["lines"] = _office_and_lines(offices.get(tag), offices.values(), lines)
        crossings = tuple(_crossing(row, code) for row in table.tables("rail_crossing", needed=False))
        return Addressee(
            key=f"{code}-{locale.language}" if several else code,
            country=code,
            language=locale.language,
            locale=str(locale),
            role=_role(table, crossings),
            name_en=table.text("short_name_en"),
            names={},
            title=entry.text("title"),
            title_en=head.text("title_en"),
            salutation=entry.text("salutation"),
            salutation_en=english,
            office=office,
            **fields,
            crossings=crossings,
            copies=tuple(_ministry(table, kind) for kind, name in COPIED_OFFICES.items() if name in table.values),
            sources=self._sources,
            channels=read_channels(table),
            forms=_forms(entry),
            country_names=frozenset({table.text("short_name_en"), *(t.text("country_name") for t in entries.values())}),
        )

    def _institution(self, table: Table) -> Addressee:
        key, institution = table.text("key"), table.text("institution")
        meta = self.table.table("meta")
        locale = _locale(meta.text("institution_language"), meta)
        fields = _address_fields(replace(table, values={"status": "found", **table.values}))
        office, fields["lines"] = _office_and_lines(institution, [institution], fields["lines"])
        names = table.table("names", needed=False)
        return Addressee(
            key=key,
            country=None,
            language=locale.language,
            locale=str(locale),
            role=key,
            name_en=table.text("office"),
            names={language: names.text(language) for language in names.values},
            title=table.text("office"),
            title_en=table.text("office"),
            salutation=table.text("salutation_en"),
            salutation_en=table.text("salutation_en"),
            office=office,
            **fields,
            crossings=(),
            copies=(),
            sources=self._sources,
            channels=read_channels(table),
        )


def _forms(entry: Table) -> dict[str, tuple[str, str]]:
    forms = {name: entry.table(name) for name in FORMS_OF_ADDRESS if name in entry.values}
    if len(forms) == 1:
        raise entry.fault(f"there is a form of address for {next(iter(forms))} alone")
    return {name: (form.text("title"), form.text("salutation")) for name, form in forms.items()}


def _aliases(addressees: tuple[Addressee, ...]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    for a in addressees:
        if a.country:
            aliases.setdefault(a.country, a.key)
            aliases[f"{a.country}-{a.language}"] = a.key
    return aliases


def _role(table: Table, crossings: tuple[Crossing, ...]) -> str:
    border, rail = (table.read(name, YES_OR_NO) for name in ("border", "rail"))
    if border != bool(crossings) or (border and not rail):
        raise table.fault("a state has railway crossings exactly if it has railways and the border")
    if border:
        return "border"
    return "vote" if rail else "no-rail"


def _address(table: Table) -> tuple[tuple[str, ...], str]:
    """(lines, confidence). An address of low confidence has no lines: it is not printed before a check."""
    found = table.read("status", one_of("found", "missing")) == "found"
    lines = tuple(table.optional("lines", TEXTS, []))
    if found != bool(lines):
        raise table.fault("an address is either found, with lines, or missing, without")
    confidence = table.text("confidence") if found else "low"
    return ((), "low") if confidence == "low" else (lines, confidence)


def _address_fields(table: Table) -> dict[str, Any]:
    lines, confidence = _address(table)
    return {
        "lines": lines,
        "lines_latin": tuple(table.optional("lines_latin", SOME_TEXTS, [])) if lines else (),
        "confidence": confidence,
        "checked": table.text("checked"),
        "source_url": _source_url(table),
        "source_date": source_date(table),
    }


def _source_url(table: Table) -> str:
    """The page where an address was seen, without the remark behind it; empty if there is no such page."""
    seen_on = table.values.get("source", "")
    first, _, _ = str(seen_on[0] if isinstance(seen_on, list) else seen_on).partition(" ")
    return first if first.startswith(("http://", "https://")) else ""


def _office_and_lines(
    own: str | None, all_offices: Collection[str], lines: tuple[str, ...]
) -> tuple[str | None, tuple[str, ...]]:
    """The office line above an address (None if the lines contain it), and the lines.

    A line with the office in another language of the state is left out.
    """
    if own is None or any(own in line for line in lines):
        return None, lines
    return own, tuple(line for line in lines if not any(office in line for office in all_offices))


def _ministry(table: Table, kind: str) -> Ministry:
    ministry = table.table(COPIED_OFFICES[kind])
    names = {t.text("tag").partition("-")[0]: t.text("text") for t in ministry.tables("name", needed=False)}
    return Ministry(kind, ministry.text("name_en"), names, ministry.text("confidence"), _complete_address(ministry))


def _complete_address(table: Table) -> PostalAddress | None:
    """None if it is missing, of low confidence, or lacks something, such as the postcode."""
    address = table.table("address", needed=False)
    fields = _address_fields(address) if address.values else {"lines": ()}
    complete = address.optional("complete", YES_OR_NO, True)
    return PostalAddress(**fields) if fields["lines"] and complete else None


def _crossing(table: Table, country: str) -> Crossing:
    name, names = table.text("name"), table.optional("names", TEXT_BY_NAME, {})
    source = replace(_source(table, "seen", "source"), id=f"{CROSSING_PREFIX}{country} {name}")
    return Crossing(name, names, table.read("status", one_of("open", "closed")), source)


def _source(table: Table, date_key: str, url_key: str) -> Source:
    return Source(table.text("publisher"), table.read(date_key, DATE), table.read(url_key, WEB_ADDRESS))


def _check_unique(names: list[str], table: Table) -> None:
    if double := {name for name in names if names.count(name) > 1}:
        raise table.fault(f"{min(double)} stands there twice")


def _locale(tag: str, table: Table) -> Locale:
    try:
        locale = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        raise table.fault(f"the language {tag} is unknown") from None
    if not locale.territory:
        raise table.fault(f"the language {tag} lacks a territory")
    return locale
