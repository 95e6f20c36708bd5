"""`python -m tests.signals [CAMPAIGNS]`: how often honest days and attacks are noticed, as docs/signals.md tells it."""

import sys
import time
from collections import Counter, defaultdict
from dataclasses import replace

from petition.signals.detection import HISTORY, Day, drips, find
from tests.signals import world
from tests.signals.chance import Chance
from tests.signals.world import ATTACKS, Campaign

LENGTH, FIRST = 100, 35  # days of a campaign; the first that is judged
RATES = (60, 400, 3000)
SIZES = (20, 45, 100, 200, 500)
DRIP_SIZES = {"catch-all, smart": (5, 10, 14, 20, 50, 100), "one small country, smart": (3, 8, 14, 20, 50, 100)}
DRIP_DAYS = 60


def noticed(made: Campaign, t: int, today: Day, remainder: int) -> set[tuple[str, str]]:
    return {(finding.signal, finding.subject) for finding in find(made.days[:t], today, 1.0, remainder)}


def judge_honest(chance: Chance, rate: int, campaigns: int) -> list[Campaign]:
    crying, cold = Counter[str](), []
    by_event = defaultdict[str, list[bool]](list)
    made = [world.campaign(chance, rate, LENGTH) for _ in range(campaigns)]
    for one, t in ((one, t) for one in made for t in range(2, LENGTH)):
        cries = noticed(one, t, one.days[t], 1 + chance.randrange(10))
        if t < HISTORY:
            cold.append(bool(cries))
        if t >= FIRST:
            crying.update(signal for signal, _ in cries)
            by_event[one.events[t] or "quiet"].append(bool(cries))
    days = [cried for values in by_event.values() for cried in values]
    print(f"\n{rate} a day: noticed {_share(days)} of {len(days)} honest days; of the first weeks {_share(cold)}")
    print("  by event:", {name: _share(cried) for name, cried in sorted(by_event.items())})
    print("  in 30 days:", {name: round(30 * n / len(days), 2) for name, n in crying.most_common()})
    return made


def _share(cries: list[bool]) -> str:
    return f"{sum(cries) / len(cries):.1%}"


def judge_attacks(chance: Chance, made: list[Campaign]) -> None:
    """On which share of days there is a notice that would not be there without the forged signatures."""
    for name, crowd in ATTACKS.items():
        shares, signals = [], Counter[str]()
        for size in SIZES:
            cries = []
            for one, t in ((one, t) for one in made for t in chance.sample(range(FIRST, LENGTH), 6)):
                forged, remainder = replace(crowd, n=chance.poisson(size)), 1 + chance.randrange(10)
                today = world.attacked(chance, one, t, forged, late=crowd.same_day == 0)
                found = noticed(one, t, today, remainder) - noticed(one, t, one.days[t], remainder)
                cries.append(bool(found))
                signals.update(signal for signal, _ in found)
            shares.append(f"{sum(cries) / len(cries):>6.0%}")
        print(f"  {name:38}", *shares, " ", ", ".join(signal for signal, _ in signals.most_common(4)))


def judge_drips(chance: Chance, rate: int, campaigns: int) -> None:
    """So many forged a day: in which share of campaigns a drip is noticed in 60 days, and after how many (median)."""
    for name, sizes in DRIP_SIZES.items():
        kinds = ("drip domain", "drip unknown") if name.startswith("catch-all") else ("drip country",)
        for size in (0, *sizes):
            after = [_first_drip(chance, rate, replace(ATTACKS[name], n=size), kinds) for _ in range(campaigns)]
            days = sorted(day for day in after if day)
            median = f", after {days[len(days) // 2]} days" if days else ""
            print(f"  drip, {name}, {size} a day: {len(days) / campaigns:.0%}{median}")


def _first_drip(chance: Chance, rate: int, crowd: world.Crowd, kinds: tuple[str, ...]) -> int:
    start = FIRST + 14
    forged = dict.fromkeys(range(start, start + DRIP_DAYS), crowd) if crowd.n else {}
    made = world.campaign(chance, rate, start + DRIP_DAYS, forged=forged)
    for t in range(start, start + DRIP_DAYS):
        found = drips(made.days[: t + 1], 1.0, 1 + chance.randrange(10))
        if any(f.signal in kinds and f.subject in ("", world.NAMES[world.SMALL]) for f in found):
            return t - start + 1
    return 0


def judge_clusters(chance: Chance) -> None:
    """Which share of clusters breaks two rules, and three."""
    from_one, quick = world.tilted(0, 0.9), ATTACKS["catch-all, naive"]
    kinds = {
        "university, firm, school": world.Crowd(0, from_one, quick=0.05, network=0.5),
        "regional provider": world.Crowd(0, from_one, network=0.05),
        "alumni, 70 % of one country": world.Crowd(0, world.tilted(0, 0.7), network=0.05),
        "staff of an international organisation": world.Crowd(0, network=0.15),
        "relay that nobody lists": world.Crowd(0),
        "catch-all, naive": quick,
        "catch-all, proxies": replace(quick, network=0),
        "catch-all, smart": ATTACKS["catch-all, smart"],
        "catch-all, smart, one country": replace(ATTACKS["catch-all, smart"], countries=world.tilted(0, 1)),
    }
    print("\nclusters of one domain that break two rules (three), of 30 / 100 / 300:")
    for name, crowd in kinds.items():
        told = []
        for size in (30, 100, 300):
            broken = [len(world.group(chance, crowd, "domain", size).rules) for _ in range(1000)]
            told.append(f"{_share([n >= 2 for n in broken])} ({_share([n >= 3 for n in broken])})")
        print(f"  {name:40}", " / ".join(told))


def main(campaigns: int) -> None:
    begun, chance = time.monotonic(), Chance(20261201)
    for rate in RATES:
        judge_attacks(chance, judge_honest(chance, rate, campaigns))
        judge_drips(chance, rate, campaigns)
    judge_clusters(chance)
    print(f"{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
