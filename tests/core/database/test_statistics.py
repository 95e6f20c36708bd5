"""PostgreSQL plans with copies of values, which outlive their rows: it has none of values that tell of one person."""

from petition.core.database.database import Database
from tests.web.tools import on_postgresql

# Everything that is not here has rows of people, of the desk or of keys. A new table is one of these until it is here.
OF_NOBODY = {
    *("site_state", "switches", "refusals", "report_counts", "journal", "figures", "releases", "pulse", "pulse_days"),
    *("clusters", "notices", "batches", "paper_counts", "edits", "source_checks"),
    *("correspondence", "answer_summaries", "corrections", "editions", "edition_letters", "edition_annexes"),
    *("enabled_annexes", "follow_ups", "sealed_copies", "time_stamps", "quality_weeks"),
    *("log_entries", "log_heads", "log_files", "log_cosignatures"),
}
OF_MANY = {"country", "confirmed_on", "named", "updates", "consent", "set_aside"}  # columns of signatures
KEPT = """
select attrelid::regclass::text as t, attname as name from pg_attribute join pg_class on pg_class.oid = attrelid
where relkind = 'r' and relnamespace = current_schema()::regnamespace and attnum > 0 and not attisdropped
and coalesce(attstattarget, -1) <> 0
"""
COPIED = "select tablename as t, attname as name from pg_stats where schemaname = current_schema()"


@on_postgresql
async def test_nothing_of_one_person_is_copied_for_plans(database: Database) -> None:
    async with database.autocommit() as c:
        kept = {(row["t"], row["name"]) for row in await c.execute(KEPT)}
    of_people = {(table, column) for table, column in kept if table not in OF_NOBODY}
    assert of_people == {("signatures", column) for column in OF_MANY}


@on_postgresql
async def test_names_are_not_copied(database: Database) -> None:
    async with database.autocommit() as c:
        await c.execute("begin")
        await c.execute(
            "insert into signatures (mailbox, email_hash, country, confirmed_on, named, updates, consent) "
            "select n::text, n::text, 'LT', '2026-11-22', 1, 0, '' from generate_series(1, 50) n"
        )
        await c.execute("insert into names select mailbox, 'Anna ' || mailbox, 'approved' from signatures")
        await c.execute("commit")
        await c.execute("analyze names, signatures")
        copied = {(row["t"], row["name"]) for row in await c.execute(COPIED)}
    assert copied == {("signatures", column) for column in OF_MANY}
