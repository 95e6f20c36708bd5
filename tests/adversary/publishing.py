"""An adversary who sees every release and wants the quarter hour in which one person signed, at night, in Luxembourg.

Nobody else signs that night. The adversary has any number of mailboxes, and withdraws some. To give them more than any
preparation could, they begin the night with every exact count and, if they have prepared, with every secret remainder.
They compare all figures by Bayes' rule: how likely is what was published, for each time at which the person may have
signed? Their success is what they believe of the quarter hour that they name.

At midnight they see the figures of the week too (quality.json). The public log has the figures of the pages, later:
test_the_real_site_does_not_tell_it_either looks.

`python -m tests.adversary.publishing` prints the table.
"""

import random
import sys
from dataclasses import dataclass, field

from petition.core.clock import HOUR
from petition.signals import quality
from petition.tally import schedule
from petition.tally.schedule import PRODUCTION, Windows
from tests.adversary.bayes import CERTAIN, NIGHT, QUARTER, UNKNOWN, Adversary, Seen, SeenShare

SHORT = 600
BEGIN = schedule.last_monday(1_800_000_000) - 2 * HOUR  # a Sunday, 22:00 UTC: this night is one before a Monday
WEEKLY = [schedule.last_monday(BEGIN + NIGHT)]  # when quality.json changes
QUARTERS = NIGHT // QUARTER
CHANCE = 1 / QUARTERS


@dataclass
class Figure:
    """A figure as it is published, and the count behind it without the person."""

    windows: Windows
    published: int
    counted: int
    remainder: int
    withdrawn: int = 0
    window: int = 0
    released_at: int = BEGIN
    past: dict[int, int] = field(default_factory=dict)

    def is_due(self, now: int) -> bool:
        return now % self.window == 0

    def release(self, now: int, signed: int, rng: random.Random) -> bool:
        """As petition/tally/releases.py does. `signed`: 1 once the person has; returns if it was on a Monday."""
        monday = self.released_at < schedule.last_monday(now)
        self.counted -= self.withdrawn if monday else 0
        new = schedule.released_figure(self.published, self.counted + signed, self.remainder, falls=monday)
        before = self.past[max(at for at in self.past if at <= max(now - self.windows.regular, min(self.past)))]
        last = self.window if now - self.released_at == self.window else self.windows.regular
        self.window = self.windows.next_window(last, new - self.published, new - before)
        self.remainder = rng.choice(schedule.REMAINDERS) if new != self.published else self.remainder
        self.released_at, self.published, self.past[now] = now, new, new
        return monday


