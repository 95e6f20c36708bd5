"""A site moves into another database with every row; nothing is signed in the old place, no email leaves twice."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import Database, open_database
from petition.core.errors import DatabaseError, Moved
from petition.core.settings import Mode, Settings
from petition.mail import outbox
from petition.retention import move
from petition.site import Site, open_site
from petition.tally import audit
from tests.conftest import Clock, Visitor, visiting
from tests.relay import Relay
from tests.retention import forging
from tests.shell import Shell
from tests.web.tools import all_rows, run_background_jobs


def _no_progress(_: int) -> Callable[[int], object]:
    return lambda _: None


async def _move(url: str, to: str, progress: move.Progress = _no_progress) -> move.Move | None:
    async with open_database(url) as source, open_database(to, create=True) as target:
        return await move.move_site(source, target, Mode.DEMO, progress)


async def _facts(url: str) -> dict[str, str]:
    async with open_database(url) as database, database.reading() as c:
        return {row["name"]: row["value"] for row in await c.execute("select name, value from site_state")}


async def _fill(visitor: Visitor) -> None:
    """Signatures, an organiser at the desk, an edition, forms and emails that wait."""
    await visitor.confirmed("anna@example.net", named="on", name="Anna Nowak", updates="on")
    await visitor.organiser()
    await forging.insert(visitor.site, "editions", forging.EDITION)
    await forging.insert(visitor.site, "edition_letters", forging.LETTER)
    await visitor.post("/en/manage", email="anna@example.net")
    await visitor.sign("waiting@example.net", named="on", name="Vera Waiting")


async def test_everything_arrives_and_goes_on_there(
    visitor: Visitor, smtp: Relay, settings: Settings, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(move, "ROWS_PER_BATCH", 2)
    await _fill(visitor)
    await run_background_jobs(visitor.site)
    old_rows, cookies = await all_rows(visitor.site), visitor.client.cookies
    moved = await _move(settings.database_url, empty_database_url)
    assert moved is not None
    assert moved.rows["outbox"] == 2
    assert moved.doubts == []
    with pytest.raises(Moved, match="has moved to another database"):
        await visitor.deliver()
    assert (await visitor.sign("late@example.net")).status_code == 503
    assert "moved to another database" in (await _ready(visitor))
    async with visiting(replace(settings, database_url=empty_database_url), smtp) as there:
        new_rows = await all_rows(there.site)
        kept = set(old_rows) - {"site_state", "actions", "outbox_machines"}
        assert [table for table in sorted(kept) if old_rows[table] != new_rows[table]] == []
        assert {*map(str, old_rows["site_state"])} <= {*new_rows["site_state"]}
        assert "moved the database" in new_rows["actions"][-1]
        there.client.cookies = cookies
        assert (await there.get("/organisers/")).status_code == 200, "the session is there"
        assert (await there.post(await there.link("waiting@example.net"))).status_code == 303
        assert len(smtp.to("waiting@example.net")) == 1
        async with there.site.database.reading() as c:
            assert await c.all("audit.signatures") == [{"country": "PL", "n": 2}]
            assert await audit.find_disagreements(c) == []


async def _ready(visitor: Visitor) -> str:
    visitor.app.state.readiness.expire()
    answer = await visitor.get("/readyz")
    assert answer.status_code == 503
    return answer.text


class _Killed(Exception):
    """In place of a signal, at a certain row."""


def _kill(_: int) -> Callable[[int], object]:
    def on_progress(rows: int) -> None:
        if rows:
            raise _Killed

    return on_progress


@pytest.mark.slow
async def test_a_copy_that_was_ended_is_begun_again(
    full_site: Site, database_url: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(move, "ROWS_PER_BATCH", 7)
    with pytest.raises(_Killed):
        await _move(database_url, empty_database_url, _kill)
    assert await full_site.database.write(partial(state.insert, name="works", value="still"))
    with pytest.raises(Moved, match=r"a copy that is not complete: .* run `petition move` again"):
        async with open_site(replace(full_site.settings, database_url=empty_database_url)):
            pass
    moved = await _move(database_url, empty_database_url)
    assert moved is not None
    assert moved.rows["signatures"] == 40
    facts = await _facts(empty_database_url)
    assert facts["works"] == "still"
    assert {state.ARRIVING, state.MOVED, outbox.PAUSED_UNTIL, "reordering", "destroying"} & {*facts} == set()


@pytest.mark.slow
async def test_killed_at_the_very_end_it_only_has_to_say_so(
    full_site: Site, database_url: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(_: Connection, *, detail: str) -> None:
        raise _Killed

    with monkeypatch.context() as patch:
        patch.setattr(move, "_arrive", killed)
        with pytest.raises(_Killed):
            await _move(database_url, empty_database_url)
    assert state.MOVED in await _facts(database_url)
    assert await _move(database_url, empty_database_url) is None
    assert state.ARRIVING not in await _facts(empty_database_url)
    async with open_site(replace(full_site.settings, database_url=empty_database_url)) as there:
        assert len((await all_rows(there))["signatures"]) == 40
    with pytest.raises(Moved, match="has moved already"):
        await _move(database_url, empty_database_url)


@pytest.mark.slow
async def test_a_copy_that_differs_is_not_the_new_site(
    full_site: Site, database_url: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = move._insert

    async def losing(c: Connection, *, table: str, rows: list[dict[str, object]]) -> int:
        return await insert(c, table=table, rows=rows[1:] if table == "signatures" else rows)

    monkeypatch.setattr(move, "_insert", losing)
    with pytest.raises(DatabaseError, match=r"^The copy is not the same \(40 rows of signatures, but 39; .* was moved"):
        await _move(database_url, empty_database_url)
    assert {state.MOVED, outbox.PAUSED_UNTIL} & {*await _facts(database_url)} == set()
    await full_site.database.write(partial(state.put, name="works", value="still"))


@pytest.mark.slow
async def test_what_did_not_agree_before_is_moved_and_said(
    full_site: Site, database_url: str, empty_database_url: str
) -> None:
    row = {"country": "PL", "day": "2026-11-20", "reason": "confirmed", "n": 5}
    await full_site.database.write(partial(Connection.insert_rows, table="journal", rows=[row]))
    moved = await _move(database_url, empty_database_url)
    assert moved is not None
    assert moved.doubts[0].startswith("PL: the journal says")


async def test_a_target_with_rows_is_refused(site: Site, database_url: str, empty_database_url: str) -> None:
    async with open_site(replace(site.settings, database_url=empty_database_url), migrate=True) as other:
        await forging.insert(other, "editions", forging.EDITION)
        with pytest.raises(DatabaseError, match=r"^The new database is not empty, it has rows in editions: .* \(d"):
            await _move(database_url, empty_database_url)
        assert len((await all_rows(other))["editions"]) == 1
    assert state.MOVED not in await _facts(database_url)


async def test_the_same_database_is_refused(site: Site, database_url: str) -> None:
    before = await _facts(database_url)
    with pytest.raises(DatabaseError, match=r"^This is the database that the site is in: name another one.$"):
        await _move(database_url, database_url)
    assert await _facts(database_url) == before


@pytest.mark.slow
async def test_it_waits_for_an_email_that_is_leaving(
    visitor: Visitor, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the new site would send it again."""
    site, url = visitor.site, visitor.site.settings.database_url
    await visitor.sign("anna@example.net")
    monkeypatch.setattr(move, "CLAIMS_PAUSE", 0.05)
    claim = partial(outbox.claim_batch, server_keys=site.server_keys)
    (leaving,) = await site.database.write(claim)
    await visitor.sign("boris@example.net")
    moving = asyncio.create_task(_move(url, empty_database_url))
    while outbox.PAUSED_UNTIL not in await _facts(url):  # noqa: ASYNC110 (the database does not tell)
        await asyncio.sleep(0.05)
    assert await _patiently(site.database, claim) == []
    assert await _patiently(site.database, partial(outbox.renew_claim, email=leaving)) is False
    assert not moving.done()
    await _patiently(site.database, lambda c: outbox.mark_sent(c, [leaving.id]))
    moved = await moving
    assert moved is not None
    assert moved.rows["outbox"] == 1


