"""Honest days and attacks, as the counts that the site keeps. Every number here is an assumption, see docs/signals.md.

Honest: the level wanders, is lower at weekends and high after the launch; shares of countries vary from day to day; one
day in seven has an event (newspaper, well-known person, university, newsletter, diaspora, stand in a street).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from petition.signals.clusters import LEAST_SIZE, broken_rules
from petition.signals.detection import Day, Group
from petition.tally.schedule import round_off
from tests.signals.chance import Chance

_WEIGHTS = (
    *(0.20, 0.17, 0.09, 0.08, 0.06, 0.05, 0.04, 0.04, 0.035, 0.03, 0.025, 0.022, 0.02, 0.018, 0.016, 0.014),
    *(0.012, 0.011, 0.01, 0.009, 0.008, 0.007, 0.006, 0.005, 0.005, 0.004, 0.003, 0.003, 0.012, 0.01, 0.03),
)
COUNTRIES = [weight / sum(_WEIGHTS) for weight in _WEIGHTS]
SMALL = 22  # a country with 0.6 percent of all
UNKNOWN, THROWN_AWAY, QUICK, CONFIRMED, RETURNED, SAME_DAY = 0.18, 0.004, 0.07, 0.78, 0.02, 0.93
DOMAINS = [0.2 / (n + 12) for n in range(12)]  # of the unknown ones; the largest has 1.7 percent of them
NETWORKS = [0.08 / (n + 20) ** 0.8 for n in range(12)]  # of those that are not known to be shared
NAMES = [f"{n:02}" for n in range(len(COUNTRIES))]


@dataclass(frozen=True, slots=True)
class Crowd:
    """People, or forgers, of one day. `domain`, `network`: the share that has one in common."""

    n: int
    countries: list[float] = field(default_factory=lambda: COUNTRIES)
    unknown: float = UNKNOWN
    thrown_away: float = THROWN_AWAY
    quick: float = QUICK
    confirmed: float = CONFIRMED
    returned: float = RETURNED
    domain: float = 0.0
    network: float = 0.0
    same_day: float = SAME_DAY


def tilted(country: int, share: float) -> list[float]:
    return [weight * (1 - share) + share * (n == country) for n, weight in enumerate(COUNTRIES)]


@dataclass(frozen=True, slots=True)
class Counts:
    """A day, with the exact counts by country before they are published: on the same day, and on the next."""

    day: Day
    now: list[int]
    later: list[int]


def count(chance: Chance, crowd: Crowd) -> Counts:
    n = chance.binomial(crowd.n, crowd.same_day)
    forms = chance.forms(crowd.n, crowd.confirmed)
    unknown = chance.binomial(n, crowd.unknown)
    of_domain, of_network = chance.binomial(unknown, crowd.domain), chance.binomial(n, crowd.network)
    day = Day(
        day="",
        forms=forms,
        confirmed=n,
        unknown=unknown,
        thrown_away=chance.binomial(n, crowd.thrown_away),
        quick=chance.binomial(n, crowd.quick),
        returned=chance.binomial(forms, crowd.returned),
        largest_domain=max(of_domain, *chance.multinomial(unknown - of_domain, DOMAINS)),
        largest_network=max(of_network, *chance.multinomial(n - of_network, NETWORKS)),
    )
    kinds = (("domain", of_domain), ("network", of_network), ("throw-away", day.thrown_away))
    least = chance.choice(LEAST_SIZE)
    groups = tuple(group(chance, crowd, kind, size) for kind, size in kinds if size >= least)
    now, later = (chance.multinomial(k, crowd.countries) for k in (n, crowd.n - n))
    return Counts(replace(day, groups=groups), now, later)


def group(chance: Chance, crowd: Crowd, kind: str, size: int) -> Group:
    share = crowd.network or max(NETWORKS)
    row = {
        "confirmed": size,
        "forms": chance.forms(size, crowd.confirmed),
        "quick": chance.binomial(size, crowd.quick),
        "of_country": max(chance.multinomial(size, crowd.countries)),
        "of_network": chance.binomial(size, share),
    }
    return Group(kind, kind, size, tuple(broken_rules(row, kind)))


def together(one: Counts, other: Counts) -> Counts:
    a, b = one.day, other.day
    sums = {
        name: getattr(a, name) + getattr(b, name)
        for name in ("forms", "confirmed", "unknown", "thrown_away", "quick", "returned")
    }
    largest = {name: max(getattr(a, name), getattr(b, name)) for name in ("largest_domain", "largest_network")}
    day = replace(a, groups=a.groups + b.groups, **sums, **largest)
    now, later = (list(map(sum, zip(*pair, strict=True))) for pair in ((one.now, other.now), (one.later, other.later)))
    return Counts(day, now, later)


class Publisher:
    """The published figures: each country in tens, with a secret remainder that is drawn again after each move."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.counted = [0] * (len(COUNTRIES) + 1)  # the last one is the total
        self.figures = [0] * len(self.counted)
        self.remainders = [1 + chance.randrange(10) for _ in self.counted]
        self.later = [0] * len(COUNTRIES)

    def copy(self) -> "Publisher":
        twin = Publisher(self._chance)
        twin.counted, twin.figures, twin.remainders, twin.later = (
            list(values) for values in (self.counted, self.figures, self.remainders, self.later)
        )
        return twin

    def publish(self, counts: Counts) -> Day:
        """The day with what was published at its end."""
        new = [a + b for a, b in zip(counts.now, self.later, strict=True)]
        self.later, growth = counts.later, []
        for n, added in enumerate([*new, sum(new)]):
            self.counted[n] += added
            figure = max(self.figures[n], round_off(self.counted[n], self.remainders[n]))
            growth.append(figure - self.figures[n])
            if figure != self.figures[n]:
                self.figures[n], self.remainders[n] = figure, 1 + self._chance.randrange(10)
        return replace(counts.day, countries=dict(zip(NAMES, growth, strict=False)), growth=growth[-1])


