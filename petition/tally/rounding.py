"""One place that says what is too small to show: counts are shown in tens, and none under ten."""

ROUNDING_STEP = 10
UNSTATED_COUNTRY = "ZZ"  # not said, or a country whose residents are never counted as such


def round_down(n: int) -> int:
    return n // ROUNDING_STEP * ROUNDING_STEP


def round_counts(counts: dict[str, int]) -> tuple[int, dict[str, int], int]:
    """(confirmed, countries, other) as they may be published."""
    confirmed = round_down(sum(counts.values()))
    countries = {c: round_down(n) for c, n in sorted(counts.items()) if n >= ROUNDING_STEP and c != UNSTATED_COUNTRY}
    return confirmed, countries, confirmed - sum(countries.values())


def hide_small(n: int) -> int | None:
    """A count for organisers; None for one under ten, which templates show as "<10"."""
    return n if n >= ROUNDING_STEP else None


def round_for_log(n: int) -> str:
    """A count for the activity log, which viewers read too: in tens, as published ones are."""
    return str(round_down(n)) if n >= ROUNDING_STEP else "<10"
