"""Words of the desk for what the database has as a code: in English, also in the activity log, which never changes."""

from petition.campaign.campaign import Fact
from petition.core.languages import SOURCE_LANGUAGE, Language
from petition.letters.addressees.address_book import COPY_PREFIX, CROSSING_PREFIX, AddressBook, Addressee
from petition.letters.correspondence import Stance
from petition.letters.editions.source_checks import ADDRESS_PREFIX, FACT_PREFIX
from petition.tally.rounding import UNSTATED_COUNTRY

_ENGLISH = Language(SOURCE_LANGUAGE, {})

STANCES = {
    Stance.ACKNOWLEDGED: "receipt acknowledged (no answer)",
    Stance.FORWARDED: "forwarded to another office (no answer)",
    Stance.HOLDING: "an answer will follow (no answer)",
    Stance.NO_COMPETENCE: "says it is not competent",
    Stance.SUPPORTS: "supports",
    Stance.PARTLY: "supports in part",
    Stance.REFUSES: "refuses",
}
INVALID_DAY = "Enter a date that is not in the future. If your browser shows no calendar, type it like 2026-11-22."


def country_name(code: str) -> str:
    return "Country not said" if code == UNSTATED_COUNTRY else _ENGLISH.country_name(code)


def language_name(code: str) -> str:
    return str(_ENGLISH.locale.languages.get(code, code))


def letter_name(addressee: Addressee) -> str:
    """Of one letter: with its language, if its addressee has letters in several."""
    several = addressee.key != addressee.code
    return f"{addressee.name_en} ({language_name(addressee.language)})" if several else addressee.name_en


def names_by_code(book: AddressBook) -> dict[str, str]:
    return {addressee.code: addressee.name_en for addressee in book.addressees}


def source_name(id_: str, book: AddressBook, facts: dict[str, Fact]) -> str:
    """What was left out of an edition, by the id of its source check."""
    names = names_by_code(book)
    if id_.startswith(ADDRESS_PREFIX):
        code = id_.removeprefix(ADDRESS_PREFIX)
        return f"the letter to {names.get(code, code)}"
    if id_.startswith(COPY_PREFIX):
        code, _, kind = id_.removeprefix(COPY_PREFIX).partition(" ")
        return f"{names.get(code, code)}: the copy ({kind})"
    if id_.startswith(CROSSING_PREFIX):
        return f"the crossing {id_.removeprefix(CROSSING_PREFIX)}"
    fact = facts.get(id_.removeprefix(FACT_PREFIX))
    return f"what {fact.publisher} says ({fact.as_of})" if fact else id_.removeprefix(FACT_PREFIX)
