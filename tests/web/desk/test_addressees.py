"""The addressee book at the desk: an address that an admin has checked is printed, and is no longer a stale source."""

from dataclasses import replace

import pytest

from petition.letters.addressees.address_book import Channels
from petition.letters.editions import source_checks
from petition.site import Site
from tests.conftest import Clock, Visitor
from tests.letters.samples import pdf_text
from tests.web.tools import Html, on_sqlite

TYPED = {
    "office": "Presidential Palace",
    "lines": "Example Street 1\r\n\r\n 1000 Nicosia \r\nCyprus",
    "source": "https://government.example/contact",
    "checked": "2026-11-20",
    "note": "by telephone",
}
WRONG = [
    ("office", "x" * 101),
    ("office", "a\x00b"),
    ("lines", "\n".join("abcdefghi")),
    ("lines", "x" * 101),
    ("lines", "a\x1bb"),
    ("source", "javascript:alert(1)"),
    ("source", ""),
    ("checked", ""),
    ("checked", "2026-11-23"),
    ("checked", "soon"),
    ("note", "x" * 501),
]


async def _unchecked(site: Site) -> set[str]:
    async with site.database.reading() as c:
        draft = await site.current_draft(c)
        return {source.id for source in await source_checks.unchecked_sources(c, draft)}


async def test_an_address_that_was_looked_up_is_printed_and_doubted_no_more(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("ada", "admin")
    assert "no address that may be printed" in Html((await visitor.get("/organisers/book/CY")).text).text
    assert "address:CY" in await _unchecked(visitor.site)
    answer = await visitor.post("/organisers/book/CY", **TYPED)
    assert (answer.status_code, answer.headers["location"]) == (303, "/organisers/letters")
    words = pdf_text((await visitor.get("/organisers/letters/CY.pdf")).content)
    assert "Presidential Palace Example Street 1 1000 Nicosia Cyprus" in words
    assert "address:CY" not in await _unchecked(visitor.site)
    fields = Html((await visitor.get("/organisers/book/CY")).text).fields()
    assert fields["lines"] == "Example Street 1\n1000 Nicosia\nCyprus"
    assert {name: fields[name] for name in TYPED if name != "lines"} == {n: v for n, v in TYPED.items() if n != "lines"}
    assert "corrected an address Cyprus" in Html((await visitor.get("/organisers/record")).text).text

    time.advance(days=91)
    assert "address:CY" in await _unchecked(visitor.site), "what was seen is old by now"
    await visitor.organiser("ada2", "admin")
    await visitor.post("/organisers/book/CY", back="on")
    assert "Presidential" not in pdf_text((await visitor.get("/organisers/letters/CY.pdf")).content)
    assert "took back an address Cyprus" in Html((await visitor.get("/organisers/record")).text).text


@on_sqlite
async def test_an_address_can_be_taken_out(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("ada", "admin")
    await visitor.post("/organisers/book/PL", checked="2026-11-22")
    listed = Html((await visitor.get("/organisers/letters")).text).text
    assert "Poland PL.pdf · docx · txt · short text for web forms · read none address missing" in listed
    assert "address:PL" in await _unchecked(visitor.site)


@on_sqlite
@pytest.mark.parametrize(("field", "value"), WRONG)
async def test_what_is_no_address_is_said_beside_its_field(
    field: str, value: str, time: Clock, visitor: Visitor
) -> None:
    await visitor.organiser("ada", "admin")
    answer = await visitor.post("/organisers/book/CY", **TYPED | {field: value})
    assert answer.status_code == 422
    page = Html(answer.text)
    assert page.error(field)
    kept = page.fields()
    assert kept["office" if field != "office" else "note"] == TYPED["office" if field != "office" else "note"]
    assert "address:CY" in await _unchecked(visitor.site)


@on_sqlite
async def test_other_ways_than_the_post_stand_beside_the_address(visitor: Visitor) -> None:
    site = visitor.site
    channels = Channels("kanzler@example.org", "https://example.org/form", 2000, "a page", "2026-11")
    austria = replace(site.address_book.find("AT"), channels=channels)
    others = tuple(a for a in site.address_book.addressees if a.key != "AT")
    vars(site)["address_book"] = replace(site.address_book, addressees=(austria, *others))
    await visitor.organiser("ada", "admin")
    listed = Html((await visitor.get("/organisers/letters")).text).text
    assert "kanzler@example.org · web form (2000 characters)" in listed
    shown = Html((await visitor.get("/organisers/book/AT")).text).text
    assert "Email: kanzler@example.org" in shown
    assert "Web form, 2000 characters at most" in shown


@on_sqlite
async def test_only_addressees_have_an_address(visitor: Visitor) -> None:
    await visitor.organiser("ada", "admin")
    assert (await visitor.get("/organisers/book/XX")).status_code == 404
