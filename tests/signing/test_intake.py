"""At which pace emails leave to one provider: large for a reviewed one, and small for what came without a proof."""

from collections import Counter

import pytest

from petition.core.email_addresses import EmailAddress
from petition.core.form import Form
from petition.mail import messages, outbox
from petition.protection import flood, proof_of_work
from petition.protection.proof_of_work import ProofMode
from petition.protection.rate_limits import DOMAIN_LIMIT, LOW_PRIORITY_MAIL_LIMIT, PROVIDER_LIMIT
from petition.signing import intake
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests.conftest import Clock, Visitor
from tests.mail.delivering import saying
from tests.protection.test_proof_of_work import solution
from tests.switching import turn

GMAIL, OUTLOOK, STRANGE = (EmailAddress(f"anna@{d}", f"anna@{d}") for d in ("gmail.com", "live.com", "strange.example"))


async def _sign(site: Site, n: int, mode: ProofMode, domain: str = "gmail.com", proof: str = "") -> None:
    """A form from a network of its own."""
    address = EmailAddress(f"a{n}@{domain}", f"a{n}@{domain}")
    request = SigningRequest(address, "PL", None, False, "test", "en")
    form = Form({intake.PROOF_OF_WORK_FIELD: proof})
    await site.intake.accept(request, f"20.{n // 256}.{n % 256}.9", mode, form)


async def _proof(site: Site) -> str:
    challenge = await site.rate_limiter.get_challenge("198.51.100.7", ProofMode.ON)
    assert challenge is not None
    return solution(challenge)


def _received(visitor: Visitor) -> Counter[str]:
    """How many emails each provider got."""
    return Counter(recipient.partition("@")[2] for recipient in visitor.smtp.recipients)


async def test_emails_without_a_proof_leave_at_a_pace_for_each_provider(
    visitor: Visitor, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof_of_work, "TRIES_RANGE", (3, 5))
    site, burst, hourly = visitor.site, LOW_PRIORITY_MAIL_LIMIT.burst, LOW_PRIORITY_MAIL_LIMIT.hourly
    for n in range(burst + 100):
        await _sign(site, n, ProofMode.ON)
    await _sign(site, 1, ProofMode.ON, "live.com")
    await _sign(site, 2, ProofMode.ON, "gmail.com", await _proof(site))
    await visitor.deliver()
    assert visitor.smtp.recipients[0] == "a2@gmail.com", "with a proof one comes before all others"
    assert _received(visitor) == {"gmail.com": burst + 1, "live.com": 1}
    for _ in range(7):
        time.advance(minutes=10)
        await visitor.deliver()
    assert _received(visitor)["gmail.com"] == burst + 101 <= burst + 1 + hourly, "what waited has left"


async def test_what_the_pace_holds_back_comes_again_within_an_hour(visitor: Visitor, time: Clock) -> None:
    site = visitor.site
    while await site.rate_limiter.may_send_low_priority("gmail.com"):
        pass
    for n in range(50):
        await _sign(site, n, ProofMode.ON)
    await visitor.deliver()
    async with site.database.reading() as c:
        rows = await c.execute("select due_at, attempts from outbox")
    waits = {row["due_at"] - int(time.seconds()) for row in rows}
    assert len(waits) > 1
    assert min(waits) > 0
    assert max(waits) <= max(outbox.RETRY_DELAYS)
    assert {row["attempts"] for row in rows} == {0}


async def test_a_decoy_keeps_the_pace_as_an_email_does(visitor: Visitor, time: Clock) -> None:
    site = visitor.site
    for _ in range(6):
        await _sign(site, 1, ProofMode.ON)
    await visitor.deliver()
    assert _received(visitor) == {"gmail.com": 3}
    sent = 6
    while await site.rate_limiter.may_send_low_priority("gmail.com"):
        sent += 1
    assert sent == LOW_PRIORITY_MAIL_LIMIT.burst


async def test_a_reviewed_provider_has_a_limit_during_a_flood_only(site: Site, time: Clock) -> None:
    for _ in range(PROVIDER_LIMIT.burst):
        assert await site.intake.mail_delay(OUTLOOK, ProofMode.ON) == 0
    assert await site.intake.mail_delay(OUTLOOK, ProofMode.ON) > 0
    hotmail = EmailAddress("anna@hotmail.com", "anna@hotmail.com")
    assert await site.intake.mail_delay(hotmail, ProofMode.ON) > 0, "one provider"
    assert await site.intake.mail_delay(GMAIL, ProofMode.ON) == 0
    assert await site.intake.mail_delay(OUTLOOK, ProofMode.AUTO) == 0, "a rush that confirms waits for nothing"


async def test_an_unknown_domain_has_a_limit_always(site: Site, time: Clock) -> None:
    for mode in (ProofMode.ON, ProofMode.AUTO, ProofMode.OFF):
        for _ in range(DOMAIN_LIMIT.burst):
            await site.intake.mail_delay(STRANGE, mode)
        assert await site.intake.mail_delay(STRANGE, mode) > 0
        time.advance(hours=2)


async def test_what_has_no_proof_takes_nothing_from_what_has_one(site: Site, time: Clock) -> None:
    for n in range(LOW_PRIORITY_MAIL_LIMIT.burst):
        await _sign(site, n, ProofMode.ON)
    for _ in range(PROVIDER_LIMIT.burst):
        assert await site.intake.mail_delay(GMAIL, ProofMode.ON) == 0


@pytest.mark.parametrize(("mode", "late"), [(ProofMode.ON, True), (ProofMode.AUTO, False), (ProofMode.OFF, False)])
async def test_links_to_manage_leave_late_during_a_flood(
    mode: ProofMode, late: bool, visitor: Visitor, time: Clock
) -> None:
    await turn(visitor.site.database, "proof", mode)
    await visitor.app.state.public_state.refresh()
    answers = {(await visitor.post("/en/manage", email=f"a{n}@gmail.com")).headers["location"] for n in range(2)}
    assert answers == {"/en/check-inbox/manage?mail=late#main" if late else "/en/check-inbox/manage#main"}
    async with visitor.site.database.reading() as c:
        urgencies = {row["urgency"] for row in await c.execute("select urgency from outbox")}
    assert urgencies == {outbox.LOW_PRIORITY_URGENCY if late else messages.MANAGE.urgency}


@pytest.mark.parametrize(("answer", "flooded"), [("550 5.1.1 unknown", True), ("550 5.7.1 not you", False)])
async def test_mailboxes_that_a_provider_does_not_know_are_a_sign_of_a_flood(
    answer: str, flooded: bool, visitor: Visitor, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "TOKENS_PER_REFUSAL", flood.REFUSED_LIMIT.burst)
    visitor.smtp.rcpt = saying(answer)
    await visitor.sign("anna@gmail.com")
    await visitor.deliver()
    async with visitor.site.database.reading() as c:
        assert (await proof_of_work.effective_mode(c) is ProofMode.ON) is flooded
