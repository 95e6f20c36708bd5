"""Addresses as people paste them: what is certainly no part of the address goes, the rest stays."""

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.campaign.appeal import SHIPPED_DATA
from petition.core.email_addresses import EmailProviders
from petition.core.pasted_addresses import clean_address

MAILBOXES = EmailProviders(SHIPPED_DATA / "mailboxes.toml")
many = examples(max_examples=150, deadline=None)
ADDRESSES = st.sampled_from(["anna@example.org", "Anna.Nowak+x@Example.ORG", "o'neill@example.org", "a_b-c@пошта.бел"])
MARKS = "\u00ad\u061c\u200b\u200e\u200f\u202a\u202c\u202e\u2060\u2066\u2069\ufeff"


@pytest.mark.parametrize(
    "text",
    [
        "<anna@example.org>",
        "Anna Nowak <anna@example.org>",
        '"Nowak, Anna" <anna@example.org>;',
        "Anna<anna@example.org>, ",
        "mailto:anna@example.org",
        "MAILTO:anna@example.org?subject=Hello",
        "<mailto:anna@example.org>",
        "mailto: anna@example.org",
        "anna@example.org.",
        "anna@example.org,",
        "anna@example.org;",
        "anna@example.org…",
        "(anna@example.org)",
        "[anna@example.org].",
        '"anna@example.org"',
        "'anna@example.org'",
        "\u201eanna@example.org\u201c",
        "\u201canna@example.org\u201d",
        "\u00abanna@example.org\u00bb",
        "anna@example.org>",
        "<anna@example.org",
        "\u00a0 anna@example.org \u202f",
        "anna  @  example.org",
        "anna\uff20example.org",
        "an\u200bna@exam\u00adple.org",
        "\u202aanna@example.org\u202c",
        "\ufeffanna@example.org\u200d",
    ],
)
def test_what_is_certain_is_cleaned(text: str) -> None:
    assert clean_address(text) == "anna@example.org"


@pytest.mark.parametrize("apostrophe", ["\u2019", "\u2018", "\u02bc", "\uff07", "'"])
def test_a_curly_apostrophe_is_a_plain_one(apostrophe: str) -> None:
    assert clean_address(f"o{apostrophe}neill@example.org") == "o'neill@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "anna@example.org, boris@example.org",
        "anna@example.org boris@example.org",
        "anna@example.org <boris@example.org>",
        "anna@example.org\r\nBcc: boris@example.org",
        "anna nowak@example.org",
        "anna@example. org",
        "Anna. anna@example.org",
        "anna@exam\nple.org",
        "anna\r\n@example.org",
        "write to anna@example.org",
        '"anna nowak"@example.org',
        "anna(work)@example.org",
        "анна@example.org",
        "anna",
        "<>",
        "mailto:",
    ],
)
def test_what_is_not_certain_is_not_made_an_address(text: str) -> None:
    assert MAILBOXES.parse(clean_address(text)) is None


@many
@given(ADDRESSES, st.data())
def test_layers_around_an_address_go(address: str, data: st.DataObject) -> None:
    text = address
    for _ in range(data.draw(st.integers(0, 4))):
        layer = data.draw(
            st.sampled_from(["<{}>", "({})", "[{}]", '"{}"', "'{}'", " {} ", "{}.", "{},", "mailto:{}", "Anna <{}>"])
        )
        text = layer.format(text)
    assert clean_address(text) == address


@many
@given(ADDRESSES, st.data())
def test_invisible_marks_go_wherever_they_are(address: str, data: st.DataObject) -> None:
    text = "".join(letter + data.draw(st.text(MARKS, max_size=2)) for letter in address)
    assert clean_address(text) == address


@many
@given(st.text(max_size=60) | st.text("an@.,;<>()[]{}'\" \u200b\u00a0\uff20mailto:", max_size=30))
def test_cleaning_is_final_and_adds_nothing(text: str) -> None:
    cleaned = clean_address(text)
    assert clean_address(cleaned) == cleaned
    assert len(cleaned) <= len(text)


@many
@given(st.emails())
def test_an_address_is_left_as_it_is(address: str) -> None:
    if MAILBOXES.parse(address) is not None:
        assert MAILBOXES.parse(clean_address(address)) == MAILBOXES.parse(address)


def test_joiners_stay_in_a_domain_that_may_need_them() -> None:
    assert clean_address("anna@نامه\u200cای.example") == "anna@نامه\u200cای.example"