@dataclass(frozen=True)
class Strategy:
    """What the adversary does before and in the night.

    `armed`: each figure is one signature below its edge, and they know the remainder. `each`: own confirmations in each
    ten minutes, so many that the counts end in 9. `short`: they have bought short windows. `falling`: own withdrawals
    bring the figures to where they fall on Monday unless one person more has signed. Who is armed has also brought the
    share of unknown domains to where one more changes it.
    """

    name: str
    armed: bool = True
    each: int = 0
    short: bool = False
    falling: bool = False
    figures: int = 2  # the total, the country

    @property
    def cost(self) -> int:
        """Own confirmations for one night."""
        return self.each * (NIGHT // SHORT) + (3600 if self.short else 0)


FREE = (
    Strategy("looks on", armed=False),
    Strategy("total at its edge", figures=1),
    Strategy("total and country at their edges"),
    Strategy("withdrawals: figures about to fall on Monday", falling=True),
    Strategy("signs, withdraws and signs again all night", each=7),
    Strategy("figures of the week alone, at their edges", figures=0),
)
BOUGHT = (
    Strategy("buys short windows of the total", each=120, short=True, figures=1),
    Strategy("buys short windows of total and country", each=120, short=True),
)


def _figures(strategy: Strategy, rng: random.Random) -> list[Figure]:
    """Total and country at the beginning of a night."""
    made = []
    for windows, published in ((PRODUCTION.total, 9000), (PRODUCTION.country, 5000))[: strategy.figures]:
        remainder = rng.choice(schedule.REMAINDERS)
        counted = published + (9 + remainder if strategy.armed else remainder + rng.randrange(10))
        withdrawn = counted - (published - 1) if strategy.falling else 0
        window = SHORT if strategy.short else windows.regular
        made.append(Figure(windows, published, counted, remainder, withdrawn, window, past={BEGIN: published}))
    return made


def _confirm(figures: list[Figure], each: int) -> None:
    """The adversary signs at least `each` times, so that every count ends in 9: one more would begin a new ten."""
    for figure in figures:
        figure.counted += each + (9 - (figure.counted + each)) % 10


def _week(strategy: Strategy, k: int, signed: int, rng: random.Random) -> list[Seen | SeenShare]:
    """Two figures of quality.json, numbers `k` and `k` + 1, as petition/signals/quality.py makes them."""
    old, forms, whole = 11_000, 12_000 + (9 if strategy.armed else rng.randrange(10)), 10_000
    part = next(n for n in range(3000, whole) if quality.share(n, whole) != quality.share(n + 1, whole + 1))
    part += 0 if strategy.armed else rng.randrange(-250, 250)
    new = schedule.released_figure(old, forms + signed, rng.choice(schedule.REMAINDERS), falls=False)
    share = quality.share(part + signed, whole + signed)
    return [Seen(k, old, forms, new, monday=False), SeenShare(k + 1, part, whole, share)]


def play(strategy: Strategy, rng: random.Random) -> float:
    """One night: how likely the best guess of the quarter hour is to be right."""
    figures, signed_at = _figures(strategy, rng), BEGIN + rng.randrange(NIGHT)
    remainders = [{f.remainder: 1.0} if strategy.armed else UNKNOWN for f in figures]
    adversary = Adversary(BEGIN, [*remainders, UNKNOWN, CERTAIN])
    for now in range(BEGIN + SHORT, BEGIN + NIGHT + 1, SHORT):
        if strategy.each:
            _confirm(figures, strategy.each)
        signed = int(signed_at < now)
        seen: list[Seen | SeenShare] = [
            _release(k, f, now, signed, rng) for k, f in enumerate(figures) if f.is_due(now)
        ]
        adversary.see(now, seen + (_week(strategy, len(figures), signed, rng) if now in WEEKLY else []))
    return adversary.success()


def _release(k: int, figure: Figure, now: int, signed: int, rng: random.Random) -> Seen:
    old = figure.published
    monday = figure.release(now, signed, rng)
    return Seen(k, old, figure.counted, figure.published, monday)


def play_old_rule(rng: random.Random) -> float:
    """The rule of before: counts rounded down to tens, once a minute, up and down. The adversary is at a count of 9."""
    counted, signed_at = 9, BEGIN + rng.randrange(NIGHT)
    for now in range(BEGIN + 60, BEGIN + NIGHT + 60, 60):
        if (counted + int(signed_at < now)) // 10 * 10 != counted // 10 * 10:  # it has just moved
            return float((now - 1 - BEGIN) // QUARTER == (signed_at - BEGIN) // QUARTER)
    return 0.0


def advantage(strategy: Strategy | None, nights: int, seed: int) -> float:
    """How much more often than by chance they are right; without a strategy: under the old rule."""
    rng = random.Random(seed)
    return sum(play(strategy, rng) if strategy else play_old_rule(rng) for _ in range(nights)) / nights - CHANCE


def main() -> None:
    seed, nights = random.randrange(10**6), int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"seed {seed}, {nights} nights; right by chance: {CHANCE:.3f}")
    print(f"{'the old rule, total at …9':50} advantage {advantage(None, nights, seed):.3f}   cost of a night 1")
    for strategy in (*FREE, *BOUGHT):
        few = nights // 10 if strategy.short else nights
        print(f"{strategy.name:50} advantage {advantage(strategy, few, seed):.3f}   cost of a night {strategy.cost}")


if __name__ == "__main__":
    main()
