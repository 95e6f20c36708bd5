"""Backup, restore and close as the handbook describes: what is in the file, what comes back, and what never does."""

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest

from petition.core.database import migrations
from petition.core.errors import DataError
from petition.core.key_fingerprints import EMAIL_KEY, fingerprint
from petition.retention import backup, close
from petition.site import Site
from petition.site import open_site as site_opened
from petition.tally import audit
from tests.conftest import IDENTITY, Clock, Visitor, make_settings
from tests.retention import forging
from tests.shell import Shell
from tests.web.tools import all_rows, on_sqlite, run_background_jobs

LEFT_OUT = {"outbox", "sessions", "links"}


async def _back_up(site: Site, file: Path) -> None:
    await backup.write_backup(site.database, site.settings, file)


@pytest.fixture
async def busy(visitor: Visitor, time: Clock) -> Visitor:
    """Signatures, an organiser at the desk, forms and emails that wait, a link to manage."""
    await visitor.confirmed("anna@example.net", named="on", name="Anna Nowak", updates="on")
    await visitor.organiser()
    await visitor.post("/en/manage", email="anna@example.net")
    await visitor.link("anna@example.net", "manage")
    await visitor.post("/en/manage", email="boris@example.net")
    await visitor.sign("waiting@example.net", named="on", name="Vera Waiting")
    return visitor


async def test_a_backup_holds_no_secret_no_mail_no_session_and_no_link(busy: Visitor, tmp_path: Path) -> None:
    site, there = busy.site, await all_rows(busy.site)
    assert all(there[table] for table in LEFT_OUT)
    await _back_up(site, tmp_path / "backup")
    chunks = forging.read_chunks(tmp_path / "backup")
    assert {table for table, _ in chunks} & LEFT_OUT == set()
    content = json.dumps(chunks)
    async with site.database.reading() as c:
        held = {table: await c.execute(f"select id from {table}") for table in ("outbox", "sessions", "links")}
        sealed = [row["encrypted"] for row in await c.execute("select encrypted from outbox")]
    keys = [file.read_bytes() for file in site.settings.outbox_keys.iterdir()]
    secrets = [site.settings.email_key, *site.settings.secret_keys, str(IDENTITY)]
    ids = [row["id"] for found in held.values() for row in found]
    traces = [*ids, *sealed, *secrets, *(b64encode(key).decode() for key in keys), *(key.hex() for key in keys)]
    assert [text for text in traces if text in content] == []
    assert [email for email in ("anna@", "boris@", "waiting@", "marta@", "Vera") if email in content] == []
    assert "Anna Nowak" in content, "a name to be printed is there: the search does find"


async def test_withdrawn_taken_back_and_blocked_after_the_backup_stay_so(busy: Visitor, tmp_path: Path) -> None:
    site = busy.site
    await busy.confirmed("carla@example.net", updates="on")
    await _back_up(site, tmp_path / "backup")
    await busy.post(await busy.link("anna@example.net", "manage"), action="withdraw")
    await busy.post(await busy.link("carla@example.net", "never-write"))
    await site.prune()
    await backup.restore_backup(site.database, site.settings, [IDENTITY], tmp_path / "backup")
    held = await all_rows(site)
    assert [held[table] for table in ("names", "contacts")] == [[], []]
    assert len(held["signatures"]) == 1
    assert len(held["never_write"]) == 2
    async with site.database.reading() as c:
        assert await audit.find_disagreements(c) == []


async def test_a_lost_machine_is_followed_by_an_empty_one(
    busy: Visitor, empty_database_url: str, tmp_path: Path
) -> None:
    await _back_up(busy.site, tmp_path / "backup")
    fresh = make_settings(empty_database_url, tmp_path / "elsewhere")
    async with site_opened(fresh, migrate=True) as other:
        await backup.restore_backup(other.database, fresh, [IDENTITY], tmp_path / "backup", organisers=True)
        old, new = await all_rows(busy.site), await all_rows(other)
        assert [new[table] for table in LEFT_OUT] == [[]] * 3
        # The activity log has a line about the restore. No backup has the tag of the network a form came from.
        same = set(backup.TABLES) - {"site_state", "actions", "submissions"}
        assert [table for table in sorted(same) if old[table] != new[table]] == []
        assert len(old["submissions"]) == len(new["submissions"])
        async with other.database.reading() as c:
            assert [row["name"] for row in await c.execute("select name from names")] == ["Anna Nowak"]
            assert await audit.find_disagreements(c) == []
        await other.prune()


