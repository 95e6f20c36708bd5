"""Words of the desk for what the database has as a code.

Without a language they are English, as in the activity log, which never changes.
"""

from petition.campaign.campaign import Fact
from petition.core.languages import N_, SOURCE_LANGUAGE, Language
from petition.letters.addressees.address_book import COPY_PREFIX, CROSSING_PREFIX, AddressBook, Addressee
from petition.letters.correspondence import Channel, Stance
from petition.letters.editions.source_checks import ADDRESS_PREFIX, FACT_PREFIX
from petition.tally.rounding import UNSTATED_COUNTRY

_ENGLISH = Language(SOURCE_LANGUAGE, {})

STANCES = {
    Stance.ACKNOWLEDGED: N_("receipt acknowledged (no answer)"),
    Stance.FORWARDED: N_("forwarded to another office (no answer)"),
    Stance.HOLDING: N_("an answer will follow (no answer)"),
    Stance.NO_COMPETENCE: N_("says it is not competent"),
    Stance.SUPPORTS: N_("supports"),
    Stance.PARTLY: N_("supports in part"),
    Stance.REFUSES: N_("refuses"),
}
CHANNELS = {
    Channel.POST: N_("post"),
    Channel.REGISTERED: N_("registered"),
    Channel.EMAIL: N_("email"),
    Channel.IN_PERSON: N_("in person"),
    Channel.WEB_FORM: N_("web form"),
}
INVALID_DAY = N_("Enter a date that is not in the future. If your browser shows no calendar, type it like 2026-11-22.")


def country_name(code: str, language: Language = _ENGLISH) -> str:
    return language.translate(N_("Country not said")) if code == UNSTATED_COUNTRY else language.country_name(code)


def language_name(code: str, language: Language = _ENGLISH) -> str:
    return str(language.locale.languages.get(code, code))


def addressee_name(addressee: Addressee, language: Language = _ENGLISH) -> str:
    """English has the names of the address book; another language its own name of the country."""
    if language.code == SOURCE_LANGUAGE:
        return addressee.name_en
    return language.country_name(addressee.country) if addressee.country else addressee.name(language.code)


def letter_name(addressee: Addressee, language: Language = _ENGLISH) -> str:
    """Of one letter: with its language, if its addressee has letters in several."""
    name = addressee_name(addressee, language)
    return f"{name} ({language_name(addressee.language, language)})" if addressee.key != addressee.code else name


def names_by_code(book: AddressBook, language: Language = _ENGLISH) -> dict[str, str]:
    return {addressee.code: addressee_name(addressee, language) for addressee in book.addressees}


def source_name(id_: str, book: AddressBook, facts: dict[str, Fact], language: Language) -> str:
    """What was left out of an edition, by the id of its source check."""
    if id_.startswith(ADDRESS_PREFIX):
        name = _name_of_code(id_.removeprefix(ADDRESS_PREFIX), book, language)
        return language.translate(N_("the letter to %(name)s"), name=name)
    if id_.startswith(COPY_PREFIX):
        code, _, kind = id_.removeprefix(COPY_PREFIX).partition(" ")
        name = _name_of_code(code, book, language)
        return language.translate(N_("%(name)s: the copy (%(kind)s)"), name=name, kind=kind)
    if id_.startswith(CROSSING_PREFIX):
        return language.translate(N_("the crossing %(name)s"), name=id_.removeprefix(CROSSING_PREFIX))
    fact = facts.get(id_.removeprefix(FACT_PREFIX))
    if fact is None:
        return id_.removeprefix(FACT_PREFIX)
    return language.translate(N_("what %(publisher)s says (%(day)s)"), publisher=fact.publisher, day=fact.as_of)


def _name_of_code(code: str, book: AddressBook, language: Language) -> str:
    return names_by_code(book, language).get(code, code)
