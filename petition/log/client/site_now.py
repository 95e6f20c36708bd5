"""Whether the pages of a site say now what the log says: /tally.json, history, answers of governments, letters."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from petition.log.client import rules
from petition.log.client.documents import to_minute
from petition.log.client.files import Files
from petition.log.client.findings import Finding, failed, join_or_pass, note, passed
from petition.log.client.rules import Release
from petition.log.client.sources import NotThere, Source
from petition.log.entries import Entry
from petition.log.errors import LogError

LAG = timedelta(minutes=20)  # the log signs ten minutes after a release; the rest is for slow machines and caches
_CLOCK = timedelta(minutes=5)  # how far two clocks may be apart
_DAY = timedelta(1)
_MOST_PAGES = 300
_OTHER_FORM = (LookupError, TypeError, ValueError, AttributeError)  # what strangers' JSON and tables can do
_NO_RELEASE = "the log has no release yet"


class Now(NamedTuple):
    source: Source
    entries: Mapping[int, Entry]
    files: Files
    now: datetime

    @property
    def releases(self) -> list[Release]:
        return rules.releases(self.entries)


def check_site(now: Now) -> Iterator[Finding]:
    if not now.source.has_site:
        yield note("This is a copy of the log without the site: what the site's pages say now was not compared.")
        return
    for path, check in _CHECKS.items():
        try:
            yield from check(now, path)
        except NotThere:
            yield _missing(now, path)
        except LogError as error:
            yield failed(str(error))
        except _OTHER_FORM:
            yield failed(f"/{path} has another form than it should have.")


def _missing(now: Now, path: str) -> Finding:
    if now.source.is_copy or rules.has_ended(now.entries):
        return note(f"/{path} is not there, so it was not compared.")
    return failed(f"/{path} is not there, so nobody can compare it with the log.")


def _tally(now: Now, path: str) -> Iterator[Finding]:
    data = _read_json(now.source, path)
    at, total = to_minute(str(data.get("as_of"))), data.get("confirmed")
    releases = now.releases
    release = next((one for one in releases if one.at == at), None)
    if release is None:
        yield _unlogged_tally(now, at, total, releases)
    elif total != release.total:
        yield failed(f"/{path} says {total} at {at}, and the log says {release.total} (entry {release.n}).")
    else:
        yield from _countries(now, path, data, release)


def _unlogged_tally(now: Now, at: str, total: object, releases: list[Release]) -> Finding:
    try:
        moment = rules.moment(at)
    except ValueError:
        return failed("/tally.json does not say as of when it is.")
    if moment > now.now + _CLOCK:
        return failed(f"/tally.json says {total} at {at}, which has not come yet.")
    is_new = moment > now.now - LAG and (not releases or at > releases[-1].at)
    if is_new:
        return note(f"/tally.json says {total} at {at}: so new that the log need not have it yet.")
    newest = f"its newest is {releases[-1].total} at {releases[-1].at}" if releases else _NO_RELEASE
    return failed(f"/tally.json says {total} at {at}, and the log has no release of that time: {newest}.")


def _countries(now: Now, path: str, data: Mapping[str, Any], release: Release) -> Iterator[Finding]:
    """Countries are those of the newest release with countries, up to that of the total."""
    earlier = [one for one in now.releases if one.n <= release.n and "countries" in one.entry]
    logged = now.files.countries_of(earlier[-1]) if earlier else {}
    said = {str(one["code"]): one["confirmed"] for one in _list(data.get("countries"))}
    success = f"/{path} says what the log says: {release.total} at {release.at} (entry {release.n})"
    if logged is None:
        yield passed(f"{success}. The file of its countries is not there, so they were not compared.")
    elif said != logged:
        wrong = sorted(code for code in said.keys() | logged.keys() if said.get(code) != logged.get(code))
        yield failed(f"/{path} has other numbers of countries than the log: {', '.join(wrong)}.")
    else:
        yield passed(f"{success}, and {len(said)} countries.")


def _hours(now: Now, path: str) -> Iterator[Finding]:
    """At each hour, the total of the last release until then."""
    releases = now.releases
    until = releases[-1].at if releases else ""
    rows = [(to_minute(row[0]), row[1]) for row in _read_csv(now.source, path)]
    problems, at = list[str](), 0
    for hour, total in ((hour, total) for hour, total in rows if hour <= until):
        while at < len(releases) and releases[at].at <= hour:
            at += 1
        if at and str(releases[at - 1].total) != total:
            problems.append(f"/{path} says {total} at {hour}, and the log says {releases[at - 1].total}.")
    yield from join_or_pass(problems, f"/{path} says what the log says, in {len(rows)} hours.")


def _days(now: Now, path: str) -> Iterator[Finding]:
    """At the end of each day, the countries of the release of that midnight."""
    said: dict[str, dict[str, str]] = {}
    for row in _read_csv(now.source, path):
        said.setdefault(row[0], {})[row[1]] = row[2]
    problems, compared = list[str](), 0
    for release in now.releases:
        if not release.at.endswith("T00:00Z") or (logged := now.files.countries_of(release)) is None:
            continue
        day, compared = (release.day - timedelta(1)).isoformat(), compared + 1
        if _without_zeros(said.get(day, {})) != {code: str(n) for code, n in logged.items() if n}:
            problems.append(f"/{path} has other numbers for {day} than the log (entry {release.n}).")
    yield from join_or_pass(problems, f"/{path} says what the log says of the countries, on {compared} days.")


def _without_zeros(counts: Mapping[str, str]) -> dict[str, str]:
    return {code: n for code, n in counts.items() if n != "0"}


def _removals(now: Now, path: str) -> Iterator[Finding]:
    """Withdrawn, set aside and restored: the same days and numbers."""
    data = _read_json(now.source, path)
    said = [("withdrawn", _monday(one["day"]), one["signatures"]) for one in _list(data.get("withdrawn"))]
    said += [(str(one["reason"]), one["day"], one["signatures"]) for one in _list(data.get("set_aside"))]
    said += [("restored", one["day"], one["signatures"]) for one in _list(data.get("restored"))]
    logged = {
        (_name_of(entry), str(entry["day"]), int(entry["n"])): n
        for n, entry in rules.of_kind(now.entries, "withdrawn", "removal")
    }
    newest = max((day for _, day, _ in logged), default="")
    missing = {one for one in said if one[2]} - set(logged)
    extra = set(logged) - set(said)
    doubtful = extra - {one for one, n in logged.items() if n > rules.last_correction(now.entries)}
    recent = {one for one in missing if one[1] > newest and rules.moment(f"{one[1]}T00:00Z") > now.now - _DAY - LAG}
    problems = [f"/{path} has {n} {what} on {day}, and the log has not." for what, day, n in sorted(missing - recent)]
    problems += [f"The log has {n} {what} on {day}, and /{path} has not." for what, day, n in sorted(extra - doubtful)]
    if doubtful:
        some = ", ".join(f"{n} {what} on {day}" for what, day, n in sorted(doubtful))
        yield note(f"/{path} has not what was logged before releases were taken back: {some}.")
    yield from join_or_pass(problems, f"/{path} has the {len(logged)} removals and withdrawals of the log.")


def _name_of(entry: Entry) -> str:
    if entry["kind"] == "withdrawn":
        return "withdrawn"
    return "restored" if entry["restored"] else str(entry["reason"])


def _monday(day: str) -> str:
    first = rules.moment(f"{day}T00:00Z").date()
    return (first - timedelta(first.weekday())).isoformat()


def _answers(now: Now, path: str) -> Iterator[Finding]:
    said = {str(one["key"]): one for one in _list(_read_json(now.source, path).get("governments"))}
    answers = rules.newest_answers(now.entries)
    problems = [
        f"/{path} says other than the log about {key}. If it was changed in the last twenty minutes, try again later."
        for key, one in sorted(said.items())
        if (_differs(now, one, answers[key]) if key in answers else one.get("sent") or one.get("stance"))
    ]
    yield from join_or_pass(problems, f"/{path} says what the log says of the answers of governments ({len(answers)}).")


def _differs(now: Now, shown: Mapping[str, Any], entry: Entry) -> bool:
    withdrawn = "withdrawn" in entry
    fields = ("sent", "acknowledged", "answered", "stance")
    if any(shown.get(name) != (None if withdrawn else entry.get(name)) for name in fields):
        return True
    shown_words = (shown.get("link") or "", shown.get("summaries") or {})
    if withdrawn or "file" not in entry:
        return shown_words != ("", {})
    file = now.files.answer(entry)
    return file is not None and (file["link"], file["summaries"]) != shown_words


def _letters(now: Now, path: str) -> Iterator[Finding]:
    """The pages of the newest edition's letters, and of what followed them, show the hashes of the log."""
    editions = [entry for _, entry in rules.of_kind(now.entries, "edition")]
    if not editions:
        return
    newest = editions[-1]
    hashes = dict(newest["letters"])
    for _, entry in rules.of_kind(now.entries, "letter", "annex"):
        if entry["edition"] == newest["number"]:
            hashes[entry["reference"]] = entry["sha256"]
    pages = {f"{path}/{reference}": sha for reference, sha in sorted(hashes.items())[:_MOST_PAGES]}
    read = now.source.read_all(pages)
    there = {page: content for page, content in read.items() if isinstance(content, bytes)}
    problems = [
        f"/{page} shows another hash than the log." for page, c in there.items() if pages[page].encode() not in c
    ]
    problems += [
        str(error) for error in read.values() if isinstance(error, LogError) and not isinstance(error, NotThere)
    ]
    if not there and not problems:
        raise NotThere("")
    yield from join_or_pass(
        problems, f"{len(there)} pages of letters of edition {newest['number']} show the log's hashes."
    )


_CHECKS: dict[str, Callable[[Now, str], Iterator[Finding]]] = {
    "tally.json": _tally,
    "history-hours.csv": _hours,
    "history.csv": _days,
    "history.json": _removals,
    "governments.json": _answers,
    "en/letters": _letters,
}


def _read_json(source: Source, path: str) -> dict[str, Any]:
    try:
        data = json.loads(source.read(path))
    except (ValueError, RecursionError):
        raise LogError(f"/{path} is no JSON.") from None
    if not isinstance(data, dict):
        raise LogError(f"/{path} has another form than it should have.")
    return data


def _list(value: object) -> list[dict[str, Any]]:
    """Objects in a list; what is none is left out, and missed later."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _read_csv(source: Source, path: str) -> list[list[str]]:
    """Without the row of names. Rows that are too short are left out."""
    text = source.read(path).decode("utf-8", "replace")
    try:
        return [row for row in csv.reader(io.StringIO(text, newline="")) if len(row) > 1][1:]
    except csv.Error:
        raise LogError(f"/{path} is no table.") from None
