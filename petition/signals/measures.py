"""Robust statistics of a campaign against its own past. Pure functions over plain numbers."""

from collections.abc import Sequence
from math import log, sqrt
from statistics import median

MAD = 1.4826  # times the median deviation: the standard deviation, if the past is normal
LEAST_SPREAD = 0.12  # of the logarithm of a day's total: less would call an ordinary day a surge
_CLIP, _SLACK = 3.0, 0.75  # of one step of a sum: one great day alone is no drip

Share = tuple[int, int]  # (x, n): x of n on one day


def deviation(x: float, n: int, past: Sequence[Share], rounding: float = 0.0) -> tuple[float, float]:
    """(z, excess): how far x of n is above the share of the past, in standard deviations and in signatures.

    The spread is that of chance, made wider by how much the share has varied so far. `rounding`: the variance that
    rounding alone has.
    """
    shares = [a / max(b, 1) for a, b in past]
    p = max(median(shares), 0.5 / max(sum(b for _, b in past), 1))
    residuals = [(a - b * p) / sqrt(max(b * p * (1 - p), 1)) for a, b in past]
    middle = median(residuals)
    s = max(1.0, MAD * median(abs(r - middle) for r in residuals))
    relative = MAD * median(abs(share - p) for share in shares)
    chance = max(n * p * (1 - p), 1)
    spread = chance + (relative * n) ** 2 / 2 + (s * s - 1) * chance / 2 + rounding
    return (x - n * p) / sqrt(spread), x - n * p


def surge(n: int, past: Sequence[int]) -> float:
    """How far a day's total is above the days of the past, by ratio."""
    logs = [log(m + 1) for m in past]
    middle = median(logs)
    spread = max(MAD * median(abs(value - middle) for value in logs), LEAST_SPREAD)
    return (log(n + 1) - middle) / spread


def drip(steps: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """(height, excess): a sum (CUSUM) of deviations that are small each, and the signatures in it.

    `steps`: (z, excess) of each day, or week, in their order.
    """
    height = gathered = 0.0
    for z, excess in steps:
        height = max(0.0, height + max(-_CLIP, min(_CLIP, z)) - _SLACK)
        gathered = gathered + excess if height else 0.0
    return height, gathered
