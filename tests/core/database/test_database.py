"""The database: named queries for both kinds, values that stay values, and one clear sentence for each failure."""

import asyncio
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest
from hypothesis import strategies as st

from petition.core.database import queries, sqlite
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.errors import DatabaseError, PetitionError
from petition.core.settings import Settings
from tests.postgres import hang_up
from tests.web.tools import for_all


def test_the_queries_load_for_both_databases() -> None:
    sqlite, postgresql = queries.queries("sqlite"), queries.queries("postgresql")
    assert sqlite.keys() == postgresql.keys()
    for name, sql in [*sqlite.items(), *postgresql.items()]:
        assert sql, name
        assert "--" not in sql, name
        assert sql.count(";") == 0, "one statement each"
    assert {name for name in sqlite if sqlite[name] != postgresql[name]} >= {
        "migrations.try_lock",
        "outbox.claim_batch",
    }


async def test_every_query_is_understood(database: Database) -> None:
    async with database.reading() as c:
        for name, sql in queries.queries(c.dialect).items():
            text, names = queries.numbered_parameters(sql)
            if c.dialect == "postgresql":
                await c._raw.prepare(text)
            else:
                await c.execute(f"explain {sql}", dict.fromkeys(names, "1"))
            assert names == tuple(dict.fromkeys(names)), name


def test_a_line_may_be_for_one_database_alone() -> None:
    text = "-- a comment\nselect 1 -- sqlite\nselect 2 -- postgresql\nfrom here -- why\n\n-- only words\n\ndrop it"
    assert queries.split_statements("sqlite", text) == ["select 1\nfrom here", "drop it"]
    assert queries.split_statements("postgresql", text) == ["select 2\nfrom here", "drop it"]


def test_names_become_numbers_in_the_order_they_appear() -> None:
    assert queries.numbered_parameters("a = :x and b = :y or c = :x") == ("a = $1 and b = $2 or c = $1", ("x", "y"))
    assert queries.numbered_parameters("cast(a as int), a::text") == ("cast(a as int), a::text", ())


async def test_any_text_comes_back_as_it_was(database: Database) -> None:
    async def there_and_back(text: str) -> None:
        async def job(c: Connection) -> str:
            await c.run("state.put", name="text", value="")
            await c.run("state.put", name="text", value=text)
            row = await c.one("state.get", name="text")
            assert row is not None
            return str(row["value"])

        assert await database.write(job) == text

    for text in ("%", "%s %(x)s", "100 % 'sure'", '"quoted"', "'; drop table site_state; --", ":name $1 ?", "\\", "ё"):
        await there_and_back(text)
    await for_all(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), there_and_back)


async def test_a_statement_may_hold_a_percent_sign(database: Database) -> None:
    async with database.reading() as c:
        sql = "select name from site_state where name like 'mo%' and value like :pattern"
        assert await c.execute(sql, {"pattern": "%em%"}) == [{"name": "mode"}]


async def test_one_is_the_first_row_or_none(database: Database) -> None:
    async with database.reading() as c:
        assert await c.one("state.get", name="mode") == {"value": "demo"}
        assert await c.one("state.get", name="nothing") is None
        assert await c.all("state.get", name="nothing") == []


async def test_a_reader_sees_one_moment(database: Database) -> None:
    async with database.reading() as c:
        assert await c.one("state.get", name="later") is None
        await database.write(lambda w: w.run("state.put", name="later", value="x"))
        assert await c.one("state.get", name="later") is None
    async with database.reading() as c:
        assert await c.one("state.get", name="later") == {"value": "x"}


async def test_a_reader_that_fails_leaves_nothing_behind(database: Database) -> None:
    for _ in range(30):  # more than the pool has connections
        with suppress(LookupError):
            async with database.reading() as c:
                await c.one("state.get", name="mode")
                raise LookupError
    assert await database.write(lambda c: c.one("state.get", name="mode")) == {"value": "demo"}


async def test_a_reader_who_goes_away_leaves_nothing_behind(database: Database) -> None:
    async def read() -> None:
        async with database.reading() as c:
            await c.one("state.get", name="mode")
            await asyncio.sleep(60)

    for _ in range(30):
        reader = asyncio.create_task(read())
        await asyncio.sleep(0.01)
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
    async with database.reading() as c:
        assert await c.one("state.get", name="mode") == {"value": "demo"}


async def test_a_restriction_of_the_schema_is_a_sentence_without_the_value(database: Database) -> None:
    async def double(c: Connection) -> None:
        await c.execute("insert into site_state (name, value) values (:n, 'x')", {"n": "mode"})

    with pytest.raises(DatabaseError) as failure:
        await database.write(double)
    assert str(failure.value).startswith("The database cannot be used: ")
    assert "'mode'" not in str(failure.value)
    assert "(mode)" not in str(failure.value)


async def _sentence(url: str, sql: str = "update site_state set value = value") -> str:
    """The error sentence when a statement writes."""
    with pytest.raises(DatabaseError) as failure:
        async with open_database(url) as database:
            await database.write(lambda c: c.execute(sql))
    said = str(failure.value)
    assert isinstance(failure.value, PetitionError)
    assert said.count("\n") == 0
    assert said.endswith(".")
    return said


