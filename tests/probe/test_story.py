"""`petition probe` against a real server, relay and Maildir: what it says when all works, and when not."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.probe.conftest import ADDRESS, Probed, probed

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
    finally:
        running.away = False
    assert said.startswith("The form was taken, and no email came within 2 seconds.")
    assert ADDRESS not in said
    assert "/confirm" not in said
    assert running.refused


def test_what_is_set_up_badly_is_said_in_a_sentence(tmp_path: Path) -> None:
    with probed(tmp_path, PETITION_BASE_URL="http://127.0.0.1:9") as found:
        assert "http://127.0.0.1:9 was asked, and does not answer" in found.shell.fails("probe")
        found.shell.environment["PETITION_PROBE_MAILDIR"] = str(tmp_path / "none")
        assert "must be a folder" in found.shell.fails("probe")
        del found.shell.environment["PETITION_PROBE_MAILDIR"]
        assert found.shell.fails("probe").startswith("A probe needs PETITION_PROBE_EMAIL and PETITION_PROBE_MAILDIR")
