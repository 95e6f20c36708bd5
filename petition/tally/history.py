"""The published figures of the hours and days that are over."""

from datetime import UTC, datetime

from petition.core import clock
from petition.core.clock import HOUR
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.tally.rounding import UNSTATED_COUNTRY, round_down

LATE_COMMIT_SECONDS = 300  # seconds after the end of an hour or day in which a slow commit may still add to it


async def close_past_periods(c: Connection) -> None:
    """Writes the published figures of the hours and days that have ended since the last call."""
    latest_end = datetime.fromtimestamp(clock.epoch() - LATE_COMMIT_SECONDS, UTC)
    hour = iso_hour(latest_end)
    last_closed = await state.get(c, "history_written_until")
    if last_closed == hour:
        return
    if last_closed and last_closed > hour:  # a clock was set back: what was closed too early is open again
        await c.run("history.delete_hours_from", hour=hour)
        await c.run("history.delete_days_from", day=hour[:10])
        await state.put(c, "history_written_until", hour)
        return
    await _write_hours(c, after=last_closed or "", before=hour)
    await _write_days(c, after=last_closed[:10] if last_closed else "", before=hour[:10])
    await state.put(c, "history_written_until", hour)


async def _write_hours(c: Connection, after: str, before: str) -> None:
    """The hours from `after` (included) to `before` (not included)."""
    total = int((await c.one("history.total_before_hour", hour=after) or {})["n"])
    for row in await c.all("history.changes_by_hour", after=after, before=before):
        total, earlier = total + int(row["n"]), total
        if round_down(total) != round_down(earlier):
            await c.run("history.insert_hour", hour=row["hour"], confirmed=round_down(total))


async def _write_days(c: Connection, after: str, before: str) -> None:
    totals = {row["country"]: int(row["n"]) for row in await c.all("history.totals_before_day", day=after)}
    for row in await c.all("history.changes_by_day", after=after, before=before):
        earlier = totals.get(row["country"], 0)
        totals[row["country"]] = total = earlier + int(row["n"])
        if row["country"] != UNSTATED_COUNTRY and round_down(total) != round_down(earlier):
            await c.run("history.insert_day", day=row["day"], country=row["country"], confirmed=round_down(total))


async def reset_history(c: Connection) -> None:
    """The next call of close_past_periods() starts from the beginning; for demo signatures with days in the past."""
    await c.run("history.reset")


def iso_hour(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%HZ")


async def get_history(c: Connection) -> tuple[list[tuple[str, int]], list[tuple[str, str, int]]]:
    """(hour, total) and (day, country, count) where a published figure changed; only past hours and days."""
    hours = [(row["hour"], int(row["confirmed"])) for row in await c.all("history.hours")]
    days = [(r["day"], r["country"], int(r["confirmed"])) for r in await c.all("history.days")]
    return hours, days


async def last_day_change(c: Connection) -> int:
    """The exact net change of the last 24 hours."""
    since = datetime.fromtimestamp(clock.epoch() - 24 * HOUR, UTC)
    return int((await c.one("history.change_since", hour=iso_hour(since)) or {})["n"])
