"""Numbers, days and plurals as one language writes them (Babel), and what its sentences need beyond that.

CLDR has a month's name only as it is in a date that stands alone. A text can add other grammatical cases.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel import dates
from babel.core import Locale

from petition.campaign.campaign import Placeholder
from petition.core import formats
from petition.letters.addressees.address_book import Source


@dataclass(frozen=True, slots=True)
class Formatter:
    """Writes numbers and days in one language of one territory. `months`: twelve names for each case.

    `dates` can have `pattern` (a day in CLDR's notation), and `from` and `to` (the words of a range of days; without
    them it has a dash).
    """

    locale: Locale
    dates: Mapping[str, str]
    months: Mapping[str, Sequence[str]]

    def number(self, n: int) -> str:
        return formats.format_number(n, self.locale)

    def day(self, value: date | Placeholder | str, case: str = "") -> str:
        """A day in words; of `2025-11` or `2017` only the month or year. A placeholder stays as it is."""
        if isinstance(value, Placeholder):
            return value
        if isinstance(value, date):
            return str(dates.format_date(value, self._date_pattern(value, case), locale=self.locale))
        if len(value) == 4:
            return value
        if len(value) == 7:
            month = date.fromisoformat(f"{value}-01")
            return str(dates.format_skeleton("yMMMM", month, locale=self.locale))
        return self.day(date.fromisoformat(value), case)

    def source_dates(self, source: Source, case: str = "") -> str:
        """The day of a source, or its first and last day."""
        if not source.start:
            return self.day(source.date, case)
        if source.start[:7] != source.date[:7]:
            return self._range(self.day(source.start, case), self.day(source.date, case))
        start, end = (date.fromisoformat(text) for text in (source.start, source.date))
        first_day = formats.first_of_month(start, self.locale) or str(start.day)
        if "from" in self.dates:
            return self._range(first_day, self.day(end, case))
        pattern = _range_pattern(first_day, self._date_pattern(end, case))
        return str(dates.format_date(end, pattern, locale=self.locale))

    def plural(self, n: int, **forms: str) -> str:
        """The form that the language's plural rule chooses for n (one, few, many, zero …), else `other`."""
        return forms.get(self.locale.plural_form(n)) or forms["other"]

    def _range(self, first: str, last: str) -> str:
        return f"{self.dates.get('from', '')} {first} {self.dates.get('to', '–')} {last}".strip()

    def _date_pattern(self, day: date, case: str) -> str:
        pattern = formats.date_pattern(day, self.locale, self.dates.get("pattern", ""))
        if case not in self.months:
            return pattern
        return pattern.replace("MMMM", f"'{self.months[case][day.month - 1]}'")


def _range_pattern(first_day: str, pattern: str) -> str:
    """Turns the pattern of one day into one that starts at `first_day`: `d. MMMM` becomes `12.–d. MMMM`.

    CLDR's own date ranges have only short names of months.
    """
    day_fields = re.compile(r"('[^']*')|(d+)(\.?)")
    return day_fields.sub(lambda m: m[1] or f"'{first_day}{m[3]}–'{m[0]}", pattern)
