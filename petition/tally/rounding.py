"""One place that says what is too small to show: counts are shown in tens, and none under ten."""

STEP = 10
UNSTATED_COUNTRY = "ZZ"  # not said, or a country whose residents are never counted as such


def floor(n: int) -> int:
    return n // STEP * STEP


def fold(counts: dict[str, int]) -> tuple[int, dict[str, int], int]:
    """(confirmed, countries, other) as they may be published."""
    confirmed = floor(sum(counts.values()))
    countries = {c: floor(n) for c, n in sorted(counts.items()) if n >= STEP and c != UNSTATED_COUNTRY}
    return confirmed, countries, confirmed - sum(countries.values())


def hide_small(n: int) -> int | None:
    """A count for organisers; None for one under ten, which templates show as "<10"."""
    return n if n >= STEP else None


def rounded(n: int) -> str:
    """A count for the activity log, which viewers read too: in tens, as published ones are."""
    return str(floor(n)) if n >= STEP else "<10"
