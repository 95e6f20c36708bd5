"""What governments were sent and answered: the page, the map, the data, and the list of those who are silent."""

import csv
import io
import json
import re
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from petition.letters import correspondence
from petition.letters.correspondence import Channel, Entry, Stance
from tests.conftest import Clock, Visit, Visitor
from tests.web.tools import Html, campaign, on_sqlite

OLDER_COLUMNS = ["key", "name", "office", "sent", "channel", "acknowledged", "answered", "stance", "link", "summary"]
ANSWERS = {
    "PL": Entry(
        sent=date(2026, 11, 1),
        channel=Channel.REGISTERED,
        edition=1,
        acknowledged=date(2026, 11, 3),
        answered=date(2026, 11, 21),
        stance=Stance.SUPPORTS,
        link="https://government.example/answer",
        summaries={"en": "We will.", "ru": "Мы это сделаем."},
    ),
    "BE": Entry(sent=date(2026, 11, 21), edition=1, summaries={"en": "Soon."}),
    "LT": Entry(sent=date(2026, 10, 1), channel=Channel.POST, acknowledged=date(2026, 10, 5)),
    "DK": Entry(
        sent=date(2026, 11, 1),
        stance=Stance.FORWARDED,
        replied=date(2026, 11, 20),
        forwarded_to="Udenrigsministeriet",
        their_reference="2026-1234",
        signed_by="Kontorchefen",
    ),
    "SE": Entry(sent=date(2026, 11, 1), stance=Stance.HOLDING, replied=date(2026, 11, 21)),
    "FI": Entry(sent=date(2026, 11, 1), stance=Stance.NO_COMPETENCE, answered=date(2026, 11, 21)),
    "eu-commission": Entry(sent=date(2026, 11, 22), answered=date(2026, 11, 22), stance=Stance.REFUSES),
}


async def _recorded(visitor: Visitor) -> None:
    for key, entry in ANSWERS.items():
        await visitor.site.database.write(partial(correspondence.save_entry, code=key, entry=entry))
    await visitor.app.state.public_state.refresh()


@on_sqlite
async def test_before_the_first_letter_there_is_a_sentence_and_no_zero(visitor: Visitor) -> None:
    page = Html((await visitor.get("/en/governments")).text)
    assert "No letter has been sent yet." in page.text
    assert "0 / 27" not in page.text
    assert page.all("img") == []
    assert "Poland" in page.text


@on_sqlite
async def test_newspapers_read_who_was_written_to_and_what_came_back(time: Clock, visitor: Visitor) -> None:
    await _recorded(visitor)
    text = Html((await visitor.get("/en/governments")).text).text
    assert "Governments we wrote to 6 / 27 Answered 2 Supports the demand 1" in text
    assert "Poland 1 November 2026, by registered mail 21 days ago · PL-1 Supports the demand" in text
    assert "21 November 2026, 1 day ago We will. The answer" in text
    assert "Belgium 21 November 2026 1 day ago · BE-1 No answer yet Soon." in text
    assert "Lithuania 1 October 2026, by post 52 days ago No answer yet Receipt acknowledged: 5 October 2026" in text
    assert "22 November 2026 today Rejects the demand" in text
    passed_on = "No answer yet Has forwarded the letter: Udenrigsministeriet · 20 November 2026, 2 days ago"
    assert f"{passed_on} Signed by: Kontorchefen Their reference: 2026-1234" in text
    assert "No answer yet Says that an answer will follow · 21 November 2026, 1 day ago" in text
    assert "21 days ago Says that this is not within its powers 21 November 2026, 1 day ago" in text
    assert "No letter sent yet: Austria, Bulgaria, Croatia" in text


@pytest.mark.speaks("ru")
@on_sqlite
async def test_a_summary_is_read_in_ones_own_language_or_marked_as_english(time: Clock, visitor: Visitor) -> None:
    await _recorded(visitor)
    page = Html((await visitor.get("/ru/governments")).text)
    assert "Мы это сделаем." in page.text
    assert "We will." not in page.text
    assert [p for p in page.all("p") if p.get("lang") == "en"]


