"""Signing twice, in any state: the same answer, the same kind of email, one signature; links that do not mix."""

import re

import httpx2
import pytest

from petition.core.email_addresses import keyed_hash
from petition.tally import audit
from tests.conftest import Clock, Visitor, add_organiser
from tests.web.tools import Html, all_rows, on_sqlite, run_background_jobs

ANNA = "anna@example.net"


async def _state(visitor: Visitor, state: str) -> None:
    """Brings Anna's mailbox into a state."""
    if state != "new":
        await visitor.sign(ANNA)
    if state in ("confirmed", "withdrawn"):
        await visitor.post(await visitor.link(ANNA))
    if state == "withdrawn":
        await visitor.post("/en/manage", email=ANNA)
        await visitor.post(await visitor.link(ANNA, "manage"), action="withdraw")
    if state == "never":
        await visitor.post(await visitor.link(ANNA, "never-write"))
    await visitor.deliver()


def _seen(answer: httpx2.Response) -> tuple[object, ...]:
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, headers, answer.text


def _mail(visitor: Visitor) -> str:
    """The newest email to Anna, without the random parts of every email."""
    text = visitor.smtp.to(ANNA)[-1].as_string().replace("=\n", "")  # line breaks depend on the link
    text = re.sub(r"(Message-ID: ).*|(X-Reference: ).*|(boundary=).*|(Date: ).*|--=.*", "", text)
    return re.sub(r"/(confirm|manage|never-write)/[\w.=\-\n]*", r"/\1/", text)


async def test_the_answer_and_the_mail_are_the_same_in_every_state(time: Clock, visitor: Visitor) -> None:
    answers: dict[str, set[str]] = {"sign": set(), "manage": set()}
    mails: dict[str, set[str]] = {"sign": set(), "manage": set()}
    for state in ("new", "waiting", "confirmed", "withdrawn"):
        await _state(visitor, state)
        for path in ("sign", "manage"):
            time.advance(days=4)
            before = len(visitor.smtp.to(ANNA))
            answer = await visitor.post(f"/en/{path}", email=ANNA, country="LT", consent="on", updates="on")
            answers[path].add(str(_seen(answer)))
            await visitor.deliver()
            assert len(visitor.smtp.to(ANNA)) == before + 1, state
            mails[path].add(_mail(visitor))
        time.advance(days=30)
    assert [len(kinds) for kinds in (*answers.values(), *mails.values())] == [1, 1, 1, 1]


async def test_the_answer_is_the_same_when_no_mail_may_go(time: Clock, visitor: Visitor) -> None:
    first = _seen(await visitor.sign("boris@example.net"))
    await _state(visitor, "never")
    assert _seen(await visitor.sign(ANNA)) == first
    for _ in range(8):
        assert _seen(await visitor.sign("carla@example.net")) == first
    await visitor.deliver()
    assert [len(visitor.smtp.to(a)) for a in (ANNA, "carla@example.net")] == [1, 3]


@on_sqlite
async def test_a_mail_says_nothing_of_the_campaign(time: Clock, visitor: Visitor) -> None:
    for lang in ("en", "ru", "be"):
        await visitor.sign(ANNA, "PL", lang, named="on", name="Anna Nowak", updates="on")
    await visitor.deliver()
    for mail in visitor.smtp.to(ANNA):
        parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
        text = " ".join([str(mail["Subject"]), str(mail["From"]), *map(str, mail.values()), *parts])
        assert not re.search("elarus|еларус|rail|prison|Nowak|Poland|петици|ultimat|petition", text, re.I)


async def test_forms_that_strangers_fill_in_leave_the_owners_link_alone(time: Clock, visitor: Visitor) -> None:
    await visitor.sign(ANNA, "PL")
    owners = await visitor.link(ANNA)
    for _ in range(13):
        time.advance(days=1)
        for _ in range(3):
            await visitor.sign(ANNA, "LT")
    mine = [row for row in (await all_rows(visitor.site))["submissions"] if "'waiting'" in row]
    assert len(mine) == 6, "as many as emails in a fortnight"
    assert (await visitor.get(owners)).status_code == 200


