"""Seen by the system: no 303 leaves before the log of its commit was synced to disk."""

import time
from pathlib import Path

import httpx2

from tests import postgres
from tests.chaos.conftest import Staging
from tests.chaos.crowd import link, until
from tests.chaos.stage import Stage
from tests.chaos.tracing import Event, early, events, tracer

TIMES = 10


def test_on_sqlite(staged: Staging, sqlite_url: str, tmp_path: Path) -> None:
    file = tmp_path / "trace"
    stage = staged(sqlite_url, under=tracer(file))
    _quiet(stage, file)
    _sign(stage)
    _press(stage)
    seen = _seen(stage, file, 2 * TIMES)
    assert early(seen) == []
    assert len(early([event for event in seen if event.kind != "sync"])) == 2 * TIMES, "or nothing would be noticed"


def test_on_postgresql(staged: Staging, tmp_path: Path) -> None:
    silent = ("-c", "wal_writer_delay=10s", "-c", "bgwriter_delay=10s", "-c", "autovacuum=off")
    file = tmp_path / "trace"
    with postgres.folder() as folder, postgres.server(*silent, under=tracer(folder / "trace")) as server:
        stage = staged(f"{server.url}/postgres", under=tracer(file))
        _quiet(stage, folder / "trace")
        _sign(stage)
        _press(stage)
        durable = 2 * TIMES
        server.ask("alter system set synchronous_commit = off")
        server.ask("select pg_reload_conf()")
        _sign(stage)
        answers = _seen(stage, file, 3 * TIMES)
        seen = answers[:durable], answers[durable:]
        logged = [event for event in events(folder / "trace") if event.kind != "answer"]
    careless = answers[durable - 1].end
    assert early([event for event in logged if event.end <= careless] + seen[0]) == []
    assert early([event for event in logged if event.end > careless] + seen[1]) != [], "or nothing would be noticed"


def _quiet(stage: Stage, file: Path) -> None:
    """Waits until the site has finished its start, and no other process works."""
    stage.deliverer.kill()
    size = -1
    while size != (size := file.stat().st_size):
        time.sleep(1)


def _sign(stage: Stage) -> None:
    """Signs one after the other, while nobody else writes."""
    with httpx2.Client(timeout=120) as client:
        for n in range(TIMES):
            form = {"email": f"p{n}@example.net", "country": "PL", "consent": "on"}
            assert client.post(f"{stage.web.address}/en/sign", data=form).status_code == 303


def _press(stage: Stage) -> None:
    """Confirms one after the other, while nobody else writes."""
    stage.deliverer.start()
    until(lambda: len(stage.smtp.mails) == TIMES, "the mail")
    stage.deliverer.stop()
    with httpx2.Client(timeout=120) as client:
        for mail in stage.smtp.mails:
            assert client.post(stage.web.address + link(mail)).status_code == 303


def _seen(stage: Stage, file: Path, answers: int) -> list[Event]:
    """What the web server did; waits until the tracer has written so many answers."""
    stage.web.stop()
    until(lambda: sum(event.kind == "answer" for event in events(file)) == answers, "the end of the trace")
    return events(file)