async def _patiently(database: Database, job: Callable[..., object]) -> object:
    """The deliverer tries again as well if the move looks at the outbox at that very moment."""
    while True:
        try:
            return await database.write(job)  # type: ignore[arg-type]  # any job of the tests
        except Moved:
            await asyncio.sleep(0.01)


@pytest.mark.slow
async def test_a_claim_that_does_not_end_is_said(
    visitor: Visitor, time: Clock, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = visitor.site
    await visitor.sign("anna@example.net")
    await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
    monkeypatch.setattr(outbox, "PAUSE_SECONDS", -1)
    with pytest.raises(DatabaseError, match=r"^Emails are still being sent: stop the service"):
        await _move(site.settings.database_url, empty_database_url)


async def test_while_rows_are_copied_nobody_is_left_waiting(postgresql_settings: Settings, tmp_path: Path) -> None:
    """A form is answered at once, with 503; SQLite can only let it wait."""
    async with open_site(postgresql_settings) as site:
        seen: list[str] = []

        async def write() -> None:
            try:
                await site.database.write(partial(state.put, name="x", value="y"))
            except Moved as error:
                seen.append(str(error))

        writing: list[asyncio.Task[None]] = []

        def progress(_: int) -> Callable[[int], object]:
            writing.append(asyncio.create_task(write()))
            return lambda _: None

        await _move(postgresql_settings.database_url, f"sqlite:///{tmp_path / 'new.db'}", progress)
        await asyncio.gather(*writing)
        assert seen == ["This site is being moved to another database: try again in some minutes."]


@pytest.mark.slow
def test_at_a_terminal(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.fine("demo", "--signatures", "2000")
    new = f"sqlite:///{tmp_path / 'elsewhere' / 'new.db'}"
    assert "is sqlite:///FILE or postgresql://" in shell.fails("move", "mysql://x")
    said = shell.fine("move", "-", stdin=f"{new}\n")
    assert "        2000 signatures\n" in said
    assert re.search(r"^\d+ rows of \d+ tables arrived, counted and audited\.$", said, re.M)
    assert f"delete the old database: rm {shell.folder / 'var' / 'petition.db'} " in said
    for verb in ("audit", "serve", "deliver", "migrate"):
        assert shell.fails(verb).startswith("This site has moved to another database: set PETITION_DATABASE_URL")
    assert "has moved already" in shell.fails("move", new)
    shell.environment["PETITION_DATABASE_URL"] = new
    assert shell.fine("audit") == "All numbers agree.\n"
    back = f"sqlite:///{tmp_path / 'back.db'}"
    assert "2000 signatures" in shell.fine("move", back), "and the way back"
