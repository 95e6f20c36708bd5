"""What the journal gets in a bad hour: a few lines for each kind of trouble, however many people are refused."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from petition.core.repeated_errors import COUNT_SECONDS
from tests import postgres, relay
from tests.chaos.conftest import Staging
from tests.chaos.crowd import until
from tests.chaos.machines import Machine, Web
from tests.chaos.stage import Stage
from tests.chaos.test_full_disk import filled, small_disk
from tests.relay import Relay
from tests.shell import Shell, production_settings
from tests.web.tools import campaign as whole_campaign

pytestmark = pytest.mark.slow
OUTAGE = 15  # seconds; before there was a line for each refusal, and such an outage had 4,998
KINDS = 60  # of lines: a dozen jobs and the requests, each with the few reasons that a database has

Note = Callable[[str, str, "Journal"], None]


@dataclass
class Journal:
    """The lines that some processes wrote since start(), and for how many seconds."""

    machines: tuple[Machine, ...]
    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @contextmanager
    def written(self) -> Iterator[None]:
        read, begun = [len(machine.said()) for machine in self.machines], time.monotonic()
        yield
        self.seconds = time.monotonic() - begun
        for machine, start in zip(self.machines, read, strict=True):
            self.lines += machine.said()[start:].splitlines()

    def is_short(self) -> bool:
        """Whether each kind of line came once in ten seconds at most, in each process, and there are few kinds."""
        kinds = Counter(re.sub(r"\d+", "N", line) for line in self.lines)
        often = (1 + self.seconds / COUNT_SECONDS) * len(self.machines)
        return len(kinds) <= KINDS and max(kinds.values(), default=0) <= often


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Adds a line to the table at the end."""

    def line(story: str, refused: str, journal: Journal) -> None:
        record_property("journal", f"{story:34} {refused:34} {len(journal.lines):5} {journal.seconds:9.0f} s")

    return line


def _over(journal: Journal) -> bool:
    """Whether the end of all errors of requests and emails that began was said."""
    for machine in journal.machines:
        said = machine.said()
        began = re.findall(r"^ERROR \S+ (The database .*\.)$", said, re.M)
        ended = re.findall(r"^WARNING \S+ Not any more for 10 s: (The database .*\.) \(", said, re.M)
        if Counter(began) != Counter(ended):
            return False
    return True


def _hold(stage: Stage, least: int) -> None:
    """Until the outage is as long as the one that was measured before, and enough people are refused."""
    time.sleep(OUTAGE)
    until(lambda: stage.crowd.answers["503"] >= least, "a crowd that is refused")


def test_a_database_that_is_away(staged: Staging, note: Note) -> None:
    with postgres.server() as server:
        stage = staged(f"{server.url}/postgres")
        journal = Journal((stage.web, stage.deliverer))
        with stage.crowd.about():
            stage.recovered()
            with journal.written():
                server.stop()
                _hold(stage, 300)
                server.start()
                stage.recovered()
                until(lambda: _over(journal), "the end being said")
            refused = stage.crowd.answers["503"]
            stage.settle()
        note("database away", f"{refused} forms and buttons refused", journal)
        assert journal.is_short(), "\n".join(journal.lines)
        assert any("The database cannot be used" in line for line in journal.lines), "it is said, and why"


def test_a_disk_that_is_full(staged: Staging, tmp_path: Path, note: Note) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        stage = staged(f"sqlite:///{disk}/petition.db")
        journal = Journal((stage.web, stage.deliverer))
        with stage.crowd.about():
            stage.recovered()
            with journal.written():
                with filled(disk):
                    _hold(stage, 300)
                stage.recovered()
                until(lambda: _over(journal), "the end being said")
            refused = stage.crowd.answers["503"]
            stage.settle()
        note("disk full", f"{refused} forms and buttons refused", journal)
        assert journal.is_short(), "\n".join(journal.lines)
        assert any("database or disk is full" in line for line in journal.lines), "it is said, and why"
        stage.close()


def test_a_relay_that_is_away(staged: Staging, sqlite_url: str, note: Note) -> None:
    away = Relay()
    with relay.at_work(away):
        port = away.port
    stage = staged(sqlite_url, relay=away)
    journal = Journal((stage.web, stage.deliverer))
    with stage.crowd.about(), journal.written():
        until(lambda: stage.waiting() >= 600, "600 emails that wait")
        until(lambda: "takes no email" in stage.deliverer.said(), "its being known")
        waiting = stage.waiting()
        with relay.at_work(away, port):
            until(lambda: "takes email again" in stage.deliverer.said(), "its being back")
            stage.settle()
    note("relay away", f"{waiting} emails waited", journal)
    assert journal.is_short(), "\n".join(journal.lines)
    assert sum("takes no email" in line for line in journal.lines) == 1


def test_a_flood_of_requests_that_are_refused(tmp_path: Path, smtp: Relay, note: Note) -> None:
    """In production, behind a proxy: only strangers meet the limits of a network."""
    settings = production_settings(tmp_path) | {
        "PETITION_MODE": "production",
        "PETITION_CAMPAIGN": str(whole_campaign(tmp_path / "campaign")),
        "PETITION_TRUSTED_PROXIES": "127.0.0.1",
        "PETITION_SMTP_URL": smtp.url,
    }
    web = Web(Shell(tmp_path, **settings), "--no-deliver")
    web.start()
    journal = Journal((web,))
    try:
        with journal.written():
            answers = asyncio.run(_flood(web.address))
    finally:
        web.kill()
    assert answers.keys() == {403, 404, 405, 413, 422, 429}
    note("flood that is refused", f"{answers.total()} requests refused", journal)
    assert journal.lines == []


async def _flood(address: str) -> Counter[int]:
    """The statuses of 1,500 requests of one network: other sites' forms, wrong ones, no pages, too long bodies."""
    own, foreign = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}
    network = {"X-Forwarded-For": "203.0.113.7"}
    kinds = [
        ("POST", "/en/sign", own, b"email=nobody"),
        ("POST", "/en/sign", foreign, b"email=nobody"),
        ("POST", "/en/sign", own, bytes(100_000)),
        ("GET", "/en/nothing", own, b""),
        ("DELETE", "/en/sign", own, b""),
    ]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    limits = httpx2.Limits(max_connections=50)
    async with httpx2.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        asked = [
            client.request(method, path, headers={**form, **network, **how}, content=body)
            for _ in range(300)
            for method, path, how, body in kinds
        ]
        return Counter(answer.status_code for answer in await asyncio.gather(*asked))
