"""Nobody names the quarter hour in which somebody signed, however many mailboxes they have; the old rule told it."""

import random
from dataclasses import replace

import pytest

from petition.core.clock import HOUR
from petition.core.settings import Settings
from petition.site import Site
from petition.tally.schedule import DEMO
from tests import HAS_LOG
from tests.adversary import publishing
from tests.adversary.bayes import NIGHT, QUARTER
from tests.adversary.live import Nights
from tests.adversary.publishing import BEGIN, BOUGHT, FREE, SHORT, Strategy
from tests.conftest import LOG_KEY, Clock
from tests.tally.publishing import start_production

ALLOWED = 0.1  # more than chance
NIGHTS, LIVE_NIGHTS = 10_000, 12  # the second against a real database, for each kind of it


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


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The site has a public log, if its folder is there."""
    return replace(settings, log_keys=(LOG_KEY,))


@pytest.fixture
def nights(site: Site, time: Clock, monkeypatch: pytest.MonkeyPatch, seed: int) -> Nights:
    rng = random.Random(seed)
    monkeypatch.setattr("secrets.randbelow", rng.randrange)
    return Nights(site, time, rng)


@pytest.mark.secret_remainder
async def test_the_real_site_does_not_tell_it_either(site: Site, nights: Nights) -> None:
    """Nor do its figures of the week, or its log."""
    await start_production(site.database)
    assert await nights.advantage(LIVE_NIGHTS) <= ALLOWED
    assert len(nights.weeks) >= LIVE_NIGHTS // 7
    assert len(nights.logged) > LIVE_NIGHTS or not HAS_LOG


@pytest.mark.secret_remainder
async def test_the_real_site_with_the_windows_of_a_demo_would_be_found(nights: Nights) -> None:
    assert await nights.advantage(LIVE_NIGHTS // 4) > ALLOWED


def test_a_night_has_the_windows_that_the_bound_is_for() -> None:
    assert NIGHT % (2 * HOUR) == 0
    assert (2 * HOUR) % QUARTER == 0
