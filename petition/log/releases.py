"""What the log says of released figures: copies of the table of releases, never of a count."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database.connection import Connection, Row
from petition.log.entries import Entry, canonical_json, sha256
from petition.log.store import New
from petition.tally import removals, schedule
from petition.tally.releases import WITHDRAWN
from petition.tally.tally import TOTAL

SETTLE_SECONDS = 60  # then countries and total of one time are all there
_KEEP_COUNTRIES = 2 * DAY  # those of a midnight stay: /history.csv has them too
_LEAST = 10
_NEVER = "9999"


@dataclass(frozen=True, slots=True)
class Release:
    """All figures as they were published with a total; `countries` is None if none was released since the last one."""

    at: int
    total: int
    countries: Mapping[str, int] | None

    @property
    def facts(self) -> dict[str, Any]:
        """Of the file beside the log, without its nonce."""
        countries = self.countries or {}
        return {
            "at": minute(self.at),
            "total": self.total,
            "countries": countries,
            "other": self.total - sum(countries.values()),
        }


@dataclass(frozen=True, slots=True)
class Released:
    """Rows of the table of releases after a moment, in the order of their times, and the figures of that moment.

    `since`: the moment (epoch seconds) after which they are compared with the log. It is later: which countries were
    released with a total is known only if the total before is there.
    """

    rows: Sequence[Row]
    before: Mapping[str, int]
    since: int

    @property
    def settling(self) -> bool:
        """Whether a release is so new that it is logged later."""
        return any(int(row["released_at"]) > clock.epoch() - SETTLE_SECONDS for row in self.rows[-1:])


async def read_released(c: Connection, since: int) -> Released:
    after = max(since - DAY, -1)
    before = {row["name"]: int(row["figure"]) for row in await c.all("published.figures_at", moment=after)}
    return Released(await c.all("published.releases", after=after), before, since)


def list_releases(released: Released) -> list[Release]:
    """In the order of their times.

    After a pause a country may be released under an earlier time than the total, though in the same moment: so only at
    the times of the total what the table says is what people saw.
    """
    found, figures, of_countries = [], {TOTAL: 0, **released.before}, False
    figure_rows = (row for row in released.rows if row["name"] == TOTAL or len(row["name"]) == 2)
    for at, group in groupby(figure_rows, key=lambda row: int(row["released_at"])):
        now = {row["name"]: int(row["figure"]) for row in group}
        figures |= now
        of_countries |= bool(now.keys() - {TOTAL})
        if TOTAL not in now:
            continue
        countries = {name: n for name, n in sorted(figures.items()) if name != TOTAL and n}
        fits = sum(countries.values()) <= figures[TOTAL]  # not if a clock was set back in between
        found.append(Release(at, figures[TOTAL], countries if of_countries and fits else None))
        of_countries = of_countries and not fits
    return found


def new_entries(
    released: Released, logged: Sequence[Entry], files: Mapping[str, str], now: int, adopted: int
) -> Iterator[New]:
    """What is not logged yet, and corrections of what is not true any more. `files`: those beside the log, by hash.

    `adopted`: the newest restore was before it; what is taken back of the time before was lost with the database.
    Releases stand in the log in the order of their times: with one, all later ones are corrected, and logged again.
    """
    since = minute(released.since)
    valid = {at: entry for at, entry in valid_releases(logged).items() if at > since}
    published = {minute(one.at): one for one in list_releases(released) if one.at > released.since}
    due = [at for at, release in published.items() if release.at <= now - SETTLE_SECONDS]
    wrong = [at for at in valid if at not in published or not _agrees(valid[at], published[at], files)]
    begin = min([*wrong, *(at for at in due if at not in valid)], default=_NEVER)
    yield from (_correction(at, adopted) for at in sorted(valid) if at >= begin)
    yield from (_new_release(published[at], now) for at in due if at >= begin)
    yield from _new_removals([row for row in released.rows if int(row["released_at"]) <= now - SETTLE_SECONDS], logged)


def _correction(at: str, adopted: int) -> New:
    return New({"kind": "correction", "at": at, "reason": "restored" if at <= minute(adopted) else "clock"})


def valid_releases(logged: Sequence[Entry]) -> dict[str, Entry]:
    """By their times: those that no later correction takes back."""
    valid: dict[str, Entry] = {}
    for entry in logged:
        if entry["kind"] == "release":
            valid[entry["at"]] = entry
        elif entry["kind"] == "correction":
            valid.pop(entry["at"], None)
    return valid


def _agrees(entry: Entry, release: Release, files: Mapping[str, str]) -> bool:
    if entry["total"] != release.total or ("countries" in entry) != (release.countries is not None):
        return False
    if (file := files.get(entry.get("countries", ""))) is None:
        return True
    return {name: value for name, value in json.loads(file).items() if name != "nonce"} == release.facts


def _new_release(release: Release, now: int) -> New:
    entry: Entry = {"kind": "release", "at": minute(release.at), "total": release.total}
    if release.countries is None:
        return New(entry)
    content = canonical_json(release.facts | {"nonce": secrets.token_hex(16)})
    kept_until = 0 if schedule.is_midnight(release.at) else now + _KEEP_COUNTRIES
    return New(entry | {"countries": sha256(content)}, {content: kept_until})


def _new_removals(rows: Sequence[Row], logged: Sequence[Entry]) -> Iterator[New]:
    """What was taken off or restored, in tens; under ten nothing is said."""
    for row in rows:
        if row["figure"] < _LEAST or (row["name"] != WITHDRAWN and not _is_removal(row["name"])):
            continue
        entry = _removal(row["name"], int(row["released_at"])) | {"n": int(row["figure"])}
        if entry not in logged:
            yield New(entry)


def _is_removal(name: str) -> bool:
    return name == removals.RESTORED or removals.reason_of(name) != name


def _removal(name: str, released_at: int) -> Entry:
    if name == WITHDRAWN:
        return {"kind": "withdrawn", "day": _day(schedule.last_monday(released_at))}
    restored = name == removals.RESTORED
    return {"kind": "removal", "day": _day(released_at), "reason": removals.reason_of(name), "restored": restored}


def _day(moment: int) -> str:
    return clock.from_epoch(moment).date().isoformat()


def minute(moment: int) -> str:
    return f"{clock.from_epoch(moment):%Y-%m-%dT%H:%MZ}"
