"""The organisers' desk: who may open what, how small numbers look, what is logged, what a spreadsheet gets."""

import csv
import io
import re
from datetime import date
from functools import partial

from petition.core import encryption
from petition.letters import correspondence
from petition.mail import outbox
from petition.organisers import activity_log
from petition.web.desk.overview_figures import KEPT_SECONDS
from tests.conftest import IDENTITY, Clock, Visitor
from tests.web.tools import Html, allow_all_annexes, on_sqlite, pass_names, set_destruction


@on_sqlite
async def test_a_viewer_sees_published_numbers_only(time: Clock, visitor: Visitor) -> None:
    for n in range(13):
        await visitor.confirmed(f"anna{n}@example.net", "PL", named="on", name=f"Anna {'abcdefghijklm'[n]}")
    await visitor.confirmed("boris@example.net", "DE", named="on", name="Boris")
    time.advance(days=4)
    await pass_names(visitor.site)
    await allow_all_annexes(visitor.site)
    await visitor.organiser("olga", "organiser")
    for path in ("signatures.csv", "annexes/PL.pdf", "annexes/DE-de.pdf", "annexes/DE.pdf"):
        await visitor.get(f"/organisers/{path}")
    time.advance(minutes=2)
    await visitor.published()
    visitor.client.cookies.clear()
    await visitor.organiser("vera", "viewer")
    page = Html((await visitor.get("/organisers/")).text)
    assert "10 signatures" in page.text
    assert "downloaded signatures 10+" in (await visitor.get("/organisers/record")).text
    shown = re.sub("[0-9a-f]{16}", "", page.text)  # a fingerprint of a key may hold any digits
    for exact in ("13", "14", "Germany 1", "Germany: 1", "From the form", "Email"):
        assert exact not in shown.replace("Email address", ""), exact
    assert page.all("a") == [a for a in page.all("a") if "/organisers/letters" not in a["href"]]


@on_sqlite
async def test_no_line_of_the_desk_moves_with_a_single_form(time: Clock, visitor: Visitor) -> None:
    """Under ten nothing is told apart, from the first on; above it only powers of ten are."""
    await visitor.organiser()
    pages = []
    for n in range(1, 10):
        await visitor.confirmed(f"anna{n}@example.net", "LT")
        await visitor.sign(f"boris{n}@example.net")
        (refused,) = await visitor.site.database.write(
            partial(outbox.claim_batch, server_keys=visitor.site.server_keys)
        )
        await visitor.site.database.write(partial(outbox.mark_refused, email=refused, code="5.1.1"))
        page = await _both(visitor)
        pages.append(page)
        for line in ("0 signatures", "Not confirmed yet <10", "Emails waiting <10", "5.1.1 <10", "Waiting <10"):
            assert line in page, n
        assert "Lithuania" not in page
    assert len(set(pages)) == 1
    for n in range(10):
        await visitor.confirmed(f"carla{n}@example.net", "LT")
    assert await _both(visitor) == page
    time.advance(minutes=1)
    await visitor.published()
    text = await _both(visitor)
    assert "10 signatures" in text
    assert "Lithuania 10" in text


async def _both(visitor: Visitor) -> str:
    """The overview as if nobody had looked for a while, and the page of forms."""
    visitor.app.state.overview_figures.expire()
    pages = [Html((await visitor.get(path)).text).text for path in ("/organisers/", "/organisers/forms")]
    return " ".join(pages)


