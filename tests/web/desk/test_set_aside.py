"""Setting signatures aside at the desk, and what everybody sees of it: tally, history, letters, the owner's page."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from petition.core.encryption import ServerKeys
from petition.organisers import sessions
from tests.conftest import Clock, Visitor, add_organiser
from tests.letters.editions.test_editions import draft_for, issue
from tests.signing.crowds import counted, crowd, marked
from tests.web.tools import Html, on_sqlite

pytestmark = on_sqlite
PATH = "/organisers/set-aside"


@pytest.fixture(autouse=True)
def _no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerKeys, "remainder", lambda keys, subject: 0)


@pytest.fixture
async def desk(time: Clock, visitor: Visitor) -> Visitor:
    """Twenty honest people and forty-five throw-away mailboxes; ada is an admin, ben an organiser, vera a viewer."""
    await crowd(visitor.site, "honest", 60, "PL", disposable=False)
    await crowd(visitor.site, "bot", 45, "DE")
    for nickname, role in (("ada", "admin"), ("ben", "organiser"), ("vera", "viewer")):
        await add_organiser(visitor.site, nickname, role)
    time.advance(minutes=2)
    await visitor.published()
    await _become(visitor, "ada")
    return visitor


async def _become(visitor: Visitor, nickname: str) -> None:
    visitor.client.cookies.clear()
    begin = partial(sessions._create_session, nickname=nickname, authenticated=True)
    visitor.client.cookies.set("session", await visitor.site.database.write(begin))


async def _kept(visitor: Visitor, **fields: str) -> str:
    """The path of the batch."""
    answer = await visitor.post(PATH, **({"mark": "disposable"} | fields))
    assert answer.status_code == 303, Html(answer.text).text
    return str(answer.headers["location"])


async def _done(visitor: Visitor) -> str:
    path = await _kept(visitor)
    assert (await visitor.post(f"{path}/propose", reason="throw-away")).status_code == 303
    await _become(visitor, "ben")
    assert (await visitor.post(f"{path}/agree")).status_code == 303
    await visitor.site.set_aside()
    return path


async def test_two_organisers_set_signatures_aside_and_everybody_sees_it(desk: Visitor, time: Clock) -> None:
    draft = draft_for("PL")
    await issue(desk.site.database, replace(draft, snapshot=replace(draft.snapshot, as_of=time.moment)))
    path = await _kept(desk)
    page = Html((await desk.get(path)).text).text
    assert "All signatures 100 40+ 60" in page
    assert "Germany 40 40+ 0" in page
    assert "Poland" not in page, "nobody of Poland is in it"
    assert "Editions that may count them: 1" in page
    assert (await desk.post(f"{path}/propose", reason="throw-away")).status_code == 303
    await _become(desk, "ben")
    assert (await desk.post(f"{path}/agree")).status_code == 303
    await desk.site.set_aside()
    assert "Set aside" in Html((await desk.get(path)).text).text
    said = Html((await desk.get("/organisers/record")).text).text
    for action in ("kept signatures to look at", "proposed to set signatures aside", "agreed to set signatures aside"):
        assert action in said
    time.moment = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    assert (await desk.published())["countries"] == [{"code": "PL", "name": "Poland", "confirmed": 60}]
    line = "23 November 2026: −40 (throw-away mailboxes)"
    assert line in Html((await desk.get("/en/tally")).text).text
    assert line in Html((await desk.get("/en/letters/PL-1")).text).text
    assert (await desk.get("/history.json")).json()["set_aside"] == [
        {"day": "2026-11-23", "reason": "throw-away", "signatures": 40}
    ]


async def test_what_was_undone_stands_in_the_tally_and_not_on_the_letter(desk: Visitor, time: Clock) -> None:
    draft = draft_for("PL")
    await issue(desk.site.database, replace(draft, snapshot=replace(draft.snapshot, as_of=time.moment)))
    path = await _done(desk)
    time.advance(days=2)
    await desk.published()
    await _become(desk, "ada")
    assert (await desk.post(f"{path}/undo")).status_code == 303
    await desk.site.set_aside()
    time.advance(days=1)
    assert (await desk.published())["confirmed"] == 100
    assert "25 November 2026: +40 (restored)" in Html((await desk.get("/en/tally")).text).text
    assert "set aside" not in Html((await desk.get("/en/letters/PL-1")).text).text
    assert (await desk.get("/history.json")).json()["restored"] == [{"day": "2026-11-25", "signatures": 40}]
    assert await counted(desk.site) == {"PL": 60, "DE": 45}


async def test_the_owner_reads_it_in_the_mailbox_and_signs_again(desk: Visitor) -> None:
    await _done(desk)
    await desk.post("/en/manage", email="bot7@example.net")
    link = await desk.link("bot7@example.net", "manage")
    words = "It is not counted now. If it is yours, please sign again: then it counts."
    assert words in Html((await desk.post(link, action="show")).text).text
    await desk.confirmed("bot7@example.net", "DE")
    assert words not in Html((await desk.post(link, action="show")).text).text
    assert await counted(desk.site) == {"PL": 60, "DE": 1}


async def test_a_withdrawal_of_what_is_set_aside_lowers_nothing_twice(desk: Visitor) -> None:
    await _done(desk)
    await desk.post("/en/manage", email="bot7@example.net")
    await desk.post(await desk.link("bot7@example.net", "manage"), action="withdraw")
    assert (await counted(desk.site), await marked(desk.site)) == ({"PL": 60}, (44, 44))


async def test_a_rule_that_matches_everything_asks_twice(desk: Visitor) -> None:
    path = await _kept(desk, mark="day", country="PL", day="2026-11-22")
    refused = await desk.post(f"{path}/propose", reason="machine")
    assert refused.status_code == 422
    assert "This is half of all signatures or more" in refused.text
    assert any("checked" in a and a.get("value") == "machine" for a in Html(refused.text).all("input"))
    assert (await desk.post(f"{path}/propose", reason="machine", sure="on")).status_code == 303
    await _become(desk, "ben")
    assert (await desk.post(f"{path}/agree")).status_code == 422
    assert (await desk.post(f"{path}/agree", sure="on")).status_code == 303


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"mark": ""}, "Choose what the signatures have in common."),
        ({"mark": "person anna"}, "Choose what the signatures have in common."),
        ({"mark": "network 0123"}, "This network is not in the list any more"),
        ({"mark": "day", "country": "PL"}, "choose a country and a day"),
        ({"mark": "disposable", "country": "PL"}, "Too few"),
        ({"mark": "disposable", "day": "yesterday"}, "Too few"),
    ],
)
async def test_bad_input_gets_one_sentence_and_nothing_is_lost(
    fields: dict[str, str], sentence: str, desk: Visitor
) -> None:
    answer = await desk.post(PATH, **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    shown = Html(answer.text).fields()
    assert shown.get("country", "") == fields.get("country", "")
    assert await marked(desk.site) == (0, 0)


async def test_nobody_says_both_yeses_while_there_is_a_colleague(desk: Visitor) -> None:
    path = await _kept(desk)
    await desk.post(f"{path}/propose", reason="throw-away")
    answer = await desk.post(f"{path}/agree")
    assert answer.status_code == 409
    assert "a colleague says the second yes" in answer.text


async def test_anyone_who_is_alone_says_the_second_yes_a_day_later(desk: Visitor, time: Clock) -> None:
    await desk.site.database.write(lambda c: c.execute("delete from organisers where nickname = 'ben'"))
    path = await _kept(desk)
    await desk.post(f"{path}/propose", reason="throw-away")
    assert "24 hours after the first" in (await desk.post(f"{path}/agree")).text
    time.advance(days=1)
    await _become(desk, "ada")
    assert (await desk.post(f"{path}/agree")).status_code == 303


async def test_of_two_at_once_the_second_sees_what_the_first_did(desk: Visitor) -> None:
    path = await _kept(desk)
    answers = await asyncio.gather(
        desk.post(f"{path}/propose", reason="throw-away"), desk.post(f"{path}/dismiss", seen="kept")
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    (late,) = [answer for answer in answers if answer.status_code == 409]
    assert "A colleague was faster" in late.text
    assert "Proposed" in late.text or "Honest" in late.text


async def test_an_unknown_batch_does_not_exist(desk: Visitor) -> None:
    for path in (f"{PATH}/x", f"{PATH}/x/agree"):
        assert (await desk.get(path)).status_code in (404, 405)
        assert (await desk.post(path)).status_code in (404, 405)


async def test_in_production_an_organiser_who_adds_forms_today_learns_nothing(
    desk: Visitor, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(desk.site.settings), "demo", property(lambda settings: False))
    await crowd(desk.site, "own", 40, "LT", network="theirs", disposable=False)
    before = (await desk.get(PATH)).text
    await crowd(desk.site, "somebody", 1, "LT", network="theirs", disposable=False)
    assert (await desk.get(PATH)).text == before
    assert "network " not in "".join(a.get("value", "") for a in Html(before).all("input"))
