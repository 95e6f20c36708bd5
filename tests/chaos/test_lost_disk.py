"""Three machines, a relay that is away, and one machine killed with its disk: every email arrives, none twice."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from petition.core.settings import Settings
from tests import relay
from tests.chaos.conftest import Tell
from tests.chaos.crowd import link, until
from tests.chaos.machines import Web
from tests.chaos.reckoning import Reckoning, ask
from tests.postgres import free_port
from tests.shell import Shell

PEOPLE = 90


@pytest.fixture
def three(tmp_path: Path, postgresql_settings: Settings, campaign: Path) -> Iterator[tuple[list[Web], int]]:
    """Three machines that serve and deliver, and the port on which the relay will come back."""
    port = free_port()
    shared = {
        "PETITION_DATABASE_URL": postgresql_settings.database_url,
        "PETITION_SMTP_URL": f"smtp://127.0.0.1:{port}?tls=no",
        "PETITION_CAMPAIGN": str(campaign),
        "PETITION_SECRET_KEY": "s" * 40,
        "PETITION_EMAIL_KEY": "e" * 40,
        "PETITION_DESK_KEY": "d" * 40,
    }
    webs = []
    for n in range(3):
        shell = Shell(tmp_path / f"machine{n}", **shared, PETITION_OUTBOX_KEYS=str(tmp_path / f"machine{n}" / "keys"))
        shell.folder.mkdir()
        webs.append(Web(shell))
    try:
        for web in webs:
            web.start()
        yield webs, port
    finally:
        for web in webs:
            web.kill()


def _handle(web: Web) -> str:
    return (web.shell.folder / "keys" / "machine").read_text()


def test_a_machine_that_dies_with_its_disk_takes_no_email_with_it(
    three: tuple[list[Web], int], postgresql_settings: Settings, tell: Tell
) -> None:
    (webs, port), url = three, postgresql_settings.database_url
    copies = "select key_name from outbox_key_copies"
    until(lambda: len({row["key_name"].split("-")[1] for row in ask(url, copies)}) == 3, "a copy of each key", 180)
    people = [f"p{n}@mail{n % 20}.example.net" for n in range(PEOPLE)]
    asyncio.run(_sign(webs, people))
    dead = webs.pop()
    dead.kill()
    lost = [row["id"] for row in ask(url, f"select id from outbox where key_name like '%-{_handle(dead)}-%'")]
    assert len(lost) == PEOPLE // 3
    shutil.rmtree(dead.shell.folder / "keys")
    with relay.running(port) as smtp:
        ask(url, "update outbox set due_at = 0, claim_expires_at = 0")
        until(lambda: len(smtp.mails) >= PEOPLE, "the emails of all three", 240)
        until(lambda: not ask(url, "select id from outbox"), "the last result")
        assert Counter(str(mail["To"]) for mail in smtp.mails) == dict.fromkeys(people, 1)
        assert len({link(mail) for mail in smtp.mails}) == PEOPLE
    for web in webs:
        web.stop()
    assert "All numbers agree." in webs[0].shell.fine("audit")
    assert ask(url, "select code from refusals") == []
    tell("a machine and its disk are gone", "kill and burn 1 of 3, relay away", Reckoning(PEOPLE, 0))


async def _sign(webs: list[Web], people: list[str]) -> None:
    """A third of the people signs at each machine."""
    async with httpx2.AsyncClient(timeout=120) as client:
        for n, email in enumerate(people):
            fields = {"email": email, "country": "PL", "consent": "on"}
            answer = await client.post(webs[n % 3].address + "/en/sign", data=fields)
            assert answer.status_code == 303, answer.text