@on_sqlite
async def test_what_an_organiser_does_is_seen_by_the_others(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", "PL", named="on", name="Anna Nowak")
    time.advance(days=4)
    await pass_names(visitor.site)
    await allow_all_annexes(visitor.site)
    await visitor.organiser("marta", "admin")
    assert (await visitor.get("/organisers/annexes/DE.pdf")).status_code == 404, "nobody to print there"
    for path in ("letters/PL.pdf", "annexes/PL.pdf", "signatures.csv", "letters.zip"):
        assert (await visitor.get(f"/organisers/{path}")).status_code == 200
    await visitor.post("/organisers/switches/mailboxes", value="warn", version="0", reason="many ask", sure="on")
    await visitor.post("/organisers/answers/PL", sent="2026-11-01", stance="")
    await visitor.post("/organisers/logout")
    await visitor.organiser("vera", "viewer")
    text = Html((await visitor.get("/organisers/record")).text).text
    for line in (
        "logged in",
        "downloaded a letter PL",
        "downloaded names Poland: <10",
        "downloaded signatures <10",
        "downloaded all letters",
        "only warned of readable mailboxes many ask",
        "recorded correspondence Poland",
        "logged out",
    ):
        assert f"2026-11-26 12:00 marta {line}" in text
    assert "Nowak" not in text
    assert "example.org" not in text


async def test_the_export_is_inert_in_a_spreadsheet_and_opens_at_home(time: Clock, visitor: Visitor) -> None:
    names = ['=HYPERLINK("https://elsewhere.example","x")', "+49 Anna", "-Anna", "@Anna", '"Anna", Nowak', "+ Anna"]
    for n, name in enumerate(names):
        await visitor.confirmed(f"anna{n}@example.net", "PL", named="on", name=name, updates="on")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    answer = await visitor.get("/organisers/signatures.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    table = list(csv.DictReader(io.StringIO(answer.text)))
    for row in table:
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "＝", "\t", "\r"))]
        assert row["country"] == "PL"
    assert {row["name"].removeprefix("'") for row in table} == set(names)
    opened = {encryption.unseal_contact(IDENTITY, row["sealed_address"])[0] for row in table}
    assert opened == {f"anna{n}@example.net" for n in range(len(names))}
    assert "@example.net" not in answer.text


