"""Confirmed signatures that look made by a machine: kept by a rule, set aside by two, counted nowhere, restored."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from petition.core.encryption import ServerKeys
from petition.core.errors import BatchError
from petition.signing import batch_rules, batches, printed_names, set_aside
from petition.signing.batch_rules import COUNTRY_AND_DAY, DISPOSABLE, Rule
from petition.signing.batches import Batch
from petition.site import Site
from petition.tally import history, tally
from tests.conftest import Clock
from tests.signing.crowds import agreed, counted, crowd, kept, marked, set_aside_all, undone


@pytest.fixture(autouse=True)
def _no_secret(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("secret_remainder") is None:
        monkeypatch.setattr(ServerKeys, "remainder", lambda keys, subject: 0)


async def _get(site: Site, batch: str) -> Batch:
    async with site.database.reading() as c:
        found = await batches.get_batch(c, batch)
    assert found is not None
    return found


async def _refused(act: Awaitable[Any]) -> str:
    with pytest.raises(BatchError) as refusal:
        await act
    return str(refusal.value)


async def test_from_the_rule_to_the_end_every_number_agrees(site: Site, time: Clock) -> None:
    await crowd(site, "honest", 20, "PL", disposable=False)
    await crowd(site, "bot", 45, "DE", named=True)
    await crowd(site, "few", 5, "LT")
    batch = await set_aside_all(site)
    found = await _get(site, batch)
    assert (found.state, found.progress, found.done_on) == ("aside", None, "2026-11-22")
    assert (found.preview.total, found.preview.countries, found.preview.wanted) == (50, {"DE": 40}, 40)
    assert await counted(site) == {"PL": 20}
    await undone(site, batch)
    assert await counted(site) == {"PL": 20, "DE": 45, "LT": 5}
    assert await marked(site) == (0, 0)
    assert (await _get(site, batch)).state == "restored"


async def test_what_is_set_aside_is_in_no_list_of_names_and_no_export(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 31, "DE", named=True)
    time.advance(days=5)
    async with site.database.reading() as c:
        assert await printed_names.count_by_country(c, "new") == {"DE": 31}
        assert len(await printed_names.export_rows(c)) == 31
    await set_aside_all(site)
    async with site.database.reading() as c:
        assert await printed_names.count_by_country(c, "new") == {}
        assert await printed_names.list_names(c, "DE", "new") == ([], False)
        assert await printed_names.export_rows(c) == []
        assert await printed_names.list_named_or_contactable(c) == []


async def test_figures_fall_at_midnight_and_the_number_is_published_with_its_reason(site: Site, time: Clock) -> None:
    await crowd(site, "honest", 20, "PL", disposable=False)
    await crowd(site, "bot", 45, "DE")
    time.advance(minutes=2)
    await site.take_snapshot()
    batch = await set_aside_all(site)
    assert await _published(site) == {"DE": 40, "PL": 20}, "not before midnight"
    time.moment = time.moment.replace(hour=0, minute=0) + timedelta(days=1)
    assert await _published(site) == {"PL": 20}
    assert await _removals(site) == (("2026-11-23", "throw-away", 40),)
    await undone(site, batch)
    assert await _published(site) == {"PL": 20}
    time.advance(days=1)
    assert await _published(site) == {"PL": 20, "DE": 40}
    assert (await _removals(site))[1:] == (("2026-11-24", "restored", 40),)
    await counted(site)


async def _published(site: Site) -> dict[str, int]:
    await site.take_snapshot()
    async with site.database.reading() as c:
        snapshot = await tally.get_snapshot(c)
    assert snapshot.confirmed == sum(snapshot.countries.values()) + snapshot.other
    await counted(site)
    return snapshot.countries


async def _removals(site: Site) -> tuple[tuple[str, str, int], ...]:
    async with site.database.reading() as c:
        return (await history.get_history(c)).removals


async def test_undone_on_the_same_day_nothing_moves(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 45, "DE")
    time.advance(minutes=2)
    await site.take_snapshot()
    await undone(site, await set_aside_all(site))
    for _ in range(3):
        time.advance(hours=12)
        assert await _published(site) == {"DE": 40}


async def test_whoever_signs_anew_counts_again_and_the_undo_leaves_them(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 45, "DE")
    batch = await set_aside_all(site)
    await crowd(site, "bot", 12, "PL", disposable=False)
    assert await counted(site) == {"PL": 12}
    await undone(site, batch)
    assert await counted(site) == {"PL": 12, "DE": 33}
    assert (await _get(site, batch)).skipped == 10


async def test_after_thirty_days_the_rows_go_and_the_mailboxes_may_sign_anew(site: Site, time: Clock) -> None:
    mailboxes = await crowd(site, "bot", 31, "DE", named=True)
    batch = await set_aside_all(site)
    time.advance(days=30)
    await site.prune()
    assert await marked(site) == (31, 31)
    time.advance(days=1)
    await site.prune()
    assert await _refused(site.database.write(partial(batches.undo, batch=batch)))
    async with site.database.reading() as c:
        assert [await c.execute(f"select mailbox from {table}") for table in ("signatures", "names", "contacts")] == [
            [] for _ in range(3)
        ]
    assert await counted(site) == {}
    assert await crowd(site, "bot", 2) == mailboxes[:2]
    assert await counted(site) == {"DE": 2}


async def test_a_mark_dies_after_fifteen_days_or_when_somebody_finds_it_honest(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 31)
    batch = await kept(site)
    await site.database.write(partial(batches.dismiss, batch=batch, seen="kept"))
    await set_aside.work(site.database)
    assert await marked(site) == (0, 0)
    time.advance(minutes=1)
    second = await kept(site)
    time.advance(days=14, hours=23)
    await site.prune()
    assert await marked(site) == (31, 0)
    time.advance(hours=1)
    await site.prune()
    assert await marked(site) == (0, 0)
    assert (await _get(site, second)).state == "expired"
    time.advance(days=14)
    await site.prune()
    async with site.database.reading() as c:
        assert await batches.list_batches(c) == [], "remembered for four weeks"


async def test_fewer_than_thirty_are_no_batch_and_are_counted_once_a_day(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 29)
    assert "Too few" in await _refused(kept(site))
    await crowd(site, "more", 5)
    assert "counted before" in await _refused(kept(site)), "a second count would tell of one more"
    assert await marked(site) == (0, 0)
    time.advance(days=1)
    await site.prune()
    await kept(site)
    assert await marked(site) == (34, 0)


@pytest.mark.secret_remainder
async def test_a_secret_number_is_taken_off_each_count_and_stays_the_same(site: Site) -> None:
    keys = site.server_keys
    assert {keys.remainder(str(n)) for n in range(200)} == set(range(10))
    assert [keys.remainder("one") for _ in range(3)] == [keys.remainder("one")] * 3
    edges = {next(n for n in range(30, 60) if batch_rules.show_count(keys, str(k), n) == 30) for k in range(200)}
    assert edges == set(range(30, 40)), "from thirty to thirty-nine: nobody can bring a count to where it shows"


async def test_in_production_only_days_that_are_over_are_counted(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 40)
    assert "Too few" in await _refused(kept(site, demo=False))
    time.advance(days=1)
    await crowd(site, "today", 3)
    found = await _get(site, await kept(site, demo=False))
    assert (found.preview.total, found.first_day) == (40, "2026-11-22")


async def test_the_figures_of_a_batch_do_not_move_when_somebody_withdraws(site: Site, time: Clock) -> None:
    mailboxes = await crowd(site, "bot", 31)
    batch, before = await kept(site), await _get(site, (await _only(site)).id)
    await site.database.write(lambda c: c.execute(f"delete from contacts where mailbox = '{mailboxes[0]}'"))
    await crowd(site, "bot", 9, "PL", disposable=False)
    assert await _get(site, batch) == before


async def _only(site: Site) -> Batch:
    async with site.database.reading() as c:
        (found,) = await batches.list_batches(c)
    return found


async def test_a_network_is_found_by_its_tag_and_nobody_who_did_not_say_a_country(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 35, "DE", network="tag", disposable=False)
    await crowd(site, "unsaid", 35, "ZZ", network="tag", disposable=False)
    await crowd(site, "other", 20, "DE", network="other", disposable=False)
    async with site.database.reading() as c:
        ((handle, shown),) = await batch_rules.list_networks(c, site.server_keys, demo=True)
        rule = await batch_rules.read_rule(c, {"mark": f"network {handle}"}, demo=True)
        assert (shown, rule.value, "tag" in handle) == (30, "tag", False)
        assert await _refused(batch_rules.read_rule(c, {"mark": "network x"}, demo=True))
    batch = await set_aside_all(site, rule)
    assert await counted(site) == {"ZZ": 35, "DE": 20}
    rows = str(await _row(site, batch))
    assert handle not in rows, "a batch leads to no network"
    assert "tag" not in rows, "a batch leads to no network"


async def _row(site: Site, batch: str) -> Any:
    async with site.database.reading() as c:
        return await c.execute("select * from batches where id = :id", {"id": batch})


async def test_a_country_and_a_day_are_a_rule_but_not_of_people_who_did_not_say(site: Site, time: Clock) -> None:
    await crowd(site, "lu", 31, "LU", disposable=False)
    await crowd(site, "unsaid", 31, "ZZ", disposable=False)
    await set_aside_all(site, Rule(COUNTRY_AND_DAY, "", "LU", "2026-11-22"))
    assert await counted(site) == {"ZZ": 31}
    async with site.database.reading() as c:
        for choice in ({"country": "LU"}, {"day": "2026-11-22"}, {"country": "ZZ", "day": "2026-11-22"}):
            assert await _refused(batch_rules.read_rule(c, {"mark": "day", **choice}, demo=True))
        for mark in ("", "person", "network"):
            assert await _refused(batch_rules.read_rule(c, {"mark": mark}, demo=True))


async def test_the_second_yes_comes_from_somebody_else_or_a_day_later(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 31)
    batch = await kept(site)
    propose, agree = partial(batches.propose, batch=batch, nickname="ada"), partial(batches.agree, batch=batch)
    assert await _refused(site.database.write(partial(agree, nickname="ben", alone=False))), "nobody proposed it"
    assert await _refused(site.database.write(partial(propose, reason="I do not like them")))
    await site.database.write(partial(propose, reason="machine"))
    assert "colleague" in await _refused(site.database.write(partial(agree, nickname="ada", alone=False)))
    time.advance(hours=23)
    assert "24 hours" in await _refused(site.database.write(partial(agree, nickname="ada", alone=True)))
    time.advance(hours=1)
    await site.database.write(partial(agree, nickname="ada", alone=True))
    await set_aside.work(site.database)
    assert await marked(site) == (31, 31)


Act = Callable[..., Awaitable[None]]


@pytest.mark.parametrize(
    "acts",
    [
        (partial(batches.propose, nickname="ben", reason="machine"),) * 2,
        (partial(batches.agree, nickname="ben", alone=False), partial(batches.agree, nickname="eva", alone=False)),
        (partial(batches.agree, nickname="ben", alone=False), partial(batches.dismiss, seen="proposed")),
        (batches.undo, batches.undo),
    ],
)
async def test_of_two_organisers_at_once_one_decides_and_the_other_sees_it(
    acts: tuple[Act, Act], site: Site, time: Clock
) -> None:
    await crowd(site, "bot", 31)
    batch = await kept(site)
    if acts[0] is batches.undo or "alone" in getattr(acts[0], "keywords", {}):
        await site.database.write(partial(batches.propose, batch=batch, nickname="ada", reason="machine"))
    if acts[0] is batches.undo:
        await site.database.write(partial(batches.agree, batch=batch, nickname="ben", alone=False))
    results = await asyncio.gather(
        *[site.database.own_transaction(partial(act, batch=batch)) for act in acts], return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["BatchError", "NoneType"]
    await set_aside.work(site.database)
    await counted(site)


async def test_two_who_keep_the_same_at_once_make_one_batch(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 60)
    results = await asyncio.gather(kept(site), kept(site, nickname="ben"), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["BatchError", "str"]
    assert await marked(site) == (60, 0)


async def test_two_rules_at_once_share_no_signature(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 80, "DE")
    rules = Rule(DISPOSABLE), Rule(DISPOSABLE, country="DE")
    results = await asyncio.gather(*[kept(site, rule) for rule in rules], return_exceptions=True)
    async with site.database.reading() as c:
        sizes = [int(row["size"]) for row in await c.execute("select size from batches where state = 'kept'")]
    assert (sum(sizes), (await marked(site))[0]) == (80, 80), results


async def test_workers_at_once_take_each_signature_once(
    site: Site, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_aside, "CHUNK", 7)
    await crowd(site, "bot", 60)
    batch = await agreed(site)
    await asyncio.gather(*[set_aside.work(site.database) for _ in range(4)])
    await set_aside.work(site.database)
    assert (await _get(site, batch)).progress is None
    assert (await marked(site), await counted(site)) == ((60, 60), {})


async def test_an_undo_in_the_middle_brings_back_what_was_taken(
    site: Site, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_aside, "CHUNK", 10)
    await crowd(site, "bot", 45)
    batch = await agreed(site)
    await _stop_after(site, 2, monkeypatch)
    assert (await marked(site), await counted(site)) == ((45, 20), {"DE": 25})
    assert (await _get(site, batch)).progress == 40
    await undone(site, batch)
    assert (await marked(site), await counted(site)) == ((0, 0), {"DE": 45})


async def _stop_after(site: Site, parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends in the middle, as a part is not committed."""
    real, done = set_aside._do_part, [0]

    async def killed(*values: Any, **named: Any) -> Any:
        result = await real(*values, **named)
        if done[0] == parts:
            raise RuntimeError
        done[0] += 1
        return result

    with monkeypatch.context() as patch:
        patch.setattr(set_aside, "_do_part", killed)
        with pytest.raises(RuntimeError):
            await set_aside.work(site.database)


