"""Which signals a day gives, by the campaign's own history. Pure: no database, no clock; chance only as it is given.

The thresholds are those of docs/signals.md, where it stands how often each is wrong and what it misses.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt
from statistics import median

from petition.signals.measures import Share, deviation, drip, surge

HISTORY = 28  # days of the past that a day is compared with; until there are so many, fixed rules
GAP, SPAN = 14, 30  # days: the past of a drip ends so long before, and it is summed up over so many at most
ROUNDING_VARIANCE = 33.0  # of the difference of two figures in tens with secret remainders
LEAST_EXCESS = 20  # signatures: nobody is called for less
FEW_RULES = 2  # of R1 to R4: a person looks
OF_ONE = ("domain", "network")  # told only of a cluster: who owns a few mailboxes of an office must not see the others
NOTED_CLUSTERS = 5  # of one day
UNTOLD = -1  # what is usual, on the first day


@dataclass(frozen=True, slots=True)
class Threshold:
    z: float
    excess: int


THRESHOLDS = {
    "surge": Threshold(6, LEAST_EXCESS),
    "country": Threshold(6, 40),
    "unknown": Threshold(6, LEAST_EXCESS),
    "domain": Threshold(8, LEAST_EXCESS),
    "network": Threshold(8, LEAST_EXCESS),
    "throw-away": Threshold(6, LEAST_EXCESS),
    "quick": Threshold(6, LEAST_EXCESS),
    "ratio": Threshold(6, LEAST_EXCESS),
    "returned": Threshold(6, LEAST_EXCESS),
}
LATE = Threshold(6, 40)
DRIPS = {"domain": Threshold(9, 40), "throw-away": Threshold(9, 40), "unknown": Threshold(9, 40)}
COUNTRY_DRIP = Threshold(6, 40)
_ECHO = 0.15  # of what a day had too much, the next day has this: people press the button after midnight
_USUAL_SWING = 0.15  # of a country's share of two weeks, at least
_MOST_OF_A_DAY = 3.0  # deviations
_SURGING = 2.0  # times what is usual
SHARES = ("unknown", "quick", "ratio", "returned")  # told in percent, the others in tens
# Fixed rules, beside the history and before there is one.
MANY_THROWN_AWAY, MANY_OF_ONE, LEAST_SHARE = 10, 30, 0.05


@dataclass(frozen=True, slots=True)
class Group:
    """A cluster as it was counted; `handle` as in the table."""

    handle: str
    kind: str
    confirmed: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """The counts of one day: of its forms, and of what was published at its end (`growth`, `countries`)."""

    day: str
    forms: int = 0
    confirmed: int = 0
    unknown: int = 0
    thrown_away: int = 0
    quick: int = 0
    returned: int = 0
    largest_domain: int = 0
    largest_network: int = 0
    growth: int = 0
    countries: dict[str, int] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()

    @property
    def late(self) -> int:
        """Published, and not of this day's forms: their button was pressed on a later day."""
        return max(self.growth - self.confirmed, 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """`seen` and `usual`: counts, or percent of a signal in SHARES."""

    signal: str
    seen: float
    usual: float
    subject: str = ""
    cluster: str = ""


SERIES: dict[str, Callable[[Day], Share]] = {
    "unknown": lambda d: (d.unknown, d.confirmed),
    "domain": lambda d: (d.largest_domain, d.confirmed),
    "network": lambda d: (d.largest_network, d.confirmed),
    "throw-away": lambda d: (d.thrown_away, d.confirmed),
    "quick": lambda d: (d.quick, d.confirmed),
    "ratio": lambda d: (d.confirmed, d.forms),
    "returned": lambda d: (d.returned, d.forms),
}


def find(history: Sequence[Day], today: Day, factor: float, remainder: int) -> list[Finding]:
    """What stands out. `factor`: of the thresholds, this installation's own; `remainder`: is taken off each count."""
    past = history[-HISTORY:]
    found = [*_groups(past, today), *_thrown_away(past, today, remainder)]
    if len(past) < HISTORY:
        found += _of_one(past, today, remainder)
    else:
        found += [*_surge(past, today, factor, remainder), *_shares(past, today, factor, remainder)]
        found += [*_late(past, today, factor, remainder), *_countries(past, today, factor, remainder)]
        found += drips([*history, today], factor, remainder)
    return list({(f.signal, f.subject, f.cluster): f for f in found}.values())


def _passes(threshold: Threshold, z: float, excess: float, factor: float, remainder: int) -> bool:
    return z > threshold.z * factor and excess - remainder >= threshold.excess * factor


def _usual(past: Sequence[Day], signal: str) -> float:
    return median(SERIES[signal](day)[0] for day in past) if past else UNTOLD


def _groups(past: Sequence[Day], today: Day) -> Iterator[Finding]:
    suspect = [group for group in today.groups if len(group.rules) >= FEW_RULES]
    for group in sorted(suspect, key=lambda g: (-len(g.rules), -g.confirmed))[:NOTED_CLUSTERS]:
        yield Finding(group.kind, group.confirmed, _usual(past, group.kind), cluster=group.handle)


def _thrown_away(past: Sequence[Day], today: Day, remainder: int) -> Iterator[Finding]:
    """So many are unusual whatever was usual."""
    if today.thrown_away - remainder >= max(MANY_THROWN_AWAY, LEAST_SHARE * today.confirmed):
        usual = _usual(past, "throw-away")
        yield Finding("throw-away", today.thrown_away, usual, cluster=_largest(today, "throw-away"))


def _of_one(past: Sequence[Day], today: Day, remainder: int) -> Iterator[Finding]:
    """The rule of the first weeks."""
    for signal, n in (("domain", today.largest_domain), ("network", today.largest_network)):
        cluster = _largest(today, signal)
        if cluster and n - remainder >= max(MANY_OF_ONE, LEAST_SHARE * today.confirmed):
            yield Finding(signal, n, _usual(past, signal), cluster=cluster)


def _largest(today: Day, kind: str) -> str:
    """The handle of the largest cluster of a kind; none if the largest is too small for a cluster."""
    of_kind = [group for group in today.groups if group.kind == kind]
    return max(of_kind, key=lambda group: group.confirmed).handle if of_kind else ""


def _surge(past: Sequence[Day], today: Day, factor: float, remainder: int) -> Iterator[Finding]:
    totals = [day.growth for day in past]
    z, usual = surge(max(today.growth - remainder, 0), totals), median(totals)
    if _passes(THRESHOLDS["surge"], z, today.growth - usual, factor, remainder):
        yield Finding("surge", today.growth, usual)


def _shares(past: Sequence[Day], today: Day, factor: float, remainder: int) -> Iterator[Finding]:
    for signal, of in SERIES.items():
        shares, (x, n) = [of(day) for day in past], of(today)
        z, excess = deviation(max(x - remainder, 0), n, shares)
        cluster = _largest(today, signal)
        if (cluster or signal not in OF_ONE) and _passes(THRESHOLDS[signal], z, excess, factor, 0):
            usual, percent = x - remainder - excess, 100 / max(n, 1)
            is_share = signal in SHARES
            seen, told = ((x - remainder) * percent, usual * percent) if is_share else (float(x), usual)
            yield Finding(signal, seen, told, cluster=cluster)


def _late(past: Sequence[Day], today: Day, factor: float, remainder: int) -> Iterator[Finding]:
    """Compared with the forms of the day before, of which some are always confirmed after midnight."""
    shares = [(day.late, before.forms) for before, day in pairwise([*past, today])]
    (x, n) = shares.pop()
    z, excess = deviation(x, n, shares, ROUNDING_VARIANCE)
    if _passes(LATE, z, excess, factor, remainder):
        yield Finding("late", x, x - excess)


def _countries(past: Sequence[Day], today: Day, factor: float, remainder: int) -> Iterator[Finding]:
    for country, x in today.countries.items():
        shares = [(day.countries.get(country, 0), day.growth) for day in past]
        _, before = deviation(*shares[-1], shares)
        z, excess = deviation(x - _ECHO * max(before, 0), today.growth, shares, ROUNDING_VARIANCE)
        if _passes(THRESHOLDS["country"], z, excess, factor, remainder):
            yield Finding("country", excess, x - excess, country)


def drips(days: Sequence[Day], factor: float, remainder: int) -> Iterator[Finding]:
    """What is a little more than usual for weeks, the last of the days included."""
    for signal, threshold in DRIPS.items():
        series = [SERIES[signal](day) for day in days]
        first = max(len(series) - SPAN, GAP + HISTORY)
        steps = [deviation(*series[t], series[t - GAP - HISTORY : t - GAP]) for t in range(first, len(series))]
        height, excess = drip(steps)
        if _passes(threshold, height, excess, factor, remainder):
            yield Finding(f"drip {signal}", excess, 0)
    if len(days) >= GAP + HISTORY:
        yield from _country_drips(days[-GAP - HISTORY : -GAP], days[-GAP:], factor, remainder)


def _country_drips(past: Sequence[Day], lately: Sequence[Day], factor: float, remainder: int) -> Iterator[Finding]:
    """By the sum of two weeks, since a day's figure of a small country is too coarse. Days of a surge do not count."""
    most = _SURGING * median(day.growth for day in past)
    past, now = ([day for day in days if day.growth <= most] for days in (past, lately))
    known, n = (max(sum(day.growth for day in days), 1) for days in (past, now))
    for country in lately[-1].countries:
        first_guess = max(sum(day.countries.get(country, 0) for day in past), 0.5) / known
        p = max(_sum_capped(past, country, first_guess), 0.5) / known
        excess = _sum_capped(now, country, p) - n * p
        doubt = (n / known) ** 2 * (known * p + ROUNDING_VARIANCE)  # of p itself
        spread = n * p + ROUNDING_VARIANCE + doubt + (_USUAL_SWING * n * p) ** 2
        if _passes(COUNTRY_DRIP, excess / sqrt(spread), excess, factor, remainder):
            yield Finding("drip country", excess, 0, country)


def _sum_capped(days: Sequence[Day], country: str, p: float) -> float:
    """What one day has beyond chance is no drip: it has a signal of its own."""
    usual = [day.growth * p for day in days]
    most = [n + _MOST_OF_A_DAY * sqrt(n + ROUNDING_VARIANCE) for n in usual]
    return sum(min(day.countries.get(country, 0), limit) for day, limit in zip(days, most, strict=True))
