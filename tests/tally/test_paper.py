"""Signatures on paper: rows that never change, figures in tens that enter no other number, and their audit."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.errors import DatabaseError
from petition.tally import audit, paper, tally
from petition.tally.paper import PaperFigures, SheetCount
from tests.web.tools import on_sqlite

SHEET = SheetCount("PL", "PL-7", 1, 37, "2026-11-20", "ola", "marta")


async def write(database: Database, *counts: SheetCount) -> list[bool]:
    return [await database.write(partial(paper.append_count, count=count)) for count in counts]


async def _figures(database: Database) -> PaperFigures:
    async with database.reading() as c:
        return await paper.get_figures(c)


async def _disagreements(database: Database) -> list[str]:
    async with database.reading() as c:
        return await audit.find_disagreements(c)


async def test_the_newest_count_of_each_sheet_is_published_in_tens_and_apart(database: Database) -> None:
    counts = (
        SHEET,
        replace(SHEET, sheet="PL-8", signatures=8),
        replace(SHEET, country="DE"),
        replace(SHEET, country="MT", sheet="MT-1", signatures=9),
        replace(SHEET, country="ZZ", sheet="X-1", signatures=25),
        replace(SHEET, version=2, signatures=34),
        replace(SHEET, country="DE", version=2, signatures=0),
    )
    assert await write(database, *counts) == [True] * len(counts)
    figures = await _figures(database)
    assert figures == PaperFigures(70, {"PL": 40}, {"PL": ("PL-7", "PL-8")}, rows=7)
    assert figures.other == 30, "Malta has fewer than ten, and the country of 25 was not said"
    async with database.reading() as c:
        assert (await tally.get_snapshot(c)).confirmed == 0
        assert [v.signatures for v in await paper.list_versions(c, "PL", "PL-7")] == [34, 37], "nothing is overwritten"
    assert await _disagreements(database) == []


async def test_of_two_who_correct_a_sheet_at_once_the_second_is_told(database: Database) -> None:
    await write(database, SHEET)
    rivals = (replace(SHEET, version=2, signatures=35), replace(SHEET, version=2, signatures=36))
    assert sorted(await asyncio.gather(*(database.write(partial(paper.append_count, count=c)) for c in rivals))) == [
        False,
        True,
    ]
    assert (
        await write(database, SHEET, replace(SHEET, version=4), replace(SHEET, sheet="PL-8", version=2)) == [False] * 3
    )
    assert (await _figures(database)).rows == 2


@pytest.mark.parametrize("sql", ["update paper_counts set signatures = 900", "delete from paper_counts"])
async def test_the_database_itself_refuses_to_change_a_count(sql: str, database: Database) -> None:
    await write(database, SHEET)
    with pytest.raises(DatabaseError):
        await database.write(lambda c: c.execute(sql))
    assert (await _figures(database)).total == 30


async def _edition(c: Connection, basis: str) -> None:
    values = "(1, '2026-11-22T10:00:00Z', 'marta', '" + basis + "')"
    await c.execute(f"insert into editions (number, issued_at, nickname, basis) values {values}")


@on_sqlite
async def test_the_audit_counts_what_an_edition_quotes_as_it_was_then(database: Database) -> None:
    await write(database, SHEET)
    quoted = '{"paper": {"total": 30, "countries": {"PL": 30}, "rows": 1}}'
    await database.write(partial(_edition, basis=quoted))
    await write(database, replace(SHEET, version=2, signatures=80))
    assert await _disagreements(database) == []
    await database.write(lambda c: c.execute("update editions set basis = replace(basis, '30}', '40}')"))
    assert await _disagreements(database) == ["Paper, PL: edition 1 says 40, the sheets 37."]


@on_sqlite
async def test_the_audit_notices_a_row_that_is_missing(database: Database) -> None:
    await write(database, SHEET, replace(SHEET, version=2))

    async def take_out(c: Connection) -> None:
        await c.execute("drop trigger paper_counts_undeleted")
        await c.execute("delete from paper_counts where version = 1")

    await database.write(take_out)
    assert await _disagreements(database) == ["Paper: rows of the counts of sheets are missing."]