@on_sqlite
@pytest.mark.parametrize(
    ("deadline", "told"),
    [
        ("2026-11-23", "23 November 2026 · 1 day is left"),
        ("2027-03-01", "1 March 2027 · 99 days are left"),
        ("2026-11-22", "22 November 2026 · It ends today."),
        ("2026-11-20", "20 November 2026 · It passed 2 days ago."),
    ],
)
async def test_days_are_counted_to_the_deadline(
    time: Clock, visit: Visit, tmp_path: Path, deadline: str, told: str
) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", deadline=deadline))
    assert told in Html((await visitor.get("/en/governments")).text).text


@on_sqlite
async def test_the_countdown_moves_at_midnight(time: Clock, visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", deadline="2027-03-01"))
    time.advance(days=1)
    await visitor.app.state.public_state.refresh()
    assert "98 days are left" in Html((await visitor.get("/en/governments")).text).text


async def test_data_says_what_the_page_says(time: Clock, visitor: Visitor) -> None:
    await _recorded(visitor)
    answer = await visitor.get("/governments.json")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["etag"]
    by_key = {government["key"]: government for government in json.loads(answer.text)["governments"]}
    assert len(by_key) == 36
    assert by_key["PL"] == {
        "key": "PL",
        "name": "Poland",
        "office": "Prime Minister of the Republic of Poland",
        "sent": "2026-11-01",
        "acknowledged": "2026-11-03",
        "answered": "2026-11-21",
        "channel": "registered",
        "letters": [f"{visitor.site.settings.base_url}/en/letters/PL-1"],
        "stance": "supports",
        "replied": None,
        "forwarded_to": None,
        "their_reference": None,
        "signed_by": None,
        "link": "https://government.example/answer",
        "summaries": {"en": "We will.", "ru": "Мы это сделаем."},
    }
    assert [letter.rpartition("/")[2] for letter in by_key["BE"]["letters"]] == ["BE-1"]
    assert (by_key["DK"]["stance"], by_key["DK"]["forwarded_to"]) == ("forwarded", "Udenrigsministeriet")
    assert (by_key["SE"]["stance"], by_key["SE"]["replied"], by_key["SE"]["answered"]) == (
        "holding",
        "2026-11-21",
        None,
    )
    assert by_key["FI"]["stance"] == "no-competence"
    assert {by_key["DE"][name] for name in ("sent", "channel", "answered", "stance", "link")} == {None}
    rows = {row["key"]: row for row in csv.DictReader(io.StringIO((await visitor.get("/governments.csv")).text))}
    assert rows.keys() == by_key.keys()
    for key, row in rows.items():
        assert list(row)[:10] == OLDER_COLUMNS
        for name in row.keys() - {"summary", "as_of"}:
            assert row[name] == (by_key[key][name] or "")
    assert rows["PL"]["summary"] == "We will."


@on_sqlite
async def test_a_map_colours_whom_the_table_names(time: Clock, visitor: Visitor) -> None:
    await _recorded(visitor)
    answer = await visitor.get("/governments.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert re.findall(r"#c-(\w+)[,{]", answer.text) == ["BE", "LT", "DK", "SE", "FI", "PL"] * 2, "in light and in dark"
    style = re.search("<style>(.*)</style>", answer.text)
    assert style
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "sha256-" in answer.headers["content-security-policy"]


@on_sqlite
async def test_who_is_silent_is_found_by_days(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    await _recorded(visitor)
    text = Html((await visitor.get("/organisers/reminders")).text).text
    assert "Lithuania 1 October 2026 52 post 5 October 2026" in text
    assert "Belgium" not in text
    shown = Html((await visitor.get("/organisers/reminders?days=1")).text).text
    assert "Lithuania 1 October 2026 52 post 5 October 2026 make or see Denmark 1 November 2026 21" in shown
    assert "Sweden 1 November 2026 21 not said no make or see Belgium 21 November 2026 1 not said no make" in shown
    assert "Finland" not in shown
    assert "Nobody." in (await visitor.get("/organisers/reminders?days=999")).text
    for wrong in ("", "-1", "x", "1000", "²"):
        answer = await visitor.get("/organisers/reminders", params={"days": wrong})
        assert answer.status_code == 422
        assert "A number of days" in answer.text
