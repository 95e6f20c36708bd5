"""Preflight: reads every text of the campaign and composes every letter once, before the server starts.

A file that cannot be used keeps the server from starting, instead of breaking a visitor's page.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from babel.core import UnknownLocaleError

from petition.campaign.appeal import Appeal
from petition.core import clock
from petition.core.email_addresses import EmailProviders
from petition.core.errors import DataError
from petition.core.languages import Language, offered_languages
from petition.letters.addressees import reader
from petition.letters.addressees.address_book import AddressBook, Addressee
from petition.letters.writing import compose
from petition.letters.writing.compose import FALLBACK_LANGUAGE
from petition.letters.writing.document import Figures
from petition.letters.writing.texts import find_text
from petition.protection.networks import Networks

_AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
_FULL_FIGURES = Figures(as_of=_AS_OF, confirmed=1230, country=120, named=20, named_outside_eu=True)
_NO_FIGURES = replace(_FULL_FIGURES, confirmed=0, country=None, named=None, named_outside_eu=False)


def check_texts(appeal: Appeal) -> None:
    """Reads every file that pages and letters are made of. Raises DataError, which names the file."""
    EmailProviders(appeal.data_file("mailboxes.toml"))
    Networks(appeal.data_file("networks.toml"))
    codes = offered_languages(appeal.languages())
    if not codes:
        raise DataError("The campaign has no text in any language: appeal/en.md would be one.")
    for code in codes:
        appeal.get_text(_language(code))
    book = reader.load_address_book(appeal.data_file("governments.toml"))
    for day in _days_to_check(appeal):
        _compose_letters(appeal, book, _noon(appeal, day))


def _noon(appeal: Appeal, day: date) -> datetime:
    return datetime.combine(day, time(12), appeal.campaign.zone).astimezone(UTC)


def _language(code: str) -> Language:
    try:
        return Language(code, {})
    except (ValueError, UnknownLocaleError):
        raise DataError(f"appeal/{code}.md is not named after a language.") from None


def missing_letters(appeal: Appeal) -> list[str]:
    """Keys of the addressees for whom the campaign has no text of a letter."""
    book = reader.load_address_book(appeal.data_file("governments.toml"))
    return [addressee.key for addressee in book.addressees if not _has_text(appeal, addressee)]


def _days_to_check(appeal: Appeal) -> Iterator[date]:
    """One day, today or later, of each state of the campaign that allows letters, if its date is known."""
    dates, today = appeal.campaign, appeal.campaign.day(clock.now())
    days = [today, dates.opens, dates.met]
    days += [dates.deadline + timedelta(1)] if isinstance(dates.deadline, date) else []
    states = {appeal.campaign_state(_noon(appeal, day)): day for day in days if isinstance(day, date) and day >= today}
    return (day for state, day in states.items() if state.allows_letters)


def _compose_letters(appeal: Appeal, book: AddressBook, now: datetime) -> None:
    for addressee in book.addressees:
        for figures in (_FULL_FIGURES, _NO_FIGURES) if _has_text(appeal, addressee) else ():
            compose.compose_letter(appeal, _letter_folders(appeal), addressee, figures, now, "https://example.org")


def _has_text(appeal: Appeal, addressee: Addressee) -> bool:
    texts = (find_text(_letter_folders(appeal), language) for language in (addressee.language, FALLBACK_LANGUAGE))
    return any(text is not None and addressee.role in text.roles for text in texts)


def _letter_folders(appeal: Appeal) -> list[Path]:
    return [folder / "letters" for folder in appeal.text_folders]
