"""Nobody names the quarter hour in which somebody signed, however many mailboxes they have; the old rule told it."""

import random
from datetime import UTC, datetime

import pytest

from petition.core import clock
from petition.core.clock import HOUR
from petition.core.database.connection import Row
from petition.core.database.database import Database
from petition.tally import schedule
from petition.tally.schedule import DEMO
from tests.adversary import publishing
from tests.adversary.publishing import BEGIN, BOUGHT, CHANCE, FREE, NIGHT, QUARTER, SHORT, Adversary, Seen, Strategy
from tests.conftest import Clock
from tests.tally.publishing import change, disagreements, published, rows, start_production

ALLOWED = 0.1  # more than chance
NIGHTS, LIVE_NIGHTS = 10_000, 12  # the second against a real database, for each kind of it
FIGURES = ("total", "LU")


@pytest.fixture
def seed() -> int:
    chosen = random.randrange(10**6)
    print(f"seed {chosen}")
    return chosen


@pytest.mark.parametrize("strategy", FREE, ids=str)
def test_no_strategy_names_the_quarter_hour(strategy: Strategy, seed: int) -> None:
    found = publishing.advantage(strategy, NIGHTS, seed)
    print(f"{strategy.name}: {found:.3f}, old rule {publishing.advantage(None, NIGHTS, seed):.3f}")
    assert found <= ALLOWED


@pytest.mark.parametrize("strategy", BOUGHT, ids=str)
def test_what_bought_windows_tell_has_its_price_and_its_bound(strategy: Strategy, seed: int) -> None:
    """Not protected, see docs/threat-model.md: with thousands of confirmations, one guess in four is right."""
    found = publishing.advantage(strategy, NIGHTS // 20, seed)
    print(f"{strategy.name}: {found:.3f} for {strategy.cost} confirmations a night")
    assert found <= 0.3
    assert strategy.cost > 5000


def test_the_old_rule_told_it(seed: int) -> None:
    assert publishing.advantage(None, NIGHTS, seed) > 0.9


def test_the_rule_without_its_windows_would_be_found(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret remainder alone does not help against an adversary who has learned it."""
    monkeypatch.setattr(publishing, "PRODUCTION", DEMO)
    assert publishing.advantage(FREE[1], 200, seed) > 0.5


def test_figures_of_the_week_that_changed_every_ten_minutes_would_be_found(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "WEEKLY", range(BEGIN, BEGIN + NIGHT + 1, SHORT))
    assert publishing.advantage(FREE[-1], 200, seed) > 0.5


async def _night(database: Database, time: Clock, rng: random.Random) -> float:
    """One night of the real site. Before it, the adversary is told every count and remainder, and uses that."""
    figures = {row["name"]: row for row in await rows(database, "select name, figure, remainder from figures")}
    counts: dict[str, int] = {row["country"]: int(row["n"]) for row in await _counts(database)}
    counts["total"] = sum(counts.values())
    for name, country in (("LU", "LU"), ("total", "ZZ")):
        edge = figures[name]["figure"] + 9 + figures[name]["remainder"]
        await change(database, country, more := max(edge, counts[name]) - counts[name])
        counts["total"] += more
        counts[name] += more if name == "LU" else 0
    begin, signed_at = clock.epoch(), clock.epoch() + rng.randrange(NIGHT)
    adversary = Adversary(begin, [{figures[name]["remainder"]: 1.0} for name in FIGURES])
    before, signed = await _figures(database), False
    for now in range(begin + SHORT, begin + NIGHT + 1, SHORT):
        if not signed and signed_at < now:
            signed = True
            await change(database, "LU", 1)
        time.moment = datetime.fromtimestamp(now, UTC)
        await published(database)
        after = await _figures(database)
        released = [k for k, name in enumerate(FIGURES) if after[name] != before[name]]
        adversary.see(now, [_seen(k, before, after, counts) for k in released])
        before = after
    return adversary.success()


async def _counts(database: Database) -> list[Row]:
    return await rows(database, "select country, cast(sum(n) as bigint) as n from journal group by country")


async def _figures(database: Database) -> dict[str, tuple[int, int]]:
    found = await rows(database, "select name, released_at, figure from figures")
    return {row["name"]: (row["released_at"], row["figure"]) for row in found}


def _seen(
    k: int, before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]], counts: dict[str, int]
) -> Seen:
    name = FIGURES[k]
    (released_at, old), (now, new) = before[name], after[name]
    return Seen(k, old, counts[name], new, released_at < schedule.last_monday(now))


async def _nights(database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch, seed: int) -> float:
    """A campaign that has run for a day; then night after night somebody signs."""
    rng = random.Random(seed)
    monkeypatch.setattr("secrets.randbelow", rng.randrange)
    for country, n in (("LU", 60), ("ZZ", 900)):
        await change(database, country, n)
    for _ in range(4):
        time.advance(hours=6)
        await published(database)
    successes = []
    for _ in range(LIVE_NIGHTS):
        time.advance(hours=22 - time.moment.hour if time.moment.hour < 22 else 0)
        await published(database)
        successes.append(await _night(database, time, rng))
        assert await disagreements(database) == []
    return sum(successes) / LIVE_NIGHTS - CHANCE


@pytest.mark.secret_remainder
async def test_the_real_site_does_not_tell_it_either(
    database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await start_production(database)
    assert await _nights(database, time, monkeypatch, seed) <= ALLOWED


@pytest.mark.secret_remainder
async def test_the_real_site_with_the_windows_of_a_demo_would_be_found(
    database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert await _nights(database, time, monkeypatch, seed) > ALLOWED


def test_a_night_has_the_windows_that_the_bound_is_for() -> None:
    assert NIGHT % (2 * HOUR) == 0
    assert (2 * HOUR) % QUARTER == 0
