"""Compares the log with the database, and with what this machine has published; for `petition audit`."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from petition.core import clock
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.settings import Settings
from petition.log import heads, store
from petition.log.entries import Entry
from petition.log.errors import LogError
from petition.log.folder import Folder
from petition.log.keeper import STANDS
from petition.log.store import Log
from petition.tally.releases import WITHDRAWN
from petition.tally.removals import RESTORED

_TOLERANCE = 300  # seconds: what was published so shortly before the newest entry may be logged after it


async def find_disagreements(c: Connection, settings: Settings) -> list[str]:
    """One sentence for each thing that does not agree. Without a log there is nothing to compare."""
    if (log := await store.read_log(c)) is None:
        return []
    rows = await c.all("log.entries_from", n=0)
    heads = [row["note"] for row in await c.all("log.heads", after=log.first)]
    stands = await state.get(c, STANDS) or await state.get(c, store.RESTORED)  # the doctor and the desk say so
    newest = int((await c.one("log_audit.newest") or {})["added_at"])  # in the future, if a clock was ahead
    looked_at = 0 if stands else min(newest, clock.epoch()) - _TOLERANCE
    return [
        *([] if [row["n"] for row in rows] == [*range(len(rows))] else ["Log: an entry is missing."]),
        *_check_heads(log, heads),
        *_check_folder(log, Folder(settings.var), await store.list_names(c)),
        *[sentence async for sentence in _check_releases(c, log, looked_at)],
        *_check_removals(log, await c.all("log_audit.removals"), looked_at),
        *_check_letters(log, await c.all("log_audit.letters")),
        *([] if stands else _check_answers(log, await c.all("log_audit.answers"))),
    ]


def _check_heads(log: Log, heads: Sequence[str]) -> Iterator[str]:
    """Every head that was ever signed is one of this tree."""
    for note in heads:
        try:
            head = log.open(note)
        except LogError as error:
            yield f"Log: {error}"
            continue
        if head.size > log.size or head != log.head(head.size):
            yield f"Log: what was signed at place {head.size} is not what the entries give."


def _check_folder(log: Log, folder: Folder, names: Sequence[str]) -> list[str]:
    try:
        if own := folder.own_note(names):
            heads.refuse_fork(log, own, "by this machine")
    except LogError as error:
        return [f"Log: {error}"]
    return []


async def _check_releases(c: Connection, log: Log, looked_at: int) -> AsyncIterator[str]:
    """Those that count are those of the table: at the same times, with the same figures."""
    logged, files = _valid(log.entries), {row["sha256"]: row["content"] for row in await c.all("log_audit.files")}
    times = {int(row["released_at"]) for row in await c.all("log_audit.times")}
    for at, entry in sorted(logged.items()):
        row = await c.one("log_audit.total", moment=at) or {"figure": 0}
        if at not in times or entry["total"] != row["figure"]:
            yield f"Log: the release of {entry['at']} was logged with {entry['total']}, published was {row['figure']}."
        if file := files.get(entry.get("countries", "")):
            published = {row["name"]: row["figure"] for row in await c.all("log_audit.countries", moment=at)}
            if json.loads(file)["countries"] != {name: n for name, n in published.items() if n}:
                yield f"Log: the countries of {entry['at']} were logged with other figures than were published."
    for at in sorted(times - logged.keys()):
        if at < looked_at:
            yield f"Log: the release of {clock.iso(clock.from_epoch(at))} is not logged."


def _check_removals(log: Log, rows: Sequence[Row], looked_at: int) -> Iterator[str]:
    """Each that was published, of ten or more. What was logged before a correction may be of a clock that was ahead."""
    published = {_removal(row): int(row["released_at"]) for row in rows}
    logged, certain = set(_removals(log.entries)), set(_removals(_since_correction(log)))
    for day, reason, n in sorted(certain - published.keys()):
        yield f"Log: {n} signatures ({reason}) were logged for {day}, and not published."
    for (day, reason, n), at in sorted(published.items()):
        if at < looked_at and (day, reason, n) not in logged:
            yield f"Log: {n} signatures ({reason}) of {day} are not logged."


def _since_correction(log: Log) -> Sequence[Entry]:
    return log.entries[max((n for n, entry in enumerate(log.entries, 1) if entry["kind"] == "correction"), default=0) :]


def _removal(row: Row) -> tuple[str, str, int]:
    """A withdrawal is that of its Monday."""
    day = clock.from_epoch(int(row["released_at"])).date()
    if row["name"] == WITHDRAWN:
        day -= timedelta(day.weekday())
    return day.isoformat(), row["name"].removeprefix("aside "), int(row["figure"])


def _removals(entries: Sequence[Entry]) -> Iterator[tuple[str, str, int]]:
    for entry in entries:
        if entry["kind"] in ("withdrawn", "removal"):
            yield entry["day"], _reason(entry), entry["n"]


def _reason(entry: Entry) -> str:
    if entry["kind"] == "withdrawn":
        return WITHDRAWN
    return RESTORED if entry["restored"] else str(entry["reason"])


def _valid(entries: Sequence[Entry]) -> dict[int, Entry]:
    found: dict[int, Entry] = {}
    for entry in entries:
        at = int(datetime.fromisoformat(entry["at"]).timestamp()) if "at" in entry else 0
        if entry["kind"] == "release":
            found[at] = entry
        if entry["kind"] == "correction":
            found.pop(at, None)
    return found


def _check_letters(log: Log, rows: Sequence[Row]) -> Iterator[str]:
    stored = {row["reference"]: row["sha256"] for row in rows}
    logged: dict[str, str] = {}
    for entry in log.of_kind("edition", "letter", "annex"):
        logged |= entry.get("letters") or {entry["reference"]: entry["sha256"]}
    for reference, sha256 in sorted(logged.items()):
        if stored.get(reference) != sha256:
            yield f"Log: {reference} was logged with another fingerprint than it has, or it is gone."
    editions = {entry["number"] for entry in log.of_kind("edition")}
    for reference in sorted(row["reference"] for row in rows if row["edition"] in editions):
        if reference not in logged:
            yield f"Log: {reference} is not in the entry of its edition."


def _check_answers(log: Log, rows: Sequence[Row]) -> Iterator[str]:
    columns = {"sent": "sent_on", "edition": "edition", "acknowledged": "acknowledged_on", "answered": "answered_on"}
    columns |= {"stance": "stance"}
    stored = {row["code"]: row for row in rows}
    newest = {entry["key"]: entry for entry in log.of_kind("answer")}
    for key, entry in sorted(newest.items()):
        if _facts(entry, columns) != _facts(stored.get(key, {}), {name: name for name in columns.values()}):
            yield f"Log: what {key} answered is not what was logged last."


def _facts(row: Mapping[str, Any], columns: Mapping[str, str]) -> list[str]:
    return [json.dumps(row.get(name) or "") for name in columns]
