"""The command line as a whole: one sentence and exit code 1 for each failure, one line for what was handed out."""

import re
import sqlite3
from pathlib import Path

from tests.shell import Shell, production_settings


def test_version_and_help(shell: Shell) -> None:
    assert re.fullmatch(r"petition \d+\.\d+\.\d+ \([0-9a-f]{7,}(-dirty)?\)\n", shell.fine("--version"))
    assert "COMMAND" in shell.fine("--help")
    assert shell.run("nonsense").returncode == 2


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


def test_production_names_what_is_missing(tmp_path: Path) -> None:
    message = Shell(tmp_path, PETITION_MODE="production").fails("serve")
    for name in ("BASE_URL", "SECRET_KEY", "EMAIL_KEY", "RECIPIENTS", "SMTP_URL", "MAIL_FROM"):
        assert f"PETITION_{name}" in message
    shell = Shell(tmp_path, PETITION_MODE="production", **production_settings(tmp_path))
    assert "placeholders: controller, contact, deadline" in shell.fails("migrate")


def test_what_commands_hand_out_is_on_record(migrated: Shell, tmp_path: Path) -> None:
    migrated.fine("letters", "--output", str(tmp_path / "letters"), "PL")
    migrated.fine("backup", str(tmp_path / "backup"))
    with sqlite3.connect(migrated.folder / "var" / "petition.db") as connection:
        lines = connection.execute("select nickname, action, detail from actions order by n").fetchall()
    connection.close()
    assert lines == [("the server", "drew letters", "1, names: <10"), ("the server", "made a backup", "")]


def test_a_command_loads_neither_the_web_nor_what_sets_letters(migrated: Shell) -> None:
    migrated.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    for arguments in (("--version",), ("organiser", "list")):
        loaded = migrated.run(*arguments).stderr
        assert "petition.site" in loaded
        assert not re.findall(r"\b(starlette|typst|uvicorn|petition\.web)\b", loaded)
