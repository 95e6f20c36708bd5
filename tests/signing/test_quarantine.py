"""Held submissions: no link, no email, no count; and all of it again when they are restored."""

from functools import partial

import pytest

from petition.core.email_addresses import EmailAddress
from petition.mail import outbox
from petition.mail.bounce_reports import BOUNCED, COMPLAINT, BounceReport
from petition.protection import flood, proof_of_work
from petition.protection.proof_of_work import ProofMode
from petition.signing import quarantine, submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests.conftest import Clock, Visitor
from tests.web.tools import all_rows, run_background_jobs


async def _sign(site: Site, name: str) -> str:
    """A person signs. Returns the id of the submission."""
    address = EmailAddress(f"{name}@example.org", f"{name}@example.org")
    form = submissions.prepare_submission(site.server_keys, SigningRequest(address, "PL", None, False, "test", "en"))
    await site.database.join(submissions.sign, form)
    return str(form.row["id"])


async def _aside(site: Site, *ids: str, reason: str = BOUNCED) -> int:
    return await site.database.write(partial(quarantine.hold_submissions, ids=list(ids), reason=reason))


async def _restore(site: Site, reason: str = BOUNCED) -> int:
    return await site.database.write(partial(quarantine.release_submissions, reason=reason))


async def _claimed(site: Site) -> list[str]:
    return [mail.to for mail in await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))]


async def test_what_is_set_aside_is_counted_nowhere_and_its_mail_is_held(site: Site, time: Clock) -> None:
    anna, _ = await _sign(site, "anna"), await _sign(site, "boris")
    assert await _aside(site, anna) == 1
    async with site.database.reading() as c:
        assert await submissions.count_waiting(c) == 1
        assert (await outbox.queue_status(c))[0] == 1
        assert await quarantine.count_by_reason(c) == {BOUNCED: 1}
    assert await _claimed(site) == ["boris@example.org"]


async def test_what_is_restored_waits_again_and_its_mail_leaves_last(site: Site, time: Clock) -> None:
    anna = await _sign(site, "anna")
    await _aside(site, anna)
    await _sign(site, "boris")
    assert await _restore(site, COMPLAINT) == 0
    assert await _restore(site) == 1
    async with site.database.reading() as c:
        assert await submissions.count_waiting(c) == 2
        assert await quarantine.count_by_reason(c) == {}
    assert await _claimed(site) == ["boris@example.org", "anna@example.org"]


async def test_a_link_of_what_is_set_aside_opens_nothing_until_it_is_restored(time: Clock, visitor: Visitor) -> None:
    await visitor.sign("anna@example.net", named="on", name="Anna")
    link = await visitor.link("anna@example.net")
    async with visitor.site.database.reading() as c:
        (row,) = await c.execute("select id from submissions")
    await _aside(visitor.site, row["id"])
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    dead = await visitor.get(link.replace("confirm/", "confirm/x"))
    assert [(await visitor.get(link)).text, (await visitor.post(link)).text] == [dead.text] * 2
    assert await all_rows(visitor.site) == before
    await _restore(visitor.site)
    assert "Anna" in (await visitor.get(link)).text
    assert (await visitor.post(link)).status_code == 303


async def test_what_is_confirmed_or_void_is_never_set_aside(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net")
    for _ in range(4):
        await visitor.sign("boris@example.net")
    async with visitor.site.database.reading() as c:
        ids = [row["id"] for row in await c.execute("select id from submissions where state <> 'waiting'")]
    assert len(ids) == 2
    assert await _aside(visitor.site, *ids, "an id of nobody") == 0


async def test_what_lies_aside_dies_on_its_day(site: Site, time: Clock) -> None:
    await _aside(site, await _sign(site, "anna"))
    time.advance(days=14, hours=12)
    assert await _restore(site) == 0
    await site.prune()
    async with site.database.reading() as c:
        assert await quarantine.count_by_reason(c) == {}
        assert await c.execute("select * from outbox") == []


async def test_what_is_held_says_also_what_lies_aside(time: Clock, visitor: Visitor) -> None:
    await visitor.sign("anna@example.net")
    await visitor.post("/en/manage", email="anna@example.net")
    link = await visitor.link("anna@example.net", "manage")
    held = (await visitor.post(link, action="show")).text
    async with visitor.site.database.reading() as c:
        (row,) = await c.execute("select id from submissions")
    await _aside(visitor.site, row["id"])
    assert (await visitor.post(link, action="show")).text == held


@pytest.mark.parametrize(
    ("reason", "known", "flooded"), [(BOUNCED, True, True), (BOUNCED, False, False), (COMPLAINT, True, False)]
)
async def test_an_email_that_came_back_counts_as_a_refusal(
    reason: str, known: bool, flooded: bool, visitor: Visitor, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "TOKENS_PER_REFUSAL", flood.REFUSED_LIMIT.burst)
    await visitor.sign("anna@example.net")
    await visitor.deliver()
    reference = str(visitor.smtp.to("anna@example.net")[-1]["Message-ID"]).strip("<>").partition("@")[0]
    report = BounceReport(reference if known else reference[::-1], reason)
    await visitor.site.database.write(
        partial(quarantine.apply_report, server_keys=visitor.site.server_keys, report=report)
    )
    async with visitor.site.database.reading() as c:
        assert (await proof_of_work.effective_mode(c) is ProofMode.ON) is flooded
