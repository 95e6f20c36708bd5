"""What an internet provider's log of flows tells: how many answers came, and how long each of them was."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from petition.core.errors import Busy, RateLimited
from petition.core.settings import Settings
from petition.core.tokens import Purpose
from petition.mail.bounce_reports import BOUNCED
from petition.signing import quarantine
from petition.web.http import errors
from petition.web.http.padding import BODY_BYTES
from petition.web.http.security import MAX_BODY_BYTES
from tests.adversary.wire import FORM, Answer, Browser, served
from tests.conftest import Clock, Visit, Visitor, add_organiser
from tests.web.gallery import LONG
from tests.web.tools import in_each_language, in_production, on_sqlite, token

ANNA, BORIS = "anna@example.net", "boris@example.net"
CHOICES = {"country": "LT", "consent": "on", "named": "on", "name": LONG[:100], "updates": "on"}


@pytest.fixture
async def browser(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    """A browser of the visitor's site."""
    monkeypatch.setattr(errors, "THROTTLE_DELAY_SECONDS", 0)
    async with served(visitor) as found:
        yield found


def sizes(answers: dict[str, Answer]) -> dict[int, list[str]]:
    """The names of the answers by their length: one line, if all have one length."""
    found: dict[int, list[str]] = {}
    for name, answer in answers.items():
        found.setdefault(answer.size, []).append(f"{name} {answer.status}")
    return found


async def hold(visitor: Visitor, email: str, lang: str = "en") -> str:
    """Signs, and has the submission held. Returns the path of its link."""
    await visitor.sign(email, lang=lang)
    link = await visitor.link(email)
    row_id = visitor.site.read_link(Purpose.CONFIRM, link.rpartition("/")[2]).row_id
    held = partial(quarantine.hold_submissions, ids=[row_id], reason=BOUNCED)
    assert await visitor.site.database.write(held) == 1
    return link


async def _forms(browser: Browser, lang: str) -> dict[str, Answer]:
    """Forms to sign and to manage: taken, and refused for each reason."""
    sign, manage = partial(browser.post, f"/{lang}/sign"), partial(browser.post, f"/{lang}/manage")
    right = {"country": "LT", "consent": "on"}
    return {
        "signed": await sign(email=ANNA, **CHOICES),
        "sign, nothing typed": await sign(),
        "sign, all wrong": await sign(email=f"{LONG}@", country="XX", named="on", name=LONG * 3, updates="on"),
        "sign, a slip": await sign(email="anna@gmial.com", **right),
        "sign, readable mailbox": await sign(email="anna@mail.ru", **right),
        "sign, reloaded": await browser.get(f"/{lang}/sign"),
        "manage": await browser.get(f"/{lang}/manage"),
        "link asked for": await manage(email="eva@example.net"),
        "manage, nothing typed": await manage(),
        "manage, readable mailbox": await manage(email="anna@mail.ru"),
        "inbox": await browser.get(f"/{lang}/check-inbox"),
        "inbox to manage": await browser.get(f"/{lang}/check-inbox/manage"),
        "inbox, late": await browser.get(f"/{lang}/check-inbox?mail=late"),
        **{f"thanks {c}": await browser.get(f"/{lang}/thanks?country={c}") for c in ("PL", "ZZ", "")},
    }


async def _signing(visitor: Visitor, browser: Browser, lang: str) -> dict[str, Answer]:
    """Links to confirm: waiting, pressed, held, made up, damaged."""
    waiting = await visitor.link(ANNA)
    links = {"waiting": waiting, "held": await hold(visitor, BORIS, lang), "damaged": waiting[:-3]}
    links["made up"] = f"/{lang}/confirm/{token(visitor, Purpose.CONFIRM)}"
    found = {}
    for name, link in links.items():
        found[f"confirm, {name}"] = await browser.get(link)
        found[f"pressed, {name}"] = await browser.post(link)
    found["confirm, pressed before"] = await browser.get(waiting)
    found["pressed again"] = await browser.post(waiting)
    return found


