"""A worker is killed while the database is away: the other serves, and a new one starts when the database is back."""

import os
import signal
import urllib.request
from pathlib import Path

from tests import postgres
from tests.chaos.crowd import until
from tests.chaos.machines import Web, Worker
from tests.shell import Shell


def test_one_worker_carries_on_alone(tmp_path: Path, campaign: Path) -> None:
    with postgres.server() as server:
        url = f"{server.url}/postgres"
        shell = Shell(tmp_path, PETITION_DATABASE_URL=url, PETITION_CAMPAIGN=str(campaign))
        web = Web(shell, "--workers", "2", "--no-deliver")
        web.start()
        try:
            worker = Worker(web)
            os.kill(worker.all()[0], signal.SIGSTOP)
            assert _serves(web), "the other one is up too"
            server.stop()
            worker.kill()
            until(lambda: web.said().count("failed to start") >= 2, "a worker that finds no database")
            assert _serves(web)
            server.start()
            os.kill(worker.all()[0], signal.SIGSTOP)
            assert _serves(web), "its companion is up too"
            os.kill(worker.all()[0], signal.SIGCONT)
            web.stop()
        finally:
            web.kill()


def _serves(web: Web) -> bool:
    with urllib.request.urlopen(f"{web.address}/en/", timeout=60) as answer:
        return bool(answer.status == 200)
