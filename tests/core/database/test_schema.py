"""The real tables of a database are compared with what the migrations make; a number alone would not tell."""

import shutil
from pathlib import Path

import pytest

from petition.core.database import migrations, schema
from petition.core.database.database import Database, open_database
from petition.core.errors import DatabaseError
from petition.core.settings import Mode


async def _said(database: Database) -> str:
    """The sentence of a check; empty if the tables are ours."""
    try:
        async with database.reading() as c:
            await migrations.check_schema(c, Mode.DEMO)
    except DatabaseError as error:
        return str(error)
    return ""


async def _change(database: Database, *statements: str) -> None:
    async with database.autocommit() as c:
        for statement in statements:
            await c.execute(statement)


async def test_what_the_migrations_make_is_what_is_expected(database: Database) -> None:
    async with database.reading() as c:
        real = await schema.read_facts(c)
    version = migrations.latest_version()
    parts = [migrations.statements(dialect, version) for dialect in ("sqlite", database.dialect)]
    assert schema.expected_facts(database.dialect, *parts) == real
    assert len(real) > 150


CHANGES = {
    "drop table corrections": "missing: table corrections",
    "alter table actions drop column detail": "missing: column detail of actions",
    "alter table actions rename to history": "missing: table actions",
    "alter table signatures add column age bigint": "not ours: column age of signatures",
    "drop index signatures_email_hash": "missing: index signatures_email_hash of signatures",
    "create unique index one on outbox (mailbox)": "not ours: unique (mailbox) of outbox",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_changed_table_is_named(change: str, database: Database) -> None:
    await _change(database, change)
    assert CHANGES[change] in (said := await _said(database))
    assert said.startswith("The tables of the database are not those of schema ")
    assert said.endswith("restore a backup into a new, empty database.")


async def test_a_trigger_that_is_off_or_another_is_missing(database: Database) -> None:
    if database.dialect == "sqlite":
        await _change(database, "drop trigger journal_undeleted")
        assert "missing: trigger journal_undeleted of journal" in await _said(database)
        body = "create trigger journal_undeleted before delete on journal begin select 1; end"
        await _change(database, body)
        assert "missing: trigger journal_undeleted of journal; not ours: trigger" in await _said(database)
        return
    await _change(database, "alter table journal disable trigger journal_append_only")
    assert "missing: trigger journal_append_only of journal" in await _said(database)
    await _change(
        database,
        "alter table journal enable trigger journal_append_only",
        "create or replace function refuse_change() returns trigger language plpgsql as $$ begin return null; end $$",
    )
    assert "trigger actions_append_only of actions, trigger journal_append_only of journal" in await _said(database)


async def test_an_index_more_and_a_table_of_others_may_stay(database: Database) -> None:
    await _change(database, "create index more on signatures (country)", "create table theirs (name text unique)")
    assert await _said(database) == ""


async def test_many_differences_are_counted(database: Database) -> None:
    await _change(database, "drop table corrections", "drop table source_checks", "drop table contacts")
    await _change(database, "drop table answer_summaries", "drop table enabled_annexes")
    assert "(missing: table answer_summaries, table contacts, table corrections and 2 more)" in await _said(database)


async def test_a_database_of_a_first_step_that_was_edited_is_left_alone(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of the schema is the same, its tables are not; a later step must not run on it."""
    ours, older = migrations.MIGRATIONS_FOLDER, tmp_path / "older"
    shutil.copytree(ours, older)
    text = (older / "0001_initial.sql").read_text("utf-8")
    (older / "0001_initial.sql").write_text(text.replace("    attempts bigint not null,\n", ""), "utf-8")
    newer = shutil.copytree(ours, tmp_path / "newer")
    (newer / f"{migrations.latest_version() + 1:04}_more.sql").write_text(
        "alter table signatures add column more text", "utf-8"
    )
    async with open_database(empty_database_url, create=True) as database:
        monkeypatch.setattr(migrations, "MIGRATIONS_FOLDER", older)
        await migrations.migrate(database, Mode.DEMO)
        for folder in (ours, newer):
            monkeypatch.setattr(migrations, "MIGRATIONS_FOLDER", folder)
            with pytest.raises(DatabaseError, match="missing: column attempts of outbox"):
                await migrations.migrate(database, Mode.DEMO)
        async with database.reading() as c:
            assert "more" not in [row["name"] for row in await c.all("schema.columns")]


def test_triggers_are_read_from_the_text_of_steps() -> None:
    steps = [
        "create function a() returns trigger language plpgsql as $$ begin return null; end $$",
        "create trigger t before insert or delete on journal for each row execute function a()",
        "create trigger u after update on journal for each statement execute procedure a()",
        "drop trigger u on journal",
    ]
    facts = schema.expected_facts("postgresql", ["create table journal (n bigint)"], steps)
    assert ("journal", "trigger t = 15 begin return null; end") in facts
    assert not [what for _, what in facts if what.startswith("trigger u")]
