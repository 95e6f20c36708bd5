"""Every page in every language: complete, private where it must be, and without requests to other hosts."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from petition.core.tokens import Purpose
from petition.signing import intake
from tests.conftest import Clock, Visit, Visitor
from tests.web.tools import LANGUAGES, Html, campaign, in_each_language, on_sqlite, token

DEMO = {"en": "no emails are sent", "ru": "письма не отправляются", "be": "лісты не адпраўляюцца"}
PUBLIC = ("", "tally", "governments", "privacy", "safety", "help")
PRIVATE = ("check-inbox", "check-inbox/manage", "thanks", "thanks?country=PL", "thanks?country=XX", "manage")
RESOURCES = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "form": "action"}


def whole(answer: httpx2.Response, lang: str) -> Html:
    """Asserts a readable page: language, one heading, nothing unfilled, nothing from another host, valid ids."""
    page = Html(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == lang
    assert page.all("html")[0]["lang"] == lang
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert not re.search(r"%\(|{{|{%|}}|⟦|PLACEHOLDER|Undefined|\bNone\b", answer.text)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        pointed = attributes.get("for", "").split() + attributes.get("aria-describedby", "").split()
        assert set(pointed) <= set(ids)
        assert not [name for name in attributes if name.startswith("on") or name == "style"], "the policy forbids it"
    silent(page)
    return page


def silent(page: Html) -> None:
    """Asserts that a browser fetches nothing from another host and sends nothing there by itself."""
    for tag, name in RESOURCES.items():
        for attributes in page.all(tag):
            if tag == "link" and attributes["rel"] in ("canonical", "alternate"):
                continue  # named, never fetched
            address = urlsplit(attributes.get(name, ""))
            assert (address.scheme, address.netloc) == ("", ""), attributes
    assert not page.all("style") + page.all("base") + page.all("object") + page.all("embed")
    assert not [a for a in page.all("meta") if "http-equiv" in a]


def private(answer: httpx2.Response) -> None:
    """Asserts that a page is neither stored nor indexed nor previewed."""
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    metas = Html(answer.text).all("meta")
    assert {"name": "robots", "content": "noindex, nofollow"} in metas
    assert not [a for a in metas if a.get("property", "").startswith("og:")]


@on_sqlite
@in_each_language
async def test_every_page_is_whole_in_every_language(lang: str, time: Clock, visitor: Visitor) -> None:
    for page in PUBLIC:
        answer = await visitor.get(f"/{lang}/{page}")
        assert answer.status_code == 200, page
        assert answer.headers["cache-control"].startswith("public, max-age=")
        assert "x-robots-tag" not in answer.headers
        whole(answer, lang)
    for page in PRIVATE:
        answer = await visitor.get(f"/{lang}/{page}")
        assert answer.status_code == 200, page
        private(answer)
        whole(answer, lang)


@on_sqlite
@in_each_language
async def test_every_page_behind_a_link_is_whole_and_private(lang: str, time: Clock, visitor: Visitor) -> None:
    email = f"anna@{lang}.example.net"
    await visitor.sign(email, "LT", lang, named="on", name="Anna Nowak", updates="on")
    confirm, never = await visitor.link(email), await visitor.link(email, "never-write")
    await visitor.post(f"/{lang}/manage", email=email)
    manage = await visitor.link(email, "manage")
    answers = [await visitor.get(path) for path in (confirm, manage, never)]
    await visitor.post(confirm)
    answers.append(await visitor.post(manage, action="show"))
    answers += [await visitor.choose(manage, a) for a in ("unname", "stop_updates", "never_write")]
    for answer in answers:
        assert answer.status_code == 200
        private(answer)
        page = whole(answer, lang)
        title = page.texts[[tag for tag, _ in page.tags].index("title")].strip()
        assert not re.search("elarus|еларус|sign|подпис|подпіс", title), "nothing in the history of a browser"


async def _held(visitor: Visitor, email: str, lang: str = "en") -> Html:
    """What the page of a new manage link shows."""
    await visitor.post(f"/{lang}/manage", email=email)
    answer = await visitor.post(await visitor.link(email, "manage"), action="show")
    private(answer)
    return whole(answer, lang)


def _facts(page: Html) -> dict[str, str]:
    """The terms of a page's list, each with the text beside it."""
    texts = [(tag, text.strip()) for (tag, _), text in zip(page.tags, page.texts, strict=True)]
    return dict(zip([t for tag, t in texts if tag == "dt"], [t for tag, t in texts if tag == "dd"], strict=True))


