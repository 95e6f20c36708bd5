"""Entries that the database has lost come back: from the machine's own files, or from a mirror."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from petition.core.log_keys import make_log_key
from petition.core.settings import Settings
from petition.log import adopting, note_keys, notes
from petition.log.client.sources import open_source
from petition.log.errors import LogError
from petition.site import open_site
from tests.log.conftest import Forget, Kept


async def test_a_mirror_brings_back_what_a_burnt_machine_had_signed(
    kept: Kept, settings: Settings, empty_database_url: str, tmp_path: Path
) -> None:
    await kept.grow()
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
    await kept.grow()
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