async def test_pressing_twice_is_harmless_and_looks_the_same(time: Clock, visitor: Visitor) -> None:
    await visitor.sign(ANNA, "LT", named="on", name="Anna Nowak", updates="on")
    link = await visitor.link(ANNA)
    page = (await visitor.get(link)).text
    pressed = [_seen(await visitor.post(link)) for _ in range(3)]
    assert pressed[0] == pressed[1] == pressed[2]
    assert (await visitor.get(link)).text == page
    stored = await all_rows(visitor.site)
    assert [len(stored[t]) for t in ("signatures", "names", "contacts", "journal")] == [1, 1, 1, 1]


async def test_a_newer_signature_takes_the_place_of_the_older(time: Clock, visitor: Visitor) -> None:
    first = await visitor.confirmed(ANNA, "PL", named="on", name="Anna Nowak", updates="on")
    await visitor.confirmed(ANNA, "LT")
    async with visitor.site.database.reading() as c:
        assert await c.all("audit.signatures") == [{"country": "LT", "n": 1}]
        assert [row["name"] for row in await c.execute("select name from names")] == []
        assert await audit.find_disagreements(c) == []
    stored = await all_rows(visitor.site)
    assert [len(stored[t]) for t in ("names", "contacts")] == [0, 0]
    assert (await visitor.post(first)).status_code == 303  # pressed long ago: changes nothing now
    assert (await all_rows(visitor.site))["signatures"] == stored["signatures"]


@pytest.mark.parametrize("kind", ["confirm", "manage", "never-write"])
async def test_a_link_opens_one_door_only(kind: str, time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("boris@example.net")
    await visitor.post("/en/manage" if kind == "manage" else "/en/sign", email=ANNA, country="PL", consent="on")
    link = await visitor.link(ANNA, kind)
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for other in ("en/confirm", "en/manage", "en/never-write", "organisers/login"):
        if other != f"en/{kind}":
            path = link.replace(f"/en/{kind}/", f"/{other}/")
            assert (await visitor.get(path)).status_code == 404
            for action in ("show", "withdraw", "never_write"):
                assert (await visitor.post(path, action=action)).status_code == 404
    assert await all_rows(visitor.site) == before


@on_sqlite
async def test_a_login_link_opens_nothing_for_visitors(time: Clock, visitor: Visitor) -> None:
    await add_organiser(visitor.site, "marta")
    await visitor.post("/organisers/login", email="marta@example.org")
    link = await visitor.link("marta@example.org", "login")
    for kind in ("confirm", "manage", "never-write"):
        assert (
            await visitor.post(link.replace("/organisers/login/", f"/en/{kind}/"), action="show")
        ).status_code == 404
    assert (await visitor.post(link)).status_code == 303


@on_sqlite
async def test_an_act_that_is_none_changes_nothing(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed(ANNA)
    await visitor.post("/en/manage", email=ANNA)
    link = await visitor.link(ANNA, "manage")
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for action in ("", "erase", "Withdraw", "withdraw\x00"):
        assert (await visitor.post(link, action=action)).status_code == 422
    assert (await visitor.client.post(link)).status_code == 422
    assert await all_rows(visitor.site) == before


async def test_nothing_readable_is_written_before_the_button(time: Clock, visitor: Visitor) -> None:
    await visitor.sign(ANNA, "LT", named="on", name="Anna Nowak", updates="on")
    written = str(await all_rows(visitor.site))
    hashed = keyed_hash(visitor.site.settings.email_key, ANNA)
    assert hashed in written
    assert not re.search("anna[@ ]|nowak|example", written.replace(hashed, ""), re.I)
    link = await visitor.link(ANNA)
    assert link.rpartition("/")[2].partition(".")[0] not in str(await all_rows(visitor.site))


@on_sqlite
async def test_a_name_is_kept_only_if_it_is_to_be_printed(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed(ANNA, "LT", name="Anna Nowak")
    await visitor.confirmed("boris@example.net", "BY", name="Boris")
    stored = await all_rows(visitor.site)
    assert stored["names"] == []
    assert "'BY'" not in str(stored)
    async with visitor.site.database.reading() as c:
        assert await c.all("audit.signatures") == [{"country": "LT", "n": 1}, {"country": "ZZ", "n": 1}]


@on_sqlite
async def test_the_thanks_quote_published_numbers_only(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed(ANNA, "LT")
    for country in ("LT", "XX", "ZZ", "<script>", ""):
        page = Html((await visitor.get("/en/thanks", params={"country": country})).text)
        assert "You are among the first." in page.text
        assert "Lithuania" not in page.text
