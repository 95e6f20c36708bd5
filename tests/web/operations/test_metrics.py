"""What /metrics tells, as Prometheus reads it, and what it must not tell."""

import asyncio
import re
import shutil
import sqlite3
import subprocess
import time as time_
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from petition.core import clock, counted
from petition.core.background import LastRuns
from petition.core.errors import DatabaseError
from petition.mail import outbox
from petition.organisers import activity_log, last_checks
from petition.signing import probes
from petition.tally.rounding import magnitude
from petition.web.app import _background_jobs
from petition.web.operations import health, metrics
from petition.web.operations.process import LoopLag
from tests.conftest import Clock, Visit, Visitor
from tests.switching import turn
from tests.web.tools import on_sqlite

PERSONAL = re.compile(r"@|country|\b[A-Z]{2}\b|\d+\.\d+\.\d+\.\d+")


async def _read(visitor: Visitor) -> dict[str, float]:
    """Each sample by its name and labels, as in `petition_forms_total accepted`."""
    answer = await visitor.get("/metrics")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    families = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in families}) == len(families)
    return {_named(sample): sample.value for family in families for sample in family.samples}


def _named(sample: Sample) -> str:
    return " ".join([sample.name, *sample.labels.values()])


async def test_a_person_who_signs_moves_ages_alone(time: Clock, visitor: Visitor) -> None:
    before = await _read(visitor)
    await visitor.sign("anna@example.net", "LT")
    time.advance(seconds=90)
    after = await _read(visitor)
    assert after["petition_outbox_oldest_seconds"] == 90
    moved = {name.partition(" ")[0] for name in before if before[name] != after.get(name)}
    # The rest is of the process, which serves other tests too.
    assert {name for name in moved if name.startswith("petition_")} <= {
        *("petition_outbox_oldest_seconds", "petition_snapshot_age_seconds", "petition_deadline_seconds"),
        *("petition_event_loop_lag_seconds", "petition_disk_free_bytes", "petition_processes"),
        "petition_task_age_seconds",
    }
    assert before.keys() == after.keys()


async def test_counts_are_powers_of_ten_and_errors_exact(visitor: Visitor) -> None:
    for n in range(12):
        await visitor.sign(f"p{n}@example.net")
    for _ in range(3):
        await visitor.get("/en/nothing-here")
    assert (await visitor.post(await visitor.link("p0@example.net"))).status_code == 303
    values = await _read(visitor)
    assert values["petition_forms_total accepted"] == 10
    assert values["petition_requests_total sign 3xx"] == 10
    assert values["petition_emails_total sent"] == 10
    assert values["petition_confirmations_total"] == 0, "below ten"
    assert values["petition_requests_total pages 4xx"] == 0, "below ten"
    exact = {
        " ".join(("petition_" + key[0] + "_total", *key[1:]))
        for counter in counted.COUNTERS
        for key in counter.series()
        if counter.is_live(key)
    }
    rounded = {name: value for name, value in values.items() if "_total" in name and name not in exact}
    assert {value == magnitude(int(value)) for name, value in rounded.items() if name.startswith("petition_")} == {True}


async def test_what_became_of_forms_is_told(visitor: Visitor) -> None:
    for _ in range(10):
        await visitor.sign("not an address")
    for n in range(40):
        await visitor.sign(f"p{n}@example.net")
    values = await _read(visitor)
    assert values["petition_forms_total wrong_field"] == 10
    assert values["petition_forms_total accepted"] == 10


@on_sqlite
async def test_a_withdrawal_is_counted_once(visitor: Visitor) -> None:
    counters = visitor.site.counters
    await visitor.confirmed("anna@example.net")
    await visitor.post("/en/manage", email="anna@example.net")
    link = await visitor.link("anna@example.net", "manage")
    for _ in range(2):  # the second one changes nothing
        await visitor.post(link, action="withdraw")
    totals = counters.totals()[1]
    assert (totals["confirmations",], totals["withdrawals",]) == (1, 1)


