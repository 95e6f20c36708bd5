"""The one-time key of a restore: for its owner's eyes, for a day, for one restore."""

from pathlib import Path

import pytest
from pyrage import x25519

from petition.core.errors import KeysError
from petition.core.settings import Settings
from petition.retention import destroy
from petition.retention.destroy import Scope
from petition.retention.restore_key import RestoreKey
from petition.site import Site
from tests.conftest import Clock
from tests.web.tools import on_sqlite


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox-keys"


def _opens(key: RestoreKey, recipient: str) -> bool:
    found: x25519.Identity | None = key.find()
    return found is not None and str(found.to_public()) == recipient


def test_it_is_for_its_owner_alone_and_a_new_one_replaces_it(folder: Path, time: Clock) -> None:
    key = RestoreKey(folder)
    assert key.find() is None
    first = key.make()
    (file,) = folder.iterdir()
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    time.advance(hours=1)
    second = key.make()
    assert not _opens(key, first)
    assert _opens(RestoreKey(folder), second)
    key.destroy()
    assert list(folder.iterdir()) == []


def test_it_is_overwritten_before_it_is_unlinked(folder: Path, tmp_path: Path, time: Clock) -> None:
    key = RestoreKey(folder)
    key.make()
    (file,) = folder.iterdir()
    (tmp_path / "second-name").hardlink_to(file)
    key.destroy()
    assert "AGE-SECRET-KEY" not in (tmp_path / "second-name").read_text()


def test_it_dies_after_a_day(folder: Path, time: Clock) -> None:
    key = RestoreKey(folder)
    recipient = key.make()
    time.advance(hours=23)
    assert _opens(key, recipient)
    time.advance(hours=1)
    assert key.find() is None
    assert list(folder.iterdir()) == []


@on_sqlite
async def test_pruning_and_the_panic_button_destroy_it(site: Site, settings: Settings, time: Clock) -> None:
    key = RestoreKey(settings.outbox_keys)
    key.make()
    await site.prune()
    assert key.find() is not None
    time.advance(days=1)
    await site.prune()
    assert list(settings.outbox_keys.glob("*.restore")) == []
    key.make()
    assert await destroy.destroy_scope(settings, Scope.OUTBOX) == []
    assert list(settings.outbox_keys.iterdir()) == []
    (settings.outbox_keys / "00000000001.restore").mkdir()
    (sentence,) = await destroy.destroy_scope(settings, Scope.OUTBOX)
    assert sentence == "A key in the folder of PETITION_OUTBOX_KEYS cannot be overwritten: destroy it."


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeysError, match="PETITION_OUTBOX_KEYS cannot be used"):
        RestoreKey(tmp_path / "file").make()
