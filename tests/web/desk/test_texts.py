"""Texts and facts at the desk: what is saved is on every page and in every letter at once, one press undoes it."""

import asyncio
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from petition.campaign import edits
from petition.campaign.places import DEADLINE, Kind, Place, fact_place
from petition.commands import demo_data
from petition.commands.doctor import campaign_texts
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.errors import DatabaseError
from petition.core.settings import Settings
from petition.core.typography import end_once, polish_html
from petition.letters.editions import source_checks
from petition.site import Site, open_site
from petition.web import mirror
from petition.web.http.public_state import read_public_state
from petition.web.public import sharing
from tests.conftest import Clock, Visit, Visitor
from tests.letters.editions.test_editions import draft_for, issue
from tests.web.tools import Html, all_rows, campaign, on_sqlite, run_background_jobs

DESK = "/organisers/texts"
VIASNA, WOMEN = "viasna-2025-12", "viasna-women-2025-12"
FACT = {
    **{f"number-{VIASNA}": "1 111", f"number-{WOMEN}": "99", "as_of": "2026-11-20", "publisher": "Viasna"},
    **{"source": "https://spring96.example/now", "level": "A"},
}
BANNER = "Strona działa znowu. Dziękujemy!"


async def _press(visitor: Visitor, page: str, **typed: str) -> Html:
    """Opens a page, types into its form, presses Save; the page that comes back, after the notice."""
    answer = await _send(visitor, page, **(Html((await visitor.get(DESK + page)).text).fields() | typed))
    return Html(answer)


async def _send(visitor: Visitor, page: str, **fields: str) -> str:
    answer = await visitor.post(DESK + page, **fields)
    return (await visitor.get(answer.headers["location"])).text if answer.status_code == 303 else answer.text


async def _undo(visitor: Visitor, **more: str) -> str:
    """Undoes the newest press."""
    page = Html((await visitor.get(f"{DESK}/history")).text)
    press = next(a["value"] for a in page.all("input") if a.get("name") == "press")
    return await _send(visitor, "/undo", press=press, **more)


async def _letter(visitor: Visitor) -> str:
    return Html((await visitor.get("/organisers/letters/IE-en.html")).text).text


async def _public(visitor: Visitor) -> dict[str, str]:
    paths = ("/pl/", "/en/", "/pl/tally", "/en/governments", "/governments.json", "/pl/embed")
    return {path: (await visitor.get(path)).text for path in paths}


async def test_what_is_saved_is_everywhere_and_one_press_brings_back_what_was(
    time: Clock, visit: Visit, tmp_path: Path
) -> None:
    folder = campaign(tmp_path / "campaign")
    visitor, other = await visit(campaign=folder), await visit(campaign=folder)
    await visitor.organiser("ada", "admin")
    await demo_data.fill_database(visitor.site.database, 120)
    time.advance(minutes=2)
    await visitor.published()
    await issue(visitor.site.database, draft_for("PL"))
    edition = (await visitor.get("/organisers/editions/PL-1.pdf")).content
    before, letter = await _public(visitor), await _letter(visitor)
    page = f"/facts/{VIASNA}"
    assert "public now" in (await _press(visitor, page, **FACT)).text
    body = f'Nowy tekst.\n\nW więzieniu: {{{{ fact("{VIASNA}") }}}}.'
    await _press(visitor, "/appeal/pl", title="Nowy tytuł", share="Podaj dalej", body=body)
    await _press(visitor, "/banner", **{"banner-pl": BANNER})
    await _press(visitor, "/campaign", deadline="2027-02-03", goal="7 500")

    for one in (visitor, other):
        await one.app.state.public_state.refresh()  # as each process does every five seconds
        pages = await _public(one)
        assert BANNER in pages["/pl/"]
        assert BANNER in pages["/pl/tally"]
        assert BANNER not in pages["/en/"] + pages["/pl/embed"]
        polish, english = Html(pages["/pl/"]).text, Html(pages["/en/"]).text
        for text in (
            "Nowy tytuł",
            "1111 ( 20 listopada 2026 r.",
            "„Wiasna”, 20 listopada 2026 r.",
            "3 lutego 2027 r.",
        ):
            assert text in polish
        for text in ("Goal: 7,500", "3 February 2027"):
            assert text in english
        assert 'max="7500"' in pages["/pl/embed"]
        assert '"deadline": "2027-02-03"' in pages["/governments.json"]
        assert "3 February 2027" in Html(pages["/en/governments"]).text
        status = one.app.state.public_state.status
        values = sharing._picture_values(one.site, one.site.languages["pl"], status.snapshot, frozen=False)
        assert (values["title"], "3 lutego 2027" in values["days"]) == ("Nowy tytuł", True)
    written = mirror.render_files(other.site, await read_public_state(other.site))
    assert BANNER.encode() in written["pl/index.html"]
    words = await _letter(visitor)
    assert all(text in words for text in ("3 February 2027", "1,111", "20 November 2026"))
    assert (await visitor.get("/organisers/editions/PL-1.pdf")).content == edition
    assert BANNER not in (await visitor.get(DESK)).text

    words = Html((await visitor.get(f"{DESK}/history")).text).text
    assert all(
        text in words for text in ("ada", "− 2026-12-31 + 2027-02-03", "− 5000 + 7500", "+ Nowy tytuł", "− value =")
    )
    async with visitor.site.database.reading() as c:
        presses = [str(one.press) for one in await edits.history(c)]
    for press in dict.fromkeys(presses):
        assert "Undone" in await _send(visitor, "/undo", press=press)
    after = await _public(visitor)
    for path in ("/pl/", "/en/", "/en/governments"):
        language = visitor.site.languages[path[1:3]]
        day = language.format_date(date(2026, 11, 22))
        changed = language.translate("The organisers changed the deadline on %(day)s.", day=day)
        pieces = re.split(rf" ?{re.escape(polish_html(end_once(changed), path[1:3]))}", after[path])
        assert len(pieces) == 2, "people read another one for a while"
        after[path] = "".join(pieces)
    assert (after, await _letter(visitor)) == (before, letter)
    record = Html((await visitor.get("/organisers/record")).text).text
    assert record.count("changed texts") == record.count("undid a change of texts") == 4


