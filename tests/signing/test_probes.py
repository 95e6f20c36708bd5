"""The form of a probe is no person: no count changes, no limit of others is used up, no row stays."""

from typing import Any

import pytest

from petition.protection.flood import UNCONFIRMED_LIMIT
from petition.protection.rate_limits import LIMITS, PROBE_LIMIT
from petition.signing import probes, submissions
from tests.conftest import Clock, Visit, Visitor

ADDRESS = "k3xq7v2m@petition.example"  # nobody's: RFC 2606

NAMED = {"named": "on", "name": "Anna Nowak", "updates": "on"}


@pytest.fixture
async def visitor(time: Clock, visit: Visit) -> Visitor:
    found: Visitor = await visit(probe_email=ADDRESS)
    return found


async def _figures(visitor: Visitor, day: int) -> dict[str, Any]:
    """All that counts forms."""
    expiry = day + submissions.SUBMISSION_LIFETIME
    async with visitor.site.database.reading() as c:
        return {
            "waiting": await submissions.count_waiting(c),
            "days": await c.all("form_counts.by_day", now=0, today=1 << 40),
            "classes": await c.all("signals.count_classes", expires_at=expiry, bounced="bounced"),
            "quotas": await c.count_rows("email_counts"),
            "journal": await c.count_rows("journal"),
            "signatures": await c.count_rows("signatures"),
            "metrics": visitor.site.counters.totals()[1]["forms", "accepted"],
        }


async def test_a_hundred_probes_change_no_figure_and_leave_one_row(time: Clock, visitor: Visitor) -> None:
    assert (await visitor.sign("anna@gmail.com")).status_code == 303
    day = submissions.start_of_today()
    before, published = await _figures(visitor, day), await visitor.published()
    for _ in range(100):
        assert (await visitor.sign(ADDRESS, "ZZ")).status_code == 303
        await visitor.site.rate_limiter.sync()  # as each second: it reports what was used just before
        await visitor.deliver()
        time.advance(minutes=10)
    assert await _figures(visitor, day) == before
    assert len(visitor.smtp.to(ADDRESS)) == 100
    assert (await visitor.published())["confirmed"] == published["confirmed"]
    async with visitor.site.database.reading() as c:
        assert await c.count_rows("submissions") in (1, 2)  # Anna's; the last probe's, unless the site has pruned
    await visitor.site.prune()
    async with visitor.site.database.reading() as c:
        assert await c.count_rows("submissions") == 1


async def test_the_button_of_a_probe_confirms_nothing_and_no_choice_is_kept(visitor: Visitor) -> None:
    assert (await visitor.sign(ADDRESS, "PL", **NAMED)).status_code == 303
    link = await visitor.link(ADDRESS)
    page = await visitor.get(link)
    assert page.status_code == 200
    assert "Anna Nowak" not in page.text
    assert (await visitor.post(link)).status_code == 404
    async with visitor.site.database.reading() as c:
        assert await c.count_rows("signatures") == 0
        assert await c.count_rows("contacts") == 0


async def test_who_knows_the_mailbox_fills_it_no_faster_and_gains_nothing(time: Clock, visitor: Visitor) -> None:
    """Over the limit of probes, a form with it is a form like all others: three emails a day, and it is counted."""
    for _ in range(25):
        assert (await visitor.sign(ADDRESS, "PL")).status_code == 303
    await visitor.deliver()
    assert len(visitor.smtp.to(ADDRESS)) == PROBE_LIMIT.burst + 3
    async with visitor.site.database.reading() as c:
        assert await submissions.count_waiting(c) == 3
        assert await c.count_rows("submissions") == 25  # the others are decoys, as for any address
    time.advance(hours=1)
    for _ in range(25):
        await visitor.sign(ADDRESS, "PL")
    await visitor.deliver()
    assert len(visitor.smtp.to(ADDRESS)) <= PROBE_LIMIT.burst + 3 + PROBE_LIMIT.hourly


async def test_another_spelling_is_another_mailbox(visitor: Visitor) -> None:
    await visitor.sign("k3xq7v2m+tag@petition.example")
    async with visitor.site.database.reading() as c:
        assert await submissions.count_waiting(c) == 1


async def test_a_network_that_is_over_its_limit_does_not_stop_the_probe(visitor: Visitor) -> None:
    """Else anyone in its network could make it say that nobody can sign; and it takes nothing of what they may send."""
    allowed = LIMITS["sign"][0].burst
    for n in range(allowed + 5):
        await visitor.sign(f"person{n}@gmail.com")
    levels = visitor.site.rate_limiter._buckets._levels
    forms = levels[UNCONFIRMED_LIMIT.name].used
    answer = await visitor.sign(ADDRESS, "ZZ")
    assert levels[UNCONFIRMED_LIMIT.name].used == forms, "it brings no flood nearer"
    assert answer.headers["location"] == "/en/check-inbox#main"


async def test_without_the_setting_nothing_is_exempt(time: Clock, visit: Visit) -> None:
    visitor: Visitor = await visit()
    for _ in range(5):
        await visitor.sign(ADDRESS)
    await visitor.deliver()
    assert len(visitor.smtp.to(ADDRESS)) == 3


async def test_what_waits_is_deleted_when_the_next_probe_comes(time: Clock, visitor: Visitor) -> None:
    """While the relay is away, probes do not pile up in the outbox."""
    for _ in range(10):
        await visitor.sign(ADDRESS, "ZZ")
        time.advance(minutes=10)
    async with visitor.site.database.reading() as c:
        # None if the site, which prunes when it starts, came last: the link of a probe is old after five minutes. It
        # deletes the form first and its email later, so now there may be one of the two.
        assert await c.count_rows("submissions") <= 1
        assert await c.count_rows("outbox") <= 1


async def test_the_result_has_since_when_it_is_so(time: Clock, visitor: Visitor) -> None:
    async def record(step: str) -> probes.LastProbe:
        await visitor.site.database.write(lambda c: probes.record(c, step, step and "No.", {}))
        async with visitor.site.database.reading() as c:
            found = await probes.last_probe(c)
        assert found is not None
        return found

    first = await record("")
    time.advance(minutes=10)
    assert (await record("")).since == first.at
    time.advance(minutes=10)
    failed = await record("email")
    assert (failed.works, failed.since) == (False, failed.at)
    time.advance(minutes=10)
    assert (await record("email")).since == failed.at
    time.advance(minutes=10)
    assert (await record("")).works
