"""How old the page is on which an address was seen. The address book says it in words, such as "about 2018-2021"."""

import re

from petition.core.toml_tables import TEXT, Kind, Table

_DATE_IN_WORDS = re.compile(r"\b[12]\d{3}(-(0[1-9]|1[0-2]))?\b")
_DATED_WORDS: Kind[str] = Kind(
    "a text with a year", lambda value: TEXT.fits(value) and bool(_DATE_IN_WORDS.search(value))
)


def source_date(table: Table) -> str:
    """The earliest year or month in `source_date`; empty if the age of the page is not known."""
    found = _DATE_IN_WORDS.search(table.optional("source_date", _DATED_WORDS, ""))
    return found[0] if found else ""
