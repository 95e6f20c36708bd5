"""The countries of the world in one language: their names, and in which order a form offers them."""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

from babel import Locale

from petition.core import collation

Country = tuple[str, str]  # code and name
EU_STATES = {
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
}
# CLDR territories that are not countries of ISO 3166-1. Kosovo (XK) is not here: people live there and must find it.
_NOT_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"}
UNINHABITED = {"AQ", "BV", "GS", "HM", "IO", "TF", "UM"}  # at most a station or a base: nobody lives there
# Where in Europe a language is official (CLDR). In Belarus a signature is a crime: for Belarusian and Russian, the
# countries to which most people have left; for Ukrainian, those too.
_OWN = {
    "be": ("CZ", "DE", "EE", "GE", "LT", "LV", "PL", "UA"),
    "bg": ("BG",),
    "cs": ("CZ",),
    "da": ("DK",),
    "de": ("AT", "BE", "CH", "DE", "LI", "LU"),
    "el": ("CY", "GR"),
    "en": ("GB", "IE", "MT"),
    "es": ("ES",),
    "et": ("EE",),
    "fi": ("FI",),
    "fr": ("BE", "CH", "FR", "LU", "MC"),
    "ga": ("IE",),
    "hr": ("BA", "HR"),
    "hu": ("HU",),
    "it": ("CH", "IT", "SM", "VA"),
    "lt": ("LT",),
    "lv": ("LV",),
    "mt": ("MT",),
    "nl": ("BE", "NL"),
    "pl": ("PL",),
    "pt": ("PT",),
    "ro": ("MD", "RO"),
    "ru": ("CZ", "DE", "EE", "GE", "LT", "LV", "PL", "UA"),
    "sk": ("SK",),
    "sl": ("SI",),
    "sv": ("AX", "FI", "SE"),
    "uk": ("CZ", "DE", "PL", "UA"),
}


class Group(StrEnum):
    """Where a form offers a country; the order is that of the form."""

    OWN = "own"
    EU = "eu"
    OTHER = "other"


def is_country(code: str, locale: Locale) -> bool:
    """Whether it is a code of ISO 3166-1, be the country inhabited or not, or that of Kosovo."""
    return len(code) == 2 and code.isalpha() and code in locale.territories and code not in _NOT_COUNTRIES


def country_name(code: str, locale: Locale) -> str:
    """The name as it stands in a list: without the article of Irish or Maltese, which half of the names have."""
    without_article = _WITHOUT_ARTICLE.get(locale.language, str)
    return without_article(str(locale.territories.get(code, code)))


def inhabited_countries(locale: Locale) -> list[Country]:
    """In alphabetical order of the language."""
    sort_key = collation.sort_key(locale.language)
    codes = (code for code in map(str, locale.territories) if is_country(code, locale) and code not in UNINHABITED)
    countries = ((code, country_name(code, locale)) for code in codes)
    return sorted(countries, key=lambda country: sort_key(country[1]))


def group_countries(language: str, countries: Iterable[Country]) -> list[tuple[Group, list[Country]]]:
    """Each country once: those of the language, the other states of the EU, the rest. The order inside stays."""
    groups: dict[Group, list[Country]] = {group: [] for group in Group}
    own = _OWN.get(language, ())
    for code, name in countries:
        group = Group.OWN if code in own else Group.EU if code in EU_STATES else Group.OTHER
        groups[group].append((code, name))
    return list(groups.items())


def _without_irish_article(name: str) -> str:
    """An article changes the first letter: an Ghearmáin is Gearmáin, an tSeicia is Seicia, na hOileáin are Oileáin."""
    singular = re.sub(r"(?:^|(?<=agus ))[Aa]n (?:t(?=S)|([BCFGMP])h|)", r"\1", name)
    return re.sub(r"^[Nn]a h?", "", singular)


def _without_maltese_article(name: str) -> str:
    """An I before two consonants comes with the article: l-Istati Uniti are Stati Uniti."""
    bare = re.sub(r"^(?:[Ll]-(?:I(?=st|żv))?|[Ii][ċdlnrstxżz]-)", "", name)
    return bare[:1].upper() + bare[1:]


_WITHOUT_ARTICLE: dict[str, Callable[[str], str]] = {"ga": _without_irish_article, "mt": _without_maltese_article}
