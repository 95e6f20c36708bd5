"""`petition probe` against a real server, relay and Maildir: what it says when all works, and when not."""

import asyncio
import mailbox
import re
import sqlite3
from argparse import Namespace
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from aiosmtpd.smtp import Envelope

from petition.core.database.database import open_database
from petition.core.errors import SettingsError
from petition.core.settings import Settings
from petition.probe import commands
from petition.probe.visitor import ProbeError
from tests import ROOT, relay
from tests.postgres import free_port
from tests.probe.conftest import ADDRESS, Probed, served
from tests.shell import Shell, serving, wait_for
from tests.switching import turn
from tests.web.tools import on_sqlite

WORKS = r"Signing works: page [\d.]+ s, form [\d.]+ s, email [\d.]+ s, link [\d.]+ s\.\n"


def _database(found: Probed) -> sqlite3.Connection:
    return sqlite3.connect(Path(found.shell.environment["PETITION_VAR"]) / "petition.db")


def test_all_steps_are_measured_and_nothing_of_it_stays_but_one_row(running: Probed) -> None:
    assert re.fullmatch(WORKS, running.shell.fine("probe"))
    assert running.emails() == 0
    with closing(_database(running)) as database:
        states = [row[0] for row in database.execute("select state from submissions")]
        assert states == ["probe"]  # for five minutes
        for table in ("signatures", "journal", "email_counts", "outbox", "names", "contacts"):
            assert database.execute(f"select count(*) from {table}").fetchone()[0] == 0, table


@pytest.mark.slow
def test_from_outside_it_needs_three_settings_and_stores_nothing(running: Probed) -> None:
    with closing(_database(running)) as database:
        before = database.execute("select value from site_state where name = 'last_probe'").fetchall()
    kept = dict(running.shell.environment)
    try:
        running.shell.environment |= {"PETITION_BASE_URL": running.address, "PETITION_VAR": "/nonexistent"}
        assert re.fullmatch(WORKS, running.shell.fine("probe", "--from-outside"))
        del running.shell.environment["PETITION_PROBE_EMAIL"]
        said = running.shell.fails("probe", "--from-outside")
        assert said == "A probe from outside needs PETITION_PROBE_EMAIL."
    finally:
        running.shell.environment = kept
    with closing(_database(running)) as database:
        assert database.execute("select value from site_state where name = 'last_probe'").fetchall() == before


@pytest.mark.slow
def test_a_relay_that_is_away_a_wrong_link_and_a_link_that_opens_nothing_are_told_apart(running: Probed) -> None:
    running.rewrite = (b"/confirm/", b"/confirm/x")  # the token is wrong now
    said = running.shell.fails("probe", "--wait", "12")
    assert "the answer was 404 without the button" in said
    running.rewrite = (running.address.encode(), b"https://elsewhere.example")
    assert f"has no link to {running.address}" in running.shell.fails("probe", "--wait", "12")
    running.rewrite = (b"", b"")
    running.away = True
    try:
        said = running.shell.fails("probe", "--wait", "2")
        wait_for(lambda: bool(running.refused))
    finally:
        running.away = False
    assert said.startswith("The form was taken, and no email came within 2 seconds.")
    assert ADDRESS not in said
    assert "/confirm" not in said


@on_sqlite
def test_what_is_set_up_badly_is_said_in_a_sentence(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, for speed: other tests here see that such a sentence ends the command with 1."""
    (tmp_path / "there").mkdir()
    outside = Namespace(from_outside=True, wait=1)
    monkeypatch.setenv("PETITION_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PETITION_PROBE_EMAIL", ADDRESS)
    monkeypatch.setenv("PETITION_PROBE_MAILDIR", str(tmp_path / "there"))
    with pytest.raises(ProbeError, match=r"^http://127\.0\.0\.1:9 was asked, and does not answer"):
        commands.run_from_outside(outside)
    monkeypatch.setenv("PETITION_PROBE_MAILDIR", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="must be a folder"):
        commands.run_from_outside(outside)
    with pytest.raises(SettingsError, match=r"^A probe needs PETITION_PROBE_EMAIL and PETITION_PROBE_MAILDIR"):
        asyncio.run(commands.probe(replace(settings, probe_email=ADDRESS), Namespace(wait=1)))


@pytest.mark.slow
def test_what_is_found_while_the_database_is_away_is_said_and_not_stored(running: Probed) -> None:
    """The server has its database; the probe cannot reach it."""
    kept = dict(running.shell.environment)
    try:
        running.shell.environment |= {
            "PETITION_BASE_URL": running.address,
            "PETITION_DATABASE_URL": "postgresql://127.0.0.1:1/petition",
        }
        said = running.shell.fails("probe")
    finally:
        running.shell.environment = kept
    assert said.startswith("This is not stored: ")


@pytest.mark.slow
def test_while_signing_is_paused_nothing_is_tried_and_from_outside_it_is_said(tmp_path: Path) -> None:
    with served(tmp_path) as found:
        asyncio.run(_pause(found))
        wait_for(lambda: "data-proof-of-work" not in httpx2.get(f"{found.address}/en/").text)
        assert found.shell.fine("probe").startswith("Signing is closed at this time")
        found.shell.environment["PETITION_BASE_URL"] = found.address
        said = found.shell.fails("probe", "--from-outside")
        assert said.startswith("The appeal was opened, and signing is closed.")
        assert "systemctl disable --now petition-probe.timer" in said


async def _pause(found: Probed) -> None:
    """As an admin does at the desk."""
    file = Path(found.shell.environment["PETITION_VAR"]) / "petition.db"
    async with open_database(f"sqlite:///{file}") as database:
        await turn(database, "signing", "paused")


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / "petition/sites").is_dir(), reason="several campaigns are left out")
def test_of_several_campaigns_each_has_its_own_mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with relay.running() as smtp:
        port = free_port()
        (tmp_path / "sites").mkdir()
        for name, host in (("alder", "localhost"), ("birch", "127.0.0.1")):
            mailbox.Maildir(tmp_path / f"mail-{name}")
            lines = {
                "PETITION_BASE_URL": f"http://{host}:{port}",
                "PETITION_VAR": tmp_path / "var" / name,
                "PETITION_SMTP_URL": smtp.url,
                "PETITION_PROBE_EMAIL": f"{name}-k3xq7@petition.example",
                "PETITION_PROBE_MAILDIR": tmp_path / f"mail-{name}",
            }
            text = "".join(f"{key}={value}\n" for key, value in lines.items())
            (tmp_path / f"sites/{name}.env").write_text(text)

        def deliver(envelope: Envelope) -> str:
            name = envelope.rcpt_tos[0].partition("-")[0]
            mailbox.Maildir(tmp_path / f"mail-{name}").add(envelope.content or b"")
            return relay.ACCEPTED

        smtp.data = deliver
        shell = Shell(tmp_path, PETITION_SITES=str(tmp_path / "sites"))
        del shell.environment["PETITION_VAR"]
        monkeypatch.setattr("tests.shell.free_port", lambda: port)
        with serving(shell):
            assert re.fullmatch(f"alder: {WORKS}birch: {WORKS}", shell.fine("probe"))
            assert re.fullmatch(WORKS, shell.fine("probe", "--site", "birch"))