async def _managing(visitor: Visitor, browser: Browser, lang: str) -> dict[str, Answer]:
    """Links to manage: of somebody who signed, of somebody who did not, made up; and what each button does."""
    links = {"made up": f"/{lang}/manage/{token(visitor, Purpose.MANAGE)}"}
    for name, email in (("signed", ANNA), ("not signed", "carla@example.net")):
        await visitor.post(f"/{lang}/manage", email=email)
        links[name] = await visitor.link(email, "manage")
    found = {}
    for name, link in links.items():
        found[f"manage, {name}"] = await browser.get(link)
        for action in ("show", "unname", "show", "stop_updates", "show", "withdraw", "never_write", "show", "other"):
            answer = await browser.post(link, action=action)
            found[f"{action}, {name}{' again' * (f'{action}, {name}' in found)}"] = answer
            if answer.status == 303:
                found[f"{action} done, {name}"] = await browser.get(link + answer.header("location"))
    return found


async def _refusing(visitor: Visitor, browser: Browser, lang: str) -> dict[str, Answer]:
    """The links at the foot of emails."""
    await visitor.sign("dora@example.net", lang=lang)
    alive, dead = await visitor.link("dora@example.net", "never-write"), f"/{lang}/never-write/x"
    found = {"unsubscribe": await browser.get(f"/{lang}/unsubscribe/x")}
    found["unsubscribed"] = await browser.post(f"/{lang}/unsubscribe/x")
    for name, link in (("alive", alive), ("dead", dead)):
        found[f"never write, {name}"] = await browser.get(link)
        for action in ("never_write", "withdraw_never"):
            found[f"{action}, {name}"] = answer = await browser.post(link, action=action)
            if answer.status == 303:
                found[f"{action} done, {name}"] = await browser.get(link + answer.header("location"))
    return found


async def _errors(visitor: Visitor, browser: Browser, lang: str) -> dict[str, Answer]:
    """Every kind of refusal and failure."""
    path = f"/{lang}/sign"
    found = {
        "nowhere": await browser.get(f"/{lang}/nowhere"),
        "no language": await browser.get("/xx/", Accept_Language=lang),
        "unknown letter": await browser.get(f"/{lang}/letters/XX-1"),
        "method": await browser.send("DELETE", path),
        "from elsewhere": await browser.send("POST", path, **FORM | {"Sec-Fetch-Site": "cross-site"}),
        "too long": await browser.send("POST", path, **FORM | {"Content-Length": str(MAX_BODY_BYTES + 1)}),
        "no form": await browser.send("POST", path, b"{}", Content_Type="application/json"),
    }
    for name, error in (("throttled", RateLimited(60)), ("busy", Busy("Busy.")), ("broken", RuntimeError("no"))):
        with pytest.MonkeyPatch.context() as patch:
            for limit in ("admit_form", "limit_action", "limit_page"):
                patch.setattr(visitor.site.rate_limiter, limit, partial(_fail, error))
            found[f"sign, {name}"] = await browser.post(path, email=ANNA, **CHOICES)
            found[f"manage, {name}"] = await browser.post(f"/{lang}/manage", email=ANNA)
            found[f"dead link, {name}"] = await browser.get(f"/{lang}/confirm/x")
    return found


async def _fail(error: Exception, *_: object, **__: object) -> None:
    raise error


@on_sqlite
@pytest.mark.all_languages
@in_each_language
async def test_answers_for_one_visitor_have_one_length(
    lang: str, time: Clock, visitor: Visitor, browser: Browser
) -> None:
    answers = await _forms(browser, lang)
    answers |= await _signing(visitor, browser, lang)
    answers |= await _managing(visitor, browser, lang)
    answers |= await _refusing(visitor, browser, lang)
    answers |= await _errors(visitor, browser, lang)
    assert {answer.status for answer in answers.values()} == {200, 303, 403, 404, 405, 413, 415, 422, 429, 500, 503}
    assert len(sizes(answers)) == 1, sizes(answers)
    assert {len(answer.body) for answer in answers.values()} == {BODY_BYTES}
    assert {answer.header("content-encoding") for answer in answers.values()} == {""}
    # Pages that show something have the same headers; so have answers that lead elsewhere. None sets a cookie.
    assert sorted(status for status, _ in {a.kind for a in answers.values()} if status < 400) == [200, 303]
    assert not [name for name, answer in answers.items() if answer.header("set-cookie")]
    # A page is followed by requests for the same files as any other, so they tell nothing either.
    assert len({tuple(answer.resources) for answer in answers.values() if answer.status != 303}) == 1


