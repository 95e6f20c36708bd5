"""The panic button: keys first, then all that can be reached, and one sentence about the rest."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from petition.core.errors import KeysError
from petition.core.settings import Settings
from petition.retention import close, destroy, reorder
from petition.retention.destroy import KEPT_TABLES, Scope
from petition.site import Site
from petition.tally import audit
from tests.conftest import Clock, Visit, Visitor
from tests.mail.hosts import Host
from tests.retention import forging
from tests.shell import Shell
from tests.web.http.test_errors import away
from tests.web.tools import all_rows, announced, on_sqlite, run_background_jobs

ADDRESS = "anna@example.net"


@pytest.fixture
def file_settings(settings: Settings, tmp_path: Path) -> Settings:
    """Settings whose email key is in a file."""
    file = tmp_path / "email-key"
    file.write_text(settings.email_key, "utf-8")
    return replace(settings, email_key_file=file)


@pytest.fixture
async def full(file_settings: Settings, time: Clock, visit: Visit) -> Visitor:
    """A site with personal data in every table that can hold some."""
    visitor: Visitor = await visit(email_key_file=file_settings.email_key_file)
    await run_background_jobs(visitor.site)
    for n in range(10):
        await visitor.confirmed(f"someone{n}@example.net", country="LT")
    await visitor.confirmed(ADDRESS, named="on", name="Anna Nowak", updates="on")
    await visitor.post("/en/manage", email="vera@example.net")
    await visitor.post(await visitor.link("vera@example.net", "manage"), action="never_write")
    await visitor.organiser()
    await visitor.sign("waiting@example.net", named="on", name="Vera Waiting")
    time.advance(minutes=2)
    await visitor.site.take_snapshot()
    await reorder.reorder_rows(visitor.site.database)
    return visitor


async def _agree(site: Site) -> None:
    async with site.database.reading() as c:
        assert await audit.find_disagreements(c) == []


def _gone(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    """Tables that had rows and are empty now."""
    return {table for table in before if before[table] and not after[table]}


HASHED = {"submissions", "links", "email_counts", "never_write", "outbox"}


async def test_the_outbox_goes_with_its_keys_and_nothing_else(full: Visitor, file_settings: Settings) -> None:
    before, keys = await all_rows(full.site), full.site.server_keys.outbox.key_names()
    assert keys
    assert await destroy.destroy_scope(file_settings, Scope.OUTBOX) == []
    assert full.site.server_keys.outbox.key_names() == []
    after = await all_rows(full.site)
    assert _gone(before, after) == {"outbox"}
    assert after["signatures"] == before["signatures"]
    await full.sign("another@example.net")
    await full.deliver()
    assert [str(mail["To"]) for mail in full.smtp.mails][-1] == "another@example.net", "life goes on"
    assert full.smtp.to("waiting@example.net") == []


@pytest.mark.parametrize("scope", Scope)
async def test_holder_keys_and_copies_of_keys_go_too(
    scope: Scope, full: Visitor, file_settings: Settings, tmp_path: Path
) -> None:
    other = Host(full.site.database, tmp_path / "other", full.site.settings.email_key)
    for machine in (full.site.machine, other.machine, full.site.machine, other.machine):
        await machine.refresh()
    folder = file_settings.outbox_keys
    assert list(folder.glob("*.holder"))
    assert (await all_rows(full.site))["outbox_key_copies"]
    await destroy.destroy_scope(file_settings, scope)
    assert [file.name for file in folder.iterdir()] == ["machine"]
    assert (await all_rows(full.site))["outbox_key_copies"] == []


async def test_no_hash_is_left_but_names_and_contacts(full: Visitor, file_settings: Settings, time: Clock) -> None:
    before = await all_rows(full.site)
    hashes = [h for email in (ADDRESS, "someone1@example.net") for h in _hashes(full.site, email)]
    assert await destroy.destroy_scope(file_settings, Scope.HASHES) == []
    after = await all_rows(full.site)
    assert _gone(before, after) == HASHED
    assert [h for h in hashes if h in str(after)] == []
    assert [
        table for table in KEPT_TABLES if table != "site_state" and table in before and before[table] != after[table]
    ] == []
    async with full.site.database.reading() as c:
        assert [row["name"] for row in await c.execute("select name from names")] == ["Anna Nowak"]
        assert len(await c.execute("select sealed from contacts")) == 1
    await _agree(full.site)
    assert "test-email-key" not in _key(file_settings)
    assert (await full.sign("late@example.net")).status_code != 303


@pytest.mark.usefixtures("right_clock")
async def test_what_the_hashes_left_goes_on_the_day_of_destruction(
    full: Visitor, file_settings: Settings, time: Clock
) -> None:
    await destroy.destroy_scope(file_settings, Scope.HASHES)
    await full.site.prune()
    assert len((await all_rows(full.site))["names"]) == 1
    await announced(full.site, date(2026, 11, 23))
    time.advance(days=1)
    await full.site.prune()
    left = await all_rows(full.site)
    assert [left[table] for table in ("signatures", "names", "contacts")] == [[], [], []]
    await _agree(full.site)


async def test_everything_that_leads_to_a_person_goes(full: Visitor, file_settings: Settings) -> None:
    before = await all_rows(full.site)
    await forging.insert(full.site, "edits", forging.EDIT)
    assert await destroy.destroy_scope(file_settings, Scope.ALL) == []
    after = await all_rows(full.site)
    before["edits"] = [str(forging.EDIT | {"nickname": ""})]  # what was published stays, who wrote it does not
    assert {table for table in after if after[table]} <= set(KEPT_TABLES)
    assert [table for table in KEPT_TABLES if table != "site_state" and before[table] != after[table]] == []
    assert (await full.get("/organisers/")).status_code == 404
    assert (await full.published())["confirmed"] == 10
    await _agree(full.site)


@pytest.mark.parametrize("what", Scope)
async def test_a_second_time_nothing_more_happens(
    what: Scope, full: Visitor, file_settings: Settings, time: Clock
) -> None:
    assert await destroy.destroy_scope(file_settings, what) == []
    time.advance(minutes=1)
    await full.site.take_snapshot()  # the site does it by itself within a minute
    before, key = await all_rows(full.site), _key(file_settings)
    assert await destroy.destroy_scope(file_settings, what) == []
    after = await all_rows(full.site)
    assert [table for table in after if table not in ("actions",) and after[table] != before[table]] == []
    assert _key(file_settings) == key


async def test_keys_go_while_the_database_is_away_and_the_rest_later(
    full: Visitor, file_settings: Settings, database_url: str, time: Clock
) -> None:
    old = full.site.server_keys.outbox.key_names()
    async with away(database_url):
        (sentence,) = await destroy.destroy_scope(file_settings, Scope.HASHES)
    assert "stop the service, and call this again" in sentence
    assert full.site.server_keys.outbox.key_names() == []
    with pytest.raises(KeysError):
        full.site.server_keys.outbox.decrypt(old[0], "")
    assert "test-email-key" not in _key(file_settings)
    for _ in range(2):  # the first may still use the lost connection
        failed = await destroy.destroy_scope(file_settings, Scope.HASHES)
    assert failed == []
    left = await all_rows(full.site)
    assert [left[table] for table in sorted(HASHED)] == [[]] * len(HASHED)


async def test_what_was_begun_is_ended_by_the_next_pruning(full: Visitor, file_settings: Settings, time: Clock) -> None:
    assert file_settings.email_key_file is not None
    close.replace_key(file_settings.email_key_file)
    await full.site.prune()
    left = await all_rows(full.site)
    assert [left[table] for table in sorted(HASHED)] == [[]] * len(HASHED)
    assert len(left["names"]) == 1


@on_sqlite
async def test_it_says_what_it_could_not_do(full: Visitor, file_settings: Settings, tmp_path: Path) -> None:
    failed = await destroy.destroy_scope(replace(file_settings, email_key_file=None), Scope.HASHES)
    assert [sentence for sentence in failed if "stands in the environment" in sentence] == failed
    failed = await destroy.destroy_scope(replace(file_settings, email_key_file=tmp_path), Scope.ALL)
    assert failed == ["The file of PETITION_EMAIL_KEY cannot be overwritten: destroy it."]
    (file_settings.outbox_keys / "00000000001-cafe.key").mkdir(parents=True)
    failed = await destroy.destroy_scope(file_settings, Scope.OUTBOX)
    assert failed == ["A key in the folder of PETITION_OUTBOX_KEYS cannot be overwritten: destroy it."]


def _hashes(site: Site, email: str) -> tuple[str, str]:
    address = site.email_providers.parse(email)
    assert address is not None
    return site.server_keys.email_hashes(address)


def _key(given: Settings) -> str:
    assert given.email_key_file is not None
    return given.email_key_file.read_text("utf-8")


def test_without_a_database_the_keys_go_all_the_same(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.fine("migrate")
    key = shell.folder / "var" / "secrets" / "email_key"
    before = key.read_text()
    shell.environment["PETITION_DATABASE_URL"] = "postgresql://petition@127.0.0.1:1/none"
    assert "call this again" in shell.fails("destroy", "hashes", "--yes")
    assert key.read_text() != before
