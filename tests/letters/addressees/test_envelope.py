"""The envelope: what the post of the sending country needs, at home and abroad."""

from dataclasses import replace
from pathlib import Path

import pytest

from petition.campaign.appeal import SHIPPED_DATA
from petition.campaign.campaign import load_campaign
from petition.core.errors import DataError
from petition.letters.addressees import corrections
from petition.letters.addressees.corrections import Correction
from petition.letters.addressees.envelope import envelope_lines, lacks_latin_lines
from petition.letters.formats import pdf
from petition.letters.writing.compose import compose_letter
from tests.letters.samples import BOOK, FIGURES, MOMENT, TEXTS, appeal, pdf_text


@pytest.mark.parametrize("key", [a.key for a in BOOK.addressees])
def test_the_country_stands_on_an_envelope_only_abroad(key: str) -> None:
    addressee = BOOK.find(key)
    assert envelope_lines(addressee, "") == addressee.lines
    if addressee.address_missing:
        return
    home = addressee.country or ("FR" if key == "eu-railways" else "BE")
    assert envelope_lines(addressee, home) == addressee.lines[:-1]
    abroad = envelope_lines(addressee, "NO")
    assert abroad[: len(addressee.lines) - 1] == addressee.lines[:-1]
    assert abroad[-1].isascii()
    assert abroad[-1].isupper()


@pytest.mark.parametrize(
    ("key", "last"),
    [("CZ", "CZECHIA"), ("BE-fr", "BELGIUM"), ("FI-sv", "FINLAND"), ("eu-railways", "FRANCE"), ("SK", "SLOVAKIA")],
)
def test_the_country_is_in_english_and_in_capitals(key: str, last: str) -> None:
    assert envelope_lines(BOOK.find(key), "PL")[-1] == last


def test_an_address_in_other_letters_is_given_in_latin_ones_too() -> None:
    bulgaria = BOOK.find("BG")
    abroad = ("Ministerski savet", "bul. Dondukov 1", "1594 Sofia", "BULGARIA")
    assert envelope_lines(bulgaria, "PL") == (*bulgaria.lines[:-1], *abroad)
    assert envelope_lines(bulgaria, "BG") == bulgaria.lines[:-1]
    posted = appeal()
    posted.campaign = replace(posted.campaign, posted_from="PL")
    letter = compose_letter(posted, [TEXTS], bulgaria, FIGURES, MOMENT, "https://example.org")
    words = pdf_text(pdf.render(letter))
    assert "1594 София Ministerski savet bul. Dondukov 1 1594 Sofia BULGARIA" in words
    assert "България BULGARIA" not in words


def test_a_greek_address_is_given_in_greek_and_in_latin_letters() -> None:
    assert envelope_lines(BOOK.find("GR"), "PL") == (
        *("Μέγαρο Μαξίμου", "Ηρώδου Αττικού 19", "106 74 Αθήνα"),
        *("Proedria tis Kyvernisis", "Megaro Maximou", "Irodou Attikou 19", "106 74 Athina", "GREECE"),
    )


def test_an_address_without_latin_letters_is_told_of() -> None:
    bulgaria, greece = BOOK.find("BG"), replace(BOOK.find("GR"), lines_latin=())
    assert not lacks_latin_lines(bulgaria, "PL")
    assert lacks_latin_lines(greece, "PL")
    assert not lacks_latin_lines(greece, "GR")
    assert not lacks_latin_lines(greece, "")
    assert not lacks_latin_lines(BOOK.find("PL"), "DE")


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        (("Street 1", "Athens", "Greece"), ("Street 1", "Athens", "GREECE")),
        (("Street 1", "Athens", "Ελλάδα"), ("Street 1", "Athens", "GREECE")),
        (("Street 1", "Athens"), ("Street 1", "Athens", "GREECE")),
    ],
)
def test_a_corrected_address_has_its_country_once(typed: tuple[str, ...], printed: tuple[str, ...]) -> None:
    correction = Correction("", typed, "https://example.org", "2026-11-20")
    book = corrections.apply_corrections(BOOK, {"GR": correction})
    assert envelope_lines(book.find("GR"), "PL") == printed


def test_a_corrected_address_drops_the_latin_lines_of_the_old_one() -> None:
    correction = Correction("", ("ул. Друга 1", "София"), "https://example.org", "2026-11-20")
    bulgaria = corrections.apply_corrections(BOOK, {"BG": correction}).find("BG")
    assert envelope_lines(bulgaria, "PL") == ("ул. Друга 1", "София", "BULGARIA")
    assert lacks_latin_lines(bulgaria, "PL")


@pytest.mark.parametrize("code", ["pl", "Poland", "XX", "EU", "ZZ", ""])
def test_what_is_no_country_is_refused_in_one_sentence(tmp_path: Path, code: str) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text(f'posted_from = "{code}"\n' + (SHIPPED_DATA / "campaign.toml").read_text("utf-8"), "utf-8")
    with pytest.raises(DataError, match=r"^campaign\.toml: posted_from is not the code of a country such"):
        load_campaign(file)


def test_a_campaign_can_say_where_its_letters_are_posted(tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    file.write_text('posted_from = "PL"\n' + (SHIPPED_DATA / "campaign.toml").read_text("utf-8"), "utf-8")
    assert load_campaign(file).posted_from == "PL"
