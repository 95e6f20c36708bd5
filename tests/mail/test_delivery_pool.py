"""Many deliverers at once: each email leaves once; a provider that accepts nothing now delays no other provider."""

import asyncio
from collections.abc import Callable
from threading import Event

import pytest

from petition.core.email_addresses import EmailAddress
from petition.mail import backoff, outbox
from petition.mail.backoff import ProviderBackoff
from petition.mail.delivery_pool import MAX_DELIVERERS, DeliveryPool
from petition.signing.submissions import SigningRequest, prepare_submission, sign
from petition.site import Site
from tests import relay
from tests.conftest import Clock
from tests.mail.delivering import delivering, relays, until, waiting
from tests.relay import Relay
from tests.web.tools import on_sqlite


async def _sign(site: Site, address: str) -> None:
    signing = SigningRequest(EmailAddress(address, address), "PL", None, False, "test", "en")
    await site.database.join(sign, prepare_submission(site.server_keys, signing))


def _pool(site: Site, url: str, backoffs: list[ProviderBackoff], second_url: str = "") -> DeliveryPool:
    """A pool over one relay, or over a second one from the second deliverer on; `backoffs` gets the backoff of each."""
    from petition.mail.delivery import Deliverer

    common = ProviderBackoff()

    def lane(more: Callable[[], None]) -> Deliverer:
        backoffs.append(common)
        to = second_url if second_url and len(backoffs) > 1 else url
        return Deliverer(site.database, site.server_keys, site.render_email, relays(to), common, more)

    async def nothing() -> None:
        pass

    return DeliveryPool(lane, nothing, max_deliverers=3)


async def test_lanes_begin_while_there_is_much_to_do_and_end_when_it_is_done(site: Site, smtp: Relay) -> None:
    people = [f"a{n}@example.org" for n in range(outbox.BATCH_SIZE * 4)]
    await asyncio.gather(*[_sign(site, person) for person in people])
    begun: list[ProviderBackoff] = []
    lanes = _pool(site, smtp.url, begun)
    running = asyncio.create_task(lanes.run())
    await until(lambda: len(smtp.mails) == len(people))
    await lanes.stop()
    await running
    assert sorted(smtp.recipients) == sorted(people)
    assert len(begun) >= 2, "one alone took all"
    assert len(set(map(id, begun))) == 1, "one pace for all"
    assert await waiting(site) == 0


async def test_told_to_stop_it_ends_with_the_last_lane(site: Site, smtp: Relay) -> None:
    people = [f"a{n}@example.org" for n in range(outbox.BATCH_SIZE * 4)]
    await asyncio.gather(*[_sign(site, person) for person in people])
    reached, answer = Event(), Event()

    def hanging(_: object) -> str:
        reached.set()
        answer.wait(60)
        return relay.ACCEPTED

    with relay.running() as slow:
        slow.data = hanging
        lanes = _pool(site, smtp.url, [], slow.url)
        running = asyncio.create_task(lanes.run())
        await until(reached.is_set)
        stopping = asyncio.create_task(lanes.stop())
        await asyncio.wait({running}, timeout=1)
        assert not running.done(), "a lane waits for its relay; whoever ends now sends its mail twice"
        answer.set()
        await running
    assert await waiting(site) == len(people) - len(smtp.mails) - len(slow.mails)
    await stopping


@on_sqlite
async def test_an_outage_is_one_line_for_all_deliverers_of_a_process(
    site: Site, smtp: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    """Each has given an email to the relay when the database goes: none can note what became of it."""
    people = [f"a{n}@example.org" for n in range(outbox.BATCH_SIZE * (MAX_DELIVERERS + 1))]
    await asyncio.gather(*[_sign(site, person) for person in people])
    answer = Event()

    def hanging(_: object) -> str:
        answer.wait(60)
        return relay.ACCEPTED

    smtp.data = hanging
    pool = site.make_delivery_pool()
    running = asyncio.create_task(pool.run())
    await until(lambda: len(pool._tasks) == MAX_DELIVERERS)
    await site.database.write(lambda c: c.execute("alter table outbox rename to elsewhere"))
    answer.set()
    kinds = site.delivery_rules.errors._kinds
    await until(lambda: sum(kind.times for kind in kinds.values()) >= 2 * MAX_DELIVERERS)
    await site.database.write(lambda c: c.execute("alter table elsewhere rename to outbox"))
    await until(lambda: len(smtp.mails) == len(people))
    await pool.stop()
    await running
    first = [m for m in caplog.messages if m.startswith("The database cannot be used") and "times more" not in m]
    assert len(first) == len(set(first))
    assert sorted(smtp.recipients) == sorted(people)


async def test_a_provider_that_takes_nothing_holds_nobody_else(site: Site, smtp: Relay, time: Clock) -> None:
    smtp.data = lambda e: "451 4.7.28 too fast" if "slow" in str(e.rcpt_tos[0]) else relay.ACCEPTED
    for n in range(4):
        await _sign(site, f"a{n}@slow.example")
        await _sign(site, f"b{n}@quick.example")
    async with delivering(site, smtp.url) as sender:
        await sender.deliver_batch()
        async with site.database.reading() as c:
            tried = [row["attempts"] for row in await c.execute("select attempts from outbox order by attempts")]
        assert sorted(smtp.recipients) == [f"b{n}@quick.example" for n in range(4)]
        assert tried == [0, 0, 0, 1], "the first finds it out for the others"
        smtp.data = lambda _: relay.ACCEPTED
        await _sign(site, "late@slow.example")
        await sender.deliver_batch()
        assert "late@slow.example" not in smtp.recipients, "it is left alone"
        time.advance(seconds=backoff.FIRST_PAUSE)
        while await sender.deliver_batch():
            pass
    assert len(smtp.recipients) == 9
    assert await waiting(site) == 0


@pytest.mark.parametrize("answer", ["450 4.2.2 mailbox full", "451 4.1.8 odd sender", "452 later"])
async def test_what_is_about_one_mailbox_pauses_no_provider(answer: str, site: Site, smtp: Relay, time: Clock) -> None:
    smtp.data = lambda e: answer if "anna" in str(e.rcpt_tos[0]) else relay.ACCEPTED
    for name in ("anna", "boris"):
        await _sign(site, f"{name}@example.org")
    async with delivering(site, smtp.url) as sender:
        await sender.deliver_batch()
    assert smtp.recipients == ["boris@example.org"]


def test_pauses_grow_to_a_limit_and_end_with_a_mail_that_is_taken(time: Clock) -> None:
    backoff, waits = ProviderBackoff(), []
    for _ in range(9):
        backoff.limited("example.org")
        backoff.limited("example.org")  # another deliverer finds out at the same moment
        waits.append(backoff.remaining("example.org"))
        time.advance(seconds=waits[-1])
        assert backoff.remaining("example.org") == 0
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    backoff.accepted("example.org")
    backoff.limited("example.org")
    assert backoff.remaining("example.org") == 30
    assert backoff.remaining("example.net") == 0
