"""Tells two worlds apart by what an adversary sees in each: generic features of a list of events.

An event is (time, kind, length). The feature is chosen on one half of the observations and judged once, on the other.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Event = tuple[float, str, int]
Observation = Sequence[Event]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The area under the ROC curve: 0.5 is chance, 1 or 0 is certainty. `n`: judged observations of each world."""

    feature: str
    auc: float
    n: int

    @property
    def advantage(self) -> float:
        return abs(self.auc - 0.5)


def distinguish(first: Sequence[Observation], second: Sequence[Observation]) -> Verdict:
    """The best feature of the even observations, judged on the odd ones."""
    left, right = [dict(_features(one)) for one in first], [dict(_features(one)) for one in second]
    names = sorted({name for features in (*left, *right) for name in features})

    def auc_of(name: str, half: int) -> float:
        values = [[features.get(name, -1.0) for features in world[half::2]] for world in (left, right)]
        return auc(values[0], values[1])

    best = max(names, key=lambda name: abs(auc_of(name, 0) - 0.5))
    return Verdict(best, auc_of(best, 1), min(len(left), len(right)) // 2)


def auc(first: Sequence[float], second: Sequence[float]) -> float:
    """The chance that a value of the second world is larger than one of the first; ties count half (Mann-Whitney)."""
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    total, start = 0.0, 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        total += sum(world for _, world in ranked[start:end]) * (start + end + 1) / 2
        start = end
    return (total - len(second) * (len(second) + 1) / 2) / (len(first) * len(second))


def _features(events: Observation) -> Iterator[tuple[str, float]]:
    """Counts, times, gaps, order and lengths; of all events and of each kind."""
    kinds = sorted({kind for _, kind, _ in events})
    for name, chosen in [("all", list(events)), *((kind, [e for e in events if e[1] == kind]) for kind in kinds)]:
        yield f"count of {name}", len(chosen)
        yield from _summary(f"times of {name}", [time for time, _, _ in chosen])
        yield from _summary(f"lengths of {name}", [float(length) for _, _, length in chosen])
        yield from _summary(f"gaps of {name}", [b[0] - a[0] for a, b in pairwise(sorted(chosen))])
    first_places = {kind: n for n, (_, kind, _) in reversed([*enumerate(sorted(events))])}
    yield from ((f"place of {kind}", place) for kind, place in first_places.items())


def _summary(name: str, values: list[float]) -> Iterator[tuple[str, float]]:
    if not values:
        return
    yield f"least {name}", min(values)
    yield f"largest {name}", max(values)
    yield f"mean {name}", statistics.fmean(values)
    yield f"median {name}", statistics.median(values)
    yield f"spread of {name}", statistics.pstdev(values)
    yield from ((f"{name}: {n}", value) for n, value in enumerate(values[:6]))
