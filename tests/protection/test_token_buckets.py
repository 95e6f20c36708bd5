"""Token buckets: what a rule allows and when, one level for all processes, rows that are deleted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.core.database.database import Database
from petition.core.errors import DatabaseError
from petition.protection import token_buckets
from petition.protection.flood import REFUSED_LIMIT, UNCONFIRMED_LIMIT, UNPROVEN_LIMIT
from petition.protection.rate_limits import (
    DOMAIN_LIMIT,
    LIMITS,
    LOW_PRIORITY_LIMIT,
    LOW_PRIORITY_MAIL_LIMIT,
    PROOF_LIMIT,
    PROVIDER_LIMIT,
    WIDE_LIMITS,
)
from petition.protection.token_buckets import TOKEN_WEIGHT, BucketRule, TokenBuckets, scale_rule
from tests.conftest import Clock

RULE = BucketRule("of a test", 5, 60, "five at once, one a minute")


def _taken(found: TokenBuckets, times: int, rule: BucketRule = RULE, key: str = "a") -> int:
    return sum([found.consume((rule, key)) for _ in range(times)])


def test_a_bucket_gives_what_it_has_and_fills_by_the_hour(time: Clock) -> None:
    buckets = TokenBuckets()
    assert _taken(buckets, 9) == 5
    assert buckets.wait_seconds(RULE, "a") == 60
    time.advance(seconds=59)
    assert _taken(buckets, 1) == 0
    time.advance(seconds=1)
    assert _taken(buckets, 9) == 1
    time.advance(days=1)
    assert _taken(buckets, 9) == 5, "never more than a whole bucket"


def test_each_key_has_a_bucket_of_its_own(time: Clock) -> None:
    buckets = TokenBuckets()
    assert [_taken(buckets, 9, key=key) for key in ("a", "b")] == [5, 5]


def test_of_two_buckets_both_give_or_none(time: Clock) -> None:
    buckets = TokenBuckets()
    _taken(buckets, 5, key="full")
    assert not buckets.consume((RULE, "other"), (RULE, "full"))
    assert _taken(buckets, 9, key="other") == 5


def test_a_clock_set_back_gives_nothing_and_takes_nothing(time: Clock) -> None:
    buckets = TokenBuckets()
    _taken(buckets, 5)
    time.advance(hours=-2)
    assert _taken(buckets, 1) == 0
    time.advance(hours=2, minutes=1)
    assert _taken(buckets, 9) == 1


def test_the_latest_are_remembered(time: Clock) -> None:
    buckets = TokenBuckets(max_buckets=2)
    for key in ("a", "b", "c"):
        _taken(buckets, 5, key=key)
    assert [buckets.wait_seconds(RULE, key) > 0 for key in ("a", "b", "c")] == [False, True, True]


@given(st.lists(st.integers(0, 200), max_size=60))
def test_never_more_than_the_rule_in_any_order_of_events(pauses: list[int]) -> None:
    buckets, clock = TokenBuckets(), Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("petition.core.clock.time_source", clock.seconds)
        given_, passed = 0, 0
        for pause in pauses:
            given_ += _taken(buckets, 1)
            clock.advance(seconds=pause)
            passed += pause
        assert given_ <= RULE.burst + passed * RULE.hourly // 3600


def test_what_is_given_back_is_never_more_than_was_used(time: Clock) -> None:
    buckets = TokenBuckets()
    _taken(buckets, 5)
    buckets.give_back(RULE, "a", 2)
    assert _taken(buckets, 9) == 2
    buckets.give_back(RULE, "a", 50)
    assert _taken(buckets, 9) == 5


async def test_one_process_gives_back_what_another_used(database: Database, time: Clock) -> None:
    first, second = TokenBuckets(), TokenBuckets()
    assert _taken(first, 5) == 5
    await first.sync(database)
    second.give_back(RULE, "a", 3)
    await second.sync(database)
    assert second.wait_seconds(RULE, "a") == 0
    second.give_back(RULE, "a", 50)
    await second.sync(database)
    second.give_back(RULE, "a", 1)
    await second.sync(database)
    third = TokenBuckets()
    assert _taken(third, 1) == 1
    await third.sync(database)
    assert _taken(third, 9) == 4, "what was given back too much is lost with the next report"


async def test_two_processes_share_what_is_left(database: Database, time: Clock) -> None:
    first, second = TokenBuckets(), TokenBuckets()
    assert _taken(first, 3) == 3
    assert _taken(second, 1) == 1
    for process in (first, second):
        await process.sync(database)
    assert _taken(second, 9) == 1
    await second.sync(database)
    assert _taken(first, 9) == 2, "it has not heard yet"
    await first.sync(database)
    time.advance(minutes=2)
    assert _taken(first, 9) == 0
    time.advance(minutes=1)
    assert _taken(first, 9) == 1


async def test_what_comes_while_the_levels_are_shared_counts(database: Database, time: Clock) -> None:
    buckets, beside = TokenBuckets(), TokenBuckets()
    _taken(buckets, 2)
    apart = database.own_transaction

    async def busy(job: object) -> object:
        _taken(buckets, 1)
        return await apart(job)  # type: ignore[arg-type]  # passes its argument on

    database.own_transaction = busy  # type: ignore[method-assign, assignment]  # as if other servers had sent requests at this moment
    await buckets.sync(database)
    assert _taken(buckets, 9) == 2
    await buckets.sync(database)
    _taken(beside, 1)
    await beside.sync(database)
    assert beside.wait_seconds(RULE, "a") > 0


async def test_what_the_database_did_not_hear_is_told_again(database: Database, time: Clock) -> None:
    buckets = TokenBuckets()
    _taken(buckets, 5)
    await database.write(lambda c: c.execute("alter table token_buckets rename to elsewhere"))
    with pytest.raises(DatabaseError):
        await buckets.sync(database)
    await database.write(lambda c: c.execute("alter table elsewhere rename to token_buckets"))
    await buckets.sync(database)
    async with database.reading() as c:
        assert [row["used"] for row in await c.execute("select used from token_buckets")] == [5 * TOKEN_WEIGHT]


async def test_a_bucket_that_is_full_again_is_forgotten(database: Database, time: Clock) -> None:
    buckets = TokenBuckets()
    _taken(buckets, 5)
    await buckets.sync(database)
    for minutes, left in ((59, 1), (1, 0)):
        time.advance(minutes=minutes)
        await database.write(token_buckets.delete_expired)
        async with database.reading() as c:
            assert len(await c.execute("select * from token_buckets")) == left


def test_every_rule_is_full_again_after_an_hour_and_says_why() -> None:
    for rule in (
        *[rule for pair in LIMITS.values() for rule in pair],
        *WIDE_LIMITS.values(),
        PROOF_LIMIT,
        LOW_PRIORITY_LIMIT,
        UNCONFIRMED_LIMIT,
        UNPROVEN_LIMIT,
        REFUSED_LIMIT,
        PROVIDER_LIMIT,
        LOW_PRIORITY_MAIL_LIMIT,
        DOMAIN_LIMIT,
        scale_rule(LOW_PRIORITY_LIMIT, 50),
    ):
        assert 0 < rule.burst <= rule.hourly
        assert rule.reason
