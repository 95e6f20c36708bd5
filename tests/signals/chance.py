"""Random numbers of the distributions that the simulation needs, with a seed: the standard library is enough."""

import math
import random
from collections.abc import Sequence

EXACT = 40  # up to so many, each is drawn by itself; above, the normal distribution is near enough


class Chance(random.Random):
    def binomial(self, n: int, p: float) -> int:
        """A great n with a small p as Poisson, else normal."""
        if n <= EXACT:
            return sum(self.random() < p for _ in range(n))
        if p > 0.5:
            return n - self.binomial(n, 1 - p)
        if n * p < EXACT:
            return min(n, self.poisson(n * p))
        return max(0, min(n, round(self.gauss(n * p, math.sqrt(n * p * (1 - p))))))

    def poisson(self, mean: float) -> int:
        if mean > EXACT:
            return max(0, round(self.gauss(mean, math.sqrt(mean))))
        limit, product, n = math.exp(-mean), self.random(), 0
        while product > limit:
            product *= self.random()
            n += 1
        return n

    def multinomial(self, n: int, shares: Sequence[float]) -> list[int]:
        """What is left of the shares below one belongs to nobody."""
        left, rest, drawn = n, 1.0, []
        for share in shares:
            k = self.binomial(left, min(1.0, share / rest)) if rest > 1e-9 else 0
            drawn.append(k)
            left, rest = left - k, rest - share
        return drawn

    def dirichlet(self, shares: Sequence[float], weight: float) -> list[float]:
        drawn = [self.gammavariate(share * weight, 1) for share in shares]
        return [value / sum(drawn) for value in drawn]

    def forms(self, confirmed: int, share: float) -> int:
        """How many forms there were, if so many of them were confirmed."""
        return confirmed + self.binomial(round(confirmed / share), 1 - share) if confirmed else 0
