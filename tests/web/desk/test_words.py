"""Words of the desk for codes: in the language of the person, and in English for the activity log."""

from petition.core.languages import Languages
from petition.letters.addressees.address_book import CROSSING_PREFIX
from petition.letters.correspondence import Channel, Stance
from petition.letters.editions.source_checks import ADDRESS_PREFIX
from petition.web.desk import words
from tests.letters.samples import BOOK

LANGUAGES = Languages(["en", "pl"], {})


def test_an_addressee_has_the_name_that_the_reader_knows() -> None:
    poland, commission = BOOK.find("PL"), BOOK.find("eu-commission")
    assert words.addressee_name(poland) == words.addressee_name(poland, LANGUAGES["en"]) == "Poland"
    assert words.addressee_name(poland, LANGUAGES["pl"]) == "Polska"
    assert words.addressee_name(commission, LANGUAGES["pl"]) == commission.name("pl")
    assert words.letter_name(BOOK.find("BE-nl"), LANGUAGES["pl"]) == "Belgia (niderlandzki)"
    assert words.names_by_code(BOOK, LANGUAGES["pl"])["CY"] == "Cypr"


def test_what_was_left_out_is_named_after_its_addressee() -> None:
    english = LANGUAGES["en"]
    assert words.source_name(f"{ADDRESS_PREFIX}CY", BOOK, {}, english) == "the letter to Cyprus"
    assert words.source_name(f"{CROSSING_PREFIX}x", BOOK, {}, english) == "the crossing x"
    assert "Cypr" in words.source_name(f"{ADDRESS_PREFIX}CY", BOOK, {}, LANGUAGES["pl"])


def test_every_position_and_every_channel_has_its_word() -> None:
    assert words.STANCES.keys() == set(Stance) - {Stance.NONE}
    assert words.CHANNELS.keys() == set(Channel) - {Channel.UNSTATED}
