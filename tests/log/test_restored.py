"""A database from a backup may have less than strangers have seen: its log gets nothing until somebody looked."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from petition.core.settings import Settings
from petition.log import ending, server_commands
from petition.log.errors import LogError
from petition.log.heads import StandsStill
from petition.retention import backup
from petition.site import Site, open_site
from tests.conftest import IDENTITY, make_settings
from tests.log.conftest import Forget, Kept
from tests.tally.publishing import change


async def _grow(kept: Kept) -> None:
    for country in ("PL", "DE"):
        await change(kept.site.database, country, 40)
        await kept.later(hours=6)


async def _back_up(kept: Kept, file: Path) -> Path:
    await backup.write_backup(kept.site.database, kept.site.settings, file)
    return file


def _new_machine(kept: Kept, url: str, folder: Path) -> Settings:
    made = make_settings(url, folder, log_keys=kept.site.settings.log_keys)
    return replace(made, mode=kept.site.settings.mode)


async def _restore(site: Site, file: Path, *, organisers: bool) -> None:
    await backup.restore_backup(site.database, site.settings, [IDENTITY], file, organisers=organisers)


@pytest.mark.parametrize("again", [False, True], ids=["once", "and once more, with organisers"])
async def test_a_new_machine_signs_nothing_after_a_restore(
    kept: Kept, empty_database_url: str, tmp_path: Path, again: bool
) -> None:
    await _grow(kept)
    file = await _back_up(kept, tmp_path / "backup")
    async with open_site(_new_machine(kept, empty_database_url, tmp_path / "new"), migrate=True) as site:
        await _restore(site, file, organisers=False)
        if again:
            await _restore(site, file, organisers=True)
        new = Kept(site, kept.time)
        before = await new.entries()
        await change(site.database, "PL", 70)
        await new.later(hours=6)
        assert "comes from a backup" in await new.stands()
        assert await new.entries() == before
        assert new.checkpoint() == ""
        with pytest.raises(StandsStill):
            await server_commands.audit(site.settings, Namespace())
        await ending.destroy(site.settings, everything=True)
        assert await new.entries() == before
        assert new.checkpoint() == ""


async def test_a_backup_from_before_the_log_begins_none_unasked(
    kept: Kept, empty_database_url: str, tmp_path: Path
) -> None:
    file = await _back_up(kept, tmp_path / "backup")
    await _grow(kept)
    async with open_site(_new_machine(kept, empty_database_url, tmp_path / "new"), migrate=True) as site:
        await _restore(site, file, organisers=False)
        with pytest.raises(LogError, match="adopt --none"):
            await server_commands.begin(site.settings, Namespace(lost_key=False, yes=True, dry_run=False))


async def test_what_lacks_published_entries_is_not_added_to(kept: Kept, forget: Forget) -> None:
    await _grow(kept)
    await forget("log_heads", "below > 8")
    await forget("log_entries", "n > 7")
    before = await kept.entries()
    with pytest.raises(StandsStill, match="petition log adopt"):
        await server_commands.audit(kept.site.settings, Namespace())
    await ending.destroy(kept.site.settings, everything=False)
    assert await kept.entries() == before
