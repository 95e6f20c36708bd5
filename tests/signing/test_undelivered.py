"""Emails that never arrive: people may ask again, each is given back once, and no row tells of it."""

import asyncio
from functools import partial

import pytest

from petition.core.database.connection import Row
from petition.core.tokens import Purpose
from petition.signing import undelivered
from petition.site import Site
from tests.adversary.joins import copy_tables, dated_signatures
from tests.conftest import Clock, Visitor

ANNA = "anna@example.net"
KINDS = {"confirm": "submissions", "manage": "links"}


async def _ask(visitor: Visitor, kind: str, times: int = 1) -> int:
    """Somebody fills in the form for Anna; how many emails she gets."""
    before = len(visitor.smtp.to(ANNA))
    for _ in range(times):
        await (visitor.sign(ANNA) if kind == "confirm" else visitor.post("/en/manage", email=ANNA))
    await visitor.deliver()
    return len(visitor.smtp.to(ANNA)) - before


async def _row_id(visitor: Visitor, kind: str) -> str:
    """Of the newest email to Anna."""
    path = await visitor.link(ANNA, kind)
    return visitor.site.read_link(Purpose(kind), path.rpartition("/")[2]).row_id


async def _give_back(site: Site, *ids: str) -> int:
    return await site.database.write(partial(undelivered.give_back_quota, server_keys=site.server_keys, ids=list(ids)))


async def _rows(site: Site, table: str) -> list[Row]:
    return (await copy_tables(site.database))[table]


@pytest.mark.parametrize(("kind", "per_day"), [("confirm", 3), ("manage", 2)])
async def test_who_waits_for_an_email_that_never_arrives_may_ask_again(
    kind: str, per_day: int, visitor: Visitor, time: Clock
) -> None:
    assert await _ask(visitor, kind, 5) == per_day
    assert await _give_back(visitor.site, await _row_id(visitor, kind)) == 1
    assert await _ask(visitor, kind, 5) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_an_email_is_given_back_once_however_many_ask(kind: str, visitor: Visitor, time: Clock) -> None:
    await _ask(visitor, kind, 5)
    row_id = await _row_id(visitor, kind)
    rivals = [_give_back(visitor.site, row_id, row_id) for _ in range(3)]
    assert sum(await asyncio.gather(*rivals)) == 1
    assert await _give_back(visitor.site, row_id) == 0
    assert await _ask(visitor, kind, 5) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_the_others_and_the_link_are_left_alone(kind: str, visitor: Visitor, time: Clock) -> None:
    other = "manage" if kind == "confirm" else "confirm"
    await _ask(visitor, kind, 5)
    link = await visitor.link(ANNA, kind)
    await _ask(visitor, other, 5)
    await _give_back(visitor.site, visitor.site.read_link(Purpose(kind), link.rpartition("/")[2]).row_id, "of nobody")
    assert await _ask(visitor, other, 1) == 0
    assert (await visitor.get(link)).status_code == 200


async def test_never_more_arrive_than_the_limit_whichever_are_given_back(visitor: Visitor, time: Clock) -> None:
    """Of six emails in a fortnight an old one never arrived. What arrived lately counts on."""
    await _ask(visitor, "confirm", 3)
    lost = await _row_id(visitor, "confirm")
    time.advance(days=2)
    assert await _ask(visitor, "confirm", 3) == 3
    assert await _ask(visitor, "confirm") == 0
    assert await _give_back(visitor.site, lost) == 1
    assert await _ask(visitor, "confirm") == 0, "three of today have arrived"
    time.advance(days=1, hours=1)
    assert await _ask(visitor, "confirm", 3) == 1, "five of the fortnight have arrived"


async def test_an_email_that_is_counted_no_more_gives_back_nothing(visitor: Visitor, time: Clock) -> None:
    await _ask(visitor, "confirm", 3)
    row_id = await _row_id(visitor, "confirm")
    time.advance(days=14, hours=2)
    await visitor.site.prune()
    assert await _give_back(visitor.site, row_id) == 0


async def test_a_link_to_log_in_is_on_no_limit(visitor: Visitor, time: Clock) -> None:
    await visitor.organiser()
    await visitor.post("/organisers/login", email="marta@example.org")
    (link,) = await _rows(visitor.site, "links")
    assert link["quota"] is None
    assert await _give_back(visitor.site, link["id"]) == 0


async def test_a_copy_of_the_disk_does_not_tell_what_was_given_back(visitor: Visitor, time: Clock) -> None:
    """Nor which rows are decoys, nor whom an email was counted for."""
    for kind in KINDS:
        await _ask(visitor, kind, 5)
        await _give_back(visitor.site, await _row_id(visitor, kind))
    tables = await copy_tables(visitor.site.database)
    counted = {row["quota_key"] for row in tables["email_counts"]}
    masked = [row["quota"] for table in KINDS.values() for row in tables[table]]
    assert len(masked) == len({*masked}) == 10
    assert {len(quota) for quota in masked} == {64}
    assert not counted & {*masked}
    assert dated_signatures(tables) == set()
