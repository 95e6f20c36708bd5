"""From forms to a notice at the desk: counted once after midnight, by one process, and gone with the marks."""

import asyncio
from functools import partial
from typing import Any, NoReturn

import pytest

from petition import signals
from petition.core.database.connection import Row
from petition.core.email_addresses import EmailAddress
from petition.core.errors import DatabaseError
from petition.protection.networks import SHARED_MARK
from petition.protection.rate_limits import NORMAL, Admission
from petition.signals import Cluster, Notice, pulse
from petition.signing import submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests.conftest import Clock, Visitor

CATCH_ALL = Admission("a network", mailbox_class="unknown", domain="a domain")
UNIVERSITY = Admission("campus", mailbox_class="unknown", domain="university")
THROW_AWAY = Admission("home", mailbox_class="throw-away")
SHARED = Admission(f"{SHARED_MARK}tor", mailbox_class="known")


async def forms(
    site: Site,
    n: int,
    admission: Admission,
    *,
    countries: tuple[str, ...] = ("PL",),
    quick: int = 0,
    spread: bool = False,
) -> None:
    """Confirmed forms, as if their buttons had been pressed; with `spread` each from a network of its own."""
    await site.rate_limiter.tag_domain("x")  # makes the key of the day
    rows = []
    for i in range(n):
        email = f"{admission.domain}-{admission.network}-{quick}-{i}@example.org".replace(" ", "-")
        address = EmailAddress(email, email)
        request = SigningRequest(address, countries[i % len(countries)], None, False, "test", "en")
        row = submissions.prepare_submission(site.server_keys, request, admission).row
        network = f"{admission.network} {i}" if spread else admission.network
        rows.append({**row, "state": "confirmed", "quick": quick, "network": network})
    await site.database.write(lambda c: c.insert_rows("submissions", rows))


async def _notices(site: Site) -> list[Notice]:
    async with site.database.reading() as c:
        return await signals.list_notices(c)


async def _clusters(site: Site) -> list[Cluster]:
    async with site.database.reading() as c:
        return await signals.list_clusters(c)


async def _members(site: Site, handle: str) -> list[Row]:
    async with site.database.reading() as c:
        cluster = await signals.find_cluster(c, handle)
        assert cluster is not None
        return await signals.list_members(c, cluster)


async def test_a_day_is_counted_once_after_midnight_and_by_one_process(site: Site, time: Clock) -> None:
    await forms(site, 60, CATCH_ALL, countries=("PL", "DE", "LT"), quick=1, spread=True)
    await site.signals.look()
    assert await _notices(site) == [], "never live"
    time.advance(hours=12)
    await asyncio.gather(*[site.signals.look() for _ in range(3)])
    await forms(site, 60, UNIVERSITY)  # of today
    await site.signals.look()
    (notice,) = [n for n in await _notices(site) if n.signal == "domain"]
    (cluster,) = await _clusters(site)
    assert (notice.cluster, notice.day, cluster.kind) == (cluster.handle, "2026-11-22", "domain")
    assert cluster.rules == ("R1", "R2", "R3", "R4")
    assert cluster.looks_like_machine
    assert notice.seen == cluster.size in (50, 60)
    assert len(await _members(site, cluster.handle)) == 60


async def test_a_university_is_a_cluster_that_breaks_one_rule_at_most(site: Site, time: Clock) -> None:
    await forms(site, 60, UNIVERSITY)
    await forms(site, 3, NORMAL)
    time.advance(hours=12)
    await site.signals.look()
    found = {cluster.kind: cluster for cluster in await _clusters(site)}
    assert {kind: cluster.rules for kind, cluster in found.items()} == {"domain": ("R2",), "network": ("R2",)}
    assert {n.signal for n in await _notices(site)} == {"domain", "network"}


