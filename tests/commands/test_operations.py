"""Serve, demo, audit and doctor, as processes of their own."""

import json
import sqlite3
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.relay import Relay
from tests.shell import Shell, post_form, serving, wait_for


def _text(url: str) -> str:
    with urllib.request.urlopen(url) as page:
        return str(page.read().decode())


def test_a_first_walk(shell: Shell, smtp: Relay) -> None:
    """make run, sign, look into the outbox: what a newcomer does in the first minute."""
    shell.environment["PETITION_SMTP_URL"] = smtp.url
    with serving(shell) as (address, server):
        assert server.stdout is not None
        told = [server.stdout.readline() for _ in range(3)]
        assert f"{address}/dev/outbox" in told[1]
        assert f"{address}/organisers/login/" in told[2]
        assert post_form(f"{address}/en/sign", email="anna@example.net", country="PL", consent="on") == 200
        wait_for(lambda: len(smtp.mails) == 1)
        assert "anna@example.net" in _text(f"{address}/dev/outbox")
        wait_for(lambda: "petition_outbox_waiting 0" in _text(f"{address}/metrics"))  # sent, but not yet committed
    assert not (shell.folder / "var" / "campaign").exists(), "the example comes by `petition demo --example` alone"
    assert "All numbers agree." in shell.fine("audit")


def test_several_workers_on_postgresql(tmp_path: Path, postgresql_server: str, empty_database_url: str) -> None:
    if empty_database_url.startswith("sqlite"):
        message = Shell(tmp_path, PETITION_DATABASE_URL=empty_database_url).fails("serve", "--workers", "2")
        assert message == "SQLite takes one worker; several need PostgreSQL."
        return
    shell = Shell(tmp_path, PETITION_DATABASE_URL=empty_database_url)
    with serving(shell, "--workers", "2") as (address, _):
        for n in range(10):
            assert post_form(f"{address}/en/sign", email=f"a{n}@example.net", country="PL", consent="on") == 200


def test_tally_is_data_that_adds_up(shell: Shell) -> None:
    shell.fine("demo", "--signatures", "1009")  # whatever the secret remainder is
    with serving(shell) as (address, _), urllib.request.urlopen(f"{address}/tally.json") as answer:
        tally = json.load(answer)
    assert tally["confirmed"] == 1000
    assert sum(c["confirmed"] for c in tally["countries"]) + tally["other"] == 1000


def _for_the_desk(shell: Shell, name: str) -> str:
    """What a command has recorded for the desk."""
    with closing(sqlite3.connect(shell.folder / "var" / "petition.db")) as c:
        (row,) = c.execute("select value from site_state where name = ?", (name,))
    return str(row[0])


def test_demo_signatures_agree_with_the_audit(shell: Shell) -> None:
    shell.fine("demo", "--signatures", "12345")
    assert shell.fine("audit") == "All numbers agree.\n"
    assert _for_the_desk(shell, "last_audit").endswith(" ok")
    assert "empty" in shell.fails("demo", "--signatures", "5")


def test_audit_says_what_is_wrong(migrated: Shell) -> None:
    with sqlite3.connect(migrated.folder / "var" / "petition.db") as connection:
        connection.execute("insert into journal (country, day, reason, n) values ('PL', '2026-11-01', 'confirmed', 5)")
    connection.close()
    assert migrated.fails("audit") == "PL: the journal says 5, the signatures 0."
    assert _for_the_desk(migrated, "last_audit").endswith(" differs")


BROKEN = {
    "mailboxes.toml": "common = [",
    "governments.toml": "[meta]",
    "appeal/ru.md": "no head",
    "letters/lt.md": "no head",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_of_the_campaign_keeps_the_server_from_starting(name: str, shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "campaign" / name
    file.parent.mkdir(parents=True)
    file.write_text(BROKEN[name], "utf-8")
    shell.environment["PETITION_CAMPAIGN"] = str(tmp_path / "campaign")
    assert name in shell.fails("serve")
    assert f"fix   texts and letters: {name}" in shell.run("doctor").stdout


def test_the_doctor_says_what_to_mend(migrated: Shell, smtp: Relay) -> None:
    done = migrated.run("doctor")
    assert done.returncode == 1
    assert "fix   campaign: campaign.toml has placeholders" in done.stdout
    assert "ok    texts and letters" in done.stdout
    assert "ok    database" in done.stdout
    migrated.environment["PETITION_SMTP_URL"] = smtp.url
    assert "ok    mail server\n" in migrated.run("doctor").stdout
    migrated.environment["PETITION_SMTP_URL"] = "smtp://127.0.0.1:1?tls=no"
    assert "fix   mail server" in migrated.run("doctor").stdout
    found = _for_the_desk(migrated, "last_doctor")
    assert '["fix", "mail server"]' in found
    assert not [text for text in ("127.0.0.1", "/", "smtp", "(") if text in found]
