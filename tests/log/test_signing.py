"""Heads: only entries that have waited, never a fork, and what the operator is told when the log stands still."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from petition.core.database.connection import Connection
from petition.core.errors import DatabaseError
from petition.core.settings import Mode
from petition.log import adopting, audit, checks, heads, store
from petition.log.heads import Signer, StandsStill
from petition.log.keeper import Keeper
from tests.log.conftest import Forget, Kept, read_log
from tests.tally.publishing import change


async def test_an_entry_is_signed_once_it_has_waited(kept: Kept) -> None:
    assert kept.keeper._signer.grace == heads.DEMO_GRACE < heads.GRACE == 600
    assert Signer(kept.site.database, replace(kept.site.settings, mode=Mode.PRODUCTION)).grace == heads.GRACE
    await kept.work()
    assert kept.checkpoint() == ""
    kept.time.advance(seconds=heads.DEMO_GRACE - 1)
    await kept.work()
    assert kept.checkpoint() == ""
    kept.time.advance(seconds=1)
    await kept.work()
    assert kept.head().size == len(await kept.entries()) == len(kept.published())


async def test_a_clock_that_was_ahead_delays_nothing_for_longer_than_the_grace(kept: Kept) -> None:
    right = kept.time.moment
    kept.time.moment = right.replace(year=2036)
    await kept.work()
    kept.time.moment = right
    await kept.work()
    assert kept.checkpoint() == ""
    kept.time.advance(seconds=heads.DEMO_GRACE)
    await kept.work()
    assert kept.head().size > 0


async def test_what_was_written_never_changes_in_the_database(kept: Kept) -> None:
    await kept.grow()

    async def tamper(c: Connection, statement: str) -> None:
        await c.execute(statement)

    for table in ("log_entries", "log_heads"):
        for statement in (f"delete from {table}", f"update {table} set {'entry' if 'ent' in table else 'note'} = 'x'"):
            with pytest.raises(DatabaseError):
                await kept.site.database.write(partial(tamper, statement=statement))


async def test_files_are_those_of_the_standard_and_old_parts_go(kept: Kept) -> None:
    await kept.work()
    async with kept.site.database.reading() as c:
        log = await store.read_log(c)
    assert log is not None
    for n in range(4):
        await kept.append(*[{"kind": "rule", "name": f"r{i}", "value": f"{n}"} for i in range(201)])
        await kept.later(minutes=2)
    assert len(kept.published()) > 800
    parts = {str(part.relative_to(kept.folder)) for part in kept.folder.glob("tile/**/*.p")}
    assert parts == {"tile/0/002.p", "tile/0/003.p", "tile/1/000.p", "tile/entries/002.p", "tile/entries/003.p"}
    assert {oct(file.stat().st_mode)[-3:] for file in kept.folder.rglob("*")} == {"644", "755"}, "any web server may"
    assert kept.forks() == 0


async def test_a_new_machine_writes_the_files_from_the_database(kept: Kept, tmp_path: Path) -> None:
    """Without the key, too."""
    await kept.grow()
    copy = replace(kept.site, settings=replace(kept.site.settings, var=tmp_path / "other", log_keys=()))
    await Keeper(copy).work()
    assert (tmp_path / "other/log/checkpoint").read_text("utf-8") == kept.checkpoint()
    assert read_log(tmp_path / "other/log") == kept.published()


async def test_an_older_database_is_noticed_and_nothing_is_appended_until_it_is_adopted(
    kept: Kept, forget: Forget
) -> None:
    await kept.grow()
    published = kept.published()
    await forget("log_heads", "below > 8")
    await forget("log_entries", "n > 7")
    kept = kept.restarted()
    await kept.later(minutes=2)
    assert "run `petition log adopt`" in await kept.stands()
    assert len(await kept.entries()) == 8
    assert kept.published() == published
    said = await checks.check_log(kept.site.settings)
    assert "stands still" in said.fix
    source = adopting.own_source(kept.site.settings)
    assert await adopting.adopt(kept.site.database, kept.site.settings, source) == len(published) - 8
    assert await adopting.adopt(kept.site.database, kept.site.settings, source) == 0
    await kept.later(minutes=2)
    assert await kept.stands() == ""
    assert kept.published()[: len(published)] == published
    assert kept.forks() == 0
    async with kept.site.database.reading() as c:
        assert await audit.find_disagreements(c, kept.site.settings) == []


async def test_other_entries_at_published_places_are_never_signed(kept: Kept, forget: Forget) -> None:
    await kept.grow()
    size, published = kept.head().size, kept.published()
    await forget("log_heads", "below > 8")
    await forget("log_entries", "n > 7")
    for n in range(size):  # as if another server had gone on
        await kept.append({"kind": "rule", "name": "other", "value": f"{n}"})
    kept = kept.restarted()
    await kept.later(minutes=2)
    assert "is another one than was signed (by this machine" in await kept.stands()
    with pytest.raises(StandsStill, match="other entries at places that were published"):
        await adopting.adopt(kept.site.database, kept.site.settings, adopting.own_source(kept.site.settings))
    assert kept.published() == published
    async with kept.site.database.reading() as c:
        found = await audit.find_disagreements(c, kept.site.settings)
    assert any("another one than was signed" in sentence for sentence in found)


async def test_a_damaged_folder_is_told_and_never_overwritten(kept: Kept) -> None:
    await kept.grow()
    file = next(kept.folder.glob(f"tile/0/000.p/{kept.head().size}"))
    file.write_bytes(bytes(len(file.read_bytes())))
    (kept.folder / "checkpoint").unlink()  # so that the file is written again
    kept = kept.restarted()
    await kept.work()
    assert "is not of the log in the database" in await kept.stands()
    assert kept.checkpoint() == ""
    file.unlink()
    (kept.folder / "checkpoint").write_text("x\n\n— y eA==\n")
    await kept.work()
    assert await kept.stands() != ""


async def test_the_operator_gets_one_email_and_the_desk_says_it(kept: Kept, forget: Forget) -> None:
    told: list[str] = []
    site = replace(kept.site, settings=replace(kept.site.settings, alerts_to="operator@example.org"))

    async def send(text: str) -> None:
        told.append(text)

    object.__setattr__(site, "send_alert", send)
    await kept.grow()
    await forget("log_heads", "below > 8")
    await forget("log_entries", "n > 7")
    keeper = Keeper(site)
    for _ in range(3):
        await keeper.work()
    (text,) = told
    assert text.startswith("The public log stands still; people sign as before.")


async def test_a_failover_that_lost_the_newest_entries_forks_nothing(kept: Kept, forget: Forget) -> None:
    """They have waited for less than the grace: nobody has seen them, so other entries may take their places."""
    await kept.grow()
    await change(kept.site.database, "PL", 20)
    kept.time.advance(minutes=2)
    await kept.site.take_snapshot()
    kept.time.advance(seconds=61)
    await kept.work()
    waiting = (await kept.entries())[kept.head().size :]
    assert waiting
    await forget("log_entries", f"n >= {kept.head().size}")
    await forget("releases", f"released_at >= {int(kept.time.moment.timestamp()) - 200}")
    await change(kept.site.database, "DE", 70)
    kept = kept.restarted()
    for _ in range(3):
        await kept.later(minutes=2)
    assert await kept.stands() == ""
    assert kept.forks() == 0
    assert kept.head().size > len(waiting)
