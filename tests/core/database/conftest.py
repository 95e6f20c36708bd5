"""A PostgreSQL with a hot standby."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from petition.core.database import database as database_module
from petition.core.database import migrations, standby
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.settings import Mode, Settings
from tests import postgres
from tests.conftest import make_settings
from tests.postgres import Server
from tests.relay import Relay

_WHERE = "select case when pg_is_in_recovery() then 'standby' else 'primary' end as name"


@dataclass
class Pair:
    """A primary with a database for each test, and its standby."""

    primary: Server
    standby: Server

    def copy_again(self) -> None:
        self.standby.stop()
        self.standby.follow(self.primary)
        self.standby.start()


@pytest.fixture(scope="session")
def pair() -> Iterator[Pair]:
    memory = postgres.memory()
    with postgres.server("-c", "max_wal_size=256MB", parent=memory) as primary, postgres.folder(memory) as folder:
        primary.ask("create database template_petition")
        primary.ask("create role reader login")
        primary.ask("grant pg_read_all_data to reader")
        asyncio.run(_migrate(f"{primary.url}/template_petition"))
        made = Server(folder)
        made.follow(primary)
        made.start()
        try:
            yield Pair(primary, made)
        finally:
            made.stop()


async def _migrate(url: str) -> None:
    async with open_database(url) as database:
        await migrations.migrate(database, Mode.DEMO)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine of the tests is, a healthy standby is waited for."""
    monkeypatch.setattr(standby, "CATCH_UP_SECONDS", 60)
    monkeypatch.setattr(standby, "ANSWER_SECONDS", 60)
    monkeypatch.setitem(database_module._POOL_OPTIONS, "timeout", 60)


@pytest.fixture
async def standby_settings(pair: Pair, patient: None, tmp_path: Path, smtp: Relay) -> Settings:
    """The standby is read by a role that can read and nothing else."""
    name = f"test_{secrets.token_hex(6)}"
    await ask(pair.primary, f"create database {name} template template_petition")
    while not await ask(pair.standby, f"select count(*) from pg_database where datname = '{name}'"):
        pass  # until it is there too: who connects to it is told at once that there is none
    made = make_settings(f"{pair.primary.url}/{name}", tmp_path, smtp.url)
    return replace(made, standby_url=f"{pair.standby.url.replace('petition@', 'reader@')}/{name}")


@pytest.fixture
async def beside(standby_settings: Settings) -> AsyncIterator[Database]:
    """A database with a standby."""
    async with open_database(standby_settings.database_url, standby_url=standby_settings.standby_url) as found:
        yield found


async def ask(server: Server, statement: str) -> object:
    return await asyncio.to_thread(server.ask, statement)


async def where(c: Connection) -> str:
    return str((await c.execute(_WHERE))[0]["name"])


async def reads(settings: Settings, server: Server) -> int:
    """How many connections there were to this database on a standby: one for each read. Waits until all have ended."""
    name = settings.database_url.rpartition("/")[2]
    for _ in range(600):
        if not await ask(server, f"select count(*) from pg_stat_activity where datname = '{name}'"):
            return int(str(await ask(server, f"select sessions from pg_stat_database where datname = '{name}'")))
        await asyncio.sleep(0.1)
    raise AssertionError("a connection stays open")


async def put(database: Database, value: str) -> None:
    await database.write(lambda c: c.run("state.put", name="x", value=value))


async def get(c: Connection) -> tuple[str, str]:
    return await where(c), (await c.one("state.get", name="x") or {})["value"]
