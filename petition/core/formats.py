"""Numbers and days as the readers of a language write them: Babel, and what Babel lacks."""

import re
from datetime import date, datetime

from babel import Locale, dates, numbers

# CLDR 48, minimumGroupingDigits is 2: 4649 stands together, 46 490 does not. Babel reads no such data.
_FOUR_DIGITS_TOGETHER = frozenset(("be", "bg", "es", "et", "hu", "it", "lv", "pl", "pt", "sl"))
# Long dates in running text, where CLDR's own is for a date that stands alone or breaks at the end of a line.
_LONG_DATES = {"pl": "d MMMM y\u00a0'r.'"}
_FIRST_OF_MONTH = {"el": "1η", "fr": "1er", "it": "1º"}  # in other languages it is written as 1


def format_number(n: int, locale: Locale) -> str:
    grouped = abs(n) > 9999 or locale.language not in _FOUR_DIGITS_TOGETHER
    return str(numbers.format_decimal(n, locale=locale, group_separator=grouped))


def format_percent(share: float, locale: Locale) -> str:
    """A share of 1, with one decimal at most."""
    return str(numbers.format_percent(round(share, 3), locale=locale, decimal_quantization=False))


def format_date(day: date, locale: Locale) -> str:
    """The month is written as a word."""
    return str(dates.format_date(day, format=date_pattern(day, locale), locale=locale))


def format_time(moment: datetime, locale: Locale) -> str:
    """Hours from 0 to 23 and minutes, with the sign of the language between them."""
    return moment.strftime(f"%H{locale.number_symbols['latn'].get('timeSeparator', ':')}%M")


def date_pattern(day: date, locale: Locale, pattern: str = "") -> str:
    """The pattern of a long date in the notation of CLDR, or `pattern`, with the ordinal of the first of a month."""
    pattern = pattern or _LONG_DATES.get(locale.language) or str(locale.date_formats["long"].pattern)
    return re.sub(r"\bd\b", f"'{first}'", pattern) if (first := first_of_month(day, locale)) else pattern


def first_of_month(day: date, locale: Locale) -> str:
    """How the first day of a month is written if not as 1; empty on any other day."""
    return _FIRST_OF_MONTH.get(locale.language, "") if day.day == 1 else ""
