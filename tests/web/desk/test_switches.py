"""Switches: what each does to people who sign, what the others at the desk see, and two admins at once."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from petition.core.database import migrations
from petition.core.database.connection import Connection
from petition.core.sentences import Sentence
from petition.mail import outbox
from petition.organisers import switches
from petition.signing.intake import TRAP_FIELD
from petition.web import mirror
from petition.web.http import public_state
from tests.conftest import Clock, Visitor
from tests.switching import turn
from tests.web.tools import Html, all_rows, on_sqlite, run_background_jobs, set_destruction

PAGE = "/organisers/switches"
CLOSED = "Signing is closed at the moment."


async def _desk(visitor: Visitor) -> Html:
    return Html((await visitor.get(PAGE)).text)


async def _press(visitor: Visitor, name: str, value: str, version: int = 0, **fields: str) -> int:
    """Turns a switch, and says yes if that is asked."""
    sent = {"value": value, "version": str(version), "reason": "a reason", "sure": "on"} | fields
    return (await visitor.post(f"{PAGE}/{name}", **sent)).status_code


async def test_signing_is_paused_and_resumed_and_nothing_typed_is_lost(time: Clock, visitor: Visitor) -> None:
    await visitor.sign("boris@example.net", "LT")
    waiting = await visitor.link("boris@example.net")
    await visitor.organiser()
    first = await visitor.post(f"{PAGE}/signing", value="paused", version="0", reason="a flood from one network")
    assert first.status_code == 200
    assert "Nobody can sign until" in Html(first.text).text
    assert Html((await visitor.get("/en/")).text).all("form") != [], "it asks twice"
    assert (await visitor.post(f"{PAGE}/signing", **Html(first.text).press("sure"))).status_code == 303

    page = Html((await visitor.get("/en/")).text)
    assert CLOSED in page.text
    assert page.all("form") == []
    assert page.all("a") == [a for a in page.all("a") if a["href"] != "#sign"]
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    typed = {"named": "on", "name": "Anna Nowak", "updates": "on"}
    answer = await visitor.sign("anna@example.net", "PL", **typed)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3600")
    shown = Html(answer.text)
    assert CLOSED in shown.text
    assert shown.fields() | typed == shown.fields()
    assert (shown.fields()["email"], shown.fields()["country"]) == ("anna@example.net", "PL")
    assert await all_rows(visitor.site) == before
    assert (await visitor.post(waiting)).status_code == 303, "what was sent before still confirms"
    assert (await visitor.get("/organisers/letters/PL.pdf")).status_code == 200

    assert "paused signing a flood from one network" in Html((await visitor.get("/organisers/record")).text).text
    assert (await visitor.post(f"{PAGE}/signing", value="", version="1")).status_code == 303, "one press undoes it"
    assert (await visitor.post("/en/sign", **shown.fields(), **{TRAP_FIELD: ""})).status_code == 303
    assert Html((await visitor.get("/en/")).text).all("form") != []


@on_sqlite
async def test_a_process_that_has_not_heard_of_it_takes_no_form_either(time: Clock, visitor: Visitor) -> None:
    await turn(visitor.site.database, "signing", "paused")
    answer = await visitor.sign("anna@example.net")
    assert answer.status_code == 503
    assert "What you entered is still here" in Html(answer.text).text


@on_sqlite
async def test_all_pages_with_the_form_say_that_it_is_paused(time: Clock, visitor: Visitor) -> None:
    """Also the page of a link that does not work, and the mirror; a stranger learns neither since when nor why."""
    await visitor.organiser()
    assert await _press(visitor, "signing", "paused", reason="a secret reason") == 303
    files = mirror.render_files(visitor.site, await public_state.read_public_state(visitor.site))
    pages = [(await visitor.get(path)).text for path in ("/en/", "/en/confirm/x")] + [files["en/index.html"].decode()]
    for page in pages:
        assert CLOSED in Html(page).text
        assert "secret" not in page
        assert "2026-11-22T12:00" not in page
        assert Html(page).all("form") == []


async def test_of_two_admins_at_once_the_second_sees_what_the_first_did(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("marta")
    sent = {"value": "paused", "version": "0", "sure": "on"}
    first, second = await asyncio.gather(
        *[visitor.post(f"{PAGE}/signing", **sent, reason=reason) for reason in ("one reason", "another reason")]
    )
    assert sorted((first.status_code, second.status_code)) == [303, 409]
    refused = Html((first if first.status_code == 409 else second).text)
    won = "one reason" if second.status_code == 409 else "another reason"
    assert f"Paused. Since 2026-11-22 12:00 UTC, by marta: {won}" in refused.text
    assert "Nothing was changed by you" in refused.text
    lost = ({"one reason", "another reason"} - {won}).pop()
    assert f"Your reason was: {lost}." in refused.text
    text = Html((await visitor.get("/organisers/record")).text).text
    assert text.count("paused signing") == 1


@on_sqlite
async def test_a_reason_is_needed_and_what_is_no_switch_is_refused(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser()
    for reason in ("", "x" * 201, "two\nlines"):
        answer = await visitor.post(f"{PAGE}/figures", value="frozen", version="0", reason=reason)
        assert answer.status_code == 422
        assert "Say in one line why" in Html(answer.text).text
    assert await _press(visitor, "signing", "frozen") == 422
    assert await _press(visitor, "login", "paused") == 404
    for version in (1, -1, 10**12):
        assert await _press(visitor, "figures", "frozen", version) == 409
    async with visitor.site.database.reading() as c:
        assert await c.execute("select * from switches") == []


@on_sqlite
@pytest.mark.parametrize("role", ["viewer", "organiser"])
async def test_the_others_see_what_is_on_since_when_and_by_whom(role: str, time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("marta", "admin")
    await _press(visitor, "confirm", "paused", reason="the relay is in trouble")
    await visitor.post("/organisers/logout")
    await visitor.organiser("vera", role)
    page = await _desk(visitor)
    assert "Since 2026-11-22 12:00 UTC, by marta: the relay is in trouble" in page.text
    assert ("Waiting: <10." in page.text) == (role == "organiser")
    assert [a for a in page.all("form") if a["action"].startswith(PAGE)] == []
    assert await _press(visitor, "confirm", "", 1) == 404


async def test_a_kind_of_email_waits_and_all_else_leaves(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser()
    assert await _press(visitor, "confirm", "paused") == 303
    answer = await visitor.sign("anna@example.net")
    assert answer.headers["location"] == "/en/check-inbox?mail=paused#main"
    assert "Our emails are delayed" in Html((await visitor.get(answer.headers["location"])).text).text
    for _ in range(3):
        await visitor.sign("boris@example.net")
    await visitor.sign("boris@example.net")  # over the limit on emails: a decoy
    await visitor.post("/en/manage", email="carla@example.net")
    await visitor.deliver()
    assert visitor.smtp.to("anna@example.net") == visitor.smtp.to("boris@example.net") == []
    assert len(visitor.smtp.to("carla@example.net")) == 1
    async with visitor.site.database.reading() as c:
        waiting = [(row["kind"], row["template"]) for row in await c.execute("select kind, template from outbox")]
    assert sorted(waiting) == [("confirm", "confirm")] * 4 + [("confirm", "nothing")], "a decoy waits as an email does"
    await visitor.organiser("olga", "organiser")  # with an email to log in
    assert "Waiting: <10." in (await _desk(visitor)).text
    await visitor.organiser("nina")
    assert await _press(visitor, "confirm", "", 1) == 303
    assert (await visitor.post(await visitor.link("anna@example.net"))).status_code == 303
    assert (await visitor.sign("dora@example.net")).headers["location"] == "/en/check-inbox#main"


@on_sqlite
async def test_a_batch_that_was_claimed_before_is_not_kept_on_for_long(time: Clock, visitor: Visitor) -> None:
    """What a deliverer holds leaves within the time of its claim; it is not renewed."""
    await visitor.sign("anna@example.net")
    site = visitor.site
    (email,) = await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
    assert await site.database.write(partial(outbox.renew_claim, email=email))
    await turn(site.database, "confirm", "paused")
    assert not await site.database.write(partial(outbox.renew_claim, email=email))
    time.advance(minutes=2)
    assert await site.database.write(partial(outbox.claim_probe, server_keys=site.server_keys)) == []


@on_sqlite
async def test_frozen_numbers_say_as_of_when_on_every_page(time: Clock, visitor: Visitor) -> None:
    for n in range(20):
        await visitor.confirmed(f"anna{n}@example.net", "PL")
    time.advance(minutes=1)
    before = await visitor.published()
    await visitor.organiser()
    assert await _press(visitor, "figures", "frozen") == 303
    picture = (await visitor.get("/en/share.png")).content
    for n in range(20):
        await visitor.confirmed(f"boris{n}@example.net", "PL")
    time.advance(hours=5)
    assert await visitor.published() == before
    assert (await visitor.get("/en/share.png")).content == picture
    for path in ("/en/", "/en/tally", "/en/embed"):
        text = Html((await visitor.get(path)).text).text
        assert "As of 22 November 2026, 12:01 UTC" in text
        assert "For three days at most, the figures stay as they are here." in text
        assert "More than 20 people have signed" in text or "20 confirmed signatures" in text
    await visitor.organiser("nina")
    assert "It ends by itself on 2026-11-25 12:01 UTC." in (await _desk(visitor)).text
    assert await _press(visitor, "figures", "", 1) == 303
    time.advance(minutes=1)
    assert (await visitor.published())["confirmed"] == 40
    assert "For three days" not in (await visitor.get("/en/tally")).text


@on_sqlite
async def test_a_freeze_that_ended_by_itself_is_in_the_log(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser()
    assert "are frozen" not in (await visitor.get("/organisers/")).text
    assert await _press(visitor, "figures", "frozen") == 303
    for page in ("/organisers/", "/organisers/live"):
        assert "The published numbers are frozen." in (await visitor.get(page)).text, "from the first minute on"
    time.advance(hours=71)
    await visitor.site.prune()
    await visitor.organiser("nina")
    assert "Frozen." in (await _desk(visitor)).text
    time.advance(hours=1)
    await visitor.organiser("olga", "viewer")
    assert "Frozen." not in (await _desk(visitor)).text
    await visitor.app.state.public_state.refresh()
    assert "are frozen" not in (await visitor.get("/organisers/")).text
    await visitor.site.prune()
    text = Html((await visitor.get("/organisers/record")).text).text
    assert "the server unfroze the published numbers it was time" in text


@on_sqlite
async def test_an_admin_asks_everybody_for_a_proof_at_once(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser()
    for version, (value, needed) in enumerate((("on", True), ("off", False), ("", False))):
        assert await _press(visitor, "proof", value, version) == 303
        assert (await visitor.get("/proof-of-work.json")).json()["needed"] is needed
    assert "asked everybody for a proof of work a reason" in Html((await visitor.get("/organisers/record")).text).text


async def test_the_destruction_day_is_brought_forward_and_back_while_there_is_time(
    time: Clock, visitor: Visitor, right_clock: None
) -> None:
    today, site = time.moment.date(), visitor.site
    set_destruction(site, today + timedelta(30))
    await site.destruction_watch.look()
    await visitor.organiser()
    for days in (8, 30, 31):
        answer = await visitor.post(
            f"{PAGE}/destruction", value=str(today + timedelta(days)), version="0", reason="why", sure="on"
        )
        assert answer.status_code == 422
        assert "Choose a day from 2026-12-01 on, and before 2026-12-22." in Html(answer.text).text
    assert await _press(visitor, "destruction", "2026-W49-2") == 422
    assert await _press(visitor, "destruction", "2026-12-01") == 303
    assert "On 1 December 2026 everything that leads to a person is erased" in (await _desk(visitor)).text
    assert "announced for 0 of 168 hours" in (await _desk(visitor)).text
    assert await _press(visitor, "destruction", "", 1) == 303
    assert "On 22 December 2026 everything" in (await _desk(visitor)).text
    assert await _press(visitor, "destruction", "2026-12-02", 2) == 303
    time.advance(days=22)
    await visitor.organiser("nina")
    assert await _press(visitor, "destruction", "", 3) == 422, "the other day could not be announced for a week"
    text = Html((await visitor.get("/organisers/record")).text).text
    assert "marta chose the destruction day 2026-12-01 a reason" in text
    assert "the server announced the destruction day 2026-12-22" in text


async def test_on_the_earlier_day_everything_is_erased(time: Clock, visitor: Visitor, right_clock: None) -> None:
    await visitor.confirmed("anna@example.net")
    site = visitor.site
    set_destruction(site, time.moment.date() + timedelta(30))
    await site.destruction_watch.look()
    await visitor.organiser()
    assert await _press(visitor, "destruction", "2026-12-01") == 303
    for _ in range(8 * 24 + 11):
        await site.destruction_watch.look()
        time.advance(hours=1)
    async with site.database.reading() as c:
        assert await c.count_rows("signatures") == 1
    time.advance(hours=1)
    await site.prune()
    async with site.database.reading() as c:
        assert await c.count_rows("signatures") == 0


@on_sqlite
async def test_while_news_is_paused_nobody_gets_the_addresses(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", "PL", updates="on")
    time.advance(days=4)
    await visitor.organiser()
    assert await _press(visitor, "news", "paused") == 303
    refused = await visitor.get("/organisers/news.csv")
    assert refused.status_code == 409
    assert "News is paused by marta" in Html(refused.text).text
    assert await _press(visitor, "news", "", 1) == 303
    assert (await visitor.get("/organisers/news.csv")).headers["content-type"].startswith("text/csv")


@on_sqlite
async def test_what_was_left_on_is_remembered(time: Clock, visitor: Visitor) -> None:
    async def forgotten() -> list[Sentence]:
        async with visitor.site.database.reading() as c:
            return await switches.forgotten(c)

    for name, value in (("signing", "paused"), ("proof", "on"), ("mailboxes", "warn"), ("figures", "frozen")):
        await turn(visitor.site.database, name, value)
    time.advance(hours=23)
    assert await forgotten() == []
    time.advance(hours=1)
    assert await forgotten() == ["Signing: paused for 1 day.", "Published numbers: frozen for 1 day."]
    await visitor.organiser("vera", "viewer")
    assert "Signing: paused for 1 day. Published numbers: frozen for 1 day." in (await visitor.get("/organisers/")).text
    time.advance(days=6)
    assert await forgotten() == ["Signing: paused for 7 days.", "Proof of work: asked of everybody for 7 days."]


@on_sqlite
async def test_rules_of_the_version_before_are_kept(visitor: Visitor, time: Clock) -> None:
    every = migrations.statements("sqlite", migrations.latest_version())
    (moved,) = [statement for statement in every if statement.startswith("insert into switches")]

    async def job(c: Connection) -> None:
        for name, value in (("proof_mode", "off"), ("readable_mailboxes", "warn")):
            await c.execute(f"insert into site_state values ('{name}', '{value}')")
        await c.execute(moved)

    await visitor.site.database.write(job)
    await visitor.organiser()
    page = await _desk(visitor)
    assert "Nobody is asked." in page.text
    assert "People are only warned." in page.text
    assert await _press(visitor, "proof", "", 1) == 303