async def test_a_database_that_is_not_there(sqlite_url: str, tmp_path: Path) -> None:
    assert await _sentence(sqlite_url) == "There is no database yet: run `petition migrate` first."
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == [], "and none was made by asking"


@pytest.mark.parametrize("name", ["a b.db", "%41.db", "ж.db", "a?mode=ro.db", "a#b.db", "petition.db?cache=shared"])
async def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/{name}", create=True) as database:
        await database.write(lambda c: c.execute("create table a (b bigint)"))
        async with database.reading() as c:
            assert await c.execute("select b from a") == []
        files = await asyncio.to_thread(lambda: {file.name for file in tmp_path.iterdir()})
        assert files == {name, f"{name}-wal", f"{name}-shm"}


async def test_a_postgresql_that_is_not_there(postgresql_server: str) -> None:
    assert "InvalidCatalogNameError" in await _sentence(f"{postgresql_server}/nowhere")
    assert "cannot be used" in await _sentence("postgresql://nobody@127.0.0.1:1/none")


@pytest.mark.parametrize("rest", ["host:port/db", "host/db?sslmode=perhaps", "127.0.0.1:99999/db"])
async def test_an_address_that_makes_no_sense(rest: str) -> None:
    assert "no address" in await _sentence(f"postgresql://{rest}")


async def test_of_several_servers_the_one_that_answers_is_taken(postgresql_settings: Settings) -> None:
    url = postgresql_settings.database_url.replace("@", "@127.0.0.1:1,")
    async with open_database(url) as database, database.reading() as c:
        assert await c.one("state.get", name="mode") == {"value": "demo"}


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="The database cannot be used"):
        async with open_database(f"sqlite:///{tmp_path}/file/petition.db", create=True):
            pass


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "petition.db").write_text("a letter to the editor " * 100)
    assert "not a database" in await _sentence(f"sqlite:///{tmp_path}/petition.db")
    with pytest.raises(sqlite3.DatabaseError) as failure:
        sqlite.SafeConnection(str(tmp_path / "petition.db"))
    connection = next(entry.frame.f_locals["self"] for entry in failure.traceback if "self" in entry.frame.f_locals)
    with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
        connection.execute("select 1")


@contextmanager
def _somebody_else() -> Iterator[None]:
    """Runs as an account with fewer rights than root: root can write every file."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_a_database_that_is_read_only(database_url: str) -> None:
    if database_url.startswith("postgresql"):
        name = database_url.rpartition("/")[2]
        connection = await asyncpg.connect(database_url)
        await connection.execute(f"alter database {name} set default_transaction_read_only = on")
        await connection.close()
        assert "ReadOnlySQLTransactionError" in await _sentence(database_url)
        return
    folder = Path(tempfile.mkdtemp())  # other accounts cannot open pytest's own folder
    shutil.copy(database_url.removeprefix("sqlite:///"), folder / "petition.db")
    for path, mode in ((folder / "petition.db", 0o444), (folder, 0o555)):
        path.chmod(mode)
    with _somebody_else():
        said = await _sentence(f"sqlite:///{folder / 'petition.db'}")
    shutil.rmtree(folder)
    assert "readonly" in said


async def test_a_database_that_is_locked(database_url: str) -> None:
    if database_url.startswith("postgresql"):
        other = await asyncpg.connect(database_url)
        await other.execute(f"alter database {database_url.rpartition('/')[2]} set lock_timeout = '100ms'")
        await other.execute("begin")
        await other.execute("lock table site_state")
        assert "holds a table for long" in await _sentence(database_url)
        await other.close()
    else:
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as holder:
            holder.execute("begin immediate")
            assert "locked" in await _sentence(database_url)
        holder.close()
    async with open_database(database_url) as database:
        await database.write(lambda c: c.run("state.put", name="after", value="x"))


def test_whoever_writes_without_rest_leaves_others_their_turn(tmp_path: Path) -> None:
    url, done = f"sqlite:///{tmp_path / 'petition.db'}", threading.Event()
    sqlite.prepare_file(url, create=True)

    def restless() -> None:
        with closing(sqlite.connect(url)) as other:
            while not done.is_set():
                other.execute(sqlite.BEGIN)
                other.execute("pragma user_version = 1")
                other.execute("commit")

    thread = threading.Thread(target=restless)
    thread.start()
    with closing(sqlite.connect(url)) as own:
        for _ in range(20):
            own.execute(sqlite.BEGIN)
            own.execute("commit")
        done.set()
        assert own.execute("pragma busy_timeout").fetchone()[0] == sqlite.BUSY_TIMEOUT * 1000, (
            "as for all other statements"
        )
    thread.join()


async def test_a_reader_whose_connection_is_lost_is_told_so(postgresql_settings: Settings) -> None:
    async with open_database(postgresql_settings.database_url) as database:
        with pytest.raises(DatabaseError):
            async with database.reading():
                await hang_up(postgresql_settings.database_url)
        async with database.reading() as c:
            assert await c.one("state.get", name="mode") == {"value": "demo"}


async def test_what_is_known_to_lose_data_is_named(database: Database) -> None:
    async with database.reading() as c:
        assert await c.durability_warning() == ""
    if database.dialect == "postgresql":
        await database.write(lambda c: c.execute("set session synchronous_commit = off"))
        assert "synchronous_commit" in await database.write(lambda c: c.durability_warning())
