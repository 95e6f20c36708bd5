"""Safety: a page for a frightened person, and thanks that begin with it where signing is dangerous."""

from functools import partial
from pathlib import Path

import pytest

from petition.letters import correspondence
from tests.conftest import Clock, Visit, Visitor
from tests.web.http.test_pages import whole
from tests.web.public.test_governments import ANSWERS
from tests.web.tools import Html, campaign, on_sqlite

ONION = "http://" + "p" * 55 + "d.onion"


def _place(page: Html, *, tag: str, **attributes: str) -> int:
    """Where such a tag stands first below the header."""
    begin = next(n for n, (name, _) in enumerate(page.tags) if name == "main")
    tags = list(enumerate(page.tags))[begin:]
    return next(n for n, (name, a) in tags if name == tag and attributes.items() <= a.items())


@on_sqlite
async def test_the_page_names_each_case_and_what_helps(visitor: Visitor) -> None:
    page = whole(await visitor.get("/en/safety"), "en")
    for words in (
        "Belarus Use Tor Browser",
        "EU or Switzerland",
        "empty the bin",
        "“In Belarus, or I prefer not to say”",
        "no name is printed",
        "back button",
        "employer",
        "no shame in that",
    ):
        assert words in page.text, words
    for path in ("privacy", "check-inbox", "thanks"):
        linked = Html((await visitor.get(f"/en/{path}")).text).all("a")
        assert "/en/safety" in [a["href"] for a in linked], path


@on_sqlite
async def test_the_onion_address_can_be_read_where_there_is_one(visitor: Visitor, visit: Visit) -> None:
    assert ".onion" not in (await visitor.get("/en/safety")).text
    there: Visitor = await visit(onion_url=ONION)
    page = Html((await there.get("/en/safety")).text)
    assert ONION in page.text
    assert f"{ONION}/en/" in [a["href"] for a in page.all("a")]


@on_sqlite
@pytest.mark.speaks("ru")
@pytest.mark.parametrize(
    ("address", "careful"),
    [
        ("en/thanks?country=ZZ", True),
        ("be/thanks?country=LT", True),
        ("ru/thanks?country=DE", True),
        ("en/thanks?country=LT", False),
        ("pl/thanks?country=PL", False),
    ],
)
async def test_where_signing_is_dangerous_safety_comes_before_passing_it_on(
    address: str, careful: bool, visitor: Visitor
) -> None:
    page = Html((await visitor.get(f"/{address}")).text)
    safety, shared = _place(page, tag="a", href=f"/{address[:2]}/safety"), _place(page, tag="ul", **{"class": "share"})
    assert (safety < shared) is careful
    folded = [n for n, (tag, _) in enumerate(page.tags) if tag == "details" and n < shared and n > safety]
    assert bool(folded) is careful


@on_sqlite
async def test_the_thanks_lead_on_to_what_the_government_has_answered(
    time: Clock, visit: Visit, tmp_path: Path
) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign"))
    for key, entry in ANSWERS.items():
        await visitor.site.database.write(partial(correspondence.save_entry, code=key, entry=entry))
    await visitor.app.state.public_state.refresh()
    pages = {c: Html((await visitor.get(f"/en/thanks?country={c}")).text) for c in ("PL", "LT", "AT", "US", "ZZ")}
    for country, words in {
        "PL": "1 November 2026 · PL-1 Answer Supports the demand, 21 November 2026",
        "LT": "1 October 2026 Answer Receipt acknowledged",
        "AT": "No letter sent yet",
    }.items():
        assert words in pages[country].text, country
    hrefs = {country: {a["href"] for a in page.all("a")} for country, page in pages.items()}
    assert {"/en/governments#PL", "/en/letters/PL-1"} <= hrefs["PL"]
    for country in ("US", "ZZ"):
        assert "Your government" not in pages[country].text
        assert "/en/governments" in hrefs[country]


@on_sqlite
async def test_the_thanks_load_nothing_that_other_pages_do_not(visitor: Visitor) -> None:
    """Else an internet provider could tell by the files that follow that somebody has just confirmed."""
    page = Html((await visitor.get("/en/thanks?country=PL")).text)
    assert page.all("img") == []
    assert "/en/share.png" in [a["href"] for a in page.all("a")]
