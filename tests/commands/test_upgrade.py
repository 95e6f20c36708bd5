"""An upgrade: check, backup, migrate, restart, ready, audit. What stops it changes nothing, and it can be run again."""

import shutil
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from petition.commands import demo_data, upgrade
from petition.commands.doctor import Finding
from petition.commands.doctor.backups import check_backup
from petition.core.database import migrations
from petition.core.database.database import open_database
from petition.core.errors import DatabaseError
from petition.core.settings import Mode, Settings
from petition.retention import backup
from petition.site import open_site
from tests.conftest import IDENTITY
from tests.web.tools import campaign

MORE = "alter table signatures add column region text\n\nupdate signatures set region = country"
INDEX = "create index signatures_region on signatures (region)"
# Stands for systemd, which no test may ask to restart anything: `restart` gives the service another process.
SYSTEMCTL = """#!/bin/sh
cd "$(dirname "$0")"
case "$2" in
show) cat process ;;
restart) test -e allowed && echo 4002 > process ;;
esac
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for nothing; composing all letters takes seconds, and test_preflight.py does it.

    The role of the tests is a superuser in PostgreSQL, which test_planted_faults.py is about.
    """
    monkeypatch.setattr(upgrade, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(upgrade, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr("petition.commands.preflight.check_texts", lambda _: None)
    monkeypatch.setattr("petition.commands.doctor.postgresql._check_role", lambda _: Finding("role in PostgreSQL"))


@pytest.fixture
def old(settings: Settings, tmp_path: Path) -> Settings:
    """Settings that doctor calls well, with the older schema in the database."""
    settings.var.mkdir()
    settings.outbox_keys.mkdir(mode=0o700)
    return replace(settings, campaign=campaign(tmp_path / "campaign"))


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """step(sql): the version that was just installed has this migration more."""

    def add(sql: str) -> None:
        folder = tmp_path / f"migrations-{migrations.latest_version()}"
        shutil.copytree(migrations.MIGRATIONS_FOLDER, folder)
        (folder / f"{migrations.latest_version() + 1:04}_more.sql").write_text(sql)
        monkeypatch.setattr(migrations, "MIGRATIONS_FOLDER", folder)

    return add


@pytest.fixture
def newer(step: Callable[[str], None]) -> None:
    step(MORE)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose `systemctl` runs the service as process 4001; with a file `allowed` in it, it may be restarted."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "systemctl").write_text(SYSTEMCTL)
    (folder / "systemctl").chmod(0o755)
    (folder / "process").write_text("4001\n")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


class _Answer(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status)
        self.end_headers()
        self.wfile.write(b"not ready yet\n")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def ready() -> Iterator[str]:
    """The address of a server that is ready."""
    with HTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/readyz"
        server.shutdown()
        thread.join()


async def _upgrade(settings: Settings, file: Path | None = None, ready: str = "", *, dry_run: bool = False) -> int:
    return await upgrade.upgrade(settings, Namespace(file=file, dry_run=dry_run, ready=ready))


async def _fill(settings: Settings) -> None:
    async with open_database(settings.database_url) as database:
        await demo_data.fill_database(database, 30)


async def _is_old(settings: Settings) -> bool:
    try:
        async with open_site(settings):
            return False
    except DatabaseError as error:
        return str(error) == migrations.OLDER_SCHEMA


async def test_all_steps(
    old: Settings, request: pytest.FixtureRequest, systemd: Path, ready: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await _fill(old)
    request.getfixturevalue("newer")
    (systemd / "allowed").touch()
    assert await _is_old(old)
    assert await _upgrade(old, dry_run=True) == 0
    now = migrations.latest_version()
    assert f"take 1 step from schema {now - 1} to {now}" in capsys.readouterr().out
    assert await _is_old(old)
    nightly = old.var.with_name("var-backup")
    nightly.mkdir()
    assert await _upgrade(old, ready=ready) == 0
    said = capsys.readouterr()
    (file,) = nightly.iterdir()
    assert f"rows in {file}." in said.out
    assert "Migrated: 1 new step.\nThe new version is ready.\n" in said.out
    assert "All numbers agree. The upgrade is done." in said.out
    async with open_site(old) as site:
        await site.database.write(lambda c: c.execute("delete from signatures"))
        await backup.restore_backup(site.database, old, [IDENTITY], file)
        async with site.database.reading() as c:
            assert len(await c.execute("select 1 from signatures where region = country")) == 30


async def test_steps_are_counted(
    old: Settings, step: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _upgrade(old, dry_run=True) == 0
    now = migrations.latest_version()
    assert f"  take no steps since the schema is {now} already\n" in capsys.readouterr().out
    for sql, words in (
        (MORE, f"1 step from schema {now} to {now + 1}"),
        (INDEX, f"2 steps from schema {now} to {now + 2}"),
    ):
        step(sql)
        assert await _upgrade(old, dry_run=True) == 0
        assert f"  take {words}\n" in capsys.readouterr().out
    assert await _upgrade(old) == 0
    assert "Migrated: 2 new steps.\n" in capsys.readouterr().out


async def test_the_backup_of_an_upgrade_is_known_there_and_on_the_way_back(
    old: Settings, newer: None, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    assert await _upgrade(old, file) == 0
    assert not (await check_backup(replace(old, mode=Mode.PRODUCTION))).warning
    empty = replace(old, database_url=f"sqlite:///{tmp_path}/empty.db")
    async with open_site(empty, migrate=True) as site:
        assert (await check_backup(replace(empty, mode=Mode.PRODUCTION))).warning == "there has never been a backup"
        await backup.restore_backup(site.database, empty, [IDENTITY], file)
    assert not (await check_backup(replace(empty, mode=Mode.PRODUCTION))).warning


async def test_what_must_be_fixed_stops_it(old: Settings, newer: None, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = replace(old, smtp_urls=("smtp://127.0.0.1:1?tls=no",))
    assert await _upgrade(wrong) == 1
    said = capsys.readouterr()
    assert said.err.startswith("mail server: ")
    assert said.err.endswith("Nothing was changed: fix this first, then run `petition upgrade` again.\n")
    assert said.out == ""
    assert await _is_old(old)
    assert list(old.var.iterdir()) == []


@pytest.mark.slow
async def test_without_the_right_to_restart_it_says_the_command(
    old: Settings, systemd: Path, ready: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await _upgrade(old, ready=ready) == 1
    said = capsys.readouterr()
    assert "Now run, as root in another terminal: systemctl restart petition" in said.out
    assert "The service is not ready (it was not restarted): run `systemctl restart petition`, then" in said.err
    assert "The way back: " in said.out
    (systemd / "allowed").touch()
    assert await _upgrade(old, ready=ready) == 0, "again, once it may"


@pytest.mark.slow
async def test_a_version_that_does_not_become_ready_is_said(
    old: Settings, systemd: Path, ready: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Answer, "status", 503)
    (systemd / "allowed").touch()
    assert await _upgrade(old, ready=ready) == 1
    assert "The service is not ready (not ready yet)" in capsys.readouterr().err
    (systemd / "process").write_text("4001\n")
    assert await _upgrade(old, ready="http://127.0.0.1:1/readyz") == 1
    assert "nothing answers at http://127.0.0.1:1/readyz" in capsys.readouterr().err


@pytest.mark.slow
async def test_without_systemd_it_says_what_to_restart(
    old: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert await _upgrade(old, tmp_path / "named") == 0
    said = capsys.readouterr().out
    assert "restart `petition serve` now" in said
    assert (tmp_path / "named").is_file()
