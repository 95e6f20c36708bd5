"""A checkpoint on the disk that is no text any more: each command says so, and the panic button still works."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from petition.core.log_keys import DESTROYED
from petition.log import audit, ending, server_commands
from petition.log.errors import LogError
from tests.conftest import LOG_KEY
from tests.log.conftest import Kept


@pytest.fixture
async def damaged(kept: Kept) -> Kept:
    await kept.grow(1)
    (kept.folder / "checkpoint").write_bytes(b"\xff\n")
    return kept


async def test_a_damaged_checkpoint_does_not_save_the_key(damaged: Kept, tmp_path: Path) -> None:
    file = tmp_path / "log_key"
    file.write_text(LOG_KEY)
    await ending.destroy(replace(damaged.site.settings, log_key_file=file), everything=True)
    assert file.read_text().startswith(DESTROYED)


async def test_the_audit_says_that_the_checkpoint_is_damaged(damaged: Kept) -> None:
    async with damaged.site.database.reading() as c:
        assert len(await audit.find_disagreements(c, damaged.site.settings)) == 1


async def test_begin_and_adopt_say_that_the_checkpoint_is_damaged(damaged: Kept) -> None:
    options = Namespace(lost_key=True, none=False, source="", yes=True, dry_run=False)
    for verb in (server_commands.begin, server_commands.adopt):
        with pytest.raises(LogError):
            await verb(damaged.site.settings, options)
