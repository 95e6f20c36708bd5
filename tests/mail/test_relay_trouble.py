"""A relay in trouble of its own: nothing is lost whatever it says, it is said once, and all leaves once it is back."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from petition.core.email_addresses import EmailAddress
from petition.core.settings import Settings
from petition.mail import alerts, breaker, outbox, relay_watch
from petition.mail.backoff import ProviderBackoff
from petition.mail.breaker import Breaker
from petition.mail.delivery import Deliverer
from petition.mail.relay_watch import RelayWatch, current_troubles
from petition.mail.relays import Relay as Line
from petition.mail.relays import Relays
from petition.mail.replies import Phase, Reply, Verdict
from petition.mail.smtp import SmtpTransport
from petition.signing import submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site, open_site
from tests import relay
from tests.conftest import Clock, Visitor
from tests.mail.delivering import relays, saying, waiting
from tests.mail.test_smtp_relay import REPLIES
from tests.relay import Relay
from tests.web.tools import on_sqlite

DOMAINS = ("a.example", "b.example", "c.example", "d.example")


class Process:
    """One process that delivers: a deliverer, its relays, and the watch beside it. A look takes a second."""

    def __init__(self, site: Site, time: Clock, *relays: Relay) -> None:
        self.site, self._time = site, time
        self.alerts: list[str] = []
        self.breakers = [Breaker() for _ in relays]
        backoff = ProviderBackoff()
        lines = [Line(SmtpTransport(each.url), of) for each, of in zip(relays, self.breakers, strict=True)]
        self.deliverer = Deliverer(site.database, site.server_keys, site.render_email, Relays(lines), backoff)
        self.watch = RelayWatch(site.database, self.breakers, backoff, self._alert)

    async def _alert(self, text: str) -> None:
        self.alerts.append(text)

    async def look(self, seconds: int = 1) -> None:
        """As often as a pool does."""
        for _ in range(seconds):
            await self.watch.report()
            while await self.deliverer.deliver_batch() and not self.deliverer._transport.is_down:
                pass
            await self.watch.report()
            self._time.advance(seconds=1)

    async def until_sent(self, limit: int = 3600) -> int:
        """The seconds until nothing waits."""
        for second in range(limit):
            await self.look()
            if not await waiting(self.site):
                return second
        raise AssertionError(f"{await waiting(self.site)} wait")


@pytest.fixture
async def process(site: Site, smtp: Relay, time: Clock) -> Process:
    return Process(site, time, smtp)


async def sign(site: Site, *addresses: str) -> None:
    for address in addresses:
        request = SigningRequest(EmailAddress(address, address), "PL", None, False, "test", "en")
        await site.database.join(submissions.sign, submissions.prepare_submission(site.server_keys, request))


async def refused(site: Site) -> dict[str, int]:
    async with site.database.reading() as c:
        return {row["code"]: int(row["n"]) for row in await outbox.refusal_counts(c)}


def fail(smtp: Relay, phase: Phase, answer: str) -> Callable[[], None]:
    """The relay says so to everybody at one step of the dialogue; the result is a cure."""
    name = {Phase.MAIL: "mail", Phase.RCPT: "rcpt", Phase.DATA: "data"}[phase]
    setattr(smtp, name, saying(answer))
    return partial(setattr, smtp, name, saying(relay.ACCEPTED))


@on_sqlite
@pytest.mark.parametrize("phase", [Phase.MAIL, Phase.RCPT, Phase.DATA])
async def test_whatever_a_relay_says_of_itself_no_email_is_lost(
    phase: Phase, site: Site, smtp: Relay, process: Process, time: Clock
) -> None:
    """Each reply in turn, to four people at four providers, for an hour and a half."""
    for n, (answer, (verdict, _)) in enumerate(REPLIES.items()):
        if verdict == "MAILBOX" and phase is not Phase.MAIL:
            continue
        people = [f"p{n}@{domain}" for domain in DOMAINS]
        await sign(site, *people)
        cure = fail(smtp, phase, answer)
        for _ in range(8):
            await process.look()
            time.advance(minutes=12)
        assert await waiting(site) == len(people), answer
        cure()
        if verdict == "LATER":
            time.advance(hours=1)
        assert await process.until_sent() <= 60, answer
        assert sorted(smtp.recipients) == people, answer
        smtp.recipients.clear()
    assert await refused(site) == {}


@on_sqlite
async def test_a_mailbox_that_does_not_exist_is_given_up_and_counted(site: Site, smtp: Relay, process: Process) -> None:
    never = {answer: status for answer, (verdict, status) in REPLIES.items() if verdict == "MAILBOX"}
    for n, answer in enumerate(never):
        smtp.rcpt = saying(answer)
        await sign(site, f"anna{n}@a.example")
        await process.look()
    assert await refused(site) == dict.fromkeys(never.values(), 1)
    assert await waiting(site) == 0


@on_sqlite
async def test_a_refusal_without_a_clear_reason_gives_nobody_up(
    site: Site, smtp: Relay, process: Process, time: Clock
) -> None:
    """The provider takes the mailbox beside it, but the next reply may be about us."""
    smtp.data = lambda envelope: "550 no" if envelope.rcpt_tos == ["anna@a.example"] else relay.ACCEPTED
    await sign(site, "anna@a.example", "boris@a.example")
    for _ in range(30):
        await process.look()
        time.advance(hours=1)
    assert await refused(site) == {}
    smtp.data = saying(relay.ACCEPTED)
    await process.look()
    assert sorted(smtp.recipients) == ["anna@a.example", "boris@a.example"]


async def test_an_outage_burns_no_attempt_and_all_leave_at_once_oldest_first(site: Site, time: Clock) -> None:
    with relay.running() as before:
        pass
    process = Process(site, time, before)
    for minute in range(30):
        await sign(site, f"old{minute:02}@a.example", f"older{minute:02}@b.example")
        await process.look(2)
        process._time.advance(seconds=58)
    async with site.database.reading() as c:
        (tried,) = await c.execute("select max(attempts) as n from outbox")
    assert tried["n"] == 0
    with relay.running(before.port) as after:
        assert await process.until_sent() <= breaker.PROBE_SECONDS[-1] + 1
    minutes = [address.partition("@")[0][-2:] for address in after.recipients]
    assert len(minutes) == 60
    first = minutes[: outbox.BATCH_SIZE]
    assert first == sorted(minutes)[: outbox.BATCH_SIZE], "oldest first, then the newest in turn"


async def test_one_probe_asks_a_relay_that_is_down_and_nothing_is_claimed(
    site: Site, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with relay.running() as down:
        pass
    tries, claims = [], []
    connect, claim = SmtpTransport.connect, outbox.claim_batch

    async def trying(transport: SmtpTransport) -> None:
        tries.append(time.seconds())
        await connect(transport)

    async def claiming(*arguments: object, **options: object) -> object:
        claims.append(time.seconds())
        return await claim(*arguments, **options)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(SmtpTransport, "connect", trying)
    monkeypatch.setattr(outbox, "claim_batch", claiming)
    await sign(site, *[f"p{n}@a.example" for n in range(5)])
    processes = [Process(site, time, down)] * 3  # three deliverers that share the breaker
    for _ in range(600):
        for each in processes:
            await each.deliverer.deliver_batch()
        time.advance(seconds=1)
    assert len(claims) == 1, "the first finds it out"
    assert 20 <= len(tries) <= 25, "then every half minute"


async def test_who_signs_now_is_not_behind_a_long_queue(site: Site, smtp: Relay, process: Process, time: Clock) -> None:
    await sign(site, *[f"old{n}@a.example" for n in range(outbox.BATCH_SIZE * 5)])
    time.advance(minutes=10)
    await sign(site, "now@b.example")
    while "now@b.example" not in smtp.recipients:
        assert await process.deliverer.deliver_batch()
    assert len(smtp.recipients) <= outbox.BATCH_SIZE * 2
    assert smtp.recipients[0].startswith("old")


async def test_trouble_is_stored_logged_and_sent_once_and_so_is_its_end(
    site: Site, smtp: Relay, process: Process, time: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    other = Process(site, time, smtp)
    cure = fail(smtp, Phase.RCPT, "554 5.7.1 <anna@a.example>: Relay access denied")
    await sign(site, *[f"anna@{domain}" for domain in DOMAINS * 3])
    with caplog.at_level(logging.WARNING):
        for _ in range(60):
            await process.look()
            await other.look()
    async with site.database.reading() as c:
        troubles = await current_troubles(c)
    assert {name: (trouble.phase, trouble.status) for name, trouble in troubles.items()} == {
        "first": (Phase.RCPT, "5.7.1")
    }
    assert caplog.text.count("takes no email") == 1
    assert process.alerts + other.alerts == [
        "The first relay takes no email (RCPT TO: 5.7.1). Nothing is lost: emails wait, and leave by themselves once "
        "it takes them again. Look at its log, its login and its quota."
    ]
    cure()
    await process.until_sent(120)
    time.advance(seconds=relay_watch.SEEN_SECONDS)
    await other.look()
    assert other.breakers[0].trouble is None, "it learns it from the database"
    async with site.database.reading() as c:
        assert await current_troubles(c) == {}
        facts = await c.execute("select * from site_state")
    assert "anna" not in str(facts) + caplog.text
    ends = [text for text in process.alerts + other.alerts if "again, after" in text]
    assert len(ends) == 1


async def test_a_process_that_died_in_trouble_leaves_no_trouble_behind(
    site: Site, process: Process, smtp: Relay, time: Clock
) -> None:
    smtp.mail = saying("530 5.7.0 log in first")
    await sign(site, "anna@a.example")
    await process.look()
    async with site.database.reading() as c:
        assert list(await current_troubles(c)) == ["first"]
    time.advance(minutes=6)
    async with site.database.reading() as c:
        assert await current_troubles(c) == {}


async def test_the_second_relay_takes_what_the_first_refuses(site: Site, smtp: Relay, time: Clock) -> None:
    with relay.running() as second:
        process = Process(site, time, smtp, second)
        cure = fail(smtp, Phase.MAIL, "550 5.7.1 quota exceeded")
        await sign(site, *[f"p{n}@a.example" for n in range(6)])
        assert await process.until_sent() == 0
        assert len(second.recipients) == 6
        assert ["first" in text for text in process.alerts] == [True]
        cure()
        await process.look(60)
        await sign(site, "late@a.example")
        await process.until_sent()
        assert smtp.recipients == ["late@a.example"], "the first one is used again"
    assert process.breakers[0].trouble is None


async def test_an_email_that_may_have_been_taken_goes_to_no_second_relay(site: Site, smtp: Relay, time: Clock) -> None:
    with relay.running() as second:
        process = Process(site, time, smtp, second)
        smtp.drop_after_data = 1
        await sign(site, "anna@a.example")
        await process.look()
        assert (smtp.recipients, second.recipients) == (["anna@a.example"], [])
        await process.until_sent()
    assert smtp.recipients + second.recipients == ["anna@a.example"] * 2


async def test_an_alert_reaches_the_operator_through_the_relay_that_works(smtp: Relay) -> None:
    with relay.running() as gone:
        pass
    transport = relays(gone.url, smtp.url)
    await alerts.send_alert(transport, "Links <links@example.org>", "operator@example.net", "It is down. Čau.")
    (mail,) = smtp.mails
    assert (str(mail["To"]), str(mail["From"])) == ("operator@example.net", "Links <links@example.org>")
    assert relay.plain(mail).strip() == "It is down. Čau."


async def test_an_alert_that_no_relay_takes_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with relay.running() as gone:
        pass
    await alerts.send_alert(relays(gone.url), "links@example.org", "operator@example.net", "It is down.")
    assert "alert not sent: connecting" in caplog.text
    assert "operator" not in caplog.text


async def test_a_site_tells_its_operator(settings: Settings, smtp: Relay) -> None:
    async with open_site(replace(settings, alerts_to="operator@example.net"), migrate=True) as site:
        await site.send_alert("It is down.")
    async with open_site(settings) as site:
        await site.send_alert("Nobody is to be told.")
    assert smtp.recipients == ["operator@example.net"]


@on_sqlite
async def test_organisers_and_monitors_see_the_trouble(visitor: Visitor) -> None:
    await visitor.organiser()
    breaker = Breaker()
    breaker.failed("", Reply(Phase.MAIL, Verdict.RELAY, "5.7.0"))
    await RelayWatch(visitor.site.database, [breaker], ProviderBackoff(), visitor.site.send_alert).report()
    assert "The first relay takes no email (MAIL FROM: 5.7.0)." in (await visitor.get("/organisers/")).text
    assert "petition_relays_in_trouble 1.0\n" in (await visitor.get("/metrics")).text
