"""How a log ends: with signing, with the panic button, and what is left of its key."""

from dataclasses import replace
from pathlib import Path

import pytest

from petition.core import settings as settings_
from petition.core.log_keys import DESTROYED
from petition.log import ending
from petition.retention import close
from petition.site import open_site
from tests.conftest import LOG_KEY
from tests.log.conftest import Kept, read_log
from tests.shell import Shell, serving, wait_for


async def test_everything_ends_with_an_entry_and_the_key_is_gone(kept: Kept, tmp_path: Path) -> None:
    await kept.later(minutes=2)
    file = tmp_path / "log_key"
    file.write_text(LOG_KEY)
    made = replace(kept.site.settings, log_key_file=file)
    assert await ending.destroy(made, everything=True) == []
    assert kept.published()[-1] == {"kind": "end", "day": "2026-11-22", "reason": "destroyed"}
    assert file.read_text().startswith(DESTROYED)
    assert LOG_KEY not in file.read_text()
    kept.seen.append(kept.checkpoint())
    assert kept.forks() == 0
    assert await ending.destroy(made, everything=True) == []
    assert len(await kept.of_kind("end")) == 1


async def test_hashes_end_with_an_entry_and_the_key_stays(kept: Kept, tmp_path: Path) -> None:
    await kept.later(minutes=2)
    file = tmp_path / "log_key"
    file.write_text(LOG_KEY)
    assert await ending.destroy(replace(kept.site.settings, log_key_file=file), everything=False) == []
    await kept.later(minutes=2)
    assert [entry["reason"] for entry in await kept.of_kind("end")] == ["closed"]
    assert file.read_text() == LOG_KEY


async def test_a_database_that_is_away_does_not_save_the_key(kept: Kept, tmp_path: Path) -> None:
    file = tmp_path / "log_key"
    file.write_text(LOG_KEY)
    away = replace(kept.site.settings, log_key_file=file, database_url="postgresql://127.0.0.1:1/away")
    assert await ending.destroy(away, everything=True) == []
    assert file.read_text().startswith(DESTROYED)
    gone = replace(away, log_key_file=None)
    assert await ending.destroy(gone, everything=True) == [
        "PETITION_LOG_KEY stands in the environment: take it out, and destroy it."
    ]


def test_a_destroyed_key_is_none_and_the_site_starts(tmp_path: Path) -> None:
    environ = {"PETITION_VAR": str(tmp_path / "var")}
    file = tmp_path / "var/secrets/log_key"
    assert settings_.from_environment(environ).log_key_file == file
    file.write_text(f"{DESTROYED}x")
    assert settings_.from_environment(environ).log_keys == ()


@pytest.mark.slow
def test_the_panic_button_says_the_end_to_strangers(tmp_path: Path, sqlite_url: str) -> None:
    """The real commands, one after another: a site with a log, destroyed, and its log still served."""
    shell = Shell(tmp_path, PETITION_DATABASE_URL=sqlite_url)
    shell.fine("demo", "--signatures", "300")
    with serving(shell):
        wait_for((tmp_path / "var/log/checkpoint").exists)
    vkey = (tmp_path / "var/log/vkey").read_text().strip()
    before = read_log(tmp_path / "var/log", vkey)
    assert "All numbers agree" in shell.fine("audit")
    assert "the log says so" in shell.fine("log", "audit")
    shell.fine("destroy", "all", "--yes")
    after = read_log(tmp_path / "var/log", vkey)
    assert after[: len(before)] == before
    assert [entry["kind"] for entry in after[-2:]] == ["audit", "end"]
    assert "PRIVATE" not in (tmp_path / "var/secrets/log_key").read_text()
    assert "files; the form stays at" in shell.fine("mirror", str(tmp_path / "mirror"))
    assert read_log(tmp_path / "mirror/log", vkey) == after


async def test_close_logs_the_end_even_if_no_server_runs(kept: Kept) -> None:
    await kept.later(minutes=2)
    await close.close_signing(kept.site.database, kept.site.server_keys, None)
    async with open_site(kept.site.settings) as site:
        await ending.log_end(site)
    assert [entry["reason"] for entry in await kept.of_kind("end")] == ["closed"]