async def test_two_at_once_see_each_other_and_nothing_is_lost(time: Clock, visitor: Visitor, visit: Visit) -> None:
    other = await visit()
    await visitor.organiser("ada")
    await other.organiser("olga")
    form = Html((await visitor.get(f"{DESK}/appeal/pl")).text).fields()
    sent = [_answer(visitor, **form | {"title": "Od Ady"}), _answer(other, **form | {"title": "Od Olgi"})]
    answers = await asyncio.gather(*sent)
    assert sorted(code for code, _ in answers) == [303, 409]
    (page,) = [Html(text) for code, text in answers if code == 409]
    mine, theirs = ("Od Ady", "Od Olgi") if page.fields()["title"] == "Od Ady" else ("Od Olgi", "Od Ady")
    assert all(text in page.text for text in ("Somebody else was faster", theirs))
    await visitor.app.state.public_state.refresh()
    assert theirs in (await visitor.get("/pl/")).text
    assert (await _answer(visitor, **page.fields()))[0] == 303  # now knowingly
    assert mine in (await visitor.get("/pl/")).text
    assert theirs in (await visitor.get(f"{DESK}/history")).text


async def _answer(visitor: Visitor, page: str = "/appeal/pl", **fields: str) -> tuple[int, str]:
    answer = await visitor.post(DESK + page, **fields)
    return answer.status_code, answer.text


