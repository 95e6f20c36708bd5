"""Releases: at its times each figure is counted, rounded with a secret remainder, and published."""

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.settings import Mode
from petition.tally import freeze, removals, schedule
from petition.tally.last_published import begin_timeline
from petition.tally.rounding import UNSTATED_COUNTRY
from petition.tally.schedule import Schedule, Windows, is_midnight, last_monday, window_start
from petition.tally.tally import TOTAL

WITHDRAWN = "withdrawn"  # the name of a release: how many signatures were taken off on a Monday
# Facts about the whole database, see core/database/state.py.
FIRST_COUNT, FIRST_BY = "first_release_count", "first_release_by"  # until the first release
AHEAD_UNTIL = "clock_ahead_until"  # a day; until then the journal may have entries that a wrong clock made
_ALL_DAYS = "9999"


@dataclass(frozen=True, slots=True)
class Figure:
    """What is published under a name, since when, until when, and the secret remainder of the next release."""

    name: str
    figure: int
    released_at: int
    window_seconds: int
    remainder: int


def draw_remainder() -> int:
    return schedule.REMAINDERS[secrets.randbelow(len(schedule.REMAINDERS))]


async def release_due(database: Database) -> None:
    """Releases every figure whose time has come, unless another process has. What was missed is released as one."""
    now = clock.epoch()
    async with database.reading() as c:
        figures, plan, is_first = await _figures(c), await get_schedule(c), await _first_release_pending(c)
        due = _due(figures, plan, now, await freeze.held_until(c), is_first=is_first)
    if due or TOTAL not in figures or figures[TOTAL].released_at > now + plan.max_ahead:
        # A midnight counts the days before it: it waits for transactions that still write to them.
        locking = ("journal",) if any(map(is_midnight, due.values())) else ()
        await database.own_transaction(partial(release, now=now), locking=locking)


async def release(c: Connection, now: int) -> None:
    plan = await get_schedule(c)
    # A freeze that begins now waits, or has begun; and no two processes release figures in two orders.
    if await c.one("releases.lock_total") is None:
        await _begin(c, plan, now)
    held_until, figures = await freeze.held_until(c), await _figures(c)
    if figures[TOTAL].released_at > now + plan.max_ahead:
        return await _set_back(c, plan, figures, now)
    is_first = await _first_release_pending(c)
    due = _due(figures, plan, now, held_until, is_first=is_first)
    if is_first and due:
        if not await _is_first_release(c, due[TOTAL]):
            await _save(c, [replace(figures[TOTAL], released_at=due[TOTAL])])
            return None
        due = _due(figures, plan, now, held_until, is_first=False) | due
    return await _release_figures(c, figures, due, plan, now, held_until)


async def next_releases(c: Connection) -> tuple[int | None, int | None]:
    """When the total, and the first of the countries, are released next (epoch seconds).

    None for both before the first release, whose time is secret, and for the countries if there is none yet.
    """
    if await _first_release_pending(c):
        return None, None
    held_until = await freeze.held_until(c)
    times = {
        name: window_start(max(figure.released_at, held_until), figure.window_seconds) + figure.window_seconds
        for name, figure in (await _figures(c)).items()
    }
    return times.pop(TOTAL, None), min(times.values(), default=None)


async def get_schedule(c: Connection) -> Schedule:
    return schedule.DEMO if await state.get(c, "mode") == Mode.DEMO else schedule.PRODUCTION


async def _figures(c: Connection) -> dict[str, Figure]:
    return {row["name"]: Figure(**row) for row in await c.all("tally.figures")}


async def _first_release_pending(c: Connection) -> bool:
    return await state.get(c, FIRST_COUNT) is not None


def _due(figures: dict[str, Figure], plan: Schedule, now: int, held_until: int, *, is_first: bool) -> dict[str, int]:
    """The time of the release that each figure waits for. Countries wait for the first release of the total."""
    if is_first:
        figures = {TOTAL: replace(figures[TOTAL], window_seconds=plan.total.short)}
    times = {name: window_start(now, f.window_seconds) for name, f in figures.items()}
    return {name: time for name, time in times.items() if time > max(figures[name].released_at, held_until)}


async def _begin(c: Connection, plan: Schedule, now: int) -> None:
    """The first start of the campaign: draws the secret count of the first release. Then the total is locked."""
    begun_at = window_start(now, plan.total.short) - plan.total.short
    total = Figure(TOTAL, 0, begun_at, plan.total.regular, draw_remainder())
    saved = await _save(c, [total])
    await c.run("releases.lock_total")
    if saved:
        await state.put(c, FIRST_COUNT, str(secrets.choice(plan.first_counts)))
        await state.put(c, FIRST_BY, str(now + plan.first_wait))


async def _is_first_release(c: Connection, time: int) -> bool:
    count, by = int(await state.get(c, FIRST_COUNT) or 0), int(await state.get(c, FIRST_BY) or 0)
    if time < by and sum((await _counted(c, time)).values()) < count:
        return False
    await state.delete(c, FIRST_COUNT)
    await state.delete(c, FIRST_BY)
    return True


async def _counted(c: Connection, time: int) -> dict[str, int]:
    """The counts of a release by country. A midnight has exactly the days before it, however late it is released."""
    before = _day(time) if is_midnight(time) else _ALL_DAYS
    rows = await c.all("releases.counted", before=before, monday=_day(last_monday(time)), today=_day(time))
    return {row["country"]: int(row["n"]) for row in rows}


def _day(moment: int) -> str:
    return clock.from_epoch(moment).date().isoformat()


