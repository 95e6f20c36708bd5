"""Whether the time of an answer tells what is known of an address: the same form from all kinds of people, mixed.

For each form with an email address: to sign, to manage, to log in at the desk.
"""

import asyncio
import json
import random
import secrets
from collections.abc import Sequence
from functools import partial
from statistics import quantiles

from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import LinkKeys
from petition.organisers import accounts
from petition.organisers.accounts import Role
from petition.signing import manage, signatures, submissions
from petition.signing.submissions import PreparedSubmission, SigningRequest
from petition.site import Site
from tests.bench.crowd import Crowd, mailbox, raw
from tests.bench.report import Report, middle
from tests.bench.stage import Stage

EACH = 300
SIGNATORIES = ("new", "waiting", "confirmed", "withdrawn", "blocked", "too often")
FORMS = {"sign": SIGNATORIES, "manage": SIGNATORIES, "login": ("new", "organiser")}
NOTE = (
    f"One form at a time, {EACH} of each kind in random order: somebody new, with a link that waits, who confirmed, "
    "who withdrew, who wants no mail, who had three mails today; an organiser. *spread*: from the first to the third "
    "quartile."
)


def measure(stage: Stage, kind: str, report: Report) -> None:
    """Milliseconds for each kind of person in each form."""
    table = report.table("What the time tells", NOTE, "database | door | kind | n | median ms | to new | spread ms")
    with stage.serving() as web:
        for form, kinds in FORMS.items():
            times = asyncio.run(_asked(stage, web.address, form, kinds))
            for one, found in times.items():
                first, _, third = quantiles(found, n=4)
                ratio = middle(found) / middle(times["new"])
                table.add(kind, form, one, len(found), middle(found), ratio, third - first)


async def _asked(stage: Stage, address: str, form: str, kinds: Sequence[str]) -> dict[str, list[float]]:
    runs = {kind: f"{kind[0]}{secrets.token_hex(4)}" for kind in kinds}
    async with stage.site() as site:
        for kind in kinds:
            await _prepare(site, kind, runs[kind])
    people = [(kind, n) for kind in kinds for n in range(EACH)]
    random.shuffle(people)
    crowd, loop = Crowd(address), asyncio.get_running_loop()
    for kind, n in people:
        await crowd.ask(kind, raw(form, runs[kind], n, iter(())), loop.time())
    if crowd.refused or crowd.lost:
        raise RuntimeError("some were refused: this run does not count")
    return {kind: crowd.times[kind] for kind in kinds}


async def _prepare(site: Site, kind: str, run: str) -> None:
    people = [mailbox(run, n) for n in range(EACH)]
    if kind == "organiser":
        await site.database.write(partial(_add, site=site, people=people))
        return
    for _ in range({"new": 0, "too often": 3}.get(kind, 1)):
        forms = [_form(site, one) for one in people]
        await site.database.write(partial(submissions.sign, items=forms))
    if kind in ("confirmed", "withdrawn"):
        await site.database.write(partial(signatures.confirm, items=[_link(site, form) for form in forms]))
    if kind == "withdrawn":
        await site.database.write(partial(_withdraw, mailboxes=[str(form.row["mailbox"]) for form in forms]))
    if kind == "blocked":
        for form in forms:
            await site.database.write(partial(manage.never_write, link_id=form.row["id"]))


def _form(site: Site, address: str) -> PreparedSubmission:
    return submissions.prepare_submission(
        site.server_keys, SigningRequest(EmailAddress(address, address), "PL", None, False, "bench", "en")
    )


def _link(site: Site, form: PreparedSubmission) -> LinkKeys:
    """What the link in the outbox row of a form leads to."""
    _, secret = json.loads(site.server_keys.outbox.decrypt(form.mail["key_name"], form.mail["encrypted"]))
    return site.server_keys.link_keys(secret)


async def _add(c: Connection, *, site: Site, people: list[str]) -> None:
    for one in people:
        await accounts.add_organiser(c, site.server_keys, secrets.token_hex(8), EmailAddress(one, one), Role.VIEWER)


async def _withdraw(c: Connection, *, mailboxes: list[str]) -> None:
    for one in mailboxes:
        await signatures.remove_signature(c, one, "withdrawn")
        await c.run("submissions.delete_of_mailbox", mailbox=one)
        await c.run("never_write.add", mailbox=one, reason="withdrawn", added_on=clock.today().isoformat(), link_id="")
