"""`petition keys`, and what all commands say of keys that the database was not made with."""

import io
import os
import pty
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from petition.__main__ import _parser
from petition.commands import doctor, server
from petition.core import demo_secrets
from petition.core.errors import KeysError
from petition.core.settings import Settings
from petition.site import Site
from tests import ROOT
from tests.conftest import IDENTITY, add_organiser
from tests.shell import Shell, production_settings
from tests.web.tools import all_rows, campaign, on_sqlite

OTHER = "x" * 48
NOTICE = "Tell everybody who holds sealed keys, a sheet of them or a backup to destroy them now"
DATABASE_COMMANDS = (
    ("deliver",),
    ("migrate",),
    ("mirror", "FOLDER/mirror"),
    ("demo", "--signatures", "1"),
    ("audit",),
    ("organiser", "list"),
    ("organiser", "add", "vera", "vera@example.org"),
    ("organiser", "remove", "marta"),
    ("organiser", "reset", "marta"),
    ("organiser", "link", "marta"),
    ("letters", "--output", "FOLDER/letters", "PL"),
    ("bounce", "FOLDER/report"),
    ("prune",),
    ("close",),
    ("backup", "FOLDER/backup"),
    ("restore", "FOLDER/backup"),
    ("keys", "seal", "FOLDER/keys"),
)


@on_sqlite
@pytest.mark.parametrize("name", ["PETITION_EMAIL_KEY", "PETITION_DESK_KEY"])
async def test_every_command_refuses_another_key(name: str, site: Site, settings: Settings, tmp_path: Path) -> None:
    await add_organiser(site, "marta")
    (tmp_path / "report").touch()
    demo_secrets.demo_values(settings.var)
    is_email_key = name == "PETITION_EMAIL_KEY"
    other = replace(settings, email_key=OTHER) if is_email_key else replace(settings, desk_keys=(OTHER,))
    before, sentence = await all_rows(site), f"^This database was made with another {name} than .*`petition keys open`"
    for words in DATABASE_COMMANDS:
        arguments = _parser().parse_args([word.replace("FOLDER", str(tmp_path)) for word in words])
        with pytest.raises(KeysError, match=sentence):
            await arguments.verb(other, arguments)
    with pytest.raises(KeysError, match=sentence):
        await server.prepare(other, 2)
    assert await all_rows(site) == before
    findings = {finding.subject: finding.fix async for finding in doctor.check_installation(other)}
    assert findings["keys of this database"].startswith(f"This database was made with another {name} than ")
    assert ("`petition destroy hashes`" in findings["keys of this database"]) is is_email_key


@pytest.fixture
def used(migrated: Shell, tmp_path: Path) -> Shell:
    """With an organiser and a backup."""
    migrated.fine("organiser", "add", "marta", "marta@example.org")
    migrated.fine("backup", str(tmp_path / "backup"))
    return migrated


def test_another_email_key_can_only_end_signing(used: Shell, tmp_path: Path) -> None:
    """Before, with a new key the same people signed again, and every number still agreed."""
    file = used.folder / "var" / "secrets" / "email_key"
    file.write_text(OTHER)
    sentence = used.fails("audit")
    assert f"than the one in {file}: put the old one back" in sentence
    assert "`petition destroy hashes` ends signing" in sentence
    output = used.fine("destroy", "hashes", "--yes")
    assert "Every keyed hash is gone" in output
    assert NOTICE in output
    assert NOTICE in used.fine("close", "--yes")
    output = used.fine("keys", "seal", str(tmp_path / "keys"))
    assert "keys: secret_key, desk_key, letters_key, log_key, sealed to" in output, (
        "nothing is left that the email key opens"
    )


def test_a_lost_desk_key_is_taken_out(used: Shell, tmp_path: Path) -> None:
    assert "nothing is lost" in used.fails("keys", "forget-desk", "--yes")
    (used.folder / "var" / "secrets" / "desk_key").write_text(OTHER)
    assert "see `petition keys forget-desk`" in used.fails("organiser", "list")
    assert "add --yes" in used.fails("keys", "forget-desk")
    assert "No earlier backup can be restored" in used.fine("keys", "forget-desk", "--dry-run")
    assert "Every second factor is gone" in used.fine("keys", "forget-desk", "--yes")
    assert used.fine("organiser", "list").startswith("marta\t")
    assert "was not made by this server" in used.fails("restore", str(tmp_path / "backup"))


