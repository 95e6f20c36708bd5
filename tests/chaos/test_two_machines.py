"""Two machines on two addresses with their own keys, one database: a form sent to both at once counts once."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from petition.core.email_addresses import keyed_hash
from petition.core.settings import Settings
from tests.chaos.conftest import Tell
from tests.chaos.crowd import link, until
from tests.chaos.machines import Machine, Web
from tests.chaos.reckoning import Reckoning, ask
from tests.relay import Relay
from tests.shell import Shell

PEOPLE, KEY = 20, "e" * 40


class Pair(NamedTuple):
    """One machine that does everything; another one whose deliverer is its own process."""

    here: Web
    there: Web
    deliverer: Machine
    shell: Shell


@pytest.fixture
def pair(tmp_path: Path, postgresql_settings: Settings, smtp: Relay, campaign: Path) -> Iterator[Pair]:
    """Both web servers are up."""
    shared = {
        "PETITION_DATABASE_URL": postgresql_settings.database_url,
        "PETITION_SMTP_URL": smtp.url,
        "PETITION_CAMPAIGN": str(campaign),
        "PETITION_SECRET_KEY": "s" * 40,
        "PETITION_EMAIL_KEY": KEY,
        "PETITION_DESK_KEY": "d" * 40,
    }
    shells = [Shell(tmp_path / name, **shared) for name in ("here", "there")]
    for shell in shells:
        shell.folder.mkdir()
    made = Pair(Web(shells[0]), Web(shells[1], "--no-deliver"), Machine(shells[1], "deliver"), shells[0])
    try:
        made.here.start()
        made.there.start()
        yield made
    finally:
        for machine in made[:3]:
            machine.kill()


def test_the_same_mailboxes_at_both_at_once(pair: Pair, postgresql_settings: Settings, smtp: Relay, tell: Tell) -> None:
    url = postgresql_settings.database_url
    spellings = [(f"Jo.Nowak{n}@gmail.com", f"jonowak{n}+news@gmail.com") for n in range(PEOPLE)]
    forms = [form for one, other in spellings for form in ((pair.here, one), (pair.there, other))]
    _at_once([(machine.address + "/en/sign", _form(mailbox)) for machine, mailbox in forms])
    pair.deliverer.start()
    until(lambda: len(smtp.mails) == PEOPLE * 2, "the mail of both")
    _at_once([(machine.address + link(mail), {}) for mail in smtp.mails for machine in (pair.here, pair.there)])
    for machine in pair[:3]:
        machine.stop()
    assert "All numbers agree." in pair.shell.fine("audit")
    signed = {row["mailbox"] for row in ask(url, "select mailbox from signatures")}
    assert signed == {keyed_hash(KEY, f"jonowak{n}@gmail.com") for n in range(PEOPLE)}
    assert Counter(str(mail["To"]) for mail in smtp.mails) == Counter(m.lower() for both in spellings for m in both)
    tell("the same people at two machines", "machine 1", Reckoning(PEOPLE * 2, PEOPLE))


def _form(mailbox: str) -> dict[str, str]:
    return {"email": mailbox, "country": "PL", "consent": "on", "named": "on", "name": "Jo Nowak", "updates": "on"}


def _at_once(posts: list[tuple[str, dict[str, str]]]) -> None:
    """Sends all forms at once; each must be answered with success."""

    async def post() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(timeout=120) as client:
            return await asyncio.gather(*[client.post(address, data=fields) for address, fields in posts])

    assert {answer.status_code for answer in asyncio.run(post())} == {303}
