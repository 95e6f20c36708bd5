"""Crowds that sign and press the button, with the marks that their forms get: for tests of batches."""

import asyncio
import json
from functools import partial

from petition.core.email_addresses import EmailAddress, MailboxClass
from petition.core.encryption import LinkKeys
from petition.protection.rate_limits import Admission
from petition.signing import batches, set_aside, signatures, submissions
from petition.signing.batch_rules import DISPOSABLE, Rule
from petition.signing.submissions import PreparedSubmission, SigningRequest
from petition.site import Site
from petition.tally import audit


async def crowd(
    site: Site,
    word: str,
    n: int,
    country: str = "DE",
    *,
    network: str | None = None,
    disposable: bool = True,
    named: bool = False,
) -> list[str]:
    """`n` people whose addresses begin with a word sign and press the button; their mailboxes."""
    admission = Admission(network=network, mailbox_class=MailboxClass.THROW_AWAY if disposable else MailboxClass.KNOWN)
    forms = []
    for k in range(n):
        address = f"{word}{k}@example.net"
        request = SigningRequest(EmailAddress(address, address), country, (named and word) or None, named, "test", "en")
        forms.append(submissions.prepare_submission(site.server_keys, request, admission))
    await asyncio.gather(*[site.database.join(submissions.sign, form) for form in forms])
    await asyncio.gather(*[site.database.join(signatures.confirm, _link(site, form)) for form in forms])
    return [str(form.row["mailbox"]) for form in forms]


def _link(site: Site, form: PreparedSubmission) -> LinkKeys:
    _, secret = json.loads(site.server_keys.outbox.decrypt(form.mail["key_name"], form.mail["encrypted"]))
    return site.server_keys.link_keys(secret)


async def kept(site: Site, rule: Rule | None = None, nickname: str = "ada", *, demo: bool = True) -> str:
    """A batch of all throw-away mailboxes, or of another rule."""
    rule = rule or Rule(DISPOSABLE)
    batch = await batches.choose(site.database, site.server_keys, rule, nickname, demo=demo)
    await site.database.write(partial(batches.keep, server_keys=site.server_keys, batch=batch))
    return batch


async def agreed(site: Site, rule: Rule | None = None, reason: str = "throw-away") -> str:
    """Both have said yes; nothing is done yet."""
    batch = await kept(site, rule)
    await site.database.write(partial(batches.propose, batch=batch, nickname="ada", reason=reason))
    await site.database.write(partial(batches.agree, batch=batch, nickname="ben", alone=False))
    return batch


async def set_aside_all(site: Site, rule: Rule | None = None) -> str:
    batch = await agreed(site, rule)
    await set_aside.work(site.database)
    return batch


async def undone(site: Site, batch: str) -> None:
    await site.database.write(partial(batches.undo, batch=batch))
    await set_aside.work(site.database)


async def counted(site: Site) -> dict[str, int]:
    """By country: what the journal has. It must agree with the signatures, and all else with it."""
    async with site.database.reading() as c:
        assert await audit.find_disagreements(c) == []
        rows = await c.execute("select country, sum(n) as n from journal group by country having sum(n) <> 0")
    return {row["country"]: int(row["n"]) for row in rows}


async def marked(site: Site) -> tuple[int, int]:
    """How many signatures are in a batch, and how many are set aside."""
    async with site.database.reading() as c:
        (row,) = await c.execute("select count(batch) as n, coalesce(sum(set_aside), 0) as aside from signatures")
    return int(row["n"]), int(row["aside"])
