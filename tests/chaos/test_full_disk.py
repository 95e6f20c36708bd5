"""A disk that is full for a while: people are asked to come back, nothing acknowledged is lost, and the site continues
when there is room again. Needs the right to mount a small file system in memory.
"""

import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import HTTPError

import asyncpg
import pytest

from tests import postgres
from tests.chaos.conftest import Staging, Tell
from tests.chaos.crowd import until
from tests.chaos.stage import Stage
from tests.postgres import Server

pytestmark = pytest.mark.slow


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """A small file system; the owner of the folder owns it. Raises an error where mounting is not allowed."""
    place.mkdir(exist_ok=True)
    owner = place.parent.stat()
    options = f"size={megabytes}m,mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
    _as_root("mount", "-t", "tmpfs", "-o", options, "petition-test", place)
    try:
        yield place
    finally:
        _as_root("umount", "--lazy", place)


def _as_root(*command: str | Path) -> None:
    subprocess.run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Fills the disk to the last byte."""
    file = disk / "ballast"
    with file.open("wb", buffering=0) as heap:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):  # another process took the last bytes
                while heap.write(bytes(size)):
                    pass
    try:
        yield
    finally:
        file.unlink()


def test_the_disk_of_sqlite(staged: Staging, tmp_path: Path, kills: int, tell: Tell) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        stage = staged(f"sqlite:///{disk}/petition.db")
        _survives(stage, disk, kills, tell)
        stage.close()


def test_the_disk_of_postgresql(staged: Staging, kills: int, tell: Tell) -> None:
    with postgres.folder() as folder, small_disk(folder / "disk", 192) as disk:
        server = Server(disk, "-c", "wal_recycle=off")
        server.make()
        server.start()
        try:
            _survives(staged(f"{server.url}/postgres"), disk, kills, tell, server)
        finally:
            server.stop()


def _survives(stage: Stage, disk: Path, kills: int, tell: Tell, server: Server | None = None) -> None:
    times = 1 + kills // 50
    with stage.crowd.about():
        for _ in range(times):
            stage.recovered()
            stage.crowd.answers.clear()
            with filled(disk):
                until(lambda: stage.crowd.answers["503"] > 0, "a refusal")
                if server:
                    with suppress(asyncpg.PostgresError, OSError):  # the server stops when its log has no room
                        server.ask("select pg_switch_wal()")
                until(lambda: _status(f"{stage.web.address}/readyz") == 503, "its being known")
                assert _status(f"{stage.web.address}/en/") == 200, "who only reads does not notice"
            if server:
                server.start()  # as the service manager starts a server that has stopped
        stage.recovered()
        stage.settle()
    found = stage.reckoning()
    assert found.twice == 0
    tell(f"disk full under {stage.dialect}", f"full {times}", found)


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
