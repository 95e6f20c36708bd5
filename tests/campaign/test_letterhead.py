"""The table `correspondence` of campaign.toml: what it says, what it lacks, and one sentence for what is wrong."""

from datetime import date
from pathlib import Path

import pytest

from petition.campaign.appeal import SHIPPED_DATA
from petition.campaign.campaign import Campaign, load_campaign
from petition.core.errors import DataError

TODAY = date(2026, 12, 1)
FULL = """
[correspondence]
address = ["1 Example Street", "1000 Exampletown", "EXAMPLELAND"]
email = "answers@example.org"
phone = "+32 (0)2 000 00 00"
signatory = "Adele Example"
function = "Chair"
place = "Exampletown"
register = "EU Transparency Register 000000000000-00"
"""


def _loaded(folder: Path, correspondence: str) -> Campaign:
    file = folder / "campaign.toml"
    file.write_text((SHIPPED_DATA / "campaign.toml").read_text("utf-8") + correspondence, "utf-8")
    return load_campaign(file)


def test_each_line_may_be_missing_and_is_then_named(tmp_path: Path) -> None:
    names = ["address", "email", "phone", "signatory", "function", "place", "answer_by"]
    assert _loaded(tmp_path, "").letterhead.missing() == names
    assert _loaded(tmp_path, FULL).letterhead.missing() == ["answer_by"]
    assert _loaded(tmp_path, FULL + "answer_days = 30\n").letterhead.missing() == []


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("", None),
        ("answer_by = 2027-01-15", date(2027, 1, 15)),
        ("answer_by = 2026-12-01", None),
        ("answer_days = 31", date(2027, 1, 1)),
    ],
)
def test_no_letter_asks_for_an_answer_by_a_day_that_is_over(line: str, day: date | None, tmp_path: Path) -> None:
    assert _loaded(tmp_path, f"{FULL}{line}\n").letterhead.answer_day(TODAY) == day


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("address = []", "address is not a list of one to four lines of a postal address"),
        ('address = ["https://example.org"]', "address is not a list of one to four lines"),
        (f'address = ["{"x" * 46}"]', "45 characters at most in each, without a web address"),
        ('email = "call us"', "email is not an email address"),
        ('email = "data@example.org"', "email is the contact for questions about personal data"),
        ('phone = "02 000 00 00"', "phone is not a telephone number that begins with +"),
        ('signatory = "a\\nb"', "signatory is not a text of one line, 60 characters at most"),
        ('function = "Chair"', "function is there and signatory is not"),
        ("place = 5", "place is not a text of one line, 45 characters at most"),
        ("answer_by = 'soon'", "answer_by is not a day such as"),
        ("answer_days = 0", "answer_days is not a number of days from 1 to 365"),
        ("answer_days = 9\nanswer_by = 2027-01-01", "answer_by and answer_days are both there"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(line: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "campaign.toml"
    shipped = (SHIPPED_DATA / "campaign.toml").read_text("utf-8")
    contact = 'contact = "PLACEHOLDER the contact: an e-mail address for questions about personal data"'
    assert contact in shipped
    text = shipped.replace(contact, 'contact = "data@example.org"')
    file.write_text(f"{text}\n[correspondence]\n{line}\n", "utf-8")
    with pytest.raises(DataError) as refused:
        load_campaign(file)
    assert str(refused.value).startswith("campaign.toml, correspondence: ")
    assert sentence in str(refused.value)
    assert str(refused.value).endswith(".")


def test_a_placeholder_keeps_production_from_starting(tmp_path: Path) -> None:
    loaded = _loaded(tmp_path, FULL.replace("Adele Example", "PLACEHOLDER who signs"))
    assert "correspondence.signatory" in loaded.placeholders()
