"""A restore rewrites no record: the activity log, editions and organisers of this database stay."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from petition.core import clock
from petition.core.database.connection import Row
from petition.core.errors import DataError
from petition.organisers import activity_log
from petition.retention import backup
from petition.site import Site
from petition.site import open_site as site_opened
from petition.tally import audit
from tests.conftest import IDENTITY, Clock, Visitor, add_organiser, make_settings
from tests.retention import forging
from tests.retention.forging import (
    ANNEX,
    COSIGNATURE,
    EDIT,
    EDITION,
    FOLLOW_UP,
    LETTER,
    LOG_ENTRY,
    LOG_FILE,
    LOG_HEAD,
    PAPER_COUNT,
    TIME_STAMP,
)
from tests.web.tools import all_rows


async def _back_up(site: Site, file: Path) -> None:
    await backup.write_backup(site.database, site.settings, file)


async def _restore(site: Site, file: Path, **options: Any) -> backup.Restored:
    return await backup.restore_backup(site.database, site.settings, [IDENTITY], file, **options)


async def _lines(site: Site) -> list[str]:
    async with site.database.reading() as c:
        return [f"{row['n']} {row['action']} {row['detail']}" for row in reversed(await activity_log.list_lines(c))]


def _with(file: Path, table: str, rows: list[Row]) -> None:
    """The same backup with these rows in place of those of a table, as a server with the same secrets would make it."""
    chunks = [chunk for chunk in forging.read_chunks(file) if chunk[0] != table]
    forging.write_chunks(file, [*chunks[:-1], (table, rows), forging.END], forging.SERVER_KEY)


def _rows(file: Path, table: str) -> list[Row]:
    return [row for name, rows in forging.read_chunks(file) if name == table for row in rows]


async def test_the_log_of_another_life_is_refused(full_site: Site, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    await _back_up(full_site, file)
    (line,) = _rows(file, "actions")
    before = await all_rows(full_site)
    for change in (
        {"action": "logged in"},
        {"nickname": "alice"},
        {"detail": ""},
        {"logged_at": "2026-01-01T00:00:00Z"},
    ):
        _with(file, "actions", [line | change])
        with pytest.raises(DataError, match=r"another line of the activity log 1 .* restore it into a new database"):
            await _restore(full_site, file)
    assert await all_rows(full_site) == before


async def test_a_longer_log_with_the_same_lines_is_continued(full_site: Site, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    await _back_up(full_site, file)
    lines = _rows(file, "actions")
    _with(file, "actions", [*lines, lines[0] | {"n": 2, "action": "logged in", "detail": ""}])
    made_at = (await _restore(full_site, file)).made_at
    expected = ["1 added marta, admin", "2 logged in ", f"3 restored a backup made {made_at}"]
    assert await _lines(full_site) == expected
    _with(file, "actions", lines)
    await _restore(full_site, file)
    assert await _lines(full_site) == [*expected, f"4 restored a backup made {made_at}"]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("editions", EDITION | {"basis": '{"confirmed": 90000}'}),
        ("editions", EDITION | {"issued_at": "2026-11-19T12:00:00Z"}),
        ("edition_letters", LETTER | {"sha256": "another"}),
        ("edition_letters", LETTER | {"key": "DE"}),
        ("edition_annexes", ANNEX | {"name_count": 4}),
        ("follow_ups", FOLLOW_UP | {"sha256": "another"}),
        ("time_stamps", TIME_STAMP | {"reply": "another"}),
        ("paper_counts", PAPER_COUNT | {"signatures": 36}),
        ("edits", EDIT | {"value": "1"}),
        ("log_entries", LOG_ENTRY | {"entry": '{"kind":"end"}'}),
        ("log_heads", LOG_HEAD | {"note": "another head"}),
        ("log_files", LOG_FILE | {"content": "another file"}),
        ("log_cosignatures", COSIGNATURE | {"name": "another witness"}),
    ],
)
async def test_another_edition_under_the_same_number_is_refused(
    table: str, row: Row, full_site: Site, tmp_path: Path
) -> None:
    await _back_up(full_site, tmp_path / "backup")
    _with(tmp_path / "backup", table, [row])
    before = await all_rows(full_site)
    with pytest.raises(
        DataError,
        match=r"has another (edition|letter|annex|time stamp|count of a paper sheet|version of|entry of the public log|"
        r"head of the public log|file beside the public log|cosignature) .* than this database",
    ):
        await _restore(full_site, tmp_path / "backup")
    assert await all_rows(full_site) == before


async def test_what_was_issued_since_the_backup_stays(full_site: Site, tmp_path: Path) -> None:
    """Else the next edition would get the number of one that governments have already got."""
    await _back_up(full_site, tmp_path / "backup")
    await forging.insert(full_site, "editions", EDITION | {"number": 2})
    await forging.insert(full_site, "edition_letters", LETTER | {"reference": "PL-2", "edition": 2})
    await forging.insert(full_site, "edition_annexes", ANNEX | {"reference": "PL-2-A1", "edition": 2})
    await forging.insert(full_site, "follow_ups", FOLLOW_UP | {"reference": "PL-1-R2"})
    await forging.insert(full_site, "time_stamps", TIME_STAMP | {"edition": 2})
    await forging.insert(full_site, "paper_counts", PAPER_COUNT | {"n": 2, "version": 2})
    await forging.insert(full_site, "edits", EDIT | {"id": "goal:::2", "version": 2, "press": 2})
    await forging.insert(full_site, "log_entries", LOG_ENTRY | {"n": 1})
    await forging.insert(full_site, "log_heads", LOG_HEAD | {"below": 2})
    await forging.insert(full_site, "log_files", LOG_FILE | {"sha256": "g"})
    await forging.insert(full_site, "log_cosignatures", COSIGNATURE | {"line": "— witness bmV3", "below": 2})
    before = await all_rows(full_site)
    await _restore(full_site, tmp_path / "backup")
    after = await all_rows(full_site)
    for table in (
        "editions",
        "edition_letters",
        "edition_annexes",
        "follow_ups",
        "time_stamps",
        "paper_counts",
        "edits",
        "log_entries",
        "log_heads",
        "log_files",
        "log_cosignatures",
    ):
        assert len(after[table]) == 2
        assert after[table] == before[table]


async def test_a_line_written_during_the_restore_stays(full_site: Site, tmp_path: Path) -> None:
    await _back_up(full_site, tmp_path / "backup")
    await asyncio.gather(_restore(full_site, tmp_path / "backup"), add_organiser(full_site, "anna"))
    lines = await _lines(full_site)
    assert [line.partition(" ")[0] for line in lines] == ["1", "2", "3"]
    assert {line.partition(" ")[2].partition(" made")[0] for line in lines} == {
        "added marta, admin",
        "added anna, organiser",
        "restored a backup",
    }


async def test_organisers_come_only_if_they_are_asked_for(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    site, file = visitor.site, tmp_path / "backup"
    await visitor.organiser("marta")
    await add_organiser(site, "boris")
    await forging.insert(site, "factors", _factor("boris"))
    await _back_up(site, file)
    await site.database.write(lambda c: c.execute("delete from organisers where nickname = 'boris'"))
    await add_organiser(site, "anna")
    await forging.insert(site, "factors", _factor("anna"))
    here = await all_rows(site)
    restored = await _restore(site, file)
    after = await all_rows(site)
    assert (restored.left_out, restored.has_organisers) == (2, True)
    assert [after[table] == here[table] for table in ("organisers", "factors")] == [True, True]
    assert [after[table] for table in ("sessions", "links", "outbox")] == [[], [], []]
    restored = await _restore(site, file, organisers=True)
    after = await all_rows(site)
    assert restored.left_out == 0
    assert ["boris" in row or "marta" in row for row in after["organisers"]] == [True, True]
    assert ["boris" in row for row in after["factors"]] == [True]
    assert (await _lines(site))[-1].endswith(f"restored a backup made {restored.made_at}, with organisers")


def _factor(nickname: str) -> Row:
    return {
        "id": nickname,
        "nickname": nickname,
        "kind": "app",
        "encrypted": "x",
        "counter": 0,
        "added_on": "2026-11-22",
    }


async def test_a_new_machine_has_the_log_and_no_organiser(
    full_site: Site, empty_database_url: str, tmp_path: Path
) -> None:
    await _back_up(full_site, tmp_path / "backup")
    async with site_opened(make_settings(empty_database_url, tmp_path / "elsewhere"), migrate=True) as other:
        restored = await _restore(other, tmp_path / "backup")
        assert (restored.left_out, restored.has_organisers) == (1, False)
        old, new = await all_rows(full_site), await all_rows(other)
        assert old["editions"] == new["editions"]
        assert (await _lines(other))[:-1] == await _lines(full_site)
        assert (await _restore(other, tmp_path / "backup", organisers=True)).has_organisers
        async with other.database.reading() as c:
            assert await audit.find_disagreements(c) == []


async def test_the_newest_backup_is_the_one_made_here_or_the_restored_one(
    full_site: Site, tmp_path: Path, time: Clock
) -> None:
    async def newest() -> str | None:
        async with full_site.database.reading() as c:
            return await activity_log.last_backup(c)

    file = tmp_path / "backup"
    await _back_up(full_site, file)
    assert await newest() is None
    time.advance(seconds=60)
    made_at = (await _restore(full_site, file)).made_at
    assert await newest() == made_at
    assert made_at < clock.iso(clock.now()), "not the moment of the restore"
    time.advance(seconds=60)
    await full_site.database.write(lambda c: activity_log.append(c, activity_log.SERVER, activity_log.BACKUP))
    made_later = await newest()
    await _restore(full_site, file, organisers=True)
    assert made_later == await newest() == clock.iso(clock.now())


async def test_a_restore_of_an_unknown_moment_is_no_backup(full_site: Site) -> None:
    await full_site.database.write(lambda c: activity_log.append_restored(c, "yesterday", ""))
    async with full_site.database.reading() as c:
        assert await activity_log.last_backup(c) is None