async def test_a_backup_of_a_newer_schema_changes_nothing(busy: Visitor, tmp_path: Path) -> None:
    site, file = busy.site, tmp_path / "backup"
    await _back_up(site, file)
    chunks = forging.read_chunks(file)
    for table, found in chunks:
        for row in found if table == "site_state" else []:
            row["value"] = str(migrations.latest_version() + 1) if row["name"] == "schema" else row["value"]
    forging.write_chunks(file, chunks, forging.SERVER_KEY)
    await run_background_jobs(site)
    before = await all_rows(site)
    with pytest.raises(DataError, match="newer version"):
        await backup.restore_backup(site.database, site.settings, [IDENTITY], file)
    after = await all_rows(site)
    assert [table for table in before if before[table] != after[table]] == []
    for row in chunks[1][1]:
        row["value"] = str(migrations.latest_version()) if row["name"] == "schema" else row["value"]
    forging.write_chunks(file, chunks, forging.SERVER_KEY)
    restored = await backup.restore_backup(site.database, site.settings, [IDENTITY], file)
    assert restored.rows, "but for that the file was whole"


async def test_a_backup_of_a_site_with_another_email_key_changes_nothing(busy: Visitor, tmp_path: Path) -> None:
    """Nobody in it would be recognised. The desk key alone, which authenticates it, was enough before."""
    site, file = busy.site, tmp_path / "backup"
    await _back_up(site, file)
    chunks = forging.read_chunks(file)
    for row in chunks[1][1]:
        row["value"] = fingerprint(EMAIL_KEY, "another key") if row["name"] == EMAIL_KEY else row["value"]
    forging.write_chunks(file, chunks, forging.SERVER_KEY)
    before = await _all_but_background(site)
    with pytest.raises(
        DataError, match=r"another PETITION_EMAIL_KEY: put that one into the settings first \(`petition"
    ):
        await backup.restore_backup(site.database, site.settings, [IDENTITY], file)
    assert await _all_but_background(site) == before


async def _all_but_background(site: Site) -> dict[str, list[str]]:
    """All rows, but for the day on which a job in the background has put rows into another order."""
    return {table: [row for row in rows if "reordered_on" not in row] for table, rows in (await all_rows(site)).items()}


async def test_what_was_closed_is_not_in_a_later_backup(busy: Visitor, tmp_path: Path) -> None:
    await close.close_signing(busy.site.database, busy.site.server_keys, None)
    await _back_up(busy.site, tmp_path / "backup")
    told = {table for table, found in forging.read_chunks(tmp_path / "backup") if found}
    assert told & {"signatures", "names", "contacts", "submissions", "email_counts", "never_write"} == set()
    assert {"journal", "actions"} <= told


@on_sqlite
async def test_one_of_two_recipients_is_enough(busy: Visitor, tmp_path: Path) -> None:
    other = pyrage.x25519.Identity.generate()
    two = replace(busy.site.settings, recipients=(str(other.to_public()), str(IDENTITY.to_public())))
    await backup.write_backup(busy.site.database, two, tmp_path / "backup")
    for identity in (other, IDENTITY):
        assert (await backup.restore_backup(busy.site.database, two, [identity], tmp_path / "backup")).rows > 0


def test_the_drill_at_a_terminal(tmp_path: Path) -> None:
    """As in the handbook: backup, loss, a new machine with the sealed keys, its one-time key, restore, audit, close."""
    shell, organiser = Shell(tmp_path / "one"), Shell(tmp_path / "organiser")
    shell.fine("demo", "--signatures", "200")
    file, identity = str(tmp_path / "backup"), str(shell.folder / "var" / "secrets" / "organisers_identity")
    assert "sealed to 1 recipients" in shell.fine("backup", file)
    stranger = Shell(tmp_path / "stranger")
    assert "does not open" in stranger.fails("restore", file)
    assert "was not made by this server" in stranger.fails("restore", file, "--identity", identity)

    keys = {name: (shell.folder / "var" / "secrets" / name).read_text() for name in ("desk_key", "email_key")}
    elsewhere = Shell(tmp_path / "two", PETITION_DESK_KEY=keys["desk_key"])
    assert "with another PETITION_EMAIL_KEY" in elsewhere.fails("restore", file, "--identity", identity)
    elsewhere.environment["PETITION_EMAIL_KEY"] = keys["email_key"]
    assert "does not open" in elsewhere.fails("restore", file)
    key = elsewhere.fine("restore", "--new-key").strip()
    assert "copy it there" in organiser.fine("reseal", file, "--identity", identity, "--to", key)
    output = elsewhere.fine("restore", f"{file}.resealed")
    assert "never-write list is applied" in output
    assert "There is no organiser here" in output
    assert elsewhere.fine("audit") == "All numbers agree.\n"
    assert "does not open" in elsewhere.fails("restore", f"{file}.resealed", "--yes"), "the key is gone"
    elsewhere.fine("close", "--yes")
    assert "Signing has ended" in elsewhere.fails("restore", file, "--identity", identity)