@pytest.mark.parametrize("step", ["set", "restore", "free", "erase"])
async def test_what_was_killed_in_the_middle_goes_on_and_the_audit_holds(
    step: str, site: Site, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_aside, "CHUNK", 10)
    await crowd(site, "bot", 45)
    batch = await kept(site) if step == "free" else await agreed(site)
    if step in ("restore", "erase"):
        await set_aside.work(site.database)
    if step == "restore":
        await site.database.write(partial(batches.undo, batch=batch))
    if step == "free":
        await site.database.write(partial(batches.dismiss, batch=batch, seen="kept"))
    if step == "erase":
        time.advance(days=31)
        await site.database.own_transaction(set_aside._expire)
    await _stop_after(site, 2, monkeypatch)
    await counted(site)
    await set_aside.work(site.database)
    await counted(site)
    assert (await _get(site, batch)).progress is None
    assert await marked(site) == {"set": (45, 45)}.get(step, (0, 0))


async def test_whoever_chose_and_was_killed_leaves_no_mark(site: Site, time: Clock) -> None:
    await crowd(site, "bot", 45)
    batch = await batches.choose(site.database, site.server_keys, Rule(DISPOSABLE), "ada", demo=True)
    await site.prune()
    assert await marked(site) == (45, 0), "it may still be at work"
    time.advance(minutes=15)
    await site.prune()
    assert await marked(site) == (0, 0)
    assert await _refused(site.database.write(partial(batches.keep, server_keys=site.server_keys, batch=batch)))
