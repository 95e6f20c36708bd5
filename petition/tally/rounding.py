"""Rounds counts before people see them: down to full tens, and none under ten."""

ROUNDING_STEP = 10
UNSTATED_COUNTRY = "ZZ"  # not said, or an unsafe country: people who live there are not counted by country


def round_down(n: int) -> int:
    return n // ROUNDING_STEP * ROUNDING_STEP


def round_counts(counts: dict[str, int]) -> tuple[int, dict[str, int], int]:
    """(confirmed, countries, other) as they may be published."""
    confirmed = round_down(sum(counts.values()))
    countries = {c: round_down(n) for c, n in sorted(counts.items()) if n >= ROUNDING_STEP and c != UNSTATED_COUNTRY}
    return confirmed, countries, confirmed - sum(countries.values())


def hide_small(n: int) -> int | None:
    """For organisers: None for a count under ten, which templates show as "<10"."""
    return n if n >= ROUNDING_STEP else None


def round_for_log(n: int) -> str:
    """In tens, like published counts, since viewers read the activity log too."""
    return str(round_down(n)) if n >= ROUNDING_STEP else "<10"
