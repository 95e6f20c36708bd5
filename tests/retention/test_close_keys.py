"""Closing destroys keys on every machine. Where it cannot, it says so, and a later call does the rest."""

import asyncio
from pathlib import Path

import pytest

from petition.core.errors import KeysError
from petition.retention import close
from petition.site import Site
from tests.conftest import Clock
from tests.mail.delivering import sign, waiting
from tests.mail.test_outbox import make_server_keys
from tests.web.tools import on_sqlite


def _key(file: Path) -> str:
    return file.read_text("utf-8")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The file of the key that hashed everybody."""
    file = tmp_path / "email-key"
    file.write_text("the key that hashed everybody", "utf-8")
    return file


async def test_a_key_that_cannot_be_destroyed_is_told_of_and_destroyed_later(
    site: Site, time: Clock, key_file: Path
) -> None:
    await sign(site)
    with pytest.raises(KeysError, match="PETITION_EMAIL_KEY cannot be replaced"):
        await close.close_signing(site.database, site.server_keys, key_file.parent)  # a folder, not a file
    assert await waiting(site) == 0
    assert site.server_keys.outbox.key_names() == []
    time.advance(days=1)
    await close.close_signing(site.database, site.server_keys, key_file)
    assert "everybody" not in _key(key_file)


async def test_every_machine_destroys_its_own_keys(site: Site, time: Clock, key_file: Path, tmp_path: Path) -> None:
    elsewhere, other_key = make_server_keys(tmp_path / "elsewhere"), tmp_path / "other-key"
    other_key.write_text("the same key on another machine", "utf-8")
    elsewhere.outbox.encrypt("a mail")
    await close.close_signing(site.database, site.server_keys, key_file)
    time.advance(hours=1)
    await close.close_signing(site.database, elsewhere, other_key)
    assert elsewhere.outbox.key_names() == []
    assert "same key" not in _key(other_key)


@on_sqlite
async def test_a_replaced_key_is_overwritten_where_it_lies(site: Site, key_file: Path, tmp_path: Path) -> None:
    same = tmp_path / "same-place-on-the-disk"
    same.hardlink_to(key_file)
    await close.close_signing(site.database, site.server_keys, key_file)
    assert same.samefile(key_file)
    assert "everybody" not in _key(same)
    assert len(_key(key_file)) >= 32, "the site still starts"


@on_sqlite
@pytest.mark.parametrize("held", ["", "\u00ff is no UTF-8", "x" * 10_000])
async def test_whatever_the_file_held_is_gone(held: str, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "key"
    await asyncio.to_thread(file.write_text, held, "latin-1")
    await close.close_signing(site.database, site.server_keys, file)
    assert _key(file).startswith("after-closing-")
    assert "x" * 32 not in _key(file)


@on_sqlite
async def test_mail_to_organisers_after_the_end_keeps_its_key(site: Site, time: Clock, key_file: Path) -> None:
    await close.close_signing(site.database, site.server_keys, key_file)
    time.advance(hours=1)
    name, sealed = site.server_keys.outbox.encrypt("a login link")
    await close.close_signing(site.database, site.server_keys, key_file)
    assert site.server_keys.outbox.decrypt(name, sealed) == "a login link"