# What an honest day may have beside its people, and on which share of days.
EVENTS = {
    "newspaper": 0.05,
    "well-known person": 0.025,
    "university": 0.025,
    "newsletter": 0.025,
    "diaspora": 0.015,
    "stand": 0.015,
}


def event(chance: Chance, name: str, rate: float) -> Crowd:
    somewhere, u = chance.choices(range(len(COUNTRIES)), COUNTRIES)[0], chance.uniform
    sizes = {"newspaper": rate * u(2, 15), "well-known person": rate * u(0.5, 6), "newsletter": rate * u(0.5, 4)}
    sizes |= {"university": u(40, 500), "diaspora": rate * u(0.3, 2), "stand": u(40, 300)}
    kinds = {
        "newspaper": Crowd(0, tilted(somewhere, u(0, 0.6)), quick=0.063, confirmed=0.74),
        "well-known person": Crowd(0, tilted(somewhere, 0.85), 0.06, 0.01, 0.14, 0.72),
        "university": Crowd(0, tilted(somewhere, 0.9), 0.75, 0.002, 0.05, domain=0.9, network=0.5),
        "newsletter": Crowd(0, tilted(somewhere, 0.7), UNKNOWN * 1.3, quick=QUICK * 0.6, confirmed=0.83),
        "diaspora": Crowd(0, tilted(len(COUNTRIES) - 1, 0.9), UNKNOWN * 0.6),
        "stand": Crowd(0, tilted(somewhere, 0.9), network=0.8),
    }
    return replace(kinds[name], n=int(sizes[name]))


@dataclass(frozen=True, slots=True)
class Campaign:
    """`days` as the site knows them; of each day also what was counted, and the publisher before it."""

    days: list[Day]
    events: list[str]
    counts: list[Counts]
    publishers: list[Publisher]


def campaign(
    chance: Chance, rate: float, length: int, *, quiet: bool = False, forged: Mapping[int, Crowd] | None = None
) -> Campaign:
    """`forged`: what comes on top, by the number of the day."""
    level, publisher = 0.0, Publisher(chance)
    made = Campaign([], [], [], [])
    for d in range(length):
        level = 0.85 * level + chance.gauss(0, 0.25)
        mean = rate * math.exp(level) * (0.75 if d % 7 >= 5 else 1) * (1 + 4 * math.exp(-d / 6))
        daily = Crowd(
            chance.poisson(mean),
            chance.dirichlet(COUNTRIES, 400),
            min(max(chance.gauss(UNKNOWN, 0.012), 0.05), 0.4),
            quick=min(max(chance.gauss(QUICK, 0.008), 0.01), 0.2),
            confirmed=min(max(chance.gauss(CONFIRMED, 0.02), 0.5), 0.95),
        )
        name = "" if quiet else chance.choices(["", *EVENTS], [1 - sum(EVENTS.values()), *EVENTS.values()])[0]
        counts = count(chance, daily)
        counts = together(counts, count(chance, event(chance, name, rate))) if name else counts
        if forged and d in forged:
            counts = together(counts, count(chance, replace(forged[d], n=chance.poisson(forged[d].n))))
        made.publishers.append(publisher.copy())
        made.days.append(publisher.publish(counts))
        made.counts.append(counts)
        made.events.append(name)
    return made


def attacked(chance: Chance, made: Campaign, day: int, crowd: Crowd, *, late: bool = False) -> Day:
    """One day of a campaign with forged signatures on top; `late`: of forms that were sent on earlier days."""
    publisher, forged = made.publishers[day].copy(), count(chance, crowd)
    if late:
        publisher.later = list(map(sum, zip(publisher.later, forged.later, strict=True)))
        return publisher.publish(made.counts[day])
    return publisher.publish(together(made.counts[day], forged))


ATTACKS = {
    "catch-all, naive": Crowd(0, unknown=1, quick=0.9, confirmed=0.98, domain=1, network=1),
    "catch-all, proxies": Crowd(0, unknown=1, quick=0.9, confirmed=0.98, domain=1),
    "catch-all, smart": Crowd(0, unknown=1, domain=1),
    "40 domains, smart": Crowd(0, unknown=1, domain=1 / 40),
    "ten-minute mailboxes": Crowd(0, unknown=1, thrown_away=0.6, quick=0.6, confirmed=0.95, domain=0.15, network=0.2),
    "throw-away, one network, one country": Crowd(0, tilted(1, 0.999), 0, 1, 0.9, 0.98, network=1),
    "one big provider, quick": Crowd(0, unknown=0, thrown_away=0, quick=0.5, confirmed=0.97, returned=0.05),
    "one big provider, smart": Crowd(0, unknown=0, thrown_away=0),
    "one small country, smart": Crowd(0, tilted(SMALL, 0.999)),
    "confirmed days later": Crowd(0, unknown=1, domain=1, same_day=0.0),
}
