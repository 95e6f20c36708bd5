"""Heads: only entries that have waited, never a fork, and what the operator is told when the log stands still."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from petition.campaign.witnesses import Witnesses
from petition.core.database.connection import LOCKS, Connection
from petition.core.database.database import open_database
from petition.core.errors import DatabaseError
from petition.core.log_keys import make_log_key
from petition.core.settings import Mode, Settings
from petition.log import adopting, audit, checks, cosignatures, ending, heads, note_keys, notes, store
from petition.log.client.sources import open_source
from petition.log.errors import LogError
from petition.log.folder import Folder
from petition.log.heads import Signer, StandsStill
from petition.log.keeper import Keeper
from petition.log.note_keys import LogKey
from petition.log.store import New
from petition.site import Site, open_site
from tests.conftest import LOG_KEY, Clock
from tests.core.database import locking
from tests.log.conftest import VKEY, Forget, Kept, read_head, read_log
from tests.tally.publishing import change

OTHER_KEY = make_log_key("demo.localhost/log")


async def _grown(kept: Kept, releases: int = 2) -> None:
    await kept.work()
    for _ in range(releases):
        await change(kept.site.database, "PL", 20)
        await kept.later(minutes=2)


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
    await _grown(kept)

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
        news = [New({"kind": "rule", "name": f"r{i}", "value": f"{n}"}) for i in range(201)]
        async with kept.site.database.reading() as c:
            after = int((await store.read_ends(c))["entries"])
        await kept.site.database.own_transaction(partial(store.append, news=news, after=after))
        await kept.later(minutes=2)
    assert len(kept.published()) > 800
    parts = {str(part.relative_to(kept.folder)) for part in kept.folder.glob("tile/**/*.p")}
    assert parts == {"tile/0/002.p", "tile/0/003.p", "tile/1/000.p", "tile/entries/002.p", "tile/entries/003.p"}
    assert {oct(file.stat().st_mode)[-3:] for file in kept.folder.rglob("*")} == {"644", "755"}, "any web server may"
    assert kept.forks() == 0


async def test_a_new_machine_writes_the_files_from_the_database(kept: Kept, tmp_path: Path) -> None:
    """Without the key, too."""
    await _grown(kept)
    copy = replace(kept.site, settings=replace(kept.site.settings, var=tmp_path / "other", log_keys=()))
    await Keeper(copy).work()
    assert (tmp_path / "other/log/checkpoint").read_text("utf-8") == kept.checkpoint()
    assert read_log(tmp_path / "other/log") == kept.published()


async def test_an_older_database_is_noticed_and_nothing_is_appended_until_it_is_adopted(
    kept: Kept, forget: Forget
) -> None:
    await _grown(kept)
    published = kept.published()
    await forget("log_heads", "below > 8")
    await forget("log_entries", "n > 7")
    kept = _restarted(kept)
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


def _restarted(kept: Kept) -> Kept:
    again = Kept(kept.site, kept.time)
    again.seen = kept.seen
    return again


async def test_other_entries_at_published_places_are_never_signed(kept: Kept, forget: Forget) -> None:
    await _grown(kept)
    size, published = kept.head().size, kept.published()
    await forget("log_heads", "below > 8")
    await forget("log_entries", "n > 7")
    for _ in range(size):  # as if another server had gone on
        async with kept.site.database.reading() as c:
            after = int((await store.read_ends(c))["entries"])
        new = New({"kind": "rule", "name": "other", "value": f"{after}"})
        await kept.site.database.own_transaction(partial(store.append, news=[new], after=after))
    kept = _restarted(kept)
    await kept.later(minutes=2)
    assert "is another one than was signed (by this machine" in await kept.stands()
    with pytest.raises(StandsStill, match="other entries at places that were published"):
        await adopting.adopt(kept.site.database, kept.site.settings, adopting.own_source(kept.site.settings))
    assert kept.published() == published
    async with kept.site.database.reading() as c:
        found = await audit.find_disagreements(c, kept.site.settings)
    assert any("another one than was signed" in sentence for sentence in found)


async def test_a_damaged_folder_is_told_and_never_overwritten(kept: Kept) -> None:
    await _grown(kept)
    file = next(kept.folder.glob(f"tile/0/000.p/{kept.head().size}"))
    file.write_bytes(bytes(len(file.read_bytes())))
    (kept.folder / "checkpoint").unlink()  # so that the file is written again
    kept = _restarted(kept)
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
    await _grown(kept)
    await forget("log_heads", "below > 8")
    await forget("log_entries", "n > 7")
    keeper = Keeper(site)
    for _ in range(3):
        await keeper.work()
    (text,) = told
    assert text.startswith("The public log stands still; people sign as before.")


async def test_a_failover_that_lost_the_newest_entries_forks_nothing(kept: Kept, forget: Forget) -> None:
    """They have waited for less than the grace: nobody has seen them, so other entries may take their places."""
    await _grown(kept)
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
    kept = _restarted(kept)
    for _ in range(3):
        await kept.later(minutes=2)
    assert await kept.stands() == ""
    assert kept.forks() == 0
    assert kept.head().size > len(waiting)


# --- keys


def _with_keys(kept: Kept, *keys: str) -> Kept:
    site = replace(kept.site, settings=replace(kept.site.settings, log_keys=keys))
    again = Kept(site, kept.time)
    again.seen = kept.seen
    return again


async def test_a_key_is_rotated(kept: Kept) -> None:
    await _grown(kept, 1)
    kept = _with_keys(kept, OTHER_KEY, LOG_KEY)
    await kept.later(minutes=2)
    await kept.later(minutes=2)
    new = LogKey.parse(OTHER_KEY).vkey
    assert read_head(kept.checkpoint(), VKEY) == read_head(kept.checkpoint(), new)
    kept = _with_keys(kept, OTHER_KEY)
    await kept.later(minutes=2)
    await kept.later(minutes=2)
    states = [(entry["vkey"], entry["state"]) for entry in await kept.of_kind("key")]
    assert states == [(new, "added"), (VKEY, "retired")]
    assert read_head(kept.checkpoint(), new).size == len(await kept.entries())
    with pytest.raises(LogError):
        read_head(kept.checkpoint(), VKEY)
    assert (kept.folder / "vkey").read_text() == f"{new}\n"
    assert kept.forks() == 0
    assert await kept.stands() == ""


async def test_another_key_signs_nothing(kept: Kept) -> None:
    await _grown(kept, 1)
    before = kept.checkpoint()
    for key, said in ((OTHER_KEY, "has none of the keys"), (make_log_key("x/log"), "is the key of x/log")):
        stranger = _with_keys(kept, key)
        await change(kept.site.database, "PL", 20)
        await stranger.later(minutes=2)
        assert said in await stranger.stands()
        assert kept.checkpoint() == before
    await kept.later(minutes=2)
    assert await kept.stands() == ""


async def test_after_a_lost_key_another_log_begins_and_names_the_old_one(kept: Kept) -> None:
    await _grown(kept, 1)
    old, note = kept.published(), kept.checkpoint()
    key = make_log_key("demo.localhost/log2")
    kept = _with_keys(kept, key)
    await kept.work()
    await kept.site.database.own_transaction(partial(store.begin, settings=kept.site.settings))
    with pytest.raises(LogError, match="already"):
        await kept.site.database.own_transaction(partial(store.begin, settings=kept.site.settings))
    for _ in range(2):
        await kept.later(minutes=2)
    assert await kept.stands() == ""
    vkey = LogKey.parse(key).vkey
    first, *rest = read_log(kept.folder, vkey)
    assert (first["origin"], first["previous_origin"]) == ("demo.localhost/log2", "demo.localhost/log")
    assert first["previous_size"] == len(old)
    assert first["previous_root"] == note.split("\n")[2]
    assert {"software", "appeal", "rule", "release"} <= {entry["kind"] for entry in rest}, "all of it again"
    assert read_log(kept.folder / "before/log") == old
    assert (kept.folder / "before/log/checkpoint").read_text("utf-8") == note
    async with kept.site.database.reading() as c:
        assert await audit.find_disagreements(c, kept.site.settings) == []


async def test_a_killed_change_of_logs_is_done_again_in_a_folder_that_is_a_link(kept: Kept) -> None:
    await _grown(kept, 1)
    note, nginx = kept.checkpoint(), kept.folder.with_name("nginx")
    kept.folder.rename(nginx)
    kept.folder.symlink_to(nginx)
    kept = _with_keys(kept, make_log_key("demo.localhost/log2"))
    await kept.site.database.own_transaction(partial(store.begin, settings=kept.site.settings))
    (nginx / "before/log").mkdir(parents=True)
    (nginx / "tile").rename(nginx / "before/log/tile")  # and then it was killed
    await kept.later(minutes=2)
    assert kept.folder.is_symlink()
    assert read_log(nginx / "before/log", VKEY)
    assert (kept.folder / "before/log/checkpoint").read_text("utf-8") == note
    assert kept.checkpoint().startswith("demo.localhost/log2\n")


async def test_production_begins_a_log_only_if_a_person_says_so(kept: Kept) -> None:
    """A new machine that waits for its backup must not begin another log under the same key."""
    site = replace(kept.site, settings=replace(kept.site.settings, mode=Mode.PRODUCTION))
    real = Kept(site, kept.time)
    await real.later(minutes=2)
    assert await real.entries() == []
    said = await checks.check_log(site.settings)
    assert said.what == ""  # the database is that of a demo: another line says so
    await site.database.own_transaction(partial(store.begin, settings=site.settings))
    await real.later(minutes=20)
    assert (await real.entries())[0]["kind"] == "log"


# --- bringing back


async def test_a_mirror_brings_back_what_a_burnt_machine_had_signed(
    kept: Kept, settings: Settings, empty_database_url: str, tmp_path: Path
) -> None:
    await _grown(kept)
    shutil.copytree(kept.folder, tmp_path / "mirror" / "log")
    published = kept.published()
    new = replace(settings, database_url=empty_database_url, var=tmp_path / "new")
    async with open_site(new, migrate=True) as site:
        source = open_source(str(tmp_path / "mirror"))
        assert await adopting.adopt(site.database, new, source) == len(published)
        again = Kept(site, kept.time)
        again.seen = kept.seen
        await again.later(minutes=2)
        assert await again.stands() == ""
        assert again.published()[: len(published)] == published
        assert again.forks() == 0
        async with site.database.reading() as c:
            files = await c.all("log.files")
        assert {row["sha256"] for row in files} >= set(published[2]["texts"].values())


@pytest.mark.parametrize("broken", ["tile/entries", "checkpoint"])
async def test_a_copy_that_is_not_ours_is_not_adopted(kept: Kept, tmp_path: Path, forget: Forget, broken: str) -> None:
    await _grown(kept)
    shutil.copytree(kept.folder, tmp_path / "copy")
    if broken == "checkpoint":
        key = note_keys.LogKey.parse(make_log_key("demo.localhost/log"))
        (tmp_path / "copy/checkpoint").write_text(notes.sign_head(kept.head(), [key]), "utf-8")
    else:
        file = tmp_path / "copy" / f"tile/entries/000.p/{kept.head().size}"
        file.write_bytes(file.read_bytes().replace(b"release", b"releasE", 1))
    await forget("log_heads", "below > 8")
    await forget("log_entries", "n > 7")
    with pytest.raises(LogError):
        await adopting.adopt(kept.site.database, kept.site.settings, open_source(str(tmp_path / "copy")))
    assert len(await kept.entries()) == 8


async def test_two_servers_append_and_sign_once(postgresql_settings: Settings, tmp_path: Path, time: Clock) -> None:
    """One has the key; each has its own folder. What strangers get from both is one log."""
    import asyncio

    first = replace(postgresql_settings, log_keys=(LOG_KEY,), var=tmp_path / "a")
    second = replace(postgresql_settings, var=tmp_path / "b")
    async with open_site(first) as one, open_site(second) as two:
        a, b = Kept(one, time), Kept(two, time)
        for _ in range(6):
            await change(one.database, "PL", 20)
            time.advance(minutes=2)
            await asyncio.gather(one.take_snapshot(), two.take_snapshot())
            for seconds in (61, 31, 601):
                time.advance(seconds=seconds)
                await asyncio.gather(a.work(), b.work())
        await asyncio.gather(a.work(), b.work())
        assert a.published() == b.published()
        releases = [entry["at"] for entry in await a.of_kind("release")]
        assert len(releases) == len(set(releases)) >= 6
        assert a.forks() == b.forks() == 0
        assert await a.stands() == ""


async def test_one_process_of_a_machine_keeps_the_log(kept: Kept) -> None:
    folder = Folder(kept.site.settings.var)
    with folder.turn() as ours:
        assert ours
        await kept.work()
        assert await kept.entries() == []
    await kept.work()
    assert await kept.entries() != []


async def test_a_rolled_back_transaction_of_signing_leaves_no_head(site: Site, time: Clock) -> None:
    kept = Kept(site, time)
    await kept.work()
    time.advance(minutes=11)
    async with open_database(site.settings.database_url) as database:
        signer = Signer(database, site.settings)
        assert await signer.sign("")
        assert not await signer.sign("")
    async with site.database.reading() as c:
        assert await c.count_rows("log_heads") == 1


async def test_all_that_writes_to_the_log_takes_tables_in_the_order(
    postgresql_settings: Settings, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = replace(postgresql_settings, log_keys=(LOG_KEY,))
    witness = note_keys.make_key("witness.example/w", note_keys.WITNESS)
    with locking.noted(monkeypatch) as transactions:
        async with open_site(made) as site:
            kept = Kept(site, time)
            await kept.work()
            await kept.later(minutes=2)
            await adopting.adopt(site.database, made, adopting.own_source(made))
            note = notes.cosign(kept.checkpoint(), witness, 5)
            witnesses = Witnesses((witness.vkey,), 1)
            await site.database.own_transaction(partial(cosignatures.add, opened=cosignatures.read(note, witnesses)))
            await kept.later(days=3)
            await ending.destroy(made, everything=True)
    assert [tables for tables in transactions if tables != sorted(tables, key=LOCKS.index)] == []
    assert {table for table in LOCKS if table.startswith("log_")} <= {t for tables in transactions for t in tables}
