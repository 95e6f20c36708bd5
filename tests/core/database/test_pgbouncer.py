"""The whole way of a signature through a real PgBouncer, in both of its modes."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from petition.core.database import migrations
from petition.core.database.connection import TRANSACTION_SETTINGS, Connection
from petition.core.database.database import open_database
from petition.core.settings import Settings
from petition.organisers import last_checks
from tests import postgres
from tests.conftest import visiting
from tests.relay import Relay

# Debian's path; it is on no user's PATH. One of another release: PETITION_TEST_PGBOUNCER.
PROGRAM = os.environ.get("PETITION_TEST_PGBOUNCER", "/usr/sbin/pgbouncer")
NEWER = (1, 21)  # from this one on, prepared statements work in transaction mode
PEOPLE = 40


def _version() -> tuple[int, ...]:
    text = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"PgBouncer (\d+)\.(\d+)", text)
    assert found
    return tuple(map(int, found.groups()))


@contextmanager
def _pgbouncer(url: str, mode: str, folder: Path, *more: str) -> Iterator[str]:
    """The same database through a PgBouncer with nothing but a mode in its settings."""
    parts, port = urlsplit(url), postgres.free_port()
    lines = ["[databases]", f"* = user=petition host=127.0.0.1 port={parts.port}", "[pgbouncer]"]
    lines += ["listen_addr = 127.0.0.1", f"listen_port = {port}", "unix_socket_dir =", "auth_type = any"]
    (folder / "pgbouncer.ini").write_text("\n".join([*lines, f"pool_mode = {mode}", *more, ""]))
    (folder / "pgbouncer.ini").chmod(0o644)
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [PROGRAM, folder / "pgbouncer.ini"], stdout=quiet, stderr=quiet, cwd=folder, **postgres.account()
    )
    try:
        yield f"postgresql://petition@127.0.0.1:{port}{parts.path}"
    finally:
        process.terminate()
        process.wait(timeout=60)


async def _await_ready(url: str) -> None:
    for _ in range(300):
        try:
            connection = await asyncpg.connect(url, statement_cache_size=0)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        await connection.close()
        return
    raise AssertionError("PgBouncer did not start.")


@pytest.fixture(params=["session", "transaction"])
async def through(request: pytest.FixtureRequest, postgresql_settings: Settings) -> AsyncIterator[str]:
    """The address of the database behind a PgBouncer of this mode."""
    newer = _version() >= NEWER
    more = ("max_prepared_statements = 200",) if request.param == "transaction" and newer else ()
    with (
        postgres.folder() as folder,
        _pgbouncer(postgresql_settings.database_url, request.param, folder, *more) as url,
    ):
        await _await_ready(url)
        yield url if newer or request.param == "session" else f"{url}?prepared_statements=false"


async def test_people_sign_through_pgbouncer(through: str, smtp: Relay, postgresql_settings: Settings) -> None:
    async with visiting(replace(postgresql_settings, database_url=through), smtp) as visitor:
        people = [f"person{n}@example.org" for n in range(PEOPLE)]
        answers = await asyncio.gather(*map(visitor.sign, people))
        paths = [await visitor.link(person) for person in people]
        answers += await asyncio.gather(*[visitor.post(path) for path in paths for _ in range(2)])
        assert [answer.status_code for answer in answers] == [303] * 3 * PEOPLE
        await visitor.site.prune()
        assert await last_checks.audit_and_record(visitor.site.database) == []
    async with open_database(postgresql_settings.database_url) as database, database.reading() as c:
        assert await c.count_rows("signatures") == PEOPLE


async def test_our_limits_hold_in_each_transaction_and_reach_nobody_else(through: str) -> None:
    async def held(c: Connection) -> dict[str, str]:
        rows = {name: await c.execute(f"select current_setting('{name}') as value") for name in TRANSACTION_SETTINGS}
        return {name: str(row["value"]) for name, (row,) in rows.items()}

    ours = TRANSACTION_SETTINGS | {"statement_timeout": "1min", "idle_in_transaction_session_timeout": "2min"}
    async with open_database(through) as database:
        async with database.reading() as c:
            assert await held(c) == ours
        assert await database.write(held) == ours
        assert await database.own_transaction(held) == ours
        async with database.autocommit() as c:
            without = await held(c)
    assert without == {
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "enable_seqscan": "on",
        "jit": "on",
    }


async def test_two_migrations_through_pgbouncer_run_one_after_the_other(
    through: str, postgresql_settings: Settings
) -> None:
    await asyncio.gather(*[_migrate(through, postgresql_settings) for _ in range(8)])
    async with open_database(postgresql_settings.database_url) as database, database.reading() as c:
        await migrations.check_schema(c, postgresql_settings.mode)
        held = "select count(*) as n from pg_locks where locktype = 'advisory'"
        assert (await c.execute(held)) == [{"n": 0}]


async def _migrate(url: str, settings: Settings) -> None:
    async with open_database(url) as database:
        await migrations.migrate(database, settings.mode)
        await database.write(partial(_touch, name="x"))


async def _touch(c: Connection, *, name: str) -> None:
    await c.run("state.put", name=name, value="")
