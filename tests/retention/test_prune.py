"""What is no longer needed is deleted on its day, not before; closing for good destroys all that leads to a person."""

from datetime import date
from functools import partial
from pathlib import Path

import pytest

from petition.core.database import state
from petition.mail import outbox
from petition.organisers import activity_log
from petition.retention import close, reorder
from petition.site import Site
from petition.tally import audit, tally
from tests.conftest import Clock, Visitor
from tests.web.tools import announced

PERSONAL = ("signatures", "names", "contacts", "submissions", "email_counts", "never_write", "links", "outbox")
LASTING = ("journal", "figures", "releases", "organisers", "actions", "correspondence")


async def _count(site: Site, table: str) -> int:
    async with site.database.reading() as c:
        (row,) = await c.execute(f"select count(*) as n from {table}")
    return int(row["n"])


async def _content(site: Site, tables: tuple[str, ...]) -> dict[str, str]:
    async with site.database.reading() as c:
        rows = {table: await c.execute(f"select * from {table}") for table in tables}
    return {table: str(sorted(str(dict(row)) for row in found)) for table, found in rows.items()}


async def _left(site: Site, table: str) -> int:
    """How many rows pruning leaves."""
    await site.prune()
    return await _count(site, table)


async def _closed(site: Site) -> bool:
    async with site.database.reading() as c:
        return await state.is_closed(c)


async def test_a_submission_lives_for_its_link_and_ends_at_midnight(time: Clock, visitor: Visitor) -> None:
    await visitor.sign("anna@example.net", named="on", name="Anna")
    time.advance(days=14, hours=11, minutes=59, seconds=59)
    assert await _left(visitor.site, "submissions") == 1
    time.advance(seconds=1)
    assert await _left(visitor.site, "submissions") == 0


async def test_a_link_to_manage_lives_until_the_midnight_after_a_fortnight(time: Clock, visitor: Visitor) -> None:
    await visitor.post("/en/manage", email="anna@example.net")
    time.advance(days=14, hours=12, seconds=-1)
    assert await _left(visitor.site, "links") == 1
    time.advance(seconds=1)
    assert await _left(visitor.site, "links") == 0


async def test_that_a_mailbox_was_written_to_is_forgotten_after_a_fortnight(time: Clock, visitor: Visitor) -> None:
    await visitor.sign("anna@example.net")
    time.advance(days=14, hours=1, seconds=-1)
    assert await _left(visitor.site, "email_counts") == 1
    time.advance(seconds=1)
    assert await _left(visitor.site, "email_counts") == 0


async def test_mail_that_never_left_is_dropped_with_its_link(time: Clock, visitor: Visitor) -> None:
    await visitor.sign("anna@example.net")
    for _ in range(13):  # pruned each day, as a server does, so that no key is kept too long
        time.advance(days=1)
        assert await _left(visitor.site, "outbox") == 1
    time.advance(days=1)
    assert await _left(visitor.site, "outbox") == 0


async def test_mail_that_waits_is_sealed_anew_and_its_old_key_dies(time: Clock, visitor: Visitor) -> None:
    await visitor.sign("anna@example.net")
    old = set(visitor.site.server_keys.outbox.key_names())
    time.advance(days=2)
    await visitor.site.prune()
    assert not old & set(visitor.site.server_keys.outbox.key_names())
    (mail,) = await visitor.site.database.write(partial(outbox.claim_batch, server_keys=visitor.site.server_keys))
    assert mail.to == "anna@example.net"


