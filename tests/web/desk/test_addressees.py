"""The addressee book at the desk: an address that an admin has checked is printed, and is no longer a stale source."""

import pytest

from petition.letters.editions import source_checks
from petition.site import Site
from tests.conftest import Clock, Visitor
from tests.letters.samples import pdf_text
from tests.web.tools import Html, on_sqlite

TYPED = {
    "office": "Maximos Mansion",
    "lines": "Example Street 1\r\n\r\n 106 74 Athens \r\nGreece",
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
    assert "no address that may be printed" in Html((await visitor.get("/organisers/book/GR")).text).text
    assert "address:GR" in await _unchecked(visitor.site)
    answer = await visitor.post("/organisers/book/GR", **TYPED)
    assert (answer.status_code, answer.headers["location"]) == (303, "/organisers/letters")
    words = pdf_text((await visitor.get("/organisers/letters/GR.pdf")).content)
    assert "Maximos Mansion Example Street 1 106 74 Athens Greece" in words
    assert "address:GR" not in await _unchecked(visitor.site)
    fields = Html((await visitor.get("/organisers/book/GR")).text).fields()
    assert fields["lines"] == "Example Street 1\n106 74 Athens\nGreece"
    assert {name: fields[name] for name in TYPED if name != "lines"} == {n: v for n, v in TYPED.items() if n != "lines"}
    assert "corrected an address GR" in Html((await visitor.get("/organisers/record")).text).text

    time.advance(days=91)
    assert "address:GR" in await _unchecked(visitor.site), "what was seen is old by now"
    await visitor.organiser("ada2", "admin")
    await visitor.post("/organisers/book/GR", back="on")
    assert "Maximos" not in pdf_text((await visitor.get("/organisers/letters/GR.pdf")).content)
    assert "took back an address GR" in Html((await visitor.get("/organisers/record")).text).text


@on_sqlite
async def test_an_address_can_be_taken_out(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("ada", "admin")
    await visitor.post("/organisers/book/PL", checked="2026-11-22")
    listed = Html((await visitor.get("/organisers/letters")).text).text
    assert "Poland PL.pdf · docx · txt · read none address missing" in listed
    assert "address:PL" in await _unchecked(visitor.site)


@on_sqlite
@pytest.mark.parametrize(("field", "value"), WRONG)
async def test_what_is_no_address_is_said_beside_its_field(
    field: str, value: str, time: Clock, visitor: Visitor
) -> None:
    await visitor.organiser("ada", "admin")
    answer = await visitor.post("/organisers/book/GR", **TYPED | {field: value})
    assert answer.status_code == 422
    page = Html(answer.text)
    assert page.error(field)
    kept = page.fields()
    assert kept["office" if field != "office" else "note"] == TYPED["office" if field != "office" else "note"]
    assert "address:GR" in await _unchecked(visitor.site)


@on_sqlite
async def test_only_addressees_have_an_address(visitor: Visitor) -> None:
    await visitor.organiser("ada", "admin")
    assert (await visitor.get("/organisers/book/XX")).status_code == 404
