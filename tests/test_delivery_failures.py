"""Delivery over a relay that refuses, delays, is slow, is down or hangs up: nothing is lost, hardly anything twice."""

from collections.abc import AsyncIterator

import pytest

from petition.db import Row
from petition.delivery import Deliverer
from petition.site import Site
from tests import relay
from tests.conftest import Clock
from tests.delivering import deliverer_to, saying, sign, waiting
from tests.relay import Relay
from tests.web.tools import rows as everything


@pytest.fixture
async def deliverer(site: Site, smtp: Relay, time: Clock) -> AsyncIterator[Deliverer]:
    """One process that delivers."""
    found = deliverer_to(site, smtp.url)
    yield found
    await found.close()


async def _refusals(site: Site) -> list[Row]:
    async with site.database.reading() as c:
        return await c.execute("select day, code, n from refusals order by code")


@pytest.mark.parametrize(
    ("answer", "code"), [("550 5.1.1 <anna@example.org> unknown", "5.1.1"), ("550 anna@example.org unknown", "5.0.0")]
)
async def test_a_permanent_refusal_is_counted_by_its_code_and_forgotten(
    answer: str, code: str, site: Site, smtp: Relay, deliverer: Deliverer
) -> None:
    smtp.rcpt = saying(answer)
    await sign(site)
    await deliverer.once()
    assert await _refusals(site) == [{"day": "2026-11-22", "code": code, "n": 1}]
    assert await waiting(site) == 0
    assert "example.org" not in str(await everything(site))


async def test_what_cannot_be_taken_now_is_tried_again(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock
) -> None:
    smtp.data = saying("451 4.3.0 later")
    await sign(site)
    for pause in (30, 120, 600):
        assert await deliverer.once() == 1
        assert await deliverer.once() == 0
        time.advance(seconds=pause)
    smtp.data = saying(relay.ACCEPTED)
    await deliverer.once()
    assert smtp.recipients == ["anna@example.org"]
    assert await _refusals(site) == []


async def test_one_refused_mailbox_delays_nobody_else(site: Site, smtp: Relay, deliverer: Deliverer) -> None:
    answers = {"anna": "550 5.1.1 unknown", "boris": "450 4.2.0 busy"}
    smtp.data = lambda e: answers.get(str(e.rcpt_tos[0]).partition("@")[0], relay.ACCEPTED)
    for name in ("anna", "boris", "clara", "daria"):
        await sign(site, name)
    await deliverer.once()
    assert sorted(smtp.recipients) == ["clara@example.org", "daria@example.org"]
    assert await waiting(site) == 1


async def test_a_relay_that_is_down_loses_nothing(site: Site, time: Clock) -> None:
    with relay.running() as before:
        pass
    sender = deliverer_to(site, before.url)
    for n in range(25):
        await sign(site, f"a{n}")
    for _ in range(5):
        await sender.once()
        time.advance(hours=1)
    assert await waiting(site) == 25
    with relay.running(before.port) as after:
        while await sender.once():
            time.advance(hours=1)
        await sender.close()
    assert sorted(after.recipients) == sorted(f"a{n}@example.org" for n in range(25))


async def test_when_the_relay_is_down_one_mail_finds_it_out_for_all(site: Site, time: Clock) -> None:
    with relay.running() as down:
        pass
    for n in range(10):
        await sign(site, f"a{n}")
    await deliverer_to(site, down.url).once()
    async with site.database.reading() as c:
        attempts = await c.execute("select attempts, claimed_until from outbox order by attempts")
    assert [row["attempts"] for row in attempts] == [0] * 9 + [1]
    assert {row["claimed_until"] for row in attempts} == {0}


async def test_a_connection_that_dies_after_the_data_brings_a_second_copy_with_the_same_id(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock
) -> None:
    smtp.drop_after_data = 1
    await sign(site)
    await deliverer.once()
    assert await waiting(site) == 1
    time.advance(seconds=30)
    await deliverer.once()
    assert smtp.recipients == ["anna@example.org"] * 2
    assert smtp.mails[0]["Message-ID"] == smtp.mails[1]["Message-ID"]
    assert await waiting(site) == 0


async def test_a_slow_relay_leaves_no_time_for_a_second_copy(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock
) -> None:
    """Every mail takes four minutes; another deliverer looks after each batch."""
    other = deliverer_to(site, smtp.url)
    for n in range(5):
        await sign(site, f"a{n}")

    def slow(_: object) -> str:
        time.advance(minutes=4)
        return relay.ACCEPTED

    smtp.data = slow
    while await deliverer.once() or await other.once():
        pass
    await other.close()
    assert sorted(smtp.recipients) == [f"a{n}@example.org" for n in range(5)]
