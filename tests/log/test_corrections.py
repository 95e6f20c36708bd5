"""Releases that were logged and do not hold: a clock was ahead, or a restore has lost them."""

from petition.log import adopting, audit
from tests.log.conftest import Forget, Kept
from tests.tally.publishing import change


async def test_releases_that_a_clock_made_ahead_are_corrected(kept: Kept) -> None:
    await change(kept.site.database, "PL", 50)
    await kept.later(minutes=2)
    right = kept.time.moment
    kept.time.moment = right.replace(hour=23)
    await change(kept.site.database, "PL", 50)
    await kept.later(minutes=2)
    ahead = [entry["at"] for entry in await kept.of_kind("release") if entry["at"] > "2026-11-22T20"]
    assert ahead
    kept.time.moment = right
    await kept.later(minutes=10)
    assert [(entry["at"], entry["reason"]) for entry in await kept.of_kind("correction")] == [
        (at, "clock") for at in ahead
    ]
    await kept.later(minutes=10)
    assert len(await kept.of_kind("correction")) == len(ahead), "once"
    async with kept.site.database.reading() as c:
        assert await audit.find_disagreements(c, kept.site.settings) == []


async def test_releases_that_a_restore_has_lost_are_corrected(kept: Kept, forget: Forget) -> None:
    await change(kept.site.database, "PL", 50)
    await kept.later(minutes=2)
    await change(kept.site.database, "PL", 50)
    await kept.later(minutes=2)
    lost = (await kept.of_kind("release"))[-1]
    await forget("releases", f"released_at > {int(kept.time.moment.timestamp()) - 800}")
    await kept.site.database.own_transaction(adopting.adopt_nothing)
    await kept.work()
    kept.time.advance(minutes=11)
    await kept.work()
    corrections = await kept.of_kind("correction")
    assert lost["at"] in [entry["at"] for entry in corrections]
    assert {entry["reason"] for entry in corrections} == {"restored"}
