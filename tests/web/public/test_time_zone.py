"""At midnight in Brussels, which is in the evening of UTC, every process has other pages, rules and letters."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from petition.core.errors import LetterError
from tests.conftest import Clock, Visit, Visitor
from tests.web.tools import Html, all_rows, campaign, on_sqlite

MIDNIGHTS = {
    "winter": (date(2027, 2, 15), datetime(2027, 2, 15, 23, tzinfo=UTC)),
    "summer": (date(2027, 7, 15), datetime(2027, 7, 15, 22, tzinfo=UTC)),
    "into summer": (date(2027, 3, 28), datetime(2027, 3, 28, 22, tzinfo=UTC)),
    "into winter": (date(2027, 10, 31), datetime(2027, 10, 31, 23, tzinfo=UTC)),
}
ZONE = "The last day ends at midnight (time zone: Brussels)."


async def _pages(visitor: Visitor) -> tuple[str, str]:
    """Appeal and governments, after the look that each process takes every five seconds."""
    await visitor.app.state.public_state.refresh()
    appeal, governments = [Html((await visitor.get(path)).text).text for path in ("/en/", "/en/governments")]
    return appeal, governments


@pytest.mark.parametrize("season", MIDNIGHTS)
async def test_two_processes_change_their_pages_at_that_midnight(
    season: str, time: Clock, visit: Visit, tmp_path: Path
) -> None:
    deadline, midnight = MIDNIGHTS[season]
    folder = campaign(tmp_path / "campaign", deadline=str(deadline), destruction="2028-12-31")
    time.moment = midnight
    time.advance(seconds=-1)
    both: list[Visitor] = [await visit(campaign=folder), await visit(campaign=folder)]
    for visitor in both:
        appeal, governments = await _pages(visitor)
        assert "The deadline has passed" not in appeal
        assert "It ends today." in governments
        assert ZONE in governments
        data = (await visitor.get("/governments.json")).json()
        assert datetime.fromisoformat(data["deadline_ends"]) == midnight
        assert data["zone"] == "Europe/Brussels"
    time.advance(seconds=1)
    for visitor in both:
        appeal, governments = await _pages(visitor)
        assert "The deadline has passed" in appeal
        assert "It passed 1 day ago." in governments
        assert ZONE not in governments
        assert (await visitor.get("/en/governments")).headers["Cache-Control"].startswith("public, max-age=30")


@on_sqlite
async def test_the_days_left_are_those_of_the_zone(time: Clock, visit: Visit, tmp_path: Path) -> None:
    time.moment = datetime(2027, 7, 13, 21, 59, 59, tzinfo=UTC)
    west = campaign(tmp_path / "west", deadline="2027-07-15", zone='"America/New_York"')
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", deadline="2027-07-15"))
    assert "2 days are left" in (await _pages(visitor))[1]
    time.advance(seconds=1)
    assert "1 day is left" in (await _pages(visitor))[1]
    time.advance(hours=3)
    assert "1 day is left" in (await _pages(visitor))[1], "nothing changes at midnight UTC"
    over = await visit(campaign=west)
    over_there, data = (await _pages(over))[1], (await over.get("/governments.json")).json()
    assert (data["deadline"], data["deadline_ends"]) == ("2027-07-15", "2027-07-16T04:00:00Z")
    assert data["zone"] == "America/New_York"
    assert "2 days are left" in over_there
    assert "time zone: New York" in over_there


@on_sqlite
async def test_signing_opens_in_the_zone(time: Clock, visit: Visit, tmp_path: Path) -> None:
    folder = campaign(tmp_path / "campaign", opens="2026-12-01", deadline="2027-07-15")
    time.moment = datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC)
    visitor: Visitor = await visit(campaign=folder)
    assert "Signing has not begun yet" in (await _pages(visitor))[0]
    assert (await visitor.sign("anna@example.net")).status_code == 403
    time.advance(seconds=1)
    assert (await visitor.sign("anna@example.net")).status_code == 303
    assert "Signing has not begun yet" not in (await _pages(visitor))[0]
    await visitor.post(await visitor.link("anna@example.net"))
    (signature,) = (await all_rows(visitor.site))["signatures"]
    assert "2026-11-30" in signature, "stored days are UTC"


@on_sqlite
async def test_a_letter_of_the_first_minute_says_that_it_has_passed_and_bears_the_next_day(
    time: Clock, visit: Visit, tmp_path: Path
) -> None:
    folder = campaign(tmp_path / "campaign", deadline="2027-07-15")
    time.moment = datetime(2027, 7, 15, 21, 59, tzinfo=UTC)
    visitor: Visitor = await visit(campaign=folder)
    said = []
    for _ in range(2):
        draft = await visitor.site.current_draft()
        letter = await asyncio.to_thread(draft.letter, visitor.site.address_book.find("IE-en"))
        said.append((draft.state.value, letter.date, "has passed" in letter.subject))
        time.advance(minutes=1)
    assert said == [("open", "15 July 2027", False), ("passed", "16 July 2027", True)]
    early: Visitor = await visit(campaign=campaign(tmp_path / "early", opens="2027-07-17", deadline="2027-08-15"))
    with pytest.raises(LetterError):
        (await early.site.current_draft()).letter(early.site.address_book.find("IE-en"))


@on_sqlite
async def test_pages_say_on_which_day_the_desk_moved_the_deadline(time: Clock, visit: Visit, tmp_path: Path) -> None:
    folder = campaign(tmp_path / "campaign")
    time.moment = datetime(2026, 11, 22, 22, 55, tzinfo=UTC)
    visitor, other = await visit(campaign=folder), await visit(campaign=folder)
    await visitor.organiser("ada", "admin")
    assert "changed the deadline" not in (await _pages(visitor))[1]
    page = Html((await visitor.get("/organisers/texts/campaign")).text)
    assert "(time zone: Brussels)" in page.text
    await visitor.post("/organisers/texts/campaign", **(page.fields() | {"goal": "7500"}))
    assert "changed the deadline" not in (await _pages(visitor))[1], "that was the goal"
    time.advance(minutes=5)
    page = Html((await visitor.get("/organisers/texts/campaign")).text)
    refused = await visitor.post("/organisers/texts/campaign", **(page.fields() | {"deadline": "2026-11-23"}))
    assert refused.status_code == 422, "in Brussels that is today"
    await visitor.post("/organisers/texts/campaign", **(page.fields() | {"deadline": "2027-02-03"}))
    for one in (visitor, other):
        assert "The organisers changed the deadline on 23 November 2026." in (await _pages(one))[1]
    restarted = await visit(campaign=folder)
    assert "changed the deadline on 23 November 2026." in (await _pages(restarted))[1]
    assert "Other days and hours are UTC" in Html((await visitor.get("/organisers/")).text).text