async def test_nobody_without_a_country_and_no_shared_network_is_in_a_cluster(site: Site, time: Clock) -> None:
    await forms(site, 90, SHARED)
    await forms(site, 50, THROW_AWAY, countries=("ZZ", "PL"))
    await forms(site, 29, CATCH_ALL)
    time.advance(hours=12)
    await site.signals.look()
    assert await _clusters(site) == [], "each has fewer than thirty whom it may name"
    async with site.database.reading() as c:
        assert (await c.one("signals.days") or {})["largest_network"] == 29


async def test_of_a_network_who_signed_at_leisure_from_a_known_provider_is_no_member(site: Site, time: Clock) -> None:
    for quick in (0, 1):
        await forms(site, 40, Admission("cafe", mailbox_class="known"), quick=quick)
    time.advance(hours=12)
    await site.signals.look()
    (cluster,) = await _clusters(site)
    assert (cluster.kind, cluster.size in (70, 80)) == ("network", True)
    assert len(await _members(site, cluster.handle)) == 40


async def test_after_the_marks_are_gone_a_cluster_has_no_members(site: Site, time: Clock) -> None:
    await forms(site, 45, THROW_AWAY, quick=1)
    time.advance(days=1)
    await site.prune()
    (cluster,) = [c for c in await _clusters(site) if c.kind == "throw-away"]
    assert cluster.is_alive
    assert len(await _members(site, cluster.handle)) == 45
    time.advance(days=1)
    await site.prune()
    assert {found.is_alive for found in await _clusters(site)} == {False}
    assert await _members(site, cluster.handle) == []
    time.advance(days=pulse.KEPT_DAYS)
    await site.prune()
    async with site.database.reading() as c:
        assert [await c.count_rows(table) for table in ("pulse", "pulse_days", "clusters", "notices")] == [0, 1, 0, 0]


async def test_marks_die_although_nothing_can_be_counted(
    site: Site, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> NoReturn:
        raise DatabaseError("too slow")

    await forms(site, 3, CATCH_ALL)
    time.advance(days=2)
    monkeypatch.setattr(pulse, "count_day", broken)
    with pytest.raises(DatabaseError):
        await site.prune()
    async with site.database.reading() as c:
        assert {row["domain"] for row in await c.execute("select domain from submissions")} == {None}


async def test_the_email_says_where_to_look_once_a_day_and_nothing_else(site: Site, time: Clock) -> None:
    told: list[str] = []

    async def tell(text: str) -> None:
        told.append(text)

    looking = signals.Signals(site.database, tell, "https://petition.example")
    for _ in range(2):
        await forms(site, 45, THROW_AWAY, quick=1)
        await looking.look()
        time.advance(days=1)
        for _ in range(3):
            await looking.look()
        await site.prune()
    assert told == ["Please look at the desk today: https://petition.example/organisers/unusual"] * 2


async def test_what_is_published_is_compared_and_a_fall_is_no_growth(visitor: Visitor, time: Clock) -> None:
    site = visitor.site
    time.advance(hours=-12)
    for day in range(3):
        for n in range(11 + day):
            await visitor.confirmed(f"p{day}-{n}@example.net", "PL" if n % 2 else "DE")
        time.advance(days=1)
        await site.prune()
    async with site.database.reading() as c:
        (before, *days) = await pulse.read_history(c)
    assert before.forms == 0, "a day without a form counts too"
    assert [(day.forms, day.confirmed, day.unknown, day.quick) for day in days] == [(11,) * 4, (12,) * 4, (13,) * 4]
    assert [day.growth for day in days] == [10, 10, 10]
    assert days[0].late == 0


async def test_two_organisers_explain_one_notice(site: Site, time: Clock) -> None:
    await forms(site, 45, THROW_AWAY)
    time.advance(days=1)
    await site.signals.look()
    handle = (await _notices(site))[0].handle
    explain = partial(signals.explain, handle=handle)
    said = [
        await site.database.write(partial(explain, explanation=text, nickname=who))
        for who, text in (("olga", "news"), ("marta", "forged"))
    ]
    assert said == [True, False]
    assert next(n for n in await _notices(site) if n.handle == handle).nickname == "olga"
    assert [await site.database.write(partial(signals.reopen, handle=handle)) for _ in range(2)] == [True, False]
