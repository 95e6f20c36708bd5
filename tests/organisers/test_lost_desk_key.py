"""A desk key that is lost for good: factors that nothing opens go, and the site opens with the new key."""

from dataclasses import replace
from functools import partial

import pytest

from petition.core.errors import KeysError
from petition.core.settings import Settings
from petition.organisers import lost_desk_key
from petition.site import open_site
from tests.conftest import Clock, Visitor
from tests.web.tools import set_up_codes

OTHER = "another-key-of-more-than-thirty-two-characters"


async def _forget(visitor: Visitor, settings: Settings) -> None:
    forget = partial(lost_desk_key.forget, settings=settings)
    await visitor.site.database.own_transaction(forget, locking=lost_desk_key.LOCKED)


async def _count(visitor: Visitor, table: str) -> int:
    async with visitor.site.database.reading() as c:
        return len(await c.execute(f"select * from {table}"))


async def test_factors_sessions_and_links_go_and_the_new_key_is_known(
    visitor: Visitor, settings: Settings, time: Clock
) -> None:
    for nickname in ("marta", "vera"):
        await visitor.organiser(nickname)
        await set_up_codes(visitor)
        visitor.client.cookies.clear()
    other = replace(settings, desk_keys=(OTHER,))
    with pytest.raises(KeysError, match="nothing is lost"):
        await _forget(visitor, settings)
    assert await _count(visitor, "factors") == 2
    await _forget(visitor, other)
    assert [await _count(visitor, table) for table in ("factors", "sessions", "organisers")] == [0, 0, 2]
    async with open_site(other):
        pass
    with pytest.raises(KeysError, match="another PETITION_DESK_KEY"):
        async with open_site(settings):
            pass
