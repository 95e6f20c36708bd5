"""The command line, each command in its own process: what each verb does, and one sentence when it cannot."""

import csv
import json
import re
import signal
import subprocess
import sys
import time as time_
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from petition.campaign.appeal import SHIPPED_DATA
from petition.core import encryption
from petition.core.email_addresses import EmailProviders
from tests import ROOT
from tests.conftest import IDENTITY
from tests.relay import Relay
from tests.shell import Shell, serving


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Demo mode in its own folder."""
    return Shell(tmp_path)


@pytest.fixture
def migrated(shell: Shell) -> Shell:
    """Demo mode with a database."""
    shell.fine("migrate")
    return shell


def _post(address: str, **fields: str) -> int:
    body = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(urllib.request.Request(address, body)) as answer:
        return int(answer.status)


def test_a_first_walk(shell: Shell, smtp: Relay) -> None:
    """make run, sign, open the outbox: what a newcomer does in the first minute."""
    shell.environment["PETITION_SMTP_URL"] = smtp.url
    with serving(shell) as (address, server):
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(3)]
        assert f"{address}/dev/outbox" in lines[1]
        assert f"{address}/organisers/login/" in lines[2]
        assert _post(f"{address}/en/sign", email="anna@example.net", country="PL", consent="on") == 200
        _wait_for(lambda: len(smtp.mails) == 1)
        with urllib.request.urlopen(f"{address}/dev/outbox") as page:
            assert "anna@example.net" in page.read().decode()
        with urllib.request.urlopen(f"{address}/metrics") as page:
            assert "petition_outbox_waiting 0" in page.read().decode()
    assert not (shell.folder / "var" / "campaign").exists(), "the example comes by `petition demo --example` alone"
    assert "All numbers agree." in shell.fine("audit")


def test_mail_can_be_delivered_by_a_process_of_its_own(shell: Shell, smtp: Relay) -> None:
    shell.environment["PETITION_SMTP_URL"] = smtp.url
    with serving(shell, "--no-deliver") as (address, _):
        _post(f"{address}/en/sign", email="anna@example.net", country="PL", consent="on")
        assert smtp.mails == []
        deliverer = subprocess.Popen([sys.executable, "-m", "petition", "deliver"], cwd=ROOT, env=shell.environment)
        try:
            _wait_for(lambda: len(smtp.mails) == 1)
        finally:
            deliverer.send_signal(signal.SIGTERM)
        assert deliverer.wait(timeout=30) == 0


def test_a_reset_says_what_comes_next(migrated: Shell) -> None:
    migrated.fine("organiser", "add", "marta", "marta@example.org")
    assert "next login sets up" in migrated.fine("organiser", "reset", "marta")
    assert "no organiser nobody" in migrated.fails("organiser", "reset", "nobody")


def test_what_commands_hand_out_is_on_record(migrated: Shell, tmp_path: Path) -> None:
    import sqlite3

    migrated.fine("letters", "--output", str(tmp_path / "letters"), "PL")
    migrated.fine("backup", str(tmp_path / "backup"))
    with sqlite3.connect(migrated.folder / "var" / "petition.db") as connection:
        lines = connection.execute("select nickname, action, detail from actions order by n").fetchall()
    connection.close()
    assert lines == [("the server", "drew letters", "1, names: <10"), ("the server", "made a backup", "")]


def test_other_commands_link_to_where_the_demo_is_served(migrated: Shell) -> None:
    migrated.fine("organiser", "add", "marta", "marta@example.org")
    assert migrated.fine("organiser", "link", "marta").startswith("http://127.0.0.1:8000/")
    with serving(migrated) as (address, _):
        link = migrated.fine("organiser", "link", "marta").strip()
        assert link.startswith(f"{address}/organisers/login/")
        with urllib.request.urlopen(link) as page:
            assert "Log in" in page.read().decode()


def _wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        time_.sleep(0.1)
    raise AssertionError("it did not happen")


def test_several_workers_on_postgresql(tmp_path: Path, postgresql_server: str, empty_database_url: str) -> None:
    if empty_database_url.startswith("sqlite"):
        message = Shell(tmp_path, PETITION_DATABASE_URL=empty_database_url).fails("serve", "--workers", "2")
        assert message == "SQLite takes one worker; several need PostgreSQL."
        return
    shell = Shell(tmp_path, PETITION_DATABASE_URL=empty_database_url)
    with serving(shell, "--workers", "2") as (address, _):
        for n in range(10):
            assert _post(f"{address}/en/sign", email=f"a{n}@example.net", country="PL", consent="on") == 200


def test_organisers_come_and_go(migrated: Shell) -> None:
    migrated.fine("organiser", "add", "marta", "marta@example.org", "--role", "viewer")
    assert re.fullmatch(r"marta\tviewer\tsince \d{4}-\d\d-\d\d\n", migrated.fine("organiser", "list"))
    assert "/organisers/login/" in migrated.fine("organiser", "link", "marta")
    assert "already" in migrated.fails("organiser", "add", "marta", "other@example.org")
    assert "already" in migrated.fails("organiser", "add", "other", "marta@example.org")
    assert "email address" in migrated.fails("organiser", "add", "vera", "not an address")
    assert "nickname" in migrated.fails("organiser", "add", "v v", "vera@example.org")
    migrated.fine("organiser", "remove", "marta")
    assert "no organiser marta" in migrated.fails("organiser", "remove", "marta")
    assert "no organiser marta" in migrated.fails("organiser", "link", "marta")


def test_letters_without_a_browser(shell: Shell, tmp_path: Path) -> None:
    shell.fine("demo", "--signatures", "500")
    shell.fine("letters", "--output", str(tmp_path / "some"), "PL", "BE-fr", "BE", "eu-commission")
    written = sorted(file.name for file in (tmp_path / "some").iterdir())
    assert written == ["BE-fr.pdf", "BE-nl.pdf", "PL.pdf", "eu-commission.pdf"]
    assert "no addressee" in shell.fails("letters", "--output", str(tmp_path / "some"), "XX")
    (tmp_path / "file").touch()
    assert "cannot be written" in shell.fails("letters", "--output", str(tmp_path / "file"), "PL")


def test_demo_signatures_agree_with_the_audit(shell: Shell) -> None:
    shell.fine("demo", "--signatures", "12345")
    assert shell.fine("audit") == "All numbers agree.\n"
    assert "empty" in shell.fails("demo", "--signatures", "5")


def test_audit_says_what_is_wrong(migrated: Shell) -> None:
    import sqlite3

    with sqlite3.connect(migrated.folder / "var" / "petition.db") as connection:
        connection.execute("insert into tally (country, confirmed, changes) values ('PL', 5, 0)")
    connection.close()
    assert migrated.fails("audit") == "PL: the tally says 5, the journal 0."


def test_backup_and_restore(migrated: Shell, tmp_path: Path) -> None:
    backup = str(tmp_path / "backup")
    assert "rows" in migrated.fine("backup", backup)
    assert "exists" in migrated.fails("backup", backup)
    assert "restored" in migrated.fine("restore", backup)
    assert "cannot be read" in migrated.fails("restore", backup, "--identity", str(tmp_path / "nowhere"))


def test_unsealing_on_another_machine(tmp_path: Path) -> None:
    address = EmailProviders(SHIPPED_DATA / "mailboxes.toml").parse("anna@example.net")
    assert address is not None
    server_keys = encryption.ServerKeys("k" * 32, (str(IDENTITY.to_public()),), encryption.OutboxKeys(tmp_path))
    with (tmp_path / "signatures.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("country", "day", "name", "sealed_address"))
        table.writerow(
            ("PL", "2026-11-22", "", server_keys.seal_contact(address.exact, "https://a.example/en/unsubscribe/x"))
        )
        table.writerow(("DE", "2026-11-22", "", ""))
    (tmp_path / "identity").write_text(f"# created\n{IDENTITY}\n")
    shell = Shell(tmp_path)
    command = ("unseal", "--identity", str(tmp_path / "identity"))
    opened = "address,country,unsubscribe\nanna@example.net,PL,https://a.example/en/unsubscribe/x\n"
    assert shell.fine(*command, str(tmp_path / "signatures.csv")) == opened
    piped = shell.run(*command, stdin=(tmp_path / "signatures.csv").read_text())
    assert piped.stdout == opened
    (tmp_path / "identity").write_text("nothing")
    assert "identity" in shell.fails(*command, str(tmp_path / "signatures.csv"))
    assert "cannot be read" in shell.fails("unseal", "--identity", str(tmp_path / "nowhere"))


def test_closing_destroys_the_key_too(shell: Shell) -> None:
    shell.fine("demo", "--signatures", "30")
    key = shell.folder / "var" / "secrets" / "email_key"
    before = key.read_text()
    assert "ended" in shell.fine("close")
    assert key.read_text() != before
    assert shell.fine("audit") == "All numbers agree.\n"
    shell.fine("close")
    shell.fine("prune")
    with serving(shell) as (address, _), urllib.request.urlopen(f"{address}/en/") as page:
        assert "Signing has ended" in page.read().decode()


def test_one_sentence_for_what_cannot_be(shell: Shell, tmp_path: Path) -> None:
    assert "petition migrate" in shell.fails("audit")
    for name, value, word in (
        ("PETITION_MODE", "test", "PETITION_MODE"),
        ("PETITION_DATABASE_URL", "mysql://x", "PETITION_DATABASE_URL"),
        ("PETITION_DATABASE_URL", "postgresql://petition@127.0.0.1:1/none", "database cannot be used"),
        ("PETITION_BASE_URL", "http://example.org", "PETITION_BASE_URL"),
        ("PETITION_CAMPAIGN", "/nowhere", "PETITION_CAMPAIGN"),
        ("PETITION_RECIPIENTS", "age1nonsense", "PETITION_RECIPIENTS"),
        ("PETITION_SMTP_URL", "mail.example.org", "PETITION_SMTP_URL"),
        ("PETITION_SECRET_KEY_FILE", "/nowhere", "PETITION_SECRET_KEY_FILE"),
    ):
        other = Shell(tmp_path, **{name: value})
        assert word in other.fails("migrate"), name
    assert "this machine only" in shell.fails("serve", "--host", "0.0.0.0")
    for port in ("0", "65536", "-1", "http"):
        assert shell.run("serve", "--port", port).returncode == 2


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


def test_production_names_what_is_missing(tmp_path: Path) -> None:
    message = Shell(tmp_path, PETITION_MODE="production").fails("serve")
    for name in ("BASE_URL", "SECRET_KEY", "EMAIL_KEY", "RECIPIENTS", "SMTP_URL", "MAIL_FROM"):
        assert f"PETITION_{name}" in message
    shell = Shell(tmp_path, PETITION_MODE="production", **_production(tmp_path))
    assert "placeholders: controller, contact, deadline" in shell.fails("migrate")


def _production(folder: Path) -> dict[str, str]:
    return {
        "PETITION_BASE_URL": "https://example.org",
        "PETITION_SECRET_KEY": "s" * 40,
        "PETITION_EMAIL_KEY": "e" * 40,
        "PETITION_DESK_KEY": "d" * 40,
        "PETITION_RECIPIENTS": f"{IDENTITY.to_public()}",
        "PETITION_SMTP_URL": "smtps://mail.example.org",
        "PETITION_MAIL_FROM": "links@example.org",
        "PETITION_OUTBOX_KEYS": str(folder / "keys"),
    }


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


def test_version_and_help(shell: Shell) -> None:
    assert re.fullmatch(r"petition \d+\.\d+\.\d+ \([0-9a-f]{7,}(-dirty)?\)\n", shell.fine("--version"))
    assert "COMMAND" in shell.fine("--help")
    assert shell.run("nonsense").returncode == 2


def test_tally_is_data_that_adds_up(shell: Shell) -> None:
    shell.fine("demo", "--signatures", "1000")
    with serving(shell) as (address, _), urllib.request.urlopen(f"{address}/tally.json") as answer:
        tally = json.load(answer)
    assert tally["confirmed"] == 1000
    assert sum(c["confirmed"] for c in tally["countries"]) + tally["other"] == 1000
