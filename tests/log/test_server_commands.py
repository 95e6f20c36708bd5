"""`petition log begin`, `adopt` and `audit` on a real server, as a person at a terminal runs them."""

import shutil
from pathlib import Path

import pytest

from petition.campaign.appeal import SHIPPED_DATA
from petition.core.log_keys import make_log_key
from tests.chaos.reckoning import ask
from tests.log.conftest import read_log
from tests.shell import Shell, production_settings, serving, wait_for

NAME = "sign.example/log"


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """In production no value is a placeholder."""
    folder = tmp_path / "campaign"
    folder.mkdir()
    text = (SHIPPED_DATA / "campaign.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if "PLACEHOLDER" not in line or "=" in line]
    values = {"goal": "1000", "deadline": "2030-03-31", "destruction": "2030-06-30"}
    for n, line in enumerate(lines):
        name, is_value, value = line.partition(" = ")
        if is_value and value.startswith('"PLACEHOLDER'):
            lines[n] = f"{name} = {values.get(name, chr(34) + 'https://link.example' + chr(34))}"
    (folder / "campaign.toml").write_text("\n".join(lines), "utf-8")
    return folder


@pytest.fixture
def shell(tmp_path: Path, campaign: Path, empty_database_url: str) -> Shell:
    made = production_settings(tmp_path) | {"PETITION_MODE": "production", "PETITION_CAMPAIGN": str(campaign)}
    (tmp_path / "log_key").write_text(make_log_key(NAME))
    (tmp_path / "log_key").chmod(0o600)
    more = {"PETITION_LOG_KEY_FILE": str(tmp_path / "log_key"), "PETITION_DATABASE_URL": empty_database_url}
    found = Shell(tmp_path, **made, **more)
    found.fine("migrate")
    return found


def _doctor(shell: Shell) -> str:
    lines = shell.run("doctor").stdout.splitlines()
    return next(line for line in lines if line[6:].startswith("public log"))


@pytest.mark.slow
@pytest.mark.parametrize("empty_database_url", ["sqlite"], indirect=True)
def test_a_real_server_begins_a_log_when_a_person_says_so(shell: Shell) -> None:
    assert "To fix it: petition log begin" in _doctor(shell)
    assert "begins" in shell.fine("log", "begin", "--dry-run")
    assert "petition log begin" in shell.fails("log", "audit")
    assert NAME in shell.fine("log", "begin")
    assert "There is a log already" in shell.fails("log", "begin")
    assert _doctor(shell).startswith("ok")
    assert "the log says so" in shell.fine("log", "audit")
    assert "All numbers agree." in shell.fine("audit")
    url = shell.environment["PETITION_DATABASE_URL"]
    kinds = [
        row["entry"].partition('"kind":"')[2].partition('"')[0] for row in ask(url, "select entry from log_entries")
    ]
    assert kinds == ["log", "audit"]
    assert "There is no log in" in shell.fails("log", "adopt")
    for verb in (("adopt", "--none"), ("begin", "--lost-key")):
        assert "add --yes" in shell.fails("log", *verb)
        assert "log" in shell.fine("log", *verb, "--dry-run")
    assert "brought back" in shell.fine("log", "adopt", "--dry-run")
    shell.fine("log", "adopt", "--none", "--yes")
    (shell.folder / "log_key").write_text(make_log_key("sign.example/log2"))
    assert "log2 begins" in shell.fine("log", "begin", "--lost-key", "--yes")
    shell.environment |= {"PETITION_LOG_KEY_FILE": str(shell.folder / "nothing")}
    assert "cannot be read" in shell.fails("log", "begin")
    del shell.environment["PETITION_LOG_KEY_FILE"]
    assert "petition log key NAME" in shell.fails("log", "begin", "--lost-key", "--yes")


@pytest.mark.slow
def test_an_old_file_put_back_stands_still_and_is_adopted_from_the_machines_own_files(
    tmp_path: Path, sqlite_url: str
) -> None:
    """A demo, since it signs within a minute: The server says why it stands, and continues by itself after adopt."""
    shell, folder = Shell(tmp_path, PETITION_DATABASE_URL=sqlite_url), tmp_path / "var/log"
    shell.fine("demo", "--signatures", "300")
    shutil.copy(tmp_path / "petition.db", tmp_path / "old.db")
    with serving(shell):
        wait_for((folder / "checkpoint").exists)
    vkey = (folder / "vkey").read_text().strip()
    before = read_log(folder, vkey)
    for name in ("petition.db-wal", "petition.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "old.db", tmp_path / "petition.db")
    with serving(shell) as (address, _):
        wait_for(lambda: "stands still" in _doctor(shell))
        assert "run `petition log adopt`" in _doctor(shell)
        assert f"{len(before)} entries brought back." in shell.fine("log", "adopt")
        wait_for(lambda: _doctor(shell).startswith("ok"))
        wait_for(lambda: len(read_log(folder, vkey)) > len(before))
        assert "ok    The checkpoint" in shell.run("log", "verify", address, "--vkey", vkey).stdout
    assert read_log(folder, vkey)[: len(before)] == before
