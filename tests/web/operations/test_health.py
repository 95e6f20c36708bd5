"""For machines and the operator: up, ready, who gets the metrics; the demo's outbox only in demo mode."""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import asyncpg
import httpx2
import pytest

from petition.commands import doctor
from petition.core.database import schema, sqlite, state
from petition.core.database.connection import Connection
from petition.core.settings import Settings
from petition.web.operations import health
from tests.conftest import Clock, Visit, Visitor
from tests.mail.delivering import until
from tests.mail.hosts import Host
from tests.postgres import hang_up
from tests.web.tools import Html, in_production, on_sqlite


async def _set_state(visitor: Visitor, name: str, value: str) -> None:
    sql = f"update site_state set value = '{value}' where name = '{name}'"
    await visitor.site.database.write(lambda c: c.execute(sql))


async def _ready(visitor: Visitor) -> httpx2.Response:
    """The answer of this moment, not the cached one of a few seconds ago."""
    visitor.app.state.readiness.expire()
    return await visitor.get("/readyz")


async def test_ready_means_reachable_and_of_our_schema_and_mode(visitor: Visitor) -> None:
    answer = await _ready(visitor)
    assert (answer.status_code, answer.text) == (200, "ready\n")
    for name, value, word in (("schema", "0", "older"), ("schema", "9999", "newer"), ("mode", "production", "mode")):
        async with visitor.site.database.reading() as c:
            good = (await c.one("state.get", name=name) or {})["value"]
        await _set_state(visitor, name, value)
        answer = await _ready(visitor)
        assert answer.status_code == 503
        assert word in answer.text
        assert answer.text.count("\n") == 1, "one sentence"
        assert answer.headers["cache-control"] == "no-store"
        assert (await visitor.get("/healthz")).status_code == 200
        await _set_state(visitor, name, good)
    assert (await _ready(visitor)).status_code == 200


@asynccontextmanager
async def _locked(url: str) -> AsyncIterator[None]:
    """A database that can be read, while every write waits."""
    if url.startswith("postgresql"):
        other = await asyncpg.connect(url)
        await other.execute("begin")
        await other.execute("lock table site_state in exclusive mode")
        yield
        await other.close()
    else:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), 0, isolation_level=None)) as holder:
            await until(lambda: _begins(holder))
            yield


def _begins(holder: sqlite3.Connection) -> bool:
    """Does not wait: what holds the lock may need this event loop to end."""
    with suppress(sqlite3.OperationalError):
        holder.execute("begin immediate")
    return holder.in_transaction


async def test_ready_means_writable_before_long(
    visitor: Visitor, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "ANSWER_TIMEOUT_SECONDS", 0.2)
    async with _locked(database_url):
        for _ in range(3):
            answer = await _ready(visitor)
            assert (answer.status_code, answer.text) == (503, "The database does not answer.\n")
    monkeypatch.undo()
    await visitor.app.state.readiness.problem()
    assert (await _ready(visitor)).status_code == 200


@on_sqlite
async def test_a_full_disk_is_not_ready(visitor: Visitor) -> None:
    """As full as it can be without a disk of its own: this process can write no more bytes to files."""
    assert (await _ready(visitor)).status_code == 200
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        answer = await _ready(visitor)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.status_code == 503
    assert answer.text.startswith("The database cannot be used: ")
    assert (await _ready(visitor)).status_code == 200


async def _fill(visitor: Visitor) -> str:
    """From now on no signature fits into the database, but a small row does. Returns how to undo it."""
    database = visitor.site.database
    if database.dialect == "sqlite":
        await database.write(lambda c: c.execute("pragma max_page_count = 1"))  # as many as there are
        return "pragma max_page_count = 1000000"
    await database.write(
        lambda c: c.execute(
            "create function fill() returns trigger language plpgsql as "
            "$$ begin raise exception using errcode = '53100'; end $$"  # disk_full
        )
    )
    sql = "create trigger filled before insert on submissions execute function fill()"
    await database.write(lambda c: c.execute(sql))
    return "drop trigger filled on submissions"


