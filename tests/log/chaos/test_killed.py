"""The public log is never forked, whatever dies, burns or comes back from a backup.

Each head that a stranger has got over HTTP is a part of the log afterwards.
"""

import random
import shutil
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from petition.log.notes import parse_head, split_note
from tests import postgres
from tests.chaos.crowd import until
from tests.chaos.machines import Machine
from tests.chaos.reckoning import ask
from tests.log.conftest import is_extended, read_contents
from tests.log.story import served
from tests.postgres import Server
from tests.shell import Shell

SPEED = 60  # a minute is a second


class Stranger:
    """Somebody who asks for the checkpoint again and again, over HTTP, and keeps each that is new."""

    def __init__(self, address: str) -> None:
        self._address, self._stop = address, threading.Event()
        self.seen: dict[str, str] = {}  # text of the head -> note

    @contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            try:
                with urllib.request.urlopen(f"{self._address}/log/checkpoint") as answer:
                    note = answer.read().decode()
            except OSError:
                continue
            self.seen[split_note(note)[0]] = note

    def newest(self) -> int:
        return max((parse_head(text).size for text in self.seen), default=0)

    def await_more(self, entries: int = 1) -> None:
        size = self.newest()
        until(lambda: self.newest() >= size + entries, "a new head")

    def forks(self, folder: Path) -> list[str]:
        """Heads that are no part of the log as it is now, and pairs of one size with two roots."""
        contents = read_contents(folder, *(folder / "vkey").read_text().split())
        sizes = Counter(parse_head(text).size for text in self.seen)
        return [
            text
            for text, note in self.seen.items()
            if not is_extended(contents, note) or sizes[parse_head(text).size] > 1
        ]


class Log:
    """A site whose log is kept by one process or by several on machines of their own, over one database."""

    def __init__(self, folder: Path, url: str, machines: int = 1) -> None:
        self.url, self.begun = url, time.time()
        self.shells, self.keepers = [], []
        for n in range(machines):
            home = folder / f"machine{n}"
            home.mkdir()
            key = {} if n == 0 else {"PETITION_LOG_KEY": ""}
            shell = Shell(home, PETITION_DATABASE_URL=url, **key)
            if n:
                (home / "var").mkdir()
                shutil.copytree(folder / "machine0/var/secrets", home / "var/secrets", dirs_exist_ok=True)
                (home / "var/secrets/log_key").write_text("destroyed-elsewhere")
            else:
                shell.fine("migrate")
            self.shells.append(shell)
            arguments = (str(self.begun), str(SPEED))
            self.keepers.append(Machine(shell, *arguments, program="tests.log.chaos.keeping"))

    @property
    def folder(self) -> Path:
        return self.shells[0].folder / "var/log"

    def entries(self) -> int:
        return int(ask(self.url, "select count(*) as n from log_entries")[0]["n"])

    def stop(self) -> None:
        for keeper in self.keepers:
            keeper.kill()


Logged = Callable[..., Log]


@pytest.fixture(params=["sqlite", "postgresql"])
def logged(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Logged]:
    """logged(machines=2): a log on each database. At the end no process is left."""
    made: list[Log] = []
    with postgres.server() if request.param == "postgresql" else _nothing() as server:

        def log(machines: int = 1) -> Log:
            url = f"{server.url}/postgres" if isinstance(server, Server) else f"sqlite:///{tmp_path}/petition.db"
            made.append(Log(tmp_path, url, machines if server else 1))
            return made[0]

        yield log
        for one in made:
            one.stop()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def test_killed_at_any_moment_it_forks_nothing(
    logged: Logged, kills: int, chance: random.Random, record_property: Callable[[str, object], None]
) -> None:
    log = logged(machines=2)
    deaths = 0
    for keeper in log.keepers:
        keeper.start()
    with served(log.folder.parent) as site:
        stranger = Stranger(site.url)
        with stranger.watching():
            until(lambda: stranger.newest() > 0, "the first head")
            while deaths < kills:
                if chance.random() < 0.8:  # else it may die while it starts
                    stranger.await_more()
                time.sleep(chance.uniform(0, 1))
                victim = chance.choice(log.keepers)
                victim.kill()
                deaths += 1
                victim.start()
            stranger.await_more(2)
        log.stop()
        assert stranger.forks(log.folder) == []
    said = "".join(keeper.said() for keeper in log.keepers)
    assert "Traceback" not in said, said[-2000:]
    assert not ask(log.url, "select value from site_state where name = 'log_stands'")
    assert [line for line in log.shells[0].run("audit").stderr.splitlines() if line.startswith("Log:")] == []
    line = f"the log, kills {deaths}: heads {len(stranger.seen)}, entries {stranger.newest()}, forks 0"
    record_property("log", line)
