"""The same work in every state: the same queries, as many rows written, as many seals; so time tells nothing."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from petition.core import ciphers, encryption, outbox_keys, tokens
from petition.core.database.connection import Connection, Row
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import LinkKeys
from petition.mail import outbox
from petition.mail.bounce_reports import BOUNCED
from petition.mail.outbox import ClaimedEmail
from petition.organisers import accounts
from petition.protection.rate_limits import NORMAL, Admission
from petition.signing import manage, quarantine, signatures, submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests.conftest import Clock, add_organiser

STATES = ("new", "waiting", "held", "confirmed", "withdrawn", "blocked", "throttled")
Act = Callable[[Site, EmailAddress], Coroutine[Any, Any, None]]


async def _link(site: Site) -> LinkKeys:
    """What the link in the only email leads to; the email is taken from the outbox as a deliverer does."""
    (mail,) = await _emptied(site)
    return site.server_keys.link_keys(mail.secret)


async def _emptied(site: Site) -> list[ClaimedEmail]:
    mails = await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
    for mail in mails:
        await site.database.join(outbox.mark_sent, mail.id)
    return mails


async def _bring(site: Site, address: EmailAddress, state: str) -> None:
    """Brings a mailbox into a state."""
    if state == "new":
        return
    await _sign(site, address)
    link = await _link(site)
    if state in ("confirmed", "withdrawn"):
        await site.database.join(signatures.confirm, link)
    if state == "withdrawn":
        await _manage(site, address)
        await site.database.write(partial(manage.withdraw, link_id=(await _link(site)).row_id))
    if state == "blocked":
        await site.database.write(partial(manage.never_write, link_id=link.row_id))
    if state == "held":
        await site.database.write(partial(quarantine.hold_submissions, ids=[link.row_id], reason=BOUNCED))
    if state == "throttled":
        for _ in range(3):
            await _sign(site, address)


class Ledger(Counter[str]):
    """Counts what was done: statements by their text, rows inserted, seals made."""


@asynccontextmanager
async def _watching(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ledger]:
    done = Ledger()
    execute, contact, encrypt = Connection.execute, encryption.ServerKeys.seal_contact, ciphers.encrypt

    async def executed(c: Connection, sql: str, values: Any = None, **options: Any) -> list[Row]:
        done[re.sub(r"\s+", " ", sql)[:60]] += 1
        put = (values or {}).get("rows", ())
        done["rows put"] += len(put)
        done["texts hidden"] += len([row for row in put for key in ("name", "sealed") if row.get(key)])
        return await execute(c, sql, values, **options)

    def encrypted(*given: Any) -> str:
        done["seals"] += 1
        return encrypt(*given)

    def contacted(*given: Any) -> str:
        done["contacts"] += 1
        return contact(*given)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "execute", executed)
        for module in (encryption, outbox_keys):
            patch.setattr(module, "encrypt", encrypted)
        patch.setattr(encryption.ServerKeys, "seal_contact", contacted)
        yield done


async def _sign(site: Site, address: EmailAddress, admission: Admission = NORMAL) -> None:
    signing = SigningRequest(address, "LT", "Anna", True, "test", "en")
    await site.database.join(submissions.sign, submissions.prepare_submission(site.server_keys, signing, admission))


async def _sign_slowly(site: Site, address: EmailAddress) -> None:
    await _sign(site, address, Admission("tag", low_priority=True, mail_delay=60))


async def _sign_aside(site: Site, address: EmailAddress) -> None:
    await _sign(site, address, Admission("tag", low_priority=True, hold_reason="trap"))


async def _sign_with_a_proof(site: Site, address: EmailAddress) -> None:
    await _sign(site, address, Admission("tag", proof={"id": tokens.new_secret(), "expires_at": 2**40}))


async def _manage(site: Site, address: EmailAddress) -> None:
    await site.database.write(
        partial(manage.request_manage_link, server_keys=site.server_keys, email=address, language="en")
    )


async def _log_in(site: Site, address: EmailAddress) -> None:
    await site.database.write(
        partial(accounts.request_login_link, server_keys=site.server_keys, email=address, language="en")
    )


@pytest.mark.parametrize("act", [_sign, _sign_slowly, _sign_aside, _sign_with_a_proof, _manage])
async def test_signing_and_managing_cost_the_same_in_every_state_and_spelling(
    act: Act, time: Clock, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = []
    for state in STATES:
        first = _address(site, f"{state}.b@gmail.com")
        await _bring(site, first, state)
        for spelling in (first.exact, first.exact.upper(), f"{state}b@gmail.com", f"{state}.b+x@googlemail.com"):
            async with _watching(monkeypatch) as done:
                await act(site, _address(site, spelling))
            work.append((state, spelling, done))
        await _emptied(site)
    assert work[0][2]["rows put"] >= 2
    assert work[0][2]["seals"] >= 1
    assert [(state, spelling) for state, spelling, done in work if done != work[0][2]] == []


async def test_asking_to_log_in_costs_the_same_for_everybody(
    time: Clock, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_organiser(site, "marta")
    work = []
    for email in ("marta@example.org", "stranger@example.org", *["marta@example.org"] * 13):
        async with _watching(monkeypatch) as done:
            await _log_in(site, _address(site, email))
        work.append(done)
    assert work == [work[0]] * 15
    mails = await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
    assert [mail.to for mail in mails if not mail.is_decoy] == ["marta@example.org"]


def _address(site: Site, text: str) -> EmailAddress:
    email = site.email_providers.parse(text)
    assert email is not None
    return email
