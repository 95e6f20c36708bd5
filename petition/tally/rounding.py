"""Rounds counts that organisers and operators see: to powers of ten, so that none moves with a single form."""

ROUNDING_STEP = 10
UNSTATED_COUNTRY = "ZZ"  # not said, or an unsafe country: people who live there are not counted by country


def round_down(n: int) -> int:
    return n // ROUNDING_STEP * ROUNDING_STEP


def magnitude(n: int) -> int:
    """The power of ten that a count has reached: 10 from ten on, 100 from a hundred on; 0 below ten."""
    return 10 ** (len(str(n)) - 1) if n >= ROUNDING_STEP else 0


def show_magnitude(n: int) -> str:
    """A count as organisers see it, also in the activity log: "<10", "10+", "100+" and so on."""
    return f"{power}+" if (power := magnitude(n)) else f"<{ROUNDING_STEP}"
