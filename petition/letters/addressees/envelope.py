"""The address as the post needs it where the letter is handed in (Universal Postal Union, standard S42).

At home there is no line for the country. Abroad it is the last line, in capitals, in English; an address in other
letters than Latin is given in Latin letters too.
"""

import unicodedata
from functools import cache

from babel.core import Locale, UnknownLocaleError
from babel.languages import get_official_languages

from petition.letters.addressees.address_book import Addressee


def envelope_lines(addressee: Addressee, posted_from: str) -> tuple[str, ...]:
    """The lines below title and office. As the address book has them if nobody said where letters are posted."""
    country = _country(addressee)
    if not posted_from or not country or not addressee.lines:
        return addressee.lines
    lines = _without_country(addressee, country)
    if country == posted_from:
        return lines
    return (*lines, *addressee.lines_latin, _english_countries()[country].upper())


def lacks_latin_lines(addressee: Addressee, posted_from: str) -> bool:
    """True if the address is in other letters than Latin alone, and the letter is posted in another country."""
    abroad = posted_from not in ("", _country(addressee))
    return abroad and not addressee.lines_latin and not all(map(_is_latin, addressee.lines))


def _country(addressee: Addressee) -> str:
    """Of an institution, the country that the last line names in English; empty if it names none."""
    codes = {name: code for code, name in _english_countries().items()}
    return addressee.country or codes.get("".join(addressee.lines[-1:]), "")


def _without_country(addressee: Addressee, country: str) -> tuple[str, ...]:
    *lines, last = addressee.lines
    known = addressee.country_names | _names(country)
    return tuple(lines) if all(part.strip() in known for part in last.split("/")) else addressee.lines


@cache
def _names(country: str) -> frozenset[str]:
    """What the country is called in English, in French and in its own languages."""
    return frozenset(_name(country, language) for language in ("en", "fr", *get_official_languages(country)))


def _name(country: str, language: str) -> str:
    try:
        return str(Locale.parse(language).territories.get(country, ""))
    except UnknownLocaleError:
        return ""


@cache
def _english_countries() -> dict[str, str]:
    return dict(Locale("en").territories)


def _is_latin(line: str) -> bool:
    return all(unicodedata.name(letter, "").startswith("LATIN ") for letter in line if letter.isalpha())
