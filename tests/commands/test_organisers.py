"""Organisers are added, listed, reset and removed; addresses are unsealed on their machine."""

import csv
import re
import urllib.parse
import urllib.request
from pathlib import Path

from petition.campaign.appeal import SHIPPED_DATA
from petition.core import encryption
from petition.core.email_addresses import EmailProviders
from tests.conftest import IDENTITY
from tests.shell import Shell, serving


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


def test_a_reset_says_what_comes_next(migrated: Shell) -> None:
    migrated.fine("organiser", "add", "marta", "marta@example.org")
    assert "next login sets up" in migrated.fine("organiser", "reset", "marta")
    assert "no organiser nobody" in migrated.fails("organiser", "reset", "nobody")


def test_other_commands_link_to_where_the_demo_is_served(migrated: Shell) -> None:
    migrated.fine("organiser", "add", "marta", "marta@example.org")
    assert migrated.fine("organiser", "link", "marta").startswith("http://127.0.0.1:8000/")
    with serving(migrated) as (address, _):
        link = migrated.fine("organiser", "link", "marta").strip()
        assert link.startswith(f"{address}/organisers/login/")
        with urllib.request.urlopen(link) as page:
            assert "Log in" in page.read().decode()


def test_unsealing_on_another_machine(tmp_path: Path) -> None:
    address = EmailProviders(SHIPPED_DATA / "mailboxes.toml").parse("anna@example.net")
    assert address is not None
    vault = encryption.ServerKeys("k" * 32, (str(IDENTITY.to_public()),), encryption.OutboxKeys(tmp_path))
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
