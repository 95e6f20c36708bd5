"""The trouble of one campaign stays its own."""

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests import postgres, relay
from tests.conftest import administer
from tests.shell import Shell, serving, wait_for
from tests.sites.conftest import HOSTS, shell_for, write_settings


@pytest.mark.slow
def test_one_whose_database_is_away_comes_later_and_the_others_serve(tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.write_text("where a folder should be")
    with relay.running() as smtp:
        write_settings(tmp_path, "birch", 8000, smtp.url)
        write_settings(tmp_path, "alder", 8000, smtp.url, PETITION_DATABASE_URL=f"sqlite:///{away}/petition.db")
        with serving(shell_for(tmp_path)) as (address, _):

            def status(name: str, path: str = "/en/") -> int:
                return httpx2.get(address + path, headers={"Host": HOSTS[name]}).status_code

            assert [status("birch"), status("alder"), status("birch", "/readyz")] == [200, 503, 200]
            away.unlink()
            away.mkdir()
            wait_for(lambda: status("alder") == 200)
            assert status("birch") == 200


@pytest.mark.slow
def test_postgresql_that_is_away_or_frozen_at_the_start_holds_up_no_other_one(tmp_path: Path) -> None:
    with relay.running() as smtp, postgres.folder() as place, socket.create_server(("127.0.0.1", 0)) as frozen:
        server = postgres.Server(place)
        server.make()
        silent = (
            f"postgresql://petition@127.0.0.1:{frozen.getsockname()[1]}/petition"  # takes connections, says nothing
        )
        for name, url in (("birch", ""), ("alder", f"{server.url}/petition"), ("cedar", silent)):
            write_settings(tmp_path, name, 8000, smtp.url, PETITION_DATABASE_URL=url)
        shell = shell_for(tmp_path)
        with serving(shell) as (address, _):

            def status(name: str) -> int:
                return httpx2.get(address + "/en/", headers={"Host": HOSTS[name]}, timeout=60).status_code

            assert [status(name) for name in ("birch", "alder", "cedar")] == [200, 503, 503]
            try:
                server.start()
                asyncio.run(administer(server.url, "create database petition"))
                wait_for(lambda: status("alder") == 200)
                assert [status(name) for name in ("birch", "cedar")] == [200, 503]
            finally:
                server.stop()


@pytest.mark.slow
def test_deliver_leaves_out_a_broken_file(tmp_path: Path) -> None:
    shell = shell_for(tmp_path)
    with relay.running() as smtp:
        for name in ("alder", "birch"):
            write_settings(tmp_path, name, 8000, smtp.url)
        with serving(shell, "--no-deliver") as (address, _):
            form = {"email": "ada@example.org", "country": "PL", "consent": "on"}
            headers = {"Host": HOSTS["birch"], "Sec-Fetch-Site": "same-origin"}
            assert httpx2.post(f"{address}/en/sign", data=form, headers=headers).status_code == 303
        write_settings(tmp_path, "alder", 8000, smtp.url, PETITION_SMTP="x")
        with delivering(shell):
            wait_for(lambda: bool(smtp.to("ada@example.org")))
        (tmp_path / "sites/birch.env").unlink()
        assert shell.fails("deliver").startswith("alder.env: PETITION_SMTP is not a setting")


@pytest.mark.slow
def test_deliver_runs_for_all(tmp_path: Path) -> None:
    shell = shell_for(tmp_path)
    with relay.running() as smtp:
        for name in ("alder", "birch"):
            write_settings(tmp_path, name, 8000, smtp.url)
        with serving(shell, "--no-deliver") as (address, _):
            for name in ("alder", "birch"):
                form = {"email": f"{name}@example.org", "country": "PL", "consent": "on"}
                headers = {"Host": HOSTS[name], "Sec-Fetch-Site": "same-origin"}
                assert httpx2.post(f"{address}/en/sign", data=form, headers=headers).status_code == 303
            assert not smtp.to("alder@example.org")
            with delivering(shell):
                wait_for(lambda: all(smtp.to(f"{name}@example.org") for name in ("alder", "birch")))


@contextmanager
def delivering(shell: Shell) -> Iterator[None]:
    process = subprocess.Popen([*shell.command, "deliver"], cwd=shell.cwd, env=shell.environment)
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(60) == 0
