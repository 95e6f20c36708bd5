"""What is noticed on made-up days: nothing on quiet ones, throw-away mailboxes, and a university that is no machine."""

from dataclasses import replace

import pytest

from petition.signals import detection
from petition.signals.detection import FEW_RULES, HISTORY, Day, Group, find
from petition.signals.notices import make_notice
from petition.tally.schedule import REMAINDERS
from tests.signals import world
from tests.signals.chance import Chance
from tests.signals.world import ATTACKS, Campaign

DAYS = 50


@pytest.fixture(scope="module")
def quiet() -> Campaign:
    return world.campaign(Chance(18), 400, DAYS, quiet=True)


def _signals(made: Campaign, t: int, today: Day) -> set[str]:
    return {finding.signal for finding in find(made.days[:t], today, 1.0, 0)}


def test_on_quiet_days_nothing_is_noticed(quiet: Campaign) -> None:
    assert [_signals(quiet, t, quiet.days[t]) for t in range(1, DAYS)] == [set()] * (DAYS - 1)


@pytest.mark.parametrize("t", [20, 30, 40, 49])
def test_forty_five_throw_away_mailboxes_are_noticed(t: int, quiet: Campaign) -> None:
    crowd = replace(ATTACKS["throw-away, one network, one country"], n=48)
    assert "throw-away" in _signals(quiet, t, world.attacked(Chance(t), quiet, t, crowd))


@pytest.mark.parametrize("t", [20, 30, 40, 49])
def test_a_university_is_noticed_and_does_not_look_like_a_machine(t: int, quiet: Campaign) -> None:
    university = world.Crowd(300, world.tilted(0, 0.9), 0.75, 0.002, 0.05, domain=0.9, network=0.5)
    today = world.attacked(Chance(t), quiet, t, university)
    assert "domain" in _signals(quiet, t, today)
    assert [group.kind for group in today.groups if len(group.rules) >= FEW_RULES] == []


@pytest.mark.parametrize("name", ["catch-all, naive", "catch-all, proxies", "catch-all, smart", "confirmed days later"])
def test_a_crude_flood_is_noticed(name: str, quiet: Campaign) -> None:
    crowd = replace(ATTACKS[name], n=300)
    today = world.attacked(Chance(1), quiet, 45, crowd, late=crowd.same_day == 0)
    assert _signals(quiet, 45, today) & {"domain", "late"}


def test_people_at_a_big_provider_at_the_pace_of_people_are_not_seen(quiet: Campaign) -> None:
    """What the page says that it cannot see."""
    crowd = replace(ATTACKS["one big provider, smart"], n=100)
    assert _signals(quiet, 45, world.attacked(Chance(1), quiet, 45, crowd)) == set()


@pytest.mark.parametrize("country", [False, True])
def test_a_drip_is_noticed_within_a_fortnight(country: bool) -> None:
    crowd = replace(ATTACKS["one small country, smart" if country else "catch-all, smart"], n=20)
    made = world.campaign(Chance(5), 400, 64, quiet=True, forged=dict.fromkeys(range(50, 64), crowd))
    found = [f for t in range(46, 64) for f in detection.drips(made.days[: t + 1], 1.0, 0)]
    kinds = {(f.signal, f.subject) for f in found}
    assert (("drip country", world.NAMES[world.SMALL]) if country else ("drip domain", "")) in kinds
    assert {subject for signal, subject in kinds} <= {"", world.NAMES[world.SMALL]}


def test_before_there_is_a_history_fixed_rules_hold() -> None:
    past = [Day("", forms=130, confirmed=100, growth=100)] * (HISTORY - 1)
    groups = (Group("x", "domain", 45, ("R2",)),)
    today = Day("", forms=200, confirmed=150, largest_domain=45, thrown_away=12, growth=900, groups=groups)
    assert [f.signal for f in find(past, today, 1.0, 0)] == ["throw-away", "domain"]
    assert find([], replace(today, largest_domain=20, thrown_away=9), 1.0, 0) == []


def test_what_is_too_small_for_a_cluster_is_not_told(quiet: Campaign) -> None:
    """Of an office of which somebody owns nineteen mailboxes."""
    today = replace(quiet.days[45], largest_domain=29, largest_network=29)
    assert find(quiet.days[:45], today, 0.8, 0) == []


def test_two_broken_rules_are_told_whatever_was_usual() -> None:
    busy = Day("", forms=5000, confirmed=4000, largest_domain=60)
    group = Group("x", "domain", 45, ("R1", "R3"))
    assert [f.cluster for f in find([busy] * 40, replace(busy, groups=(group,)), 1.0, 0)] == ["x"]
    assert find([busy] * 40, replace(busy, groups=(replace(group, rules=("R3",)),)), 1.0, 0) == []


def test_nobody_learns_from_the_numbers_whether_one_more_came(quiet: Campaign) -> None:
    """One form more changes what is shown, and whether it is shown, for one of the ten secret remainders."""
    for n in range(10, 60):
        today = replace(quiet.days[45], thrown_away=n)
        outcomes = [_shown(quiet, replace(today, thrown_away=n + more)) for more in (0, 1)]
        assert sum(a != b for a, b in zip(*outcomes, strict=True)) <= 2, n


def _shown(made: Campaign, today: Day) -> list[list[int]]:
    return [
        [make_notice("2026-12-01", f, remainder).seen for f in find(made.days[:45], today, 1.0, remainder)]
        for remainder in REMAINDERS
    ]
