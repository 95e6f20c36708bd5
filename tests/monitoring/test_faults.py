"""A real site and a real Prometheus with our rules: what breaks, and which alerts then fire. `make monitoring` runs it.

`for:` is shortened to two seconds, and a scrape comes every four. The rest of rules.yml and
prometheus.yml is as shipped.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from petition.core.database import state
from petition.core.database.database import open_database
from petition.organisers import last_checks
from petition.organisers.last_checks import AUDIT
from tests.conftest import IDENTITY
from tests.monitoring.test_files import FOLDER, RULES
from tests.postgres import free_port
from tests.probe.conftest import Probed, probed
from tests.relay import ACCEPTED
from tests.shell import post_form, serving, wait_for

pytestmark = pytest.mark.skipif(
    "PETITION_TEST_MONITORING" not in os.environ, reason="takes minutes: `make monitoring` runs it"
)
SCRAPE_SECONDS = 4  # more than /metrics takes while the database hangs
MOST_SCRAPES = 25  # that an alert may take: a probe and a relay need some of them
# The machine that runs tests is slow itself, and a process that was stopped was slow.
OF_THE_MACHINE = {"PetitionSlow"}
TOKEN = "t" * 40


@dataclass
class Watched:
    """`rows`: fault, alerts, scrapes until they fired and until they were gone."""

    site: Probed
    server: "subprocess.Popen[str]"
    prometheus: str
    rows: list[tuple[str, str, int, int]] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return Path(self.site.shell.environment["PETITION_VAR"]) / "petition.db"

    def firing(self) -> set[str]:
        with urllib.request.urlopen(f"{self.prometheus}/api/v1/alerts") as answer:
            alerts = json.load(answer)["data"]["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"} - OF_THE_MACHINE

    def scrapes_until(self, expected: set[str], allowed: set[str]) -> int:
        """Until then no alert that is not allowed may fire."""
        begun = time.monotonic()

        def is_so() -> bool:
            firing = self.firing()
            assert firing <= allowed, firing
            return firing == expected

        wait_for(is_so, lambda: str(self.firing()))
        return round((time.monotonic() - begun) / SCRAPE_SECONDS)

    def plant(self, fault: str, expected: set[str], begin: Callable[[], object], end: Callable[[], object]) -> None:
        begin()
        fired = self.scrapes_until(expected, expected)
        end()
        gone = self.scrapes_until(set(), expected)
        assert fired <= MOST_SCRAPES
        self.rows.append((fault, ", ".join(sorted(expected)), fired, gone))

    def write(self, job: Callable[..., object], **values: object) -> None:
        async def run() -> None:
            async with open_database(f"sqlite:///{self.database}") as database:
                await database.write(partial(job, **values))  # type: ignore[arg-type]  # any job of a connection

        asyncio.run(run())

    def execute(self, sql: str) -> None:
        with closing(sqlite3.connect(self.database, isolation_level=None, timeout=60)) as database:
            database.execute(sql)


def _configured(folder: Path, site: str) -> Path:
    rules = re.sub(r"(?<=  for: )\w+", "2s", RULES)
    (folder / "petition.rules.yml").write_text(rules, "utf-8")
    (folder / "token").write_text(TOKEN, "ascii")
    text = (FOLDER / "prometheus.yml").read_text("utf-8").partition("alerting:")[0]
    for shipped, own in {
        "scrape_interval: 30s": f"scrape_interval: {SCRAPE_SECONDS}s",
        "evaluation_interval: 30s": "evaluation_interval: 1s",
        "scrape_timeout: 10s": f"scrape_timeout: {SCRAPE_SECONDS}s",
        "scheme: https": "scheme: http",
        "/etc/prometheus/petition_token": str(folder / "token"),
        "[petition.example]": f"['{site}']",
    }.items():
        assert shipped in text
        text = text.replace(shipped, own)
    (folder / "prometheus.yml").write_text(text, "utf-8")
    return folder / "prometheus.yml"


@contextmanager
def _prometheus(folder: Path, site: str) -> Iterator[str]:
    program, address = shutil.which("prometheus"), f"127.0.0.1:{free_port()}"
    assert program, "sh tests/system.sh installs it"
    options = [f"--config.file={_configured(folder, site)}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (folder / "prometheus.log").open("w") as log:
        running = subprocess.Popen([program, *options, f"--web.listen-address={address}"], stdout=log, stderr=log)
        try:
            wait_for(lambda: _is_there(f"http://{address}/-/ready"), (folder / "prometheus.log").read_text)
            yield f"http://{address}"
        finally:
            running.terminate()
            running.wait(timeout=60)


def _is_there(address: str) -> bool:
    try:
        with urllib.request.urlopen(address):
            return True
    except OSError:
        return False


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    settings = {"PETITION_METRICS_TOKEN": TOKEN, "PETITION_RECIPIENTS": str(IDENTITY.to_public())}
    with probed(tmp_path, **settings) as site, serving(site.shell) as (site.address, server):
        site.shell.environment["PETITION_BASE_URL"] = site.address
        site.shell.fine("audit")
        site.shell.fine("probe")
        with _prometheus(tmp_path, site.address.partition("//")[2]) as address:
            found = Watched(site, server, address)
            found.write(last_checks.record_doctor, found=[("ok", "swap")])
            yield found


def test_each_fault_fires_its_alerts_and_no_other(watched: Watched) -> None:
    shell, backup = watched.site.shell, watched.site.shell.folder / "backup"
    never = {"PetitionBackupOld", "PetitionBackupTooOld"}
    wait_for(lambda: watched.firing() == never)  # before the first scrape Prometheus asks no petition
    watched.plant("there has never been a backup", never, lambda: None, lambda: shell.fine("backup", str(backup)))
    time.sleep(3 * SCRAPE_SECONDS)  # a healthy site: nothing fires in three scrapes
    assert watched.firing() == set()
    _plant_what_checks_found(watched)
    _plant_in_database(watched)
    _plant_in_email(watched)
    stop, go = (partial(watched.server.send_signal, one) for one in (signal.SIGSTOP, signal.SIGCONT))
    watched.plant("the web server hangs", {"PetitionDown"}, stop, go)
    watched.server.terminate()
    watched.server.wait(timeout=120)
    fired = watched.scrapes_until({"PetitionDown"}, {"PetitionDown"})
    lines = ["| fault | alerts | scrapes until they fired | until they were gone |", "| --- | --- | --- | --- |"]
    for row in [*watched.rows, ("the web server is stopped", "PetitionDown", fired, "")]:
        lines.append(f"| {' | '.join(map(str, row))} |")
    print("\n" + "\n".join(lines))  # noqa: T201 (the table for docs/deploy/monitoring/README.md)


def _plant_what_checks_found(watched: Watched) -> None:
    fine, write = watched.site.shell.fine, watched.write
    unit = "petition-backup.service"
    watched.plant(
        "a unit failed", {"PetitionUnitFailed"}, lambda: fine("alert", unit), lambda: fine("alert", "--over", unit)
    )
    audit = partial(write, last_checks.record_audit, all_agree=True)
    watched.plant(
        "the last audit found an error",
        {"PetitionNumbersWrong"},
        lambda: write(last_checks.record_audit, all_agree=False),
        audit,
    )
    watched.plant(
        "the last audit is old",
        {"PetitionAuditOld"},
        lambda: write(state.put, name=AUDIT, value="2020-01-01 ok"),
        audit,
    )
    doctor = partial(write, last_checks.record_doctor)
    watched.plant(
        "the last doctor found a fault",
        {"PetitionDoctorFoundFault"},
        lambda: doctor(found=[("fix", "certificate")]),
        lambda: doctor(found=[("ok", "certificate")]),
    )


def _plant_in_database(watched: Watched) -> None:
    file, away = watched.database, watched.database.with_name("away.db")
    watched.plant(
        "the database is away", {"PetitionDatabaseAway"}, lambda: file.rename(away), lambda: away.rename(file)
    )
    with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as other:
        watched.plant(
            "the database takes no writes",
            {"PetitionNotReady"},
            lambda: other.execute("begin immediate"),
            lambda: other.execute("rollback"),
        )


def _plant_in_email(watched: Watched) -> None:
    """The relay is away and a person signs; later a probe finds that no email comes."""
    site = watched.site

    def relay_away() -> None:
        site.smtp.mail = lambda _: "451 4.3.0 the disk is full"
        post_form(f"{site.address}/en/sign", email="anna@example.net", country="PL", consent="on")

    def relay_back() -> None:
        site.smtp.mail = lambda _: ACCEPTED

    watched.plant("the relay takes no email", {"PetitionRelayInTrouble"}, relay_away, relay_back)

    def emails_lost() -> None:
        site.away = True
        site.shell.fails("probe", "--wait", "2")

    def emails_back() -> None:
        site.away = False
        site.shell.fine("probe")

    watched.plant("the probe gets no email", {"PetitionProbeFailed"}, emails_lost, emails_back)