async def _release_figures(
    c: Connection, figures: dict[str, Figure], due: dict[str, int], plan: Schedule, now: int, held_until: int
) -> None:
    if TOTAL in due:  # a country that was never released has the times of all countries
        last_time, time = (window_start(t, plan.country.regular) for t in (figures[TOTAL].released_at, now))
        for country in (await _counted(c, time)).keys() - figures.keys() - {UNSTATED_COUNTRY}:
            figures[country] = Figure(country, 0, last_time, plan.country.regular, draw_remainder())
            due |= {country: time} if time > max(last_time, held_until) else {}
    released = await _count_again(c, figures, due, plan)
    saved = set(await _save(c, list(released.values())))
    # Of a country that was never published, nothing is written down.
    noted = {name for name, f in released.items() if name == TOTAL or f.figure or figures[name].figure}
    rows = [_release_row(released[name]) for name in sorted(saved & noted)]
    if TOTAL in saved:
        last_time, time = figures[TOTAL].released_at, due[TOTAL]
        rows += await _withdrawn(c, last_time, time)
        rows += await _removals(c, last_time, time)
    elif saved:
        rows += await _raise_total(c, _sum_of_countries(figures | released), max(due.values()))
    await c.run("releases.insert", rows=rows)


async def _count_again(
    c: Connection, figures: dict[str, Figure], due: dict[str, int], plan: Schedule
) -> dict[str, Figure]:
    ahead_until = await state.get(c, AHEAD_UNTIL) or ""
    counts, days = {time: await _counted(c, time) for time in set(due.values())}, await removals.removal_days(c)
    released: dict[str, Figure] = {}
    for name, time in sorted(due.items()):  # the total comes last, since it is never below the sum of the countries
        is_total, before = name == TOTAL, figures[name].released_at
        falls = _day(time) > ahead_until and (
            before < last_monday(time) or any(_day(before) <= day < _day(time) for day in days)
        )
        counted = sum(counts[time].values()) if is_total else counts[time].get(name, 0)
        least = _sum_of_countries(figures | released) if is_total else 0
        windows = plan.total if is_total else plan.country
        released[name] = await _next_figure(c, figures[name], time, counted, least, windows, falls=falls)
    return released


async def _next_figure(
    c: Connection, figure: Figure, time: int, counted: int, least: int, windows: Windows, *, falls: bool
) -> Figure:
    new = max(schedule.released_figure(figure.figure, counted, figure.remainder, falls=falls), least)
    earlier = await c.one("releases.figure_at", name=figure.name, moment=time - windows.regular) or {"figure": 0}
    since = time - figure.released_at
    if since > windows.regular:  # after a freeze or an outage: it grew in a longer time
        window = windows.regular
    else:
        last_window = figure.window_seconds if since == figure.window_seconds else windows.regular
        window = windows.next_window(last_window, new - figure.figure, new - int(earlier["figure"]))
    remainder = figure.remainder if new == figure.figure else draw_remainder()
    return Figure(figure.name, new, time, window, remainder)


def _sum_of_countries(figures: dict[str, Figure]) -> int:
    return sum(f.figure for name, f in figures.items() if name != TOTAL)


async def _save(c: Connection, figures: list[Figure]) -> list[str]:
    """The names of those that no other process has released."""
    return [row["name"] for row in await c.all("releases.save_figures", rows=[asdict(figure) for figure in figures])]


async def _raise_total(c: Connection, least: int, time: int) -> list[dict[str, str | int]]:
    raised = await c.all("releases.raise_total", figure=least, remainder=draw_remainder())
    return [{"name": TOTAL, "released_at": time, "figure": least} for _ in raised]


async def _withdrawn(c: Connection, last_time: int, time: int) -> list[dict[str, str | int]]:
    """On the first release of a week: how many were taken off, in tens."""
    monday = last_monday(time)
    if last_time >= monday:
        return []
    row = await c.one("releases.removed", first=_day(last_monday(last_time)), before=_day(monday)) or {"n": 0}
    n = schedule.round_off(int(row["n"]), draw_remainder())
    return [{"name": WITHDRAWN, "released_at": time, "figure": n}]


async def _removals(c: Connection, last_time: int, time: int) -> list[dict[str, str | int]]:
    """On the first release of a day: what organisers set aside and restored since, in tens."""
    sums = await removals.sum_removals(c, _day(last_time), _day(time))
    figures = {name: schedule.round_off(n, draw_remainder()) for name, n in sums.items()}
    return [{"name": name, "released_at": time, "figure": n} for name, n in figures.items()]


def _release_row(figure: Figure) -> dict[str, str | int]:
    return {"name": figure.name, "released_at": figure.released_at, "figure": figure.figure}


async def _set_back(c: Connection, plan: Schedule, figures: dict[str, Figure], now: int) -> None:
    """A clock was ahead and is right again: figures stay as they are, and their next releases come in time."""
    latest = max(figure.released_at for figure in figures.values())
    ahead_until = max(_day(latest + DAY), await state.get(c, AHEAD_UNTIL) or "")
    windows = {"total_window": plan.total.regular, "country_window": plan.country.regular}
    rows = await c.all("releases.set_back", now=now, **windows)
    await state.put(c, AHEAD_UNTIL, ahead_until)
    await c.run("releases.delete_too_early", now=now)
    await begin_timeline(c)  # machines have published what is deleted
    await c.run("releases.insert", rows=[row for row in rows if row["figure"]])


async def rebuild(database: Database, first_day: date) -> None:
    """For made-up signatures with days in the past: all releases that their midnights would have had."""

    async def release_midnights(c: Connection) -> None:
        await c.delete_all(("figures", "releases"))
        await begin_timeline(c)
        for midnight in range(clock.start_of_day(first_day.isoformat()) + DAY, clock.epoch() + 1, DAY):
            await release(c, midnight)

    await database.own_transaction(release_midnights, locking=("journal", "figures", "releases"))
