"""Where one cannot go further, a page shows the way on: form and help in one's own language, or why there is none."""

import re
from pathlib import Path

import httpx2
import pytest

from petition.core.tokens import Purpose
from petition.retention import close
from tests.conftest import Clock, Visit, Visitor
from tests.web.http.test_pages import private, whole
from tests.web.public.test_states import STATES
from tests.web.tools import Html, all_rows, campaign, in_each_language, on_sqlite, run_background_jobs, token

EMAILED = {"confirm": Purpose.CONFIRM, "manage": Purpose.MANAGE, "never-write": Purpose.NEVER_WRITE}


def _ways_on(answer: httpx2.Response, lang: str) -> tuple[bool, bool]:
    """Whether the main part of a page has a form to fill in, or a link to it; and a link to help."""
    private(answer)
    whole(answer, lang)
    page = Html(answer.text.partition("<main")[2].partition("</main>")[0])
    links = {a["href"] for a in page.all("a")} | {a["action"].partition("#")[0] for a in page.all("form")}
    return bool(links & {f"/{lang}/sign", f"/{lang}/#sign", f"/{lang}/manage"}), f"/{lang}/help" in links


@on_sqlite
@in_each_language
async def test_every_dead_end_shows_the_form_and_help(lang: str, time: Clock, visitor: Visitor) -> None:
    for kind, purpose in EMAILED.items():
        for path in (f"/{lang}/{kind}/x", f"/{lang}/{kind}/{token(visitor, purpose)}"):
            answer = await visitor.post(path, action="show")
            assert (answer.status_code, *_ways_on(answer, lang)) == (404, True, True), path
    await visitor.sign("anna@example.net", lang=lang)
    link = await visitor.link("anna@example.net")
    time.advance(days=15)
    answers = {
        "expired": await visitor.get(link),
        "no page": await visitor.get(f"/{lang}/nowhere"),
        "no language": await visitor.client.get("/xx/confirm/x", headers={"Accept-Language": lang}),
        "no letter": await visitor.get(f"/{lang}/letters/XX-1"),
        "other method": await visitor.client.put(f"/{lang}/sign"),
        "form of another site": await visitor.client.post(f"/{lang}/sign", headers={"Sec-Fetch-Site": "cross-site"}),
        "no form": await visitor.client.post(f"/{lang}/sign", json={}),
    }
    for name, answer in answers.items():
        assert answer.status_code in (403, 404, 405, 415), name
        assert _ways_on(answer, lang) == (True, True), name


@in_each_language
async def test_after_the_end_every_link_says_that_signing_has_ended(lang: str, time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", lang=lang)
    links = [await visitor.link("anna@example.net", "confirm"), await visitor.link("anna@example.net", "never-write")]
    await visitor.sign("boris@example.net", lang=lang)
    links += [await visitor.link("boris@example.net"), f"/{lang}/confirm/damaged", f"/{lang}/manage/damaged"]
    await visitor.post(f"/{lang}/manage", email="anna@example.net")
    links.append(await visitor.link("anna@example.net", "manage"))
    await close.close_signing(visitor.site.database, visitor.site.server_keys, None)
    await visitor.app.state.public_state.refresh()
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    ended = visitor.site.languages[lang].jinja.from_string('{{ _("Signing has ended") }}').render()
    answers = [await visitor.get(link) for link in links]
    answers += [await visitor.post(link, action="withdraw") for link in links]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1, "nobody learns what was behind a link"
    answers += [await visitor.get(f"/{lang}/manage"), await visitor.post(f"/{lang}/manage", email="anna@example.net")]
    assert [answer.status_code for answer in answers[-2:]] == [200, 403]
    for answer in answers:
        page = whole(answer, lang)
        assert [text.strip() for (tag, _), text in zip(page.tags, page.texts, strict=True) if tag == "h1"] == [ended]
        assert page.all("form") == []
        assert f"/{lang}/" in [a["href"] for a in page.all("a") if a.get("class") == "button"]
    assert await all_rows(visitor.site) == before


@on_sqlite
async def test_the_end_of_signing_is_noticed_before_the_public_pages_are_made_again(
    time: Clock, visitor: Visitor
) -> None:
    await close.close_signing(visitor.site.database, visitor.site.server_keys, None)
    answer = await visitor.post("/en/manage", email="anna@example.net")
    assert answer.status_code == 403
    assert "Signing has ended" in whole(answer, "en").text


@on_sqlite
@pytest.mark.parametrize("state", STATES)
async def test_a_dead_link_offers_a_new_one_only_while_there_are_some(
    state: str, time: Clock, visit: Visit, tmp_path: Path
) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", **STATES[state]))
    page = whole(await visitor.get("/en/confirm/x"), "en")
    new = state in ("open", "passed")
    assert ("You can ask for a new link" in page.text) == bool(page.all("form")) == new
    (title,) = [text for (tag, _), text in zip(page.tags, page.texts, strict=True) if tag == "title"]
    assert not re.search("belarus|ultimatum|sign", title, re.I), "nothing in the history of a browser"
    assert "You can ask for a new link" in Html((await visitor.get("/en/manage/x")).text).text


@on_sqlite
async def test_the_help_page_has_both_kinds_of_trouble(visitor: Visitor) -> None:
    page = Html((await visitor.get("/en/help")).text)
    assert "No email?" in page.text
    assert "copy the whole link from the email" in page.text
    assert {"/en/#sign", "/en/manage"} <= {a["href"] for a in page.all("a")}
