"""The activity log: every line stays as it was written, numbered without a gap, read page by page."""

import asyncio
from functools import partial

import pytest

from petition.core.database.database import Database
from petition.core.errors import DatabaseError
from petition.organisers import activity_log
from petition.site import Site
from tests.conftest import Clock


async def _write(site: Site, *actions: str) -> None:
    for action in actions:
        await site.database.write(partial(activity_log.append, who="marta", action=action, detail="PL"))


async def _pages(site: Site, limit: int) -> list[list[str]]:
    pages, before = [], None
    async with site.database.reading() as c:
        while rows := await activity_log.list_lines(c, before, limit):
            pages.append([row["action"] for row in rows])
            before = rows[-1]["n"]
    return pages


async def test_the_newest_lines_come_first_page_by_page(site: Site, time: Clock) -> None:
    await _write(site, *"abcde")
    assert await _pages(site, 2) == [["e", "d"], ["c", "b"], ["a"]]
    async with site.database.reading() as c:
        (row,) = await activity_log.list_lines(c, limit=1)
    assert row == {"n": 5, "logged_at": "2026-11-22T12:00:00Z", "nickname": "marta", "action": "e", "detail": "PL"}


async def test_lines_of_one_moment_are_numbered_without_a_gap(site: Site) -> None:
    await asyncio.gather(*[_write(site, str(n)) for n in range(30)])
    async with site.database.reading() as c:
        assert sorted(row["n"] for row in await activity_log.list_lines(c)) == list(range(1, 31))


@pytest.mark.parametrize(
    "statement",
    [
        "update actions set nickname = 'boris'",
        "update actions set detail = '' where n = 1",
        "delete from actions",
        "delete from actions where n = 2",
    ],
)
async def test_no_line_can_be_changed_or_taken_out(statement: str, site: Site) -> None:
    await _write(site, "a", "b")
    for reordering in (False, True):  # the setting that lets `prune` add up the journal opens nothing here
        if reordering:
            await site.database.write(lambda c: c.run("state.put", name="reordering", value="yes"))
        with pytest.raises(DatabaseError):
            await site.database.write(lambda c: c.execute(statement))
    assert await _pages(site, 9) == [["b", "a"]]


async def test_the_table_cannot_be_emptied_either(site: Site) -> None:
    await _write(site, "a")
    if site.database.dialect == "postgresql":
        with pytest.raises(DatabaseError):
            await site.database.write(lambda c: c.execute("truncate actions"))
    assert await _pages(site, 9) == [["a"]]


async def test_what_fails_leaves_no_line_and_a_line_that_fails_leaves_no_change(database: Database) -> None:
    async def act(c: object) -> None:
        await activity_log.append(c, "marta", "changed a rule")  # type: ignore[arg-type]  # the writer passes a connection
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 (our own)
        await database.write(act)
    async with database.reading() as c:
        assert await activity_log.list_lines(c) == []