@pytest.fixture
def production(tmp_path: Path) -> Shell:
    settings = {
        **production_settings(tmp_path),
        "PETITION_MODE": "production",
        "PETITION_CAMPAIGN": str(campaign(tmp_path / "campaign")),
        "PETITION_DATABASE_URL": f"sqlite:///{tmp_path / 'petition.db'}",
    }
    shell = Shell(tmp_path / "server", **settings)
    shell.fine("migrate")
    return shell


@pytest.fixture
def identity(tmp_path: Path) -> str:
    file = tmp_path / "petition.key"
    file.write_text(f"# created by age-keygen\n{IDENTITY}\n")
    return str(file)


@pytest.fixture
def organiser(tmp_path: Path) -> Shell:
    """A machine without settings and database."""
    return Shell(tmp_path / "organiser", PETITION_MODE="production")


VALUES = {"secret_key": "s" * 40, "desk_key": "d" * 40, "email_key": "e" * 40}


def test_keys_are_sealed_and_opened_elsewhere(
    production: Shell, organiser: Shell, identity: str, tmp_path: Path
) -> None:
    sealed, sheet, opened = (str(tmp_path / name) for name in ("keys.age", "keys.pdf", "opened"))
    assert "warn  sealed copy of the keys: the keys were never sealed" in production.run("doctor").stdout
    output = production.fine("keys", "seal", sealed, "--sheet", sheet)
    assert f"{sealed} and {sheet}: secret_key, desk_key, email_key, sealed to 1 recipients." in output
    assert "ok    sealed copy of the keys\n" in production.run("doctor").stdout
    assert "exists already" in production.fails("keys", "seal", sealed)
    assert "are the same file" in production.fails("keys", "seal", str(tmp_path / "x"), "--sheet", str(tmp_path / "x"))

    organiser.fine("keys", "open", sealed, "--identity", identity, "--output", opened)
    assert {file.name: file.read_text().strip() for file in Path(opened).iterdir()} == VALUES
    assert "exists already" in organiser.fails("keys", "open", sealed, "--identity", identity, "--output", opened)
    assert "cannot be read" in organiser.fails("keys", "open", "/nowhere", "--identity", identity)
    production.environment["PETITION_DESK_KEY"] = f"{'D' * 40},{'d' * 40}"
    assert "desk_key changed after the keys were sealed" in production.run("doctor").stdout


def test_what_the_codes_of_the_sheet_say_opens_too(
    production: Shell, organiser: Shell, identity: str, tmp_path: Path
) -> None:
    sheet, opened = tmp_path / "keys.pdf", tmp_path / "opened"
    production.fine("keys", "seal", str(tmp_path / "keys.age"), "--sheet", str(sheet))
    subprocess.run(["pdftoppm", "-r", "150", "-gray", str(sheet), str(tmp_path / "page")], check=True)
    pages = sorted(map(str, tmp_path.glob("page-*")))
    scan = subprocess.run(["zbarimg", "-q", "--raw", *reversed(pages)], capture_output=True, text=True, check=False)
    codes = scan.stdout.splitlines()
    assert len(codes) > 2
    organiser.fine("keys", "open", "-", "--identity", identity, "--output", str(opened), stdin="\n".join(codes[::-1]))
    assert {file.name: file.read_text().strip() for file in opened.iterdir()} == VALUES
    words = subprocess.run(["pdftotext", str(sheet), "-"], capture_output=True, text=True, check=True).stdout
    for word in ("example.org", "Destroy this sheet when signing has ended", "petition keys open"):
        assert word in " ".join(words.split())
    assert [value for value in VALUES.values() if value in words] == []


def test_without_a_folder_keys_go_into_a_pipe_and_never_to_a_terminal(
    production: Shell, organiser: Shell, identity: str, tmp_path: Path
) -> None:
    sealed = str(tmp_path / "keys.age")
    production.fine("keys", "seal", sealed)
    command = [*organiser.command, "keys", "open", sealed, "--identity", identity]
    done = subprocess.run(command, cwd=ROOT, env=organiser.environment, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        assert {member.name: member.mode for member in archive} == dict.fromkeys(VALUES, 0o600)
    assert not [value for value in VALUES.values() if value in done.stderr.decode()]
    ours, theirs = pty.openpty()
    shown = subprocess.run(
        command, cwd=ROOT, env=organiser.environment, stdout=theirs, stderr=subprocess.PIPE, check=False
    )
    os.close(theirs)
    assert shown.returncode == 1
    assert b"name a folder with --output" in shown.stderr
    with pytest.raises(OSError, match="Input/output error"):  # the end: nothing was written
        os.read(ours, 100)
    os.close(ours)
