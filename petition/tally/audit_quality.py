"""Counts the weekly figures about quality again: from the sums of each day, while they are there, and the releases."""

import json
from collections.abc import Iterator
from typing import Any

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.tally.audit_removals import is_removal

_MAX_BELOW = 19  # how far a figure may be below its sum
_ROUNDED = ("forms", "throw_away", "returned", "judged_honest")
_NUMBERS = (*_ROUNDED, "confirmed", "withdrawn")
_MAY_LACK = ("unknown_domains", "largest_domain_below", "not_confirmed")
_SUMS = ("forms", "pressed", "returned", "throw_away", "unknown", "judged_honest")
_FORGED = "Nothing honest that we know of: it looks forged"
_STEP, _LEAST_FOR_SHARE = 5, 200


async def find_disagreements(c: Connection) -> list[str]:
    messages: list[str] = []
    counted_from = (await c.one("audit_quality.first_counted") or {})["day"]
    before: dict[str, Any] = {}
    for row in await c.all("audit_quality.weeks"):
        if (week := _parse(row)) is None:
            messages.append(f"Week of {row['week']}: its figures cannot be read.")
            continue
        messages += [*_check_tens(week, before), *_check_shares(week), *await _check_published(c, week, before)]
        first = before["week"] if before else week["since"]
        if first >= counted_from:
            messages += await _check_counted(c, week, before, first)
        before = week
    return messages


def _parse(row: Row) -> dict[str, Any] | None:
    """None for what is no row of figures, as in a planted backup."""
    try:
        figures, sums = json.loads(row["figures"]), json.loads(row["sums"])
        numbers = [*(figures[name] for name in _NUMBERS), *(sums[name] for name in _SUMS)]
        numbers += [figures[name] for name in _MAY_LACK if figures[name] is not None]
        removals = figures["removals"]
        clock.start_of_day(row["week"])
    except (ValueError, KeyError, TypeError):
        return None
    if not all(type(n) is int for n in numbers) or not isinstance(removals, list):
        return None
    return {**figures, "week": row["week"], "since": row["since"], "sums": sums}


def _check_tens(week: dict[str, Any], before: dict[str, Any]) -> Iterator[str]:
    for name in _ROUNDED:
        figure, exact = week[name], week["sums"][name]
        if figure % 10 or not 0 <= exact - figure <= _MAX_BELOW or figure < before.get(name, 0):
            yield f"Week of {week['week']}: {name} is published as {figure}, its sum is {exact}."


def _check_shares(week: dict[str, Any]) -> Iterator[str]:
    unknown, pressed, said = week["sums"]["unknown"], week["sums"]["pressed"], week["unknown_domains"]
    if pressed < _LEAST_FOR_SHARE:
        is_right = said is None
    else:
        is_right = said is not None and not said % _STEP and abs(unknown * 100 / pressed - said) <= _STEP / 2
    if not is_right:
        yield f"Week of {week['week']}: the share of unknown domains is published as {said}."


async def _check_published(c: Connection, week: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """What is a copy of the releases, or made from nothing else. What was ever confirmed does not fall."""
    rows = await c.all("audit_quality.releases", moment=clock.start_of_day(week["week"]))
    totals = [int(row["figure"]) for row in rows if row["name"] == "total"]
    withdrawn = sum(int(row["figure"]) for row in rows if row["name"] == "withdrawn")
    removals = [
        [clock.iso(clock.from_epoch(int(row["released_at"])))[:10], row["name"].removeprefix("aside "), row["figure"]]
        for row in rows
        if is_removal(row["name"])
    ]
    taken_off = withdrawn + sum(n if reason != "restored" else -n for _, reason, n in removals)
    confirmed = max(sum(totals[-1:]) + taken_off, before.get("confirmed", 0))
    if not before and confirmed < week["confirmed"] <= max(totals, default=0) + taken_off:
        confirmed = week["confirmed"]  # of an earlier week, which is deleted by now
    unconfirmed = week["forms"] - week["confirmed"]
    expected = {"confirmed": confirmed, "withdrawn": withdrawn, "removals": removals}
    expected |= {"not_confirmed": unconfirmed if unconfirmed >= 0 else None}
    return [
        f"Week of {week['week']}: {name} is published as {week[name]}, the releases say {value}."
        for name, value in expected.items()
        if week[name] != value
    ]


async def _check_counted(c: Connection, week: dict[str, Any], before: dict[str, Any], first: str) -> list[str]:
    """The sums of one week, and the largest domain of its days."""
    span = {"first": first, "before": week["week"]}
    counted = _counted(await c.all("audit_quality.sums", **span), await c.all("audit_quality.judged", **span))
    earlier = before.get("sums", {})
    messages = [
        f"Week of {week['week']}: {name} has {week['sums'][name] - earlier.get(name, 0)} more, counted again {n}."
        for name, n in counted.items()
        if week["sums"][name] - earlier.get(name, 0) != n
    ]
    days = await c.all("audit_quality.largest", **span)
    said, limits = week["largest_domain_below"], [_limit(int(d["largest_domain"]), int(d["confirmed"])) for d in days]
    limits += [limit for limit in [before.get("largest_domain_below")] if limit is not None]
    if said != max(limits, default=None):
        messages.append(f"Week of {week['week']}: the largest unknown domain is published as below {said} %.")
    return messages


def _counted(rows: list[Row], judged: list[Row]) -> dict[str, int]:
    confirmed = {row["mailbox_class"]: int(row["confirmed"]) for row in rows}
    acts = [-1 if row["action"] == "opened a notice again" else 1 for row in judged if row["detail"] != _FORGED]
    return {
        "forms": sum(int(row["forms"]) for row in rows),
        "pressed": sum(confirmed.values()),
        "returned": sum(int(row["returned"]) for row in rows),
        "throw_away": confirmed.get("throw-away", 0),
        "unknown": confirmed.get("unknown", 0),
        "judged_honest": max(sum(acts), 0),
    }


def _limit(part: int, whole: int) -> int:
    """The first of 1, 5, 10 … percent that a share is below."""
    return next((limit for limit in (1, *range(_STEP, 101, _STEP)) if part * 100 < limit * whole), 100)