@on_sqlite
async def test_who_changed_another_part_is_no_rival(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("ada")
    form = Html((await visitor.get(f"{DESK}/appeal/pl")).text).fields()
    await _answer(visitor, **form | {"title": "Nowy tytuł"})
    assert (await _answer(visitor, **form | {"share": "Podaj dalej"}))[0] == 303
    page = (await visitor.get("/pl/")).text
    assert "Nowy tytuł" in page
    assert (await _answer(visitor, **form))[0] == 303
    assert (await visitor.get("/pl/")).text == page, "an old form with nothing typed changes nothing"
    async with visitor.site.database.reading() as c:
        assert [one.place.key for one in await edits.history(c)] == ["share", "title"]


@on_sqlite
async def test_a_preview_is_the_page_to_be_and_publishes_nothing(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("ada")
    await run_background_jobs(visitor.site)
    await visitor.published()
    before, pages = await all_rows(visitor.site), await _public(visitor)
    form = Html((await visitor.get(f"{DESK}/appeal/pl")).text).fields() | {"title": "<b>Nowy</b>", "preview": "pl"}
    answer = await visitor.post(f"{DESK}/appeal/pl", **form)
    assert "&lt;b&gt;Nowy&lt;/b&gt;" in answer.text
    assert "Preview. Nobody else sees this" in answer.text
    assert "form-action 'none'" in answer.headers["content-security-policy"]
    banner = await visitor.post(f"{DESK}/banner", **{"banner-pl": BANNER, "preview": "pl"})
    assert BANNER in banner.text
    assert (await all_rows(visitor.site), await _public(visitor)) == (before, pages)


WRONG = [
    (f"facts/{VIASNA}", f"number-{VIASNA}", "", "digits"),
    (f"facts/{VIASNA}", f"number-{VIASNA}", "about 900", "digits"),
    (f"facts/{VIASNA}", "as_of", "2026-11-20", "change both together"),
    (f"facts/{VIASNA}", "as_of", "", "2026-11-22"),
    (f"facts/{VIASNA}", "as_of", "2026-11-23", "not to come"),
    (f"facts/{VIASNA}", "source", "", "No number without its source"),
    (f"facts/{VIASNA}", "source", "javascript:alert(1)", "https://"),
    (f"facts/{VIASNA}", "publisher", "", "No number without its source"),
    ("facts/relocated-eu-2023-05", "number-relocated-eu-2023-05", "900000", "the lower one"),
    ("appeal/pl", "title", "", "fill this in"),
    ("appeal/pl", "title", "x" * 101, "this has 101"),
    ("appeal/pl", "summary", "a\x07b", "control characters"),
    ("appeal/pl", "body", "{% for x in [1] %}a{% endfor %}", "none of those explained"),
    ("appeal/pl", "body", "{{ deadline.__class__ }}", "none of those explained"),
    ("appeal/pl", "body", "{{ 'a' * 10 ** 9 }}", "none of those explained"),
    ("appeal/pl", "body", "{{ fact('nothing') }}", "no fact or link 'nothing'"),
    ("appeal/pl", "body", "{{ fact('%s%(x)s{%') }}", "no fact or link '%s%(x)s{%'"),
    ("appeal/pl", "body", "{{ fact(", "not closed"),
    ("appeal/pl", "body", "![a](https://tracker.example/x.png)", "no pictures"),
    ("banner", "banner-en", "x" * 201, "this has 201"),
    ("banner", "banner-en", "See https://example.org", "No links"),
    ("banner", "banner-en", "See example.org", "No links"),
    ("campaign", "deadline", "2026-11-22", "after today"),
    ("campaign", "deadline", "2027-12-31", "erased"),
    ("campaign", "deadline", "soon", "2026-12-24"),
    ("campaign", "deadline", "20270203", "2026-12-24"),
    ("campaign", "goal", "0", "above that"),
    ("campaign", "goal", "many", "whole number"),
    ("campaign", "goal", "1.5", "whole number"),
]


@on_sqlite
async def test_what_is_wrong_has_one_sentence_and_nothing_typed_is_lost(
    time: Clock, visit: Visit, tmp_path: Path
) -> None:
    visitor = await visit(campaign=campaign(tmp_path / "campaign"))
    await visitor.organiser("ada", "admin")
    await run_background_jobs(visitor.site)
    await visitor.published()
    before, pages = await all_rows(visitor.site), await _public(visitor)
    for page, field, text, sentence in WRONG:
        typed = Html((await visitor.get(f"{DESK}/{page}")).text).fields() | {field: text}
        answer = await visitor.post(f"{DESK}/{page}", **typed)
        shown = Html(answer.text)
        assert answer.status_code == 422, (field, text)
        assert sentence in " ".join(shown.texts), (field, text)
        assert shown.error(field) or f"{WOMEN} with one source" in shown.error(f"number-{WOMEN}"), (field, text)
        assert shown.fields() == typed, (field, text)
    assert (await all_rows(visitor.site), await _public(visitor)) == (before, pages)


@on_sqlite
async def test_a_fact_that_was_looked_up_counts_as_checked_until_it_is_undone(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("ada")
    asked = f"fact:{VIASNA}"
    assert asked in await _unchecked(visitor.site)
    await _press(visitor, f"/facts/{VIASNA}", **FACT | {"as_of": "2026-06-01"})
    assert asked not in await _unchecked(visitor.site)
    async with visitor.site.database.reading() as c:
        assert (await source_checks.last_checks(c))[asked] == ("ada", "2026-11-22")
    await _undo(visitor)
    assert asked in await _unchecked(visitor.site)


async def _unchecked(site: Site) -> set[str]:
    async with site.database.reading() as c:
        return {source.id for source in await source_checks.unchecked_sources(c, await site.current_draft(c))}


@on_sqlite
async def test_an_undo_follows_the_rules_of_what_is_typed(time: Clock, visit: Visit, tmp_path: Path) -> None:
    visitor = await visit(campaign=campaign(tmp_path / "campaign"))
    await visitor.organiser("ada", "admin")
    await _press(visitor, "/campaign", deadline="2027-02-03")
    await _press(visitor, "/banner", **{"banner-en": "One."})
    await _press(visitor, "/banner", **{"banner-en": "Two."})
    page = Html((await visitor.get(f"{DESK}/history")).text)
    newest, deadline = [a["value"] for a in page.all("input") if a.get("name") == "press"]  # of "One." no more
    assert "Undone" in await _send(visitor, "/undo", press=newest)
    assert "One." in (await visitor.get("/en/")).text
    assert "in the meantime" not in await _undo(visitor, file="on")
    assert "One." not in (await visitor.get("/en/")).text
    assert "Somebody changed this text" in await _send(visitor, "/undo", press=newest)
    time.advance(days=80)
    await visitor.organiser("ada2", "admin")
    assert "can only move to a day after today" in await _send(visitor, "/undo", press=deadline)
    visitor.client.cookies.clear()
    await visitor.organiser("olga", "organiser")
    assert (await visitor.post(f"{DESK}/undo", press=deadline)).status_code == 404
    assert visitor.site.appeal.value(DEADLINE) == "2027-02-03"


@on_sqlite
async def test_the_files_of_the_desk_are_the_same_campaign(
    time: Clock, visit: Visit, tmp_path: Path, settings: Settings
) -> None:
    visitor = await visit(campaign=campaign(tmp_path / "campaign"))
    await visitor.organiser("ada", "admin")
    await _press(visitor, f"/facts/{VIASNA}", **FACT)
    await _press(visitor, "/banner", **{"banner-en": "One."})
    (tmp_path / "campaign" / "secret.txt").write_text("not part of a campaign")
    with zipfile.ZipFile(io.BytesIO((await visitor.get(f"{DESK}.zip")).content)) as zipped:
        assert zipped.namelist() == ["campaign.toml", "facts.toml"]
        zipped.extractall(tmp_path / "kept")
    await visitor.site.database.write(_forget_edits)
    kept = await visit(campaign=tmp_path / "kept")
    assert kept.site.appeal.edits == {}
    for one in (visitor, kept):
        await one.app.state.public_state.refresh()
    assert await _public(kept) != await _public(visitor)
    assert kept.site.appeal.facts[VIASNA].low == 1111
    assert kept.site.appeal.campaign.banners == {"en": "One."}


async def _forget_edits(c: Connection) -> None:
    await state.put(c, "destroying", "yes")
    await c.delete_all(("edits",))
    await state.delete(c, "destroying")


@on_sqlite
async def test_an_edit_that_fits_the_files_no_more_stops_nothing(
    time: Clock, settings: Settings, visitor: Visitor
) -> None:
    await visitor.organiser("ada")
    changes: edits.Changes = {
        fact_place("gone"): (0, "value = 1"),
        Place(Kind.TEXT, "body", "pl"): (0, '{{ fact("gone") }}'),
        Place(Kind.TEXT, "title", "xx"): (0, "x"),
        Place(Kind.BANNER, "", "en"): (0, "One."),
    }
    await visitor.site.database.write(partial(edits.save, changes=changes, nickname="ada"))
    async with open_site(settings) as site:
        assert site.appeal.campaign.banners == {"en": "One."}
        assert {place.key or place.kind for place in site.appeal.unfit} == {"gone", "body", "title"}
    assert (await campaign_texts.check_edits(settings)).warning == "There is no fact gone."
    page = Html((await visitor.get(DESK)).text).text
    assert "Not used any more" in page
    assert "There is no fact gone." in page
    assert (await visitor.get(f"{DESK}/history")).status_code == 200


@pytest.mark.parametrize(
    "change", ["update edits set value = 'x'", "delete from edits", "update edits set nickname = ''"]
)
async def test_no_version_can_be_changed_or_taken_out(change: str, site: Site) -> None:
    saved: Callable[[Connection], object] = partial(edits.save, changes={DEADLINE: (0, "2027-02-03")}, nickname="ada")
    await site.database.write(saved)  # type: ignore[arg-type]  # the partial of an async function
    with pytest.raises(DatabaseError):
        await site.database.write(lambda c: c.execute(change))