async def test_a_withdrawal_is_remembered_as_long_as_a_backup_may_know_better(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net")
    await visitor.post("/en/manage", email="anna@example.net")
    await visitor.post(await visitor.link("anna@example.net", "manage"), action="withdraw")
    time.advance(days=7)
    assert await _left(visitor.site, "never_write") == 1
    time.advance(days=1)
    assert await _left(visitor.site, "never_write") == 0


async def test_who_never_wants_mail_is_remembered_to_the_end(time: Clock, visitor: Visitor) -> None:
    await visitor.post("/en/manage", email="anna@example.net")
    await visitor.post(await visitor.link("anna@example.net", "manage"), action="never_write")
    time.advance(days=1000)
    assert await _left(visitor.site, "never_write") == 1


async def test_a_confirmed_signature_is_not_pruned(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", named="on", name="Anna", updates="on")
    time.advance(days=1000)
    assert [await _left(visitor.site, table) for table in ("signatures", "names", "contacts")] == [1, 1, 1]


async def test_pruning_twice_is_pruning_once(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net", updates="on")
    await visitor.sign("vera@example.net")
    time.advance(days=3)
    await visitor.site.prune()
    before = await _content(visitor.site, PERSONAL + LASTING)
    await visitor.site.prune()
    assert await _content(visitor.site, PERSONAL + LASTING) == before


@pytest.mark.usefixtures("right_clock")
async def test_it_closes_on_the_day_of_destruction_and_not_before(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed("anna@example.net")
    await announced(visitor.site, date(2026, 11, 24))
    time.advance(days=1, hours=11, minutes=59, seconds=59)
    assert await _left(visitor.site, "signatures") == 1
    time.advance(seconds=1)
    assert await _left(visitor.site, "signatures") == 0
    assert await _closed(visitor.site)


@pytest.fixture
async def full(time: Clock, visitor: Visitor) -> Visitor:
    """A site with personal data in every table that can hold some, and published figures."""
    for n in range(11):
        await visitor.confirmed(f"someone{n}@example.net", named="on", name=f"Someone {n}", updates="on")
    await visitor.post("/en/manage", email="vera@example.net")
    await visitor.post(await visitor.link("vera@example.net", "manage"), action="never_write")
    await visitor.organiser()
    await visitor.sign("waiting@example.net")
    time.advance(minutes=2)
    await visitor.site.take_snapshot()
    await reorder.reorder_rows(visitor.site.database)
    assert all([await _count(visitor.site, table) for table in PERSONAL])
    return visitor


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The file with the key of the hashes."""
    file = tmp_path / "email-key"
    file.write_text("the key that hashed everybody", "utf-8")
    return file


def _key(file: Path) -> str:
    return file.read_text("utf-8")


async def _close(site: Site, key_file: Path | None) -> None:
    await close.close_signing(site.database, site.server_keys, key_file)


async def test_closing_leaves_nothing_that_leads_to_a_person(full: Visitor, key_file: Path) -> None:
    await _close(full.site, key_file)
    assert {table: await _count(full.site, table) for table in PERSONAL} == dict.fromkeys(PERSONAL, 0)


async def test_closing_destroys_the_keys(full: Visitor, key_file: Path) -> None:
    assert full.site.server_keys.outbox.key_names()
    await _close(full.site, key_file)
    assert full.site.server_keys.outbox.key_names() == []
    assert "hashed everybody" not in _key(key_file)
    assert len(_key(key_file)) >= 32, "a site that starts again needs a key"


async def test_closing_keeps_the_figures_and_the_record(full: Visitor, key_file: Path) -> None:
    lasting = tuple(table for table in LASTING if table != "actions")
    before, lines = await _content(full.site, lasting), await _count(full.site, "actions")
    await _close(full.site, key_file)
    assert await _content(full.site, lasting) == before
    async with full.site.database.reading() as c:
        (line, *others) = await activity_log.list_lines(c)
    assert (line["nickname"], line["action"], len(others)) == (activity_log.SERVER, "ended signing for good", lines)
    async with full.site.database.reading() as c:
        assert (await tally.get_snapshot(c)).countries == {"PL": 10}
        assert await audit.find_disagreements(c) == []


async def test_after_closing_nobody_is_hashed_again(full: Visitor, key_file: Path) -> None:
    await _close(full.site, key_file)
    await full.sign("late@example.net")
    await full.post("/en/manage", email="late@example.net")
    assert {table: await _count(full.site, table) for table in PERSONAL} == dict.fromkeys(PERSONAL, 0)


async def test_a_second_close_does_nothing(full: Visitor, key_file: Path, time: Clock) -> None:
    await _close(full.site, key_file)
    key, before = _key(key_file), await _content(full.site, (*PERSONAL, *LASTING))
    time.advance(days=1)
    await _close(full.site, key_file)
    assert _key(key_file) == key
    assert await _content(full.site, (*PERSONAL, *LASTING)) == before


async def test_a_key_of_the_environment_is_left_to_the_operator(full: Visitor) -> None:
    await _close(full.site, None)
    assert await _closed(full.site)
