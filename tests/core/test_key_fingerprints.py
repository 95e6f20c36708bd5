"""A database knows the keys that it was made with, and is opened with no others."""

from dataclasses import replace
from functools import partial

import pytest

from petition.core.database import database as db
from petition.core.database import state
from petition.core.errors import KeysError
from petition.core.key_fingerprints import DESK_KEY, EMAIL_KEY, find_fault, fingerprint
from petition.core.settings import Settings
from petition.retention import close, destroy
from petition.retention.destroy import Scope
from petition.site import Site, open_site
from tests.conftest import Visitor, add_organiser
from tests.web.tools import on_sqlite

OTHER = "another-key-of-more-than-thirty-two-characters"


async def _opens(settings: Settings) -> None:
    async with open_site(settings):
        pass


async def _known(site: Site, name: str) -> str | None:
    async with site.database.reading() as c:
        return await state.get(c, name)


async def test_another_email_key_is_refused(visitor: Visitor, settings: Settings) -> None:
    """Before, the same people signed again with it and were counted twice."""
    await visitor.confirmed("anna@example.net")
    with pytest.raises(KeysError, match="another PETITION_EMAIL_KEY than the one in the environment: put the old one"):
        await _opens(replace(settings, email_key=OTHER))
    await _opens(settings)


async def test_another_desk_key_is_refused(site: Site, settings: Settings) -> None:
    await add_organiser(site, "marta")
    for other in (replace(settings, desk_keys=(OTHER,)), replace(settings, desk_keys=(OTHER, f"{OTHER}2"))):
        with pytest.raises(KeysError, match="another PETITION_DESK_KEY than the one in the settings: put the old one"):
            await _opens(other)
    with pytest.raises(KeysError, match="here PETITION_SECRET_KEY stands in for it"):
        await _opens(replace(settings, desk_keys=settings.secret_keys))
    await _opens(settings)


@on_sqlite
async def test_the_sentence_names_the_file(visitor: Visitor, settings: Settings) -> None:
    await visitor.sign("anna@example.net")
    file = settings.var / "email_key"
    with pytest.raises(KeysError, match=f"than the one in {file}: "):
        await _opens(replace(settings, email_key=OTHER, email_key_file=file))


@on_sqlite
async def test_desk_keys_are_rotated_step_by_step(site: Site, settings: Settings) -> None:
    await add_organiser(site, "marta")
    (old,) = settings.desk_keys
    for keys in ((OTHER, old), (old,), (OTHER, old), (OTHER,)):
        await _opens(replace(settings, desk_keys=keys))
    assert await _known(site, DESK_KEY) == fingerprint(DESK_KEY, OTHER)
    with pytest.raises(KeysError, match="PETITION_DESK_KEY"):
        await _opens(settings)


@on_sqlite
async def test_the_secret_key_may_be_replaced(site: Site, settings: Settings) -> None:
    await add_organiser(site, "marta")
    await _opens(replace(settings, secret_keys=(OTHER,)))


async def test_as_long_as_nobody_depends_on_the_keys_they_may_change(site: Site, settings: Settings) -> None:
    """A new machine that was started with new keys gets the old ones, for the restore."""
    assert await _known(site, EMAIL_KEY) == fingerprint(EMAIL_KEY, settings.email_key)
    await _opens(replace(settings, email_key=OTHER, desk_keys=(OTHER,)))
    assert await _known(site, EMAIL_KEY) == fingerprint(EMAIL_KEY, OTHER)
    await _opens(settings)


@on_sqlite
async def test_a_machine_that_runs_depends_on_them(site: Site, settings: Settings) -> None:
    await site.machine.refresh()
    with pytest.raises(KeysError, match="PETITION_EMAIL_KEY"):
        await _opens(replace(settings, email_key=OTHER))
    await site.machine.leave()
    await _opens(replace(settings, email_key=OTHER))


@on_sqlite
async def test_a_database_that_knows_none_learns_them_once(visitor: Visitor, settings: Settings) -> None:
    await visitor.confirmed("anna@example.net")
    for name in (EMAIL_KEY, DESK_KEY):
        await visitor.site.database.write(partial(state.delete, name=name))
    await _opens(settings)
    with pytest.raises(KeysError, match="PETITION_EMAIL_KEY"):
        await _opens(replace(settings, email_key=OTHER))


async def test_after_the_end_any_email_key_will_do(visitor: Visitor, settings: Settings) -> None:
    await visitor.confirmed("anna@example.net")
    await close.close_signing(visitor.site.database, visitor.site.server_keys, None)
    assert await _known(visitor.site, EMAIL_KEY) is None
    await _opens(replace(settings, email_key=OTHER))
    assert await _known(visitor.site, EMAIL_KEY) is None


@on_sqlite
async def test_a_key_that_was_destroyed_while_the_database_was_away_opens_it(
    visitor: Visitor, settings: Settings
) -> None:
    """So that the next pruning ends what was begun."""
    await visitor.confirmed("anna@example.net")
    await _opens(replace(settings, email_key="after-closing-" + "x" * 48))
    assert await _known(visitor.site, EMAIL_KEY) == fingerprint(EMAIL_KEY, settings.email_key)


@pytest.mark.parametrize("scope", Scope)
async def test_the_panic_button_works_with_any_keys(scope: Scope, visitor: Visitor, settings: Settings) -> None:
    await visitor.confirmed("anna@example.net")
    file = settings.var / "email_key"
    file.parent.mkdir(exist_ok=True)
    file.write_text(OTHER, "utf-8")
    other = replace(settings, email_key=OTHER, desk_keys=(OTHER,), email_key_file=file)
    assert await destroy.destroy_scope(other, scope) == []
    if scope is not Scope.OUTBOX:
        assert file.read_text("utf-8").startswith("after-closing-")
        async with visitor.site.database.reading() as c:
            assert await c.execute("select * from signatures") == []
            assert await find_fault(c, replace(settings, email_key=OTHER)) == ""


@on_sqlite
async def test_no_key_and_no_address_is_in_the_row(visitor: Visitor, settings: Settings) -> None:
    assert fingerprint(EMAIL_KEY, settings.email_key) != fingerprint(DESK_KEY, settings.email_key)
    async with db.open_database(settings.database_url) as database, database.reading() as c:
        rows = str(await c.execute("select * from site_state"))
    assert settings.email_key not in rows
    assert settings.desk_keys[0] not in rows
