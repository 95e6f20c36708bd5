"""What the address book says about its own certainty: how sure it is of a value, when checked, and where seen."""

from collections.abc import Iterator
from datetime import date

from petition.core.toml_tables import TEXT, Kind, Table, one_of


def check_evidence(book: Table) -> None:
    """Raises DataError if a confidence, a month or a source in it is none."""
    for table in _tables_in(book):
        _check_table(table)


def _tables_in(table: Table) -> Iterator[Table]:
    """This table and every table inside it."""
    yield table
    for name, value in table.values.items():
        if isinstance(value, dict):
            yield from _tables_in(table.table(name))
        elif isinstance(value, list) and any(isinstance(row, dict) for row in value):
            for row in table.tables(name):
                yield from _tables_in(row)


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value + "-01-01"[len(value) - 4 :] if len(value) in (4, 7) else value)
    except ValueError:
        return False
    return True


DATE: Kind[str] = Kind("a year, a month or a day, such as 2025-11", lambda value: TEXT.fits(value) and _is_date(value))
_MONTH: Kind[str] = Kind("a month such as 2026-11", lambda value: DATE.fits(value) and len(value) == 7)
WEB_ADDRESS: Kind[str] = Kind("a web address", lambda v: TEXT.fits(v) and v.startswith(("http://", "https://")))
_SEEN: Kind[object] = Kind("a text or a list", lambda value: isinstance(value, str | list) and value != [])
_EVIDENCE = {"confidence": one_of("high", "medium", "low"), "checked": _MONTH, "source": _SEEN}


def _check_table(table: Table) -> None:
    """Checks every field whose name ends in confidence, checked or source, such as `salutation_source`."""
    for name in table.values:
        for ending, kind in _EVIDENCE.items():
            if name.endswith(ending):
                table.read(name, kind)