@on_sqlite
async def test_headers_alone_have_one_length_too(time: Clock, visitor: Visitor, browser: Browser) -> None:
    link = await visitor.confirmed(ANNA)
    paths = ("/en/check-inbox", "/en/thanks?country=PL", "/en/manage", "/en/confirm/x", "/en/nowhere", link)
    answers = {path: await browser.send("HEAD", path) for path in paths}
    assert {answer.status for answer in answers.values()} == {200, 404}
    assert len(sizes(answers)) == 1, sizes(answers)


async def _asked(browser: Browser, email: str) -> tuple[Answer, Answer]:
    signing = {"email": email, "country": "PL", "consent": "on"}
    return await browser.post("/en/sign", **signing), await browser.post("/en/manage", email=email)


async def test_a_form_is_answered_with_the_same_bytes_in_every_state(
    time: Clock, visitor: Visitor, browser: Browser
) -> None:
    """Headers and cookies too: nothing but the time differs."""
    await visitor.confirmed("signed@example.net")
    await visitor.sign("waiting@example.net")
    await visitor.sign("never@example.net")
    await visitor.post(await visitor.link("never@example.net", "never-write"))
    await hold(visitor, "held@example.net")
    for _ in range(4):
        await visitor.sign("capped@example.net")
    await add_organiser(visitor.site, "organiser")
    states = ("new", "signed", "waiting", "never", "held", "capped", "organiser")
    answers = [await _asked(browser, f"{state}@example.net") for state in states]
    assert {(sign.status, manage.status) for sign, manage in answers} == {(303, 303)}
    assert len({sign.undated for sign, _ in answers}) == len({manage.undated for _, manage in answers}) == 1


@on_sqlite
async def test_logging_in_at_the_desk_has_the_length_of_all_else(
    visit: Visit, settings: Settings, tmp_path: Path
) -> None:
    """From the form to the code of the second factor; over https, with cookies."""
    visitor = await in_production(visit, settings, tmp_path)
    await add_organiser(visitor.site, "marta", "admin")
    async with served(visitor) as browser:
        answers = {"login": await browser.get("/organisers/login")}
        for who in ("marta@example.org", "nobody@example.org", "not an address"):
            answers[f"login of {who}"] = await browser.post("/organisers/login", email=who)
        link = await visitor.link("marta@example.org", "login", "https://petition.example")
        answers["link"] = await browser.get(link)
        answers["pressed"] = await browser.post(link)
        answers["pressed again"] = await browser.post(link)
        browser.cookie = answers["pressed"].header("set-cookie").partition(";")[0]
        answers["factor"] = await browser.get("/organisers/factor")
        answers["factors"] = await browser.get("/organisers/factors")
        answers["wrong code"] = await browser.post("/organisers/factors", code="000000")
        answers["desk"] = await browser.get("/organisers/")
    assert browser.cookie
    assert {answer.status for answer in answers.values()} == {200, 303, 404, 422}
    assert len(sizes(answers)) == 1, sizes(answers)


@on_sqlite
async def test_what_is_the_same_for_everybody_is_not_padded(visitor: Visitor, browser: Browser) -> None:
    paths = (
        "/",
        "/en",
        "/en/",
        "/tally.json",
        "/static/petition.css",
        "/proof-of-work.json",
        "/healthz",
        "/en/share.png",
    )
    answers = {path: await browser.get(path) for path in paths}
    assert {answer.header("x-padding") for answer in answers.values()} == {""}


@on_sqlite
async def test_an_error_does_not_echo_its_address(visitor: Visitor, browser: Browser) -> None:
    long = "x" * 5000
    paths = (f"/en/{long}", f"/{long}", f"/en/letters/{long}", f"/en/thanks?country={long}", f"/organisers/{long}")
    answers = {path: await browser.get(path) for path in paths}
    answers["link"] = await browser.get(f"/en/confirm/{long}")
    assert len(sizes(answers)) == 1, sizes(answers)
    assert not [path for path, answer in answers.items() if b"x" * 100 in answer.body]