async def test_metrics_say_that_the_database_is_away(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    there = await _read(visitor)

    async def queue_status(_: object) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "queue_status", queue_status)
        away = await _read(visitor)
    assert (there["petition_database_up"], away["petition_database_up"]) == (1, 0)
    assert there.keys() - away.keys() == {
        *("petition_outbox_waiting", "petition_outbox_oldest_seconds", "petition_relays_in_trouble"),
        *("petition_machines_away", "petition_backup_age_seconds", "petition_audit_age_seconds"),
        *("petition_doctor_age_seconds", "petition_units_failed", "petition_wal_kept_bytes"),
    }


@on_sqlite
async def test_a_database_that_was_moved_away_is_told(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "petition.db"
    away = file.rename(file.with_name("away.db"))
    gone = await _read(visitor)
    away.rename(file)
    assert (gone["petition_database_up"], gone["petition_ready"]) == (0, 0)
    visitor.app.state.readiness.expire()
    back = await _read(visitor)
    assert (back["petition_database_up"], back["petition_ready"]) == (1, 1)


@on_sqlite
async def test_a_database_that_takes_no_writes_is_told(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds the database."""
    monkeypatch.setattr(health, "ANSWER_TIMEOUT_SECONDS", 0.5)
    file = visitor.site.settings.database_url.partition("///")[2]
    visitor.app.state.readiness.expire()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin immediate")
        values = await _read(visitor)
        other.execute("rollback")
    assert (values["petition_database_up"], values["petition_ready"]) == (1, 0)


async def test_each_form_that_could_not_be_stored_is_told(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def join(*_: object) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patch:
        patch.setattr(visitor.site.database, "join", join)
        assert (await visitor.sign("anna@example.net")).status_code == 503
    assert (await _read(visitor))["petition_requests_total sign 503"] == 1


async def test_metrics_wait_for_no_database_that_hangs(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often they are asked, one reading waits."""
    hanging, begun = asyncio.Event(), []

    async def queue_status(_: object) -> None:
        begun.append(1)
        await hanging.wait()
        raise DatabaseError("away")

    monkeypatch.setattr(metrics, "ANSWER_TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(outbox, "queue_status", queue_status)
    try:
        answers = await asyncio.gather(*[visitor.get("/metrics") for _ in range(5)])
    finally:
        hanging.set()
    assert {("petition_database_up 0.0\n" in answer.text, answer.status_code) for answer in answers} == {(True, 200)}
    assert len(begun) < 2


async def test_ages_of_backup_and_audit(time: Clock, visitor: Visitor) -> None:
    assert (await _read(visitor))["petition_backup_age_seconds"] == float("inf")
    await visitor.site.database.write(lambda c: activity_log.append(c, activity_log.SERVER, activity_log.BACKUP))
    await last_checks.audit_and_record(visitor.site.database)
    time.advance(hours=26)
    values = await _read(visitor)
    assert values["petition_backup_age_seconds"] == 26 * 3600
    assert values["petition_audit_age_seconds"] == 24 * 3600, "whole days"
    assert values["petition_audit_agrees"] == 1
    found = [("fix", "backup"), ("warn", "disk"), ("warn", "clock"), ("ok", "mode")]
    await visitor.site.database.write(lambda c: last_checks.record_doctor(c, found=found))
    values = await _read(visitor)
    assert (values["petition_doctor_to_fix"], values["petition_doctor_warnings"]) == (1, 2)
    time.advance(days=2)
    assert (await _read(visitor))["petition_doctor_age_seconds"] == 48 * 3600


@on_sqlite
async def test_what_the_last_probe_found_is_told_while_people_may_sign(time: Clock, visit: Visit) -> None:
    def told() -> dict[str, float]:
        return {name.removeprefix("petition_probe_"): values[name] for name in values if "_probe_" in name}

    visitor = await visit(probe_email="k3xq7v2m@petition.example")
    values = await _read(visitor)
    assert told() == {"age_seconds": float("inf")}
    write = visitor.site.database.write
    await write(partial(probes.record, step="email", problem="none came", seconds={"page": 0.1, "form": 0.2}))
    time.advance(minutes=10)
    values = await _read(visitor)
    steps = {"step_seconds page": 0.1, "step_seconds form": 0.2}
    assert told() == {"age_seconds": 600, "works": 0, "failed email": 1} | steps
    await write(partial(probes.record, step="", problem="", seconds={"page": 0.1, "form": 0.2}))
    values = await _read(visitor)
    assert told() == {"age_seconds": 0, "works": 1} | steps
    assert "petition_certificate_seconds" not in values
    ends = clock.epoch() + 7 * clock.DAY
    await write(partial(probes.record, step="", problem="", seconds={}, certificate_ends=ends))
    time.advance(days=6)
    assert (await _read(visitor))["petition_certificate_seconds"] == clock.DAY
    await turn(visitor.site.database, "signing", "paused")
    await visitor.app.state.public_state.refresh()
    values = await _read(visitor)
    assert told() == {}


async def test_who_has_no_probe_is_told_of_none(visitor: Visitor) -> None:
    assert "_probe_" not in (await visitor.get("/metrics")).text


async def test_each_job_has_its_age(visitor: Visitor) -> None:
    """Those of the test's site run once at its start, and then as often as told."""
    values = await _read(visitor)
    jobs = {name.partition(" ")[2] for name in values if name.startswith("petition_task_age_seconds ")}
    assert {"Site.prune", "Site.take_snapshot", "Machine.refresh", "LoopLag.measure", "RateLimiter.sync"} <= jobs
    assert len(jobs) == len(list(_background_jobs(visitor.site, visitor.app.state))), "no two have one name"
    assert values["petition_task_interval_seconds Site.prune"] == 3600


async def test_the_age_of_a_job_grows_until_it_works_again(monkeypatch: pytest.MonkeyPatch) -> None:
    works, now = [False, True, False, True], [1000]
    monkeypatch.setattr(clock, "running_seconds", lambda: now[0])

    async def job() -> None:
        if not works.pop(0):
            raise DatabaseError("away")

    runs, seen = LastRuns(), list[float]()
    watched = runs.watch(5, job)
    while works:
        with suppress(DatabaseError):  # every second time, as a job fails beside requests
            await watched()
        seen += runs.ages().values()
        now[0] += 5
    assert seen == [float("inf"), 0, 5, 0]
    assert watched.__qualname__ == job.__qualname__, "the log names it"


async def test_sizes_are_told_in_steps(visitor: Visitor) -> None:
    values = await _read(visitor)
    for name, step in {
        "petition_disk_free_bytes": 64 << 20,
        "petition_database_bytes": 64 << 20,
        "petition_wal_kept_bytes": 64 << 20,
        "process_resident_memory_bytes": 8 << 20,
        "process_cpu_seconds_total": 10,
        "process_open_fds": 10,
    }.items():
        assert values.get(name, 0) % step == 0, name
    assert values["process_resident_memory_bytes"] > 0
    assert time_.time() - values["process_start_time_seconds"] > 0


async def test_nothing_in_them_is_about_a_person_or_a_country(visitor: Visitor) -> None:
    await visitor.sign("anna@example.net", "LT")
    text = (await visitor.get("/metrics")).text
    assert [line for line in text.splitlines() if PERSONAL.search(line) and "build_info" not in line] == []


async def test_promtool_finds_no_fault(visitor: Visitor) -> None:
    """The checker of Prometheus: every metric has a help and a type, and a name as they should be."""
    text = (await visitor.get("/metrics")).text
    checker = shutil.which("promtool")
    assert checker, "sh tests/system.sh installs it"
    done = await asyncio.to_thread(
        subprocess.run, [checker, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_a_loop_that_was_held_up_is_told() -> None:
    lag = LoopLag(partial(next, iter([101.0, 102.0, 105.55, *range(107, 168)])))
    assert lag.longest() == 0
    for _ in range(3):
        await lag.measure()
    assert lag.longest() == 2.5, "in tenths"
    for _ in range(61):
        await lag.measure()
    assert lag.longest() == 0, "a minute later"
