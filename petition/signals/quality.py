"""Quality: what is published of how signatures came in. Once a week, as of Monday 00:00 UTC, and frozen until the next.

Numbers are in tens with a secret remainder; a share is in steps of 5 %, of so many that a step is ten people or more.
What is published already (the total, what was withdrawn or set aside) is copied from the releases, so this adds
nothing to it. Nothing is by country, and nothing is finer than all days so far.
"""

import json
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta

from petition.core import clock
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.organisers import last_checks
from petition.signals.notices import EXPLANATIONS
from petition.signals.pulse import KEPT_DAYS
from petition.tally import freeze, releases, schedule
from petition.tally.releases import WITHDRAWN
from petition.tally.removals import RESTORED, reason_of
from petition.tally.tally import TOTAL

SHARE_STEP = 5  # percent
LEAST_FOR_SHARE = 200  # of fewer, one step would be less than ten people
LEAST_FORMS = 100  # of a day with fewer, no domain is looked at
_ROUNDED = ("forms", "throw_away", "returned", "judged_honest")
# Lines of the activity log (petition/web/desk): what was judged, and judged once more.
_JUDGED = {
    "honest": "found signatures honest",
    "explained": "said what was unusual",
    "reopened": "opened a notice again",
}
_Removal = tuple[str, str, int]  # day, reason, how many


@dataclass(frozen=True, slots=True)
class Quality:
    """What was published on a Monday of everything since the first day that was counted.

    Numbers are in tens. `not_confirmed`: forms that added no signature, or not yet; None if the forms were not counted
    from the beginning. Shares are percent, None while they would be of too few; `largest_domain_below`: on every day
    each unknown domain had less than this. `audit_day`: of the last audit, empty if there was none.
    """

    week: str
    since: str
    forms: int
    confirmed: int
    not_confirmed: int | None
    withdrawn: int
    throw_away: int
    returned: int
    judged_honest: int
    unknown_domains: int | None
    largest_domain_below: int | None
    removals: tuple[_Removal, ...]
    audit_day: str
    audit_agrees: bool


async def freeze_week(database: Database) -> None:
    """Publishes the figures of a new week, once its last day was counted. Call it after Signals.look()."""
    await database.write(_freeze_week)
    await database.write(_delete_old)


async def _delete_old(c: Connection) -> None:
    """The newest week stays: the next one is counted from it."""
    await c.run("quality.delete_old", before=_days_later(clock.today().isoformat(), -KEPT_DAYS))


async def get_quality(c: Connection) -> Quality | None:
    """None until the first Monday after the first release."""
    row = await c.one("quality.newest")
    return _quality(row) if row else None


def _quality(row: Row) -> Quality:
    figures = json.loads(row["figures"])
    known = {field.name: figures[field.name] for field in fields(Quality)}
    return Quality(**known | {"removals": tuple((day, reason, n) for day, reason, n in known["removals"])})


async def _freeze_week(c: Connection) -> None:
    monday = schedule.last_monday(clock.epoch())
    week = _day(monday)
    await c.run("quality.delete_ahead", week=week)
    before = await c.one("quality.newest")
    since = before["since"] if before else await _first_day(c)
    if (before and before["week"] == week) or not since < week or not await _can_publish(c, week):
        return
    sums = await _sums(c, before, since, week)
    figures = await _figures(c, before, sums, since, week, monday)
    row = {"week": week, "since": since, "figures": json.dumps(asdict(figures)), "sums": json.dumps(sums)}
    await c.run("quality.insert", **row)


async def _first_day(c: Connection) -> str:
    return str((await c.one("quality.counted_days") or {})["first"] or "9999")


async def _can_publish(c: Connection, week: str) -> bool:
    """All days before it were counted, the first release was before it, and figures are not frozen."""
    last = (await c.one("quality.counted_days") or {})["last"] or ""
    was_released = await state.get(c, releases.FIRST_COUNT) is None and await _total(c, clock.start_of_day(week))
    return last >= _days_later(week, -1) and bool(was_released) and not await freeze.is_frozen(c)