async def test_the_export_has_nobody_who_need_not_be_in_it(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", "PL")
    await visitor.confirmed("boris@example.net", "DE", named="on", name="Boris")
    await visitor.confirmed("carla@example.net", "IT", updates="on")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    text = (await visitor.get("/organisers/signatures.csv")).text
    table = list(csv.DictReader(io.StringIO(text)))
    assert text.startswith("country,name,sealed_address\r\n")
    assert sorted((row["country"], row["name"], bool(row["sealed_address"])) for row in table) == [
        ("DE", "Boris", False),
        ("IT", "", True),
    ]
    assert "2026" not in text.replace(table[0]["sealed_address"], "").replace(table[1]["sealed_address"], "")


async def test_the_export_has_nobody_whose_three_days_are_not_over(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("boris@example.net", "DE", named="on", name="Boris")
    await visitor.confirmed("carla@example.net", "IT", updates="on")
    await visitor.organiser("olga", "organiser")
    for hours, people in ((0, 0), (72, 0), (12, 2)):
        time.advance(hours=hours)
        await visitor.organiser(f"olga{hours}", "organiser")
        table = (await visitor.get("/organisers/signatures.csv")).text
        assert len(table.splitlines()) - 1 == people


ENTRY = {
    "sent": "2026-11-01",
    "channel": "registered",
    "acknowledged": "2026-11-05",
    "answered": "2026-11-20",
    "stance": "partly",
    "link": "https://government.example/a?b=c",
}


async def test_an_answer_is_recorded_and_stands_on_the_public_page(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    summary = "Two\r\nlines, <script>alert(1)</script> & ☺"
    answer = await visitor.post("/organisers/answers/PL", **ENTRY, summary=summary, language="en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/organisers/letters")
    public = await visitor.get("/en/governments")
    assert "<script>" not in public.text
    page = Html(public.text)
    assert "Poland 1 November 2026, by registered mail 21 days ago Supports it in part" in page.text
    assert "20 November 2026, 2 days ago Two lines, <script>" in page.text
    assert ENTRY["link"] in [a["href"] for a in page.all("a")]
    form = Html((await visitor.get("/organisers/answers/PL")).text)
    assert {name: form.fields()[name] for name in ENTRY} == ENTRY
    assert form.fields()["summary-en"] == "Two\nlines, <script>alert(1)</script> & ☺"
    assert (await visitor.post("/organisers/answers/eu-commission", sent="2026-11-01", stance="")).status_code == 303
    for key in ("XX", "pl", "BE-nl", "no-such"):
        assert (await visitor.post(f"/organisers/answers/{key}", **ENTRY)).status_code == 404


@on_sqlite
async def test_a_reply_that_is_no_answer_is_recorded_as_it_is(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    forwarded = {"stance": "forwarded", "replied": "2026-11-20", "forwarded_to": "Ministry of Transport"}
    forwarded |= {"their_reference": "DGKanc-7/2026", "signed_by": "Deputy Director"}
    answer = await visitor.post("/organisers/answers/PL", sent="2026-10-01", **forwarded)
    assert answer.status_code == 303
    form = Html((await visitor.get("/organisers/answers/PL")).text)
    assert {name: form.fields()[name] for name in forwarded} == forwarded
    assert "Poland 1 October 2026 52" in Html((await visitor.get("/organisers/reminders")).text).text
    assert "Ministry of Transport" in (await visitor.get("/en/governments")).text


WRONG = [
    ("sent", {"sent": "yesterday"}),
    ("sent", {"sent": "2026-13-01"}),
    ("sent", {"sent": "2026-11-23"}),
    ("answered", {"sent": ""}),
    ("answered", {"sent": "2026-11-21", "acknowledged": ""}),
    ("acknowledged", {"acknowledged": "2026-10-31"}),
    ("answered", {"answered": ""}),
    ("stance", {"stance": ""}),
    ("stance", {"stance": "loves it"}),
    ("stance", {"stance": "holding"}),  # with the day of an answer
    ("replied", {"stance": "holding", "answered": ""}),
    ("replied", {"stance": "holding", "answered": "", "replied": "2026-10-31"}),
    ("acknowledged", {"stance": "acknowledged", "answered": "", "acknowledged": ""}),
    ("forwarded_to", {"stance": "forwarded", "answered": "", "replied": "2026-11-20"}),
    ("forwarded_to", {"forwarded_to": "Ministry of Transport"}),
    ("signed_by", {"signed_by": "a" * 201}),
    ("their_reference", {"their_reference": "a\nb"}),
    ("channel", {"channel": "pigeon"}),
    ("edition", {"edition": "1"}),
    ("link", {"link": "javascript:alert(1)"}),
    ("link", {"link": "http://government.example"}),
    ("link", {"link": "https://a b"}),
    ("link", {"link": "https://" + "a" * 500}),
    ("summary", {"summary": "a" * 2001}),
    ("summary", {"summary": "a\x00b"}),
    ("summary", {"summary": "a\x1bb"}),
    ("language", {"language": "xx"}),
    ("summary-xx", {"summary-xx": "In no language"}),
]


async def test_an_answer_that_cannot_be_is_refused_as_typed(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    for field, wrong in WRONG:
        typed = ENTRY | {"summary": "Kept", "language": "en"} | wrong
        answer = await visitor.post("/organisers/answers/PL", **typed)
        assert answer.status_code == 422, wrong
        shown = Html(answer.text)
        assert shown.error(field), wrong
        fields = shown.fields()
        for name in ("sent", "acknowledged", "answered", "link"):
            assert fields[name] == typed[name]
        assert typed["summary"] in answer.text
    async with visitor.site.database.reading() as c:
        assert await correspondence.entries(c) == {}
        assert "recorded correspondence" not in str(await activity_log.list_lines(c))


@on_sqlite
async def test_countries_are_listed_as_they_are_published(time: Clock, visitor: Visitor) -> None:
    for country, n in (("PL", 10), ("SE", 2), ("LT", 11)):
        for k in range(n):
            await visitor.confirmed(f"{country.lower()}{k}@example.net", country)
    time.advance(minutes=1)
    await visitor.published()
    await visitor.organiser("olga", "organiser")
    text = Html((await visitor.get("/organisers/")).text).text
    text = text.partition("All countries")[2]
    places = [text.index(name) for name in ("Lithuania 10", "Poland 10", "Other or not stated 0")]
    assert "Sweden" not in text
    assert places == sorted(places)


@on_sqlite
async def test_everybody_at_the_desk_sees_the_day_on_which_all_is_erased(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("vera", "viewer")
    assert "everything that leads to a person is erased" not in (await visitor.get("/organisers/")).text
    set_destruction(visitor.site, date(2026, 12, 24))
    await visitor.site.destruction_watch.look()
    time.advance(seconds=KEPT_SECONDS)
    page = Html((await visitor.get("/organisers/")).text)
    assert "On 24 December 2026 everything that leads to a person is erased" in page.text
    assert "announced for 0 of 168 hours" in page.text
    assert "announced the destruction day 2026-12-24" in page.text, "the activity log"
