"""Delivery to a relay that refuses, delays, is slow, is down or hangs up: nothing is lost, hardly any sent twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from petition.core.database.connection import Row
from petition.mail import delivery, outbox
from petition.mail.delivery import Deliverer
from petition.site import Site
from tests import relay
from tests.conftest import Clock
from tests.mail.delivering import delivering, saying, sign, until, waiting
from tests.relay import Relay
from tests.web.tools import all_rows as everything


@pytest.fixture
async def deliverer(site: Site, smtp: Relay, time: Clock) -> AsyncIterator[Deliverer]:
    """One process that delivers."""
    async with delivering(site, smtp.url) as found:
        yield found


async def _refusals(site: Site) -> list[Row]:
    async with site.database.reading() as c:
        return await c.execute("select day, code, n from refusals order by code")


async def test_a_permanent_refusal_is_counted_by_its_code_and_forgotten(
    site: Site, smtp: Relay, deliverer: Deliverer
) -> None:
    smtp.rcpt = saying("550 5.1.1 <anna@example.org> unknown")
    await sign(site)
    await deliverer.deliver_batch()
    assert await _refusals(site) == [{"day": "2026-11-22", "code": "5.1.1", "n": 1}]
    assert await waiting(site) == 0
    assert "example.org" not in str(await everything(site))


async def test_what_cannot_be_taken_now_is_tried_again(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock
) -> None:
    smtp.data = saying("451 4.3.0 later")
    await sign(site)
    for pause in (30, 120, 600):
        assert await deliverer.deliver_batch() == 1
        assert await deliverer.deliver_batch() == 0
        time.advance(seconds=pause)
    smtp.data = saying(relay.ACCEPTED)
    await deliverer.deliver_batch()
    assert smtp.recipients == ["anna@example.org"]
    assert await _refusals(site) == []


async def test_one_refused_mailbox_delays_nobody_else(site: Site, smtp: Relay, deliverer: Deliverer) -> None:
    answers = {"anna": "550 5.1.1 unknown", "boris": "450 4.2.0 busy"}
    smtp.data = lambda e: answers.get(str(e.rcpt_tos[0]).partition("@")[0], relay.ACCEPTED)
    for name in ("anna", "boris", "clara", "daria"):
        await sign(site, name)
    await deliverer.deliver_batch()
    assert sorted(smtp.recipients) == ["clara@example.org", "daria@example.org"]
    assert await waiting(site) == 1


async def test_a_relay_that_is_down_loses_nothing(site: Site, time: Clock) -> None:
    with relay.running() as before:
        pass
    for n in range(25):
        await sign(site, f"a{n}")
    async with delivering(site, before.url) as sender:
        for _ in range(5):
            await sender.deliver_batch()
            time.advance(hours=1)
        assert await waiting(site) == 25
        with relay.running(before.port) as after:
            while await sender.deliver_batch():
                time.advance(hours=1)
    assert sorted(after.recipients) == sorted(f"a{n}@example.org" for n in range(25))


async def test_when_the_relay_is_down_one_mail_finds_it_out_for_all(site: Site, time: Clock) -> None:
    with relay.running() as down:
        pass
    for n in range(10):
        await sign(site, f"a{n}")
    async with delivering(site, down.url) as sender:
        await sender.deliver_batch()
    async with site.database.reading() as c:
        attempts = await c.execute("select attempts, claim_expires_at from outbox order by attempts")
    assert [row["attempts"] for row in attempts] == [0] * 10, "it is the relay's fault, not an email's"
    assert {row["claim_expires_at"] for row in attempts} == {0}


async def test_a_connection_that_dies_after_the_data_brings_a_second_copy_with_the_same_id(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock
) -> None:
    smtp.drop_after_data = 1
    await sign(site)
    await deliverer.deliver_batch()
    assert await waiting(site) == 1
    time.advance(seconds=30)
    await deliverer.deliver_batch()
    assert smtp.recipients == ["anna@example.org"] * 2
    assert smtp.mails[0]["Message-ID"] == smtp.mails[1]["Message-ID"]
    assert await waiting(site) == 0


async def test_a_slow_relay_leaves_no_time_for_a_second_copy(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock
) -> None:
    """Every dialogue takes almost as long as it may; during each one another deliverer takes what it can get."""
    loop = asyncio.get_running_loop()
    for n in range(7):
        await sign(site, f"a{n}")
    with relay.running() as elsewhere:
        async with delivering(site, elsewhere.url) as other:

            def slow(_: object) -> str:
                time.advance(seconds=delivery.SEND_TIMEOUT - 1)
                asyncio.run_coroutine_threadsafe(other.deliver_batch(), loop).result()
                return relay.ACCEPTED

            smtp.data = slow
            while await deliverer.deliver_batch():
                pass
        assert smtp.recipients
        assert elsewhere.recipients, "the first lost what it could not begin in time"
        assert sorted(smtp.recipients + elsewhere.recipients) == [f"a{n}@example.org" for n in range(7)]


async def test_who_lost_a_mail_to_a_clock_that_leapt_ahead_and_back_does_not_send_it(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock
) -> None:
    loop = asyncio.get_running_loop()
    for n in range(3):
        await sign(site, f"a{n}")

    def leap(_: object) -> str:
        smtp.data = saying(relay.ACCEPTED)
        time.advance(hours=3)
        claim = site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
        assert len(asyncio.run_coroutine_threadsafe(claim, loop).result()) == 3, "another deliverer takes them all"
        time.advance(hours=-4)
        return relay.ACCEPTED

    smtp.data = leap
    await deliverer.deliver_batch()
    assert len(smtp.mails) == 1, "the one in hand"


@asynccontextmanager
async def _hanging() -> AsyncIterator[tuple[str, list[asyncio.StreamWriter]]]:
    """A relay that accepts every connection and says nothing; its URL, and the connections that wait."""
    kept: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: kept.append(writer), "127.0.0.1", 0)
    async with server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}?tls=no", kept
        for writer in kept:
            writer.close()


async def _held(site: Site) -> list[Row]:
    async with site.database.reading() as c:
        return await c.execute("select attempts, claim_expires_at from outbox order by attempts")


async def test_told_to_stop_while_the_relay_hangs_it_gives_everything_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "STOP_TIMEOUT", 0.1)
    for n in range(3):
        await sign(site, f"a{n}")
    async with _hanging() as (url, kept), delivering(site, url) as sender:
        running = asyncio.create_task(sender.run())
        await until(lambda: bool(kept))
        await sender.stop()
        assert await _held(site) == [{"attempts": 0, "claim_expires_at": 0}] * 3
        await running


async def test_a_dialogue_that_takes_too_long_is_cut(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "SEND_TIMEOUT", 0.1)
    for n in range(3):
        await sign(site, f"a{n}")
    async with _hanging() as (url, _), delivering(site, url) as sender:
        await sender.deliver_batch()
        assert await sender.deliver_batch() == 0, "it is left alone for a moment"
    assert await _held(site) == [{"attempts": 0, "claim_expires_at": 0}] * 3


async def test_a_claim_outlives_the_longest_dialogue() -> None:
    assert delivery.SEND_TIMEOUT + delivery.RECORD_TIMEOUT < outbox.CLAIM_SECONDS


async def test_a_database_that_goes_away_after_the_relays_yes_brings_no_second_copy(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    await sign(site)

    async def rename(here: str, there: str) -> None:
        await site.database.write(lambda c: c.execute(f"alter table {here} rename to {there}"))

    def lost(_: object) -> str:
        asyncio.run_coroutine_threadsafe(rename("outbox", "elsewhere"), loop).result()
        return relay.ACCEPTED

    smtp.data = lost
    batch = asyncio.create_task(deliverer.deliver_batch())
    await until(lambda: "The database cannot be used" in caplog.text)
    await rename("elsewhere", "outbox")
    await batch
    time.advance(hours=1)
    assert await deliverer.deliver_batch() == 0
    assert smtp.recipients == ["anna@example.org"]