async def _total(c: Connection, moment: int) -> int:
    row = await c.one("releases.figure_at", name=TOTAL, moment=moment)
    return int(row["figure"]) if row else 0


async def _sums(c: Connection, before: Row | None, since: str, week: str) -> dict[str, int]:
    """The exact sums of all days so far: those of the last week, and what was counted since."""
    span = {"first": before["week"] if before else since, "before": week}
    judged = await c.one("quality.judged", **span, **_JUDGED, forged=EXPLANATIONS["forged"]) or {}
    new = {**(await c.one("quality.sums", **span) or {}), "judged_honest": max(int(judged["n"]), 0)}
    old = json.loads(before["sums"]) if before else {}
    return {name: old.get(name, 0) + int(n) for name, n in new.items()}


async def _figures(
    c: Connection, before: Row | None, sums: dict[str, int], since: str, week: str, monday: int
) -> Quality:
    old = _quality(before) if before else None
    rounded = {name: _rounded(getattr(old, name, 0), sums[name]) for name in _ROUNDED}
    withdrawn, removals = await _taken_off(c, monday)
    set_aside = sum(n if reason != RESTORED else -n for _, reason, n in removals)
    published = await _total(c, monday) + withdrawn + set_aside
    confirmed = max(published, getattr(old, "confirmed", 0))  # a sum of rounded figures may be lower than a week ago
    audit = await last_checks.last_audit(c)
    return Quality(
        week=week,
        since=since,
        **rounded,
        confirmed=confirmed,
        not_confirmed=rounded["forms"] - confirmed if rounded["forms"] >= confirmed else None,
        withdrawn=withdrawn,
        unknown_domains=share(sums["unknown"], sums["pressed"]),
        largest_domain_below=await _largest_domain(c, old, since, week),
        removals=removals,
        audit_day=audit.day.isoformat() if audit else "",
        audit_agrees=audit is not None and audit.all_agree,
    )


async def _taken_off(c: Connection, monday: int) -> tuple[int, tuple[_Removal, ...]]:
    """How many were withdrawn, and what was set aside and restored, as it was published until then."""
    rows = await c.all("quality.taken_off", moment=monday, withdrawn=WITHDRAWN, restored=RESTORED)
    figures = [(row["name"], _day(int(row["released_at"])), int(row["figure"])) for row in rows]
    withdrawn = sum(n for name, _, n in figures if name == WITHDRAWN)
    return withdrawn, tuple((day, reason_of(name), n) for name, day, n in figures if name != WITHDRAWN)


def _rounded(old: int, counted: int) -> int:
    return max(old, schedule.round_off(counted, releases.draw_remainder()))


def share(part: int, whole: int) -> int | None:
    """In percent, in steps."""
    return round(part * 100 / whole / SHARE_STEP) * SHARE_STEP if whole >= LEAST_FOR_SHARE else None


async def _largest_domain(c: Connection, old: Quality | None, since: str, week: str) -> int | None:
    first = old.week if old else since
    days = await c.all("quality.largest_domains", first=first, before=week, least=LEAST_FORMS)
    shares = [below(int(day["largest_domain"]), int(day["pressed"])) for day in days]
    known = [old.largest_domain_below] if old and old.largest_domain_below is not None else []
    return max([*known, *shares], default=None)


def below(part: int, whole: int) -> int:
    """The first of 1, 5, 10, 15 … percent that a share is below; 100 also for the whole."""
    if part * 100 < whole:
        return 1
    return min((part * 100 // max(whole, 1) // SHARE_STEP + 1) * SHARE_STEP, 100)


def _day(moment: int) -> str:
    return clock.from_epoch(moment).date().isoformat()


def _days_later(day: str, n: int) -> str:
    return (date.fromisoformat(day) + timedelta(n)).isoformat()
