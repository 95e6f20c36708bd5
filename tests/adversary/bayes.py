"""What an adversary believes of the quarter hour in which somebody signed, after each figure that was released."""

from collections.abc import Sequence
from dataclasses import dataclass

from petition.core.clock import HOUR
from petition.signals import quality
from petition.tally import schedule

QUARTER, NIGHT = 900, 8 * HOUR
UNKNOWN = dict.fromkeys(schedule.REMAINDERS, 1 / len(schedule.REMAINDERS))
CERTAIN = {0: 1.0}  # of a figure that has no remainder
Belief = dict[int, float]  # remainder -> how likely it is


@dataclass(frozen=True)
class Seen:
    """A release of figure number `k`: `old` was published before, `counted` is the count without the person."""

    k: int
    old: int
    counted: int
    new: int
    monday: bool

    def fits(self, signed: int, remainder: int) -> bool:
        return schedule.released_figure(self.old, self.counted + signed, remainder, falls=self.monday) == self.new

    @property
    def moved(self) -> bool:
        """Then the next release has another remainder."""
        return self.new != self.old


@dataclass(frozen=True)
class SeenShare:
    """The share of unknown domains, which has no remainder; the person is at one. `part`, `whole`: without them."""

    k: int
    part: int
    whole: int
    share: int | None
    moved = False

    def fits(self, signed: int, _: int) -> bool:
        return quality.share(self.part + signed, self.whole + signed) == self.share


@dataclass
class Hypothesis:
    """That the person signed between two releases, and what is then believed of each figure's remainder."""

    since: int
    until: int
    likelihood: float
    beliefs: list[Belief]

    def weigh(self, seen: Seen | SeenShare, signed: int) -> None:
        fitting = {r: p for r, p in self.beliefs[seen.k].items() if seen.fits(signed, r)}
        total = sum(fitting.values())
        self.likelihood *= total
        known = total and not seen.moved
        self.beliefs[seen.k] = {r: p / total for r, p in fitting.items()} if known else UNKNOWN


class Adversary:
    """Weighs every release of a night that begins at `begin`."""

    def __init__(self, begin: int, beliefs: list[Belief]) -> None:
        self._begin = begin
        self._not_yet, self._signed = Hypothesis(begin, begin, 1.0, beliefs), list[Hypothesis]()

    def see(self, now: int, releases: Sequence[Seen | SeenShare]) -> None:
        """All that was released at one moment."""
        if not releases:
            return
        before, share = self._not_yet, (now - self._not_yet.since) / NIGHT
        self._signed.append(Hypothesis(before.since, now, before.likelihood * share, list(before.beliefs)))
        before.since = now
        for seen in releases:
            for one in self._signed:
                one.weigh(seen, 1)
            before.weigh(seen, 0)
        self._signed = [one for one in self._signed if one.likelihood]

    def success(self) -> float:
        """How likely the quarter hour that they name is to be the right one, at the end of the night."""
        since, end = self._not_yet.since, self._begin + NIGHT
        if since < end:  # since then nothing was published
            likelihood = self._not_yet.likelihood * (end - since) / NIGHT
            self._signed.append(Hypothesis(since, end, likelihood, []))
        return max(map(self._likelihood, range(self._begin, self._begin + NIGHT, QUARTER)))

    def _likelihood(self, quarter: int) -> float:
        total = sum(one.likelihood for one in self._signed)
        return sum(
            one.likelihood
            / total
            * max(0, min(one.until, quarter + QUARTER) - max(one.since, quarter))
            / (one.until - one.since)
            for one in self._signed
        )
