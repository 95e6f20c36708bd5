"""Keys of the log: another one, a new one beside the old one, a lost one."""

from dataclasses import replace
from functools import partial

import pytest

from petition.core.log_keys import make_log_key
from petition.core.settings import Mode
from petition.log import audit, checks, store
from petition.log.errors import LogError
from petition.log.note_keys import LogKey
from tests.conftest import LOG_KEY
from tests.log.conftest import VKEY, Kept, read_head, read_log
from tests.tally.publishing import change

OTHER_KEY = make_log_key("demo.localhost/log")


async def test_a_key_is_rotated(kept: Kept) -> None:
    await kept.grow(1)
    kept = kept.restarted(OTHER_KEY, LOG_KEY)
    await kept.later(minutes=2)
    await kept.later(minutes=2)
    new = LogKey.parse(OTHER_KEY).vkey
    assert read_head(kept.checkpoint(), VKEY) == read_head(kept.checkpoint(), new)
    kept = kept.restarted(OTHER_KEY)
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
    await kept.grow(1)
    before = kept.checkpoint()
    for key, said in ((OTHER_KEY, "has none of the keys"), (make_log_key("x/log"), "is the key of x/log")):
        stranger = kept.restarted(key)
        await change(kept.site.database, "PL", 20)
        await stranger.later(minutes=2)
        assert said in await stranger.stands()
        assert kept.checkpoint() == before
    await kept.later(minutes=2)
    assert await kept.stands() == ""


async def test_after_a_lost_key_another_log_begins_and_names_the_old_one(kept: Kept) -> None:
    await kept.grow(1)
    old, note = kept.published(), kept.checkpoint()
    key = make_log_key("demo.localhost/log2")
    kept = kept.restarted(key)
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
    await kept.grow(1)
    note, nginx = kept.checkpoint(), kept.folder.with_name("nginx")
    kept.folder.rename(nginx)
    kept.folder.symlink_to(nginx)
    kept = kept.restarted(make_log_key("demo.localhost/log2"))
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
