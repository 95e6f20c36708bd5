"""Closing destroys keys on every machine, and says so where a key cannot be: a later call does what is left."""

from pathlib import Path

import pytest

from petition import retention
from petition.errors import KeysError
from petition.site import Site
from tests.conftest import Clock
from tests.delivering import sign, waiting
from tests.test_outbox import make_vault
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
        await retention.close(site.database, site.vault, key_file.parent)  # a folder, not a file
    assert await waiting(site) == 0
    assert site.vault.outbox.names() == []
    time.advance(days=1)
    await retention.close(site.database, site.vault, key_file)
    assert "everybody" not in _key(key_file)


async def test_every_machine_destroys_its_own_keys(site: Site, time: Clock, key_file: Path, tmp_path: Path) -> None:
    elsewhere, other_key = make_vault(tmp_path / "elsewhere"), tmp_path / "other-key"
    other_key.write_text("the same key on another machine", "utf-8")
    elsewhere.outbox.seal("a mail")
    await retention.close(site.database, site.vault, key_file)
    time.advance(hours=1)
    await retention.close(site.database, elsewhere, other_key)
    assert elsewhere.outbox.names() == []
    assert "same key" not in _key(other_key)


@on_sqlite
async def test_mail_to_organisers_after_the_end_keeps_its_key(site: Site, time: Clock, key_file: Path) -> None:
    await retention.close(site.database, site.vault, key_file)
    time.advance(hours=1)
    name, sealed = site.vault.outbox.seal("a login link")
    await retention.close(site.database, site.vault, key_file)
    assert site.vault.outbox.open(name, sealed) == "a login link"
