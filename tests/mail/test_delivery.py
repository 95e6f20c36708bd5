"""Delivery: out of the outbox, in the reader's language, once each, and with nothing left behind or logged."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from functools import partial

import pytest

from petition.core.settings import Settings
from petition.mail import outbox
from petition.mail.delivery import Deliverer
from petition.mail.messages import Message
from petition.site import Site, open_site
from tests import relay
from tests.conftest import Clock
from tests.mail.delivering import delivering, saying, sign, until, waiting
from tests.relay import Relay
from tests.web.tools import all_rows as everything
from tests.web.tools import on_sqlite


@pytest.fixture
async def deliverer(site: Site, smtp: Relay, time: Clock) -> AsyncIterator[Deliverer]:
    """One process that delivers."""
    async with delivering(site, smtp.url) as found:
        yield found


@pytest.mark.speaks("ru")
async def test_a_mail_arrives_in_the_language_of_its_reader(site: Site, smtp: Relay, deliverer: Deliverer) -> None:
    for code in ("en", "ru", "be"):
        await sign(site, f"anna-{code}", code)
    assert await deliverer.deliver_batch() == 3
    assert await deliverer.deliver_batch() == 0
    assert {str(m["To"]): m["Content-Language"] for m in smtp.mails} == {
        f"anna-{code}@example.org": code for code in ("en", "ru", "be")
    }
    assert await waiting(site) == 0


@on_sqlite
async def test_a_language_that_is_no_longer_offered_gives_way_to_english(
    site: Site, smtp: Relay, deliverer: Deliverer
) -> None:
    await sign(site, language="xx")
    await deliverer.deliver_batch()
    assert smtp.mails[0]["Content-Language"] == "en"


async def test_mail_that_a_clock_dated_which_was_ahead_leaves_all_the_same(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock
) -> None:
    time.advance(hours=5)
    await sign(site)
    time.advance(hours=-5)
    await deliverer.deliver_batch()
    assert smtp.recipients == ["anna@example.org"]


async def test_the_address_is_forgotten_once_the_mail_has_left(site: Site, smtp: Relay, deliverer: Deliverer) -> None:
    await sign(site)
    await deliverer.deliver_batch()
    assert smtp.recipients == ["anna@example.org"]
    tables = await everything(site)
    assert tables["outbox"] == []
    assert "example.org" not in str(tables)


async def test_a_decoy_leaves_to_nobody_and_takes_as_long_as_an_email(
    site: Site, smtp: Relay, deliverer: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await sign(site)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    while await deliverer.deliver_batch():
        pass
    assert smtp.recipients == ["anna@example.org"] * 3
    assert await waiting(site) == 0
    assert len(waits) == 2
    assert set(waits) <= {0.01, *deliverer._send_seconds}, "as long as an email before it, or a usual one"


async def test_a_decoy_waits_for_a_relay_that_is_away_as_an_email_does(site: Site, time: Clock) -> None:
    for _ in range(4):
        await sign(site)
    async with delivering(site, "smtp://127.0.0.1:1?tls=no") as deliverer:
        for _ in range(8):
            await deliverer.deliver_batch()
    async with site.database.reading() as c:
        rows = await c.execute("select template, attempts, due_at from outbox")
    assert sorted(row["template"] for row in rows) == ["confirm"] * 3 + ["nothing"]
    assert len({(row["attempts"], row["due_at"]) for row in rows}) == 1


async def test_deliverers_at_once_send_each_mail_once(settings: Settings, smtp: Relay) -> None:
    async with open_site(settings) as first, open_site(settings) as second:
        for n in range(50):
            await sign(first, f"a{n}")

        async def work(site: Site) -> None:
            async with delivering(site, smtp.url) as sender:
                while await sender.deliver_batch():
                    pass

        await asyncio.gather(*[work(site) for site in (first, second, first)])
        assert sorted(smtp.recipients) == sorted(f"a{n}@example.org" for n in range(50))
        assert await waiting(first) == 0


async def test_a_mail_that_cannot_be_written_keeps_nobody_else_waiting(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = Message("of-a-newer-version", urgency=5, links={})
    to = "anna@example.org"
    mail = outbox.prepare_email(site.server_keys, unknown, language="en", to=to, secret="a-number")
    await site.database.write(partial(outbox.enqueue, emails=[mail]))
    time.advance(seconds=1)
    await sign(site, "boris")
    await deliverer.deliver_batch()
    assert smtp.recipients == ["boris@example.org"]
    assert await waiting(site) == 1
    assert "a-number" not in caplog.text


async def test_no_log_has_an_address_or_a_token(
    site: Site, smtp: Relay, deliverer: Deliverer, time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in ("451 4.1.1 <anna@example.org> later", "550 5.1.1 <anna@example.org> never", relay.ACCEPTED):
        smtp.rcpt = saying(answer)
        await sign(site)
        smtp.drop_after_data = int(answer == relay.ACCEPTED)
        for _ in range(3):
            await deliverer.deliver_batch()
            time.advance(hours=1)
    texts = [relay.plain(mail) for mail in smtp.mails]
    tokens = {token for text in texts for token in re.findall(r"https?://\S+/(\S+)", text)}
    assert len(tokens) >= 2
    ours = [
        record for record in caplog.records if not record.name.startswith("mail.")
    ]  # `mail.log` is the test's own relay
    logged = " ".join(record.getMessage() + str(record.exc_info) for record in ours)
    assert "mail delayed" in logged
    for secret in {"anna", "example.org", *tokens, *(token.partition(".")[0] for token in tokens)}:
        assert secret not in logged


async def test_it_runs_until_it_is_told_to_stop(site: Site, smtp: Relay) -> None:
    async with delivering(site, smtp.url) as sender:
        running = asyncio.create_task(sender.run())
        for name in ("anna", "boris"):
            await sign(site, name)
            await until(lambda: smtp.recipients[-1:] == [f"{name}@example.org"])  # noqa: B023 (called before it changes)
        await sender.stop()
        await running
    assert await waiting(site) == 0


@on_sqlite
async def test_told_to_stop_it_finishes_the_mail_in_hand_and_gives_the_others_back(site: Site, smtp: Relay) -> None:
    for n in range(5):
        await sign(site, f"a{n}")
    loop, stops = asyncio.get_running_loop(), []

    def stopping(_: object) -> str:
        stops.append(asyncio.run_coroutine_threadsafe(sender.stop(), loop))
        return relay.ACCEPTED

    smtp.rcpt = stopping
    async with delivering(site, smtp.url) as sender:
        await sender.run()
    assert 1 <= len(smtp.mails) <= 2, "the relay's thread may be a mail ahead of our loop"
    assert await waiting(site) == 5 - len(smtp.mails)
    smtp.rcpt = saying(relay.ACCEPTED)
    async with delivering(site, smtp.url) as other:
        await other.deliver_batch()
    assert sorted(smtp.recipients) == [f"a{n}@example.org" for n in range(5)]


async def test_a_database_that_is_away_for_a_moment_only_makes_it_wait(
    site: Site, smtp: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    await sign(site)
    await site.database.write(lambda c: c.execute("alter table outbox rename to elsewhere"))
    async with delivering(site, smtp.url) as sender:
        running = asyncio.create_task(sender.run())
        await until(lambda: "The database cannot be used" in caplog.text)
        await site.database.write(lambda c: c.execute("alter table elsewhere rename to outbox"))
        await until(lambda: smtp.recipients == ["anna@example.org"])
        await sender.stop()
        await running