async def test_ready_means_that_the_last_signature_was_written(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the small row of the check still fits into what the files have."""
    # On PostgreSQL a trigger plays the full disk: nobody must mind that.
    monkeypatch.setattr(schema, "disagreements", lambda *_: ([], []))
    assert (await _ready(visitor)).status_code == 200
    undo = await _fill(visitor)
    codes = set()
    for n in range(500):
        codes.add((await visitor.sign(f"p{n}@example.net")).status_code)
        if 503 in codes:
            break
    assert codes <= {303, 503}
    for _ in range(2):
        assert (await visitor.sign("anna@example.net")).status_code == 503
        answer = await _ready(visitor)
        assert answer.status_code == 503
        assert answer.text.startswith("The database cannot be used: ")
    await visitor.site.database.write(lambda c: c.execute(undo))
    assert (await visitor.sign("anna@example.net")).status_code == 303
    assert (await _ready(visitor)).status_code == 200


@on_sqlite
async def test_it_is_ready_again_without_a_signature(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A balancer sends nobody to a process that is not ready: it must find out by itself."""
    undo = await _fill(visitor)
    monkeypatch.setattr(health, "CACHE_SECONDS", 0.0)
    assert 503 in [(await visitor.sign(f"p{n}@example.net")).status_code for n in range(200)]
    await visitor.site.database.write(lambda c: c.execute(undo))
    assert [(await visitor.get("/readyz")).status_code for _ in range(3)] == [503, 200, 200]


@on_sqlite
async def test_a_disk_without_room_for_a_rush_is_not_ready(visitor: Visitor) -> None:
    """The limit holds for each file: half a megabyte is more than this database has, and less than a rush needs."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (sqlite.RUSH_BYTES // 2, before[1]))
    try:
        answer = await _ready(visitor)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (answer.status_code, answer.text) == (503, "The database cannot be used: File too large.\n")


@on_sqlite  # and on a PostgreSQL of its own
async def test_a_standby_is_not_ready(visit: Visit, postgresql_settings: Settings) -> None:
    visitor = await visit(database_url=postgresql_settings.database_url)
    assert (await _ready(visitor)).status_code == 200
    url = postgresql_settings.database_url
    other = await asyncpg.connect(url)
    await other.execute(f"alter database {url.rpartition('/')[2]} set default_transaction_read_only = on")
    await other.close()
    await hang_up(url)
    await _ready(visitor)  # may only learn that the connection was closed
    answer = await _ready(visitor)
    assert answer.status_code == 503
    assert "ReadOnlySQLTransactionError" in answer.text


@on_sqlite
async def test_a_database_that_was_moved_away_is_missed_and_not_made_anew(visitor: Visitor, tmp_path: Path) -> None:
    file = tmp_path / "petition.db"
    away = file.rename(file.with_name("away.db"))
    answer = await _ready(visitor)
    assert answer.status_code == 503
    assert not file.exists()
    away.rename(file)
    assert (await _ready(visitor)).status_code == 200


@on_sqlite
async def test_whoever_asks_all_the_time_puts_no_load_on_the_database(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CACHE_SECONDS", 600.0)  # for slow machines
    write, written = state.write_and_delete, list[Connection]()

    async def counting(c: Connection) -> None:
        written.append(c)
        await write(c)

    monkeypatch.setattr(state, "write_and_delete", counting)
    visitor.app.state.readiness.expire()
    for _ in range(5):
        answers = await asyncio.gather(*[visitor.get("/readyz") for _ in range(20)])
        assert {answer.status_code for answer in answers} == {200}
    assert len(written) == 1


@on_sqlite
async def test_up_means_up(visitor: Visitor) -> None:
    answer = await visitor.get("/healthz")
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, "ok\n", "no-store")


@on_sqlite
async def test_who_comes_through_a_proxy_is_told_from_where(visit: Visit, settings: Settings, tmp_path: Path) -> None:
    """Only who has the token, and nobody who asks on this machine."""
    visitor = await in_production(visit, settings, tmp_path, metrics_token="a-secret")
    bearer, forwarded = (b"Authorization", b"Bearer a-secret"), (b"X-Forwarded-For", b"192.0.2.66")
    transport = httpx2.ASGITransport(app=visitor.app, client=("203.0.113.7", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="https://petition.example") as client:
        assert "# asked from 203.0.113.7\n" in (await client.get("/metrics", headers=[bearer, forwarded])).text
        assert "asked from" not in (await client.get("/metrics", headers=[bearer])).text
        assert (await client.get("/metrics", headers=[forwarded])).status_code == 404


async def _asked(visitor: Visitor, client: str, name: str = "Accept", value: str = "*/*") -> int:
    return (await _get("/metrics", visitor, client, name, value)).status_code


async def _get(path: str, visitor: Visitor, client: str, name: str = "Accept", value: str = "*/*") -> httpx2.Response:
    """What somebody at an address gets, who sends one header."""
    transport = httpx2.ASGITransport(app=visitor.app, client=(client, 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="https://petition.example") as stranger:
        return await stranger.get(path, headers=[(name.encode(), value.encode())])


@on_sqlite
async def test_without_a_token_metrics_are_for_this_machine(visit: Visit, settings: Settings, tmp_path: Path) -> None:
    visitor = await in_production(visit, settings, tmp_path)
    assert await _asked(visitor, "127.0.0.1") == 200
    assert await _asked(visitor, "::1") == 200
    assert await _asked(visitor, "203.0.113.7") == 404
    assert await _asked(visitor, "203.0.113.7", "Authorization", "Bearer ") == 404
    for name in ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via"):
        assert await _asked(visitor, "127.0.0.1", name, "127.0.0.1") == 404, "a proxy asks for somebody else"


@on_sqlite
async def test_with_a_token_metrics_are_for_who_has_it(visit: Visit, settings: Settings, tmp_path: Path) -> None:
    visitor = await in_production(visit, settings, tmp_path, metrics_token="a-secret")
    assert await _asked(visitor, "203.0.113.7", "Authorization", "Bearer a-secret") == 200
    for header in ("Bearer a-secre", "Bearer a-secrett", "Bearer", "Bearer \u00e9", "Basic a-secret", ""):
        assert await _asked(visitor, "203.0.113.7", "Authorization", header) == 404
    assert await _asked(visitor, "127.0.0.1") == 404, "not even this machine without it"


@on_sqlite
async def test_a_machine_that_is_away_is_told_in_one_sentence(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    """In /metrics, at the desk and by doctor; its emails only as a power of ten."""
    host = Host(visitor.site.database, tmp_path / "other")
    await host.machine.refresh()
    for n in range(12):
        await host.put(f"p{n}")
    await visitor.organiser()
    assert "petition_machines_away 0.0\n" in (await visitor.get("/metrics")).text
    time.advance(minutes=6)
    await visitor.site.machine.refresh()
    sentence = (
        f"Machine {host.name} was last seen at 2026-11-22 12:00 UTC (or its clock is wrong); "
        "of its waiting emails <10 can be opened by another machine, 10+ by nobody."
    )
    metrics = (await visitor.get("/metrics")).text
    assert f"# {sentence}\n" in metrics
    assert "petition_machines_away 1.0\n" in metrics
    assert sentence in Html((await visitor.get("/organisers/")).text).text
    findings = [finding async for finding in doctor.check_installation(visitor.site.settings)]
    (finding,) = [finding for finding in findings if finding.subject.startswith("machines")]
    assert (finding.fix, finding.warning) == ("", sentence)
    assert f"this one is {visitor.site.server_keys.outbox.machine}" in finding.subject


@on_sqlite
async def test_strangers_learn_whether_the_site_is_ready_and_not_why(
    visit: Visit, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = await in_production(visit, settings, tmp_path)
    assert (await _get("/readyz", visitor, "203.0.113.7")).text == "ready\n"
    await _set_state(visitor, "schema", "9999")
    visitor.app.state.readiness.expire()
    for header in ("X-Forwarded-For", "Accept"):
        answer = await _get("/readyz", visitor, "203.0.113.7", header, "127.0.0.1")
        assert (answer.status_code, answer.text) == (503, "not ready\n")
    assert (await _get("/readyz", visitor, "127.0.0.1", "Via", "nginx")).text == "not ready\n"
    assert "newer" in (await _get("/readyz", visitor, "127.0.0.1")).text
    reasons = [record.getMessage() for record in caplog.records if record.name == health.__name__]
    assert ["newer" in reason for reason in reasons] == [True], "once, however often it is asked"


@pytest.mark.speaks("ru")
async def test_a_demo_shows_the_mail_it_sent(time: Clock, visitor: Visitor) -> None:
    assert "Nothing yet" in (await visitor.get("/dev/outbox")).text
    await visitor.sign("anna@example.net")
    await visitor.deliver()
    time.advance(seconds=1)
    await visitor.sign("boris@example.net", lang="ru")
    await visitor.deliver()
    answer = await visitor.get("/dev/outbox")
    page = Html(answer.text)
    assert page.text.index("boris@example.net") < page.text.index("anna@example.net"), "newest first"
    links = [a["href"] for a in page.all("a") if "/confirm/" in a["href"]]
    assert len(links) == 2
    assert [(await visitor.get(link)).status_code for link in links] == [200, 200]
    assert answer.headers["cache-control"] == "no-store"


@on_sqlite
@pytest.mark.parametrize("path", ["/dev/outbox", "/dev/", "/dev"])
async def test_production_shows_no_mail(path: str, visit: Visit, settings: Settings, tmp_path: Path) -> None:
    visitor = await in_production(visit, settings, tmp_path)
    await visitor.sign("anna@example.net")
    await visitor.deliver()
    assert len(visitor.smtp.mails) == 1
    assert (await visitor.get(path)).status_code == 404
    assert not (tmp_path / "var" / "mail").exists()
