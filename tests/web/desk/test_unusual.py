"""Is it real? What an organiser reads of an unusual day, says of it, and cannot learn."""

from functools import partial

import pytest

from petition.core.database.connection import Connection
from petition.protection.rate_limits import Admission
from petition.signals import notices
from petition.signals.detection import THRESHOLDS, Finding
from petition.signals.sentences import SIGNALS
from petition.tally import tally
from petition.tally.tally import Change
from tests.conftest import Clock, Visitor
from tests.signals.test_signals import forms
from tests.web.tools import Html, on_sqlite

pytestmark = on_sqlite
PATH = "/organisers/unusual"
MACHINE = Admission("a network", mailbox_class="unknown", domain="a domain")


async def _page(visitor: Visitor) -> Html:
    return Html((await visitor.get(PATH)).text)


async def _seen_by_night(visitor: Visitor, time: Clock, n: int = 53) -> None:
    await forms(visitor.site, n, MACHINE, countries=("PL", "DE", "LT"), quick=1, spread=True)
    time.advance(hours=12)
    await visitor.site.prune()
    await visitor.organiser("olga", "organiser")


async def test_an_unusual_day_is_told_in_sentences(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("ada", "organiser")
    assert "One thing to look at" not in (await _page(visitor)).text
    await _seen_by_night(visitor, time)
    text = (await _page(visitor)).text
    assert "One thing to look at" in text
    assert "One email domain that we do not know has about" in text
    assert "It could be: A university, a school, a firm or an office" in text
    assert "One unusual thing waits for somebody" in Html((await visitor.get("/organisers/")).text).text
    assert "More than four in ten pressed the button within twenty seconds" in text
    assert "It looks like a machine. What can be grouped today is gone tomorrow" in text
    assert not [word for word in ("53", "Poland", "a domain", "a network", "2026-11-22T") if word in text]


async def test_what_it_was_is_said_once_logged_and_can_be_opened_again(time: Clock, visitor: Visitor) -> None:
    await _seen_by_night(visitor, time)
    (handle,) = [a["value"] for a in (await _page(visitor)).all("input") if a.get("name") == "handle"]
    refused = await visitor.post(PATH, handle=handle, explanation="")
    assert (refused.status_code, "Choose one of the answers." in refused.text) == (422, True)
    assert (await visitor.post(PATH, handle=handle, explanation="news")).status_code == 303
    text = (await _page(visitor)).text
    assert "olga: A newspaper, a broadcast or a well-known person." in text
    assert "Nothing waits for you here" in text
    await visitor.post(PATH, handle=handle, explanation="forged")
    assert "A colleague was faster." in (await _page(visitor)).text
    await visitor.post(PATH, handle=handle, reopen="on")
    assert "One thing to look at" in (await _page(visitor)).text
    log = Html((await visitor.get("/organisers/record")).text).text
    assert "said what was unusual A newspaper, a broadcast or a well-known person" in log
    assert "opened a notice again" in log
    assert "looks forged" not in log


async def test_forms_of_ones_own_show_nothing_of_others_during_the_day(time: Clock, visitor: Visitor) -> None:
    """Somebody who adds forms to a cluster and looks all day sees the same page until the next night."""
    await _seen_by_night(visitor, time)
    before = (await visitor.get(PATH)).text
    await forms(visitor.site, 19, Admission("b", mailbox_class="unknown", domain="a domain"))
    await visitor.site.prune()
    assert (await visitor.get(PATH)).text == before


async def test_every_signal_has_its_sentences(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    found = [Finding(signal, 73, 12, "LU" if "country" in signal else "") for signal in SIGNALS]
    made = [notices.make_notice("2026-11-21", finding, 3) for finding in found]
    await visitor.site.database.write(partial(notices.save, notices=made))
    text = (await _page(visitor)).text
    assert "Luxembourg: about 70 signatures more than usual in a day." in text
    assert (
        "About 75 in 100 pressed the button within twenty seconds of the email; usually it is about 10 in 100." in text
    )
    assert text.count("It could be:") == len(SIGNALS) > len(THRESHOLDS)
    assert "73" not in text
    assert "{" not in text


@pytest.mark.parametrize("admission", [MACHINE, Admission("home", mailbox_class="throw-away")])
async def test_a_cluster_becomes_a_batch_while_its_marks_are_there(
    admission: Admission, time: Clock, visitor: Visitor
) -> None:
    await forms(visitor.site, 60, admission, quick=1, spread=True)
    await visitor.site.database.write(_sign_all)
    time.advance(hours=12)
    await visitor.site.prune()
    await visitor.organiser("ada", "admin")
    page = await _page(visitor)
    marks = {a["value"] for a in page.all("input") if a.get("name") == "mark"}
    if admission is MACHINE:
        assert marks == set(), "it was kept in the night, without a person"
    else:
        (mark,) = marks
        assert (await visitor.post("/organisers/set-aside", mark=mark)).status_code == 303
        again = await visitor.post("/organisers/set-aside", mark=mark)
        assert (again.status_code, "This was counted before" in again.text) == (422, True)
        page = await _page(visitor)
    (batch,) = {a["href"] for a in page.all("a") if a["href"].startswith("/organisers/set-aside/")}
    assert (await visitor.get(batch)).status_code == 200
    async with visitor.site.database.reading() as c:
        (row,) = await c.execute("select count(*) as n from signatures where batch is not null")
    assert row["n"] == 60
    gone = await visitor.post("/organisers/set-aside", mark="cluster x")
    assert (gone.status_code, "is forgotten by now" in gone.text) == (422, True)


async def _sign_all(c: Connection) -> None:
    rows = await c.execute("select mailbox, email_hash, country, consent from submissions")
    more = {"confirmed_on": "2026-11-22", "named": 0, "updates": 0}
    await c.insert_rows("signatures", [row | more for row in rows])
    await tally.apply_changes(c, [Change(row["country"], "confirmed", 1) for row in rows])
