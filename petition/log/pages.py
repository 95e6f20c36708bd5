"""The page of the log, for people: what is in it, what it proves, its newest entries, and a check of one's own file."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from petition.core.errors import LetterError
from petition.core.languages import Language
from petition.log.note_keys import name_of
from petition.log.shown import ShownLog
from petition.site import Site

NAME = "log"  # of the feature, and of its page
_DAY_OR_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\dZ)?")
_CACHE = "public, max-age=60, stale-while-revalidate=60, stale-if-error=86400"


def log_page(site: Site, language: Language, state: Any) -> dict[str, Any]:
    """`state`: a PublicState."""
    witnesses = state.appeal.campaign.witnesses
    shown: ShownLog = state.features[NAME]
    return {
        "shown": shown,
        "entries": [(place + 1, entry, _values(site, language, entry)) for place, entry in shown.last],
        "watching": [vkey for vkey in witnesses.vkeys if name_of(vkey) in shown.witnesses],
        "keys": [*shown.vkeys, *witnesses.vkeys],
    }


PAGES = {"log": ("web/public/log/log.html", _CACHE, log_page)}


def _values(site: Site, language: Language, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an entry as its sentence has them, in the language of the page."""
    values = {name: _show(language, value) for name, value in entry.items()}
    if "key" in entry:
        values["key"] = _addressee(site, language, entry["key"])
    return values


def _show(language: Language, value: Any) -> Any:
    if isinstance(value, dict | list):
        return language.format_number(len(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return language.format_number(value)
    return _show_text(language, value) if isinstance(value, str) else value


def _show_text(language: Language, text: str) -> str:
    """A day or a time in words; all else as it is."""
    if not _DAY_OR_TIME.fullmatch(text):
        return text
    moment = datetime.fromisoformat(text)
    day = language.format_date(date.fromisoformat(text[:10]))
    return f"{day}, {language.format_time(moment)}" if "T" in text else day


def _addressee(site: Site, language: Language, key: str) -> str:
    try:
        addressee = site.address_book.find(key)
        return language.country_name(addressee.country) if addressee.country else addressee.name(language.code)
    except LetterError:  # the address book has changed since then
        return key