def _actions(page: Html) -> list[str]:
    return [a["value"] for a in page.all("button") if a.get("name") == "action"]


@on_sqlite
async def test_everything_that_is_held_is_listed(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", "BY", updates="on")
    await visitor.sign("anna@example.net", "LT", named="on", name="Anna Nowak")
    page = await _held(visitor, "anna@example.net")
    assert _facts(page) == {
        "Country": "In Belarus, or I prefer not to say",
        "Day of confirmation": "22 November 2026",
        "Name in the letters to governments": "No name",
        "News by email": "Yes; your address is kept encrypted",
        "Version of the consent": intake.CONSENT_VERSION,
        "Forms sent but not yet confirmed": "1",
        "Emails we sent you in the last 14 days": "3",
        "No more emails to this address": "No",
    }
    assert _actions(page) == ["stop_updates", "withdraw", "never_write"]
    assert "another spelling" not in page.text


@on_sqlite
async def test_without_a_signature_the_rest_is_listed_and_another_spelling_thought_of(
    time: Clock, visitor: Visitor
) -> None:
    await visitor.confirmed("a.nna@gmail.com", "LT")
    await visitor.post("/en/manage", email="anna@gmail.com")
    manage = await visitor.link("anna@gmail.com", "manage")
    page = whole(await visitor.post(manage, action="show"), "en")
    assert _facts(page) == {
        "Signature": "There is no signature under exactly this address",
        "Forms sent but not yet confirmed": "0",
        "Emails we sent you in the last 14 days": "2",
        "No more emails to this address": "No",
    }
    assert _actions(page) == ["never_write"]
    assert "sign with another form of this address" in page.text
    assert "/en/manage" in [a["href"] for a in page.all("a") if a.get("href", "").endswith("manage")]
    await visitor.post(manage, action="never_write")
    page = whole(await visitor.post(manage, action="show"), "en")
    assert _facts(page)["No more emails to this address"].startswith("Yes")
    assert _actions(page) == []


@on_sqlite
@in_each_language
async def test_whoever_wants_no_mail_may_withdraw_as_well(lang: str, time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", "LT", lang)
    await visitor.sign("boris@example.net", "LT", lang)
    pages, said = [], set()
    for email in ("anna@example.net", "boris@example.net"):
        link = await visitor.link(email, "never-write")
        pages.append((await visitor.get(link)).text)
        for action in ("write_again", "never_write", "withdraw_never"):
            answer = await visitor.choose(link, action)
            assert answer.status_code == 200
            private(answer)
            said.add((action, whole(answer, lang).text))
    assert len(set(pages)) == 1, "the page does not tell whether there is a signature"
    assert _actions(Html(pages[0])) == ["never_write", "withdraw_never", "write_again"]
    assert len(said) == 3
    contact = str(visitor.site.appeal.campaign.contact)  # it is in the foot of each page too
    assert {action: text.count(contact) for action, text in said} == {
        "write_again": 1,
        "never_write": 2,
        "withdraw_never": 1,
    }


def _plain_spaces(text: str) -> str:
    """Where a line may end is another test's matter."""
    return " ".join(text.split())


SAID = {
    "": ("the government of the country you live in or, if you live outside the EU, to the EU institutions",),
    "manage": ("Enter the address exactly as you did when you signed.",),
    "privacy": (
        "the time of day you signed",
        "To the hour we keep only",
        "Traces can stay in its files for up to a day",
        "backups for seven days",
    ),
}


@on_sqlite
@pytest.mark.parametrize("path", SAID)
async def test_what_people_must_know_is_said_where_they_decide(path: str, visitor: Visitor) -> None:
    said = Html((await visitor.get(f"/en/{path}")).text).text
    for sentence in SAID[path]:
        assert sentence in said


@on_sqlite
@in_each_language
async def test_every_table_with_personal_data_is_on_the_privacy_page(lang: str, visitor: Visitor) -> None:
    """One row of the page for each kind of entry; the other tables hold numbers and answers of governments."""
    page = Html((await visitor.get(f"/{lang}/privacy")).text)
    kept = {
        "outbox": "Your email address, in an email waiting to be sent",
        "signatures": "Country, day of confirmation, version of the consent",
        "signatures, submissions": "A code made from your address (keyed hash)",
        "signatures, batches": (
            "With a signature: a random number, if thirty or more signatures look as if a machine had made them"
        ),
        "names": "Your name, only if you want it in the letters",
        "contacts": "Your encrypted address, only if you want news",
        "submissions": "What you filled in. A name is kept only in a form that the link in your email opens.",
        "submissions, outbox": (
            "With a form that is not yet confirmed: a note that the mailbox is a throw-away one, "
            "or that our email came back"
        ),
        "links": "For each link to see or change a signature: a hash of the link and two codes made from the address",
        "email_counts": "How many emails we sent to the mailbox",
        "never_write": "A code made from the address, if you told us never to write to it or a signature was withdrawn",
        "daily_keys, token_buckets": (
            "A label for your network and, with a less known email provider, for your email domain, made with a random "
            "key that changes every day; with each form also the kind of email provider, and whether the button behind "
            "the link in our email was pressed within 20 seconds"
        ),
        "organisers, factors, sessions, actions, source_checks, editions, enabled_annexes, sealed_copies, follow_ups, "
        "paper_counts, edits": (
            "About organisers: nickname, role, a code made from the address, data for two-step login, sessions, and a "
            "record of what they do"
        ),
    }
    say = visitor.site.languages[lang].jinja.from_string("{{ _(text) }}")
    listed = [t for (tag, a), t in zip(page.tags, page.texts, strict=True) if tag == "th" and a.get("scope") == "row"]
    assert sorted(map(_plain_spaces, listed)) == sorted(_plain_spaces(say.render(text=text)) for text in kept.values())
    named = {name for tables in kept for name in tables.split(", ")}
    numbers = {
        "site_state",
        "refusals",
        "report_counts",
        "journal",
        "figures",
        "releases",
        "pulse",
        "pulse_days",
        "quality_weeks",
        "clusters",
        "notices",
        "switches",
        "log_entries",
        "log_heads",
        "log_files",
        "log_cosignatures",
    }
    async with visitor.site.database.reading() as c:
        assert {str(row["name"]) for row in await c.all("database.tables")} == named | numbers | {
            "answer_summaries",
            "corrections",
            "correspondence",
            "edition_annexes",
            "edition_letters",
            "outbox_key_copies",
            "outbox_machines",
            "time_stamps",
            "used_proofs",
        }


@on_sqlite
@in_each_language
async def test_every_refusal_is_whole_and_private(lang: str, visitor: Visitor) -> None:
    answers = {
        404: await visitor.get(f"/{lang}/nowhere"),
        405: await visitor.client.put(f"/{lang}/"),
        415: await visitor.client.post(f"/{lang}/sign", json={}),
        422: await visitor.post(f"/{lang}/sign", email=""),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        private(answer)
        whole(answer, lang)


@on_sqlite
async def test_the_desk_is_whole_and_private(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", "PL", named="on", name="Anna Nowak")
    await visitor.organiser()
    for path in ("/organisers/", "/organisers/letters", "/organisers/answers/PL", "/organisers/login"):
        answer = await visitor.get(path)
        assert answer.status_code == 200
        private(answer)
        whole(answer, "en")


@pytest.mark.all_languages
@on_sqlite
async def test_the_switch_of_languages_keeps_the_page(visitor: Visitor) -> None:
    for page in (*PUBLIC, "manage", "check-inbox", "check-inbox/manage"):
        assert await _switch(visitor, f"/en/{page}") == {lang: f"/{lang}/{page}" for lang in LANGUAGES}
    home = {lang: f"/{lang}/" for lang in LANGUAGES}
    for path in (f"/en/confirm/{token(visitor, Purpose.CONFIRM)}", "/en/manage/x", "/organisers/login"):
        assert await _switch(visitor, path) == home, "a token is not carried about"
    refused = Html((await visitor.post("/en/sign", email="")).text)
    assert {a["hreflang"]: a["href"] for a in refused.all("a") if "hreflang" in a} == home


async def _switch(visitor: Visitor, path: str) -> dict[str, str]:
    page = Html((await visitor.get(path)).text)
    return {a["hreflang"]: a["href"] for a in page.all("a") if "hreflang" in a}


@pytest.mark.all_languages
@on_sqlite
@pytest.mark.parametrize("path", ["/xx/", "/xx", "/EN-GB/", "/xx/tally", "/xx/manage/x", "/en/nowhere", "/xx/sign"])
async def test_an_address_that_is_none_offers_the_languages(path: str, visitor: Visitor) -> None:
    answer = await visitor.get(path, headers={"Accept-Language": "be"})
    assert answer.status_code == 404
    page = whole(answer, "en" if path.startswith("/en/") else "be")
    assert {f"/{lang}/" for lang in LANGUAGES} <= {a.get("href") for a in page.all("a")}
    assert (await visitor.post("/xx/sign", email="anna@example.net")).status_code == 404


@on_sqlite
@pytest.mark.parametrize(
    ("accept", "lang"),
    [("ru", "ru"), ("be-BY,ru;q=0.9", "be"), ("xx, ru;q=0.2, be;q=0.3", "be"), ("", "en"), ("\u00ff;q=x,,;", "en")],
)
async def test_the_door_leads_to_the_language_of_the_browser(accept: str, lang: str, visitor: Visitor) -> None:
    answer = await visitor.get("/", headers={"Accept-Language": accept.encode()})
    assert (answer.status_code, answer.headers["location"]) == (302, f"/{lang}/")
    assert answer.headers["vary"] == "Accept-Language"


@pytest.mark.speaks("ru")
@on_sqlite
async def test_a_missing_slash_leads_to_the_appeal(visitor: Visitor) -> None:
    answer = await visitor.get("/ru")
    assert (answer.status_code, answer.headers["location"]) == (308, "/ru/")


@pytest.mark.all_languages
@on_sqlite
async def test_public_pages_can_be_shared_and_found(visitor: Visitor) -> None:
    for path in ("", "tally", "governments", "data"):
        page = Html((await visitor.get(f"/ru/{path}")).text)
        meta = {a.get("property", a.get("name", "")): a["content"] for a in page.all("meta") if "content" in a}
        assert meta["og:url"] == f"http://127.0.0.1:8000/ru/{path}"
        assert meta["og:title"] == page.texts[[tag for tag, _ in page.tags].index("title")].strip()
        assert meta["og:image"] == "http://127.0.0.1:8000/ru/share.png"
        assert meta["description"] == meta["og:description"] != ""
        assert [a["href"] for a in page.all("link") if a["rel"] == "canonical"] == [f"http://127.0.0.1:8000/ru/{path}"]
        others = {a["hreflang"]: a["href"] for a in page.all("link") if "hreflang" in a}
        assert others.keys() == {*LANGUAGES, "x-default"}
        assert others["pl"] == f"http://127.0.0.1:8000/pl/{path}"
        assert (await visitor.get(others["x-default"])).status_code in (200, 302)


@pytest.mark.speaks("ru")
@on_sqlite
async def test_every_page_of_a_demo_says_so(visit: Visit, tmp_path: Path) -> None:
    visitor = await visit(campaign=campaign(tmp_path / "campaign"))
    for path in ("/en/", "/en/tally", "/organisers/login", "/nowhere", "/en/confirm/x"):
        page = Html((await visitor.get(path)).text)
        assert [a for a in page.all("aside") if a.get("class") == "demo"]
        assert not [a for a in page.all("mark") if a.get("class") == "placeholder"]
        assert "no emails are sent" not in page.text, "it does, over the relay that the tests have set"
    without = await visit(smtp_urls=())
    for lang, sentence in DEMO.items():
        assert sentence in Html((await without.get(f"/{lang}/")).text).text
        assert sentence not in Html((await visitor.get(f"/{lang}/")).text).text
    placeholders = Html((await (await visit()).get("/en/")).text).all("mark")
    assert {a.get("class") for a in placeholders} == {"placeholder"}
