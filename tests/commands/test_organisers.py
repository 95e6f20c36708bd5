"""Organisers are added, listed, reset and removed; addresses are unsealed on their machine."""

import csv
import os
import pty
import re
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from petition.campaign.appeal import SHIPPED_DATA
from petition.core import encryption, outbox_keys
from petition.core.email_addresses import EmailProviders
from tests.conftest import IDENTITY
from tests.shell import Shell, serving
from tests.web.tools import campaign


def test_organisers_come_and_go(migrated: Shell) -> None:
    migrated.fine("organiser", "add", "marta", "--role", "viewer", stdin="marta@example.org\n")
    assert re.fullmatch(r"marta\tviewer\tsince \d{4}-\d\d-\d\d\n", migrated.fine("organiser", "list"))
    assert "/organisers/login/" in migrated.fine("organiser", "link", "marta")
    assert "already" in migrated.fails("organiser", "add", "marta", stdin="other@example.org\n")
    assert "already" in migrated.fails("organiser", "add", "other", stdin="marta@example.org\n")
    assert "email address" in migrated.fails("organiser", "add", "vera", stdin="not an address\n")
    assert "nickname" in migrated.fails("organiser", "add", "v v", stdin="vera@example.org\n")
    migrated.fine("organiser", "remove", "marta")
    assert "no organiser marta" in migrated.fails("organiser", "remove", "marta")
    assert "no organiser marta" in migrated.fails("organiser", "link", "marta")


def test_an_address_is_an_argument_in_a_demo_only(migrated: Shell, tmp_path: Path) -> None:
    """The shell keeps a history of commands, and `ps` shows them to everybody on the machine."""
    migrated.fine("organiser", "add", "marta", "marta@example.org")
    needed = {
        "MODE": "production",
        "BASE_URL": "https://petition.example",
        "MAIL_FROM": "links@petition.example",
        "SMTP_URL": "smtp://127.0.0.1:1?tls=no",
        "RECIPIENTS": str(IDENTITY.to_public()),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'petition.db'}",
        "CAMPAIGN": str(campaign(tmp_path / "campaign")),
    }
    keys = {f"PETITION_{name}_KEY": name * 8 for name in ("SECRET", "EMAIL")}
    production = Shell(tmp_path / "p", **{f"PETITION_{name}": text for name, text in needed.items()}, **keys)
    production.fine("migrate")
    refusal = production.fails("organiser", "add", "vera", "vera@example.org")
    assert "Leave the address out" in refusal
    assert "vera@" not in refusal
    assert production.fine("organiser", "list") == ""
    production.fine("organiser", "add", "vera", stdin="vera@example.org")
    assert production.fine("organiser", "list").startswith("vera\torganiser")


@pytest.mark.parametrize("stdin", ["", "\n", "not an address\n", "a" * 5000, "\0\n"])
def test_what_is_no_address_is_said_so(stdin: str, migrated: Shell) -> None:
    assert migrated.fails("organiser", "add", "vera", stdin=stdin) == "This is not an email address."


def test_at_a_terminal_it_is_asked_for(migrated: Shell) -> None:
    ours, theirs = pty.openpty()
    command = [*migrated.command, "organiser", "add", "vera"]
    asked = subprocess.Popen(
        command, cwd=migrated.cwd, env=migrated.environment, stdin=theirs, stderr=subprocess.PIPE, text=True
    )
    os.write(ours, b"vera@example.org\n")
    assert asked.communicate(timeout=120)[1] == "Email address of vera: "
    assert asked.returncode == 0
    for end in (ours, theirs):
        os.close(end)
    assert migrated.fine("organiser", "list").startswith("vera")


def test_a_reset_says_what_comes_next(migrated: Shell) -> None:
    migrated.fine("organiser", "add", "marta", stdin="marta@example.org\n")
    assert "next login sets up" in migrated.fine("organiser", "reset", "marta")
    assert "no organiser nobody" in migrated.fails("organiser", "reset", "nobody")


def test_other_commands_link_to_where_the_demo_is_served(migrated: Shell) -> None:
    migrated.fine("organiser", "add", "marta", stdin="marta@example.org\n")
    assert migrated.fine("organiser", "link", "marta").startswith("http://127.0.0.1:8000/")
    with serving(migrated) as (address, _):
        link = migrated.fine("organiser", "link", "marta").strip()
        assert link.startswith(f"{address}/organisers/login/")
        with urllib.request.urlopen(link) as page:
            assert "Log in" in page.read().decode()


def test_unsealing_on_another_machine(tmp_path: Path) -> None:
    address = EmailProviders(SHIPPED_DATA / "mailboxes.toml").parse("anna@example.net")
    assert address is not None
    vault = encryption.ServerKeys("k" * 32, (str(IDENTITY.to_public()),), outbox_keys.OutboxKeys(tmp_path))
    with (tmp_path / "signatures.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("country", "day", "name", "sealed_address"))
        table.writerow(
            ("PL", "2026-11-22", "", vault.seal_contact(address.exact, "https://a.example/en/unsubscribe/x"))
        )
        table.writerow(("DE", "2026-11-22", "", ""))
    (tmp_path / "identity").write_text(f"# created\n{IDENTITY}\n")
    shell = Shell(tmp_path)
    given = ("unseal", "--identity", str(tmp_path / "identity"))
    opened = "address,country,unsubscribe\nanna@example.net,PL,https://a.example/en/unsubscribe/x\n"
    assert shell.fine(*given, str(tmp_path / "signatures.csv")) == opened
    piped = shell.run(*given, stdin=(tmp_path / "signatures.csv").read_text())
    assert piped.stdout == opened
    (tmp_path / "identity").write_text("nothing")
    assert "identity" in shell.fails(*given, str(tmp_path / "signatures.csv"))
    assert "cannot be read" in shell.fails("unseal", "--identity", str(tmp_path / "nowhere"))
