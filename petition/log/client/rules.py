"""What the entries of an honest log never do: a total falls only for a reason that stands beside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from petition.log.entries import Entry

# By how much a published figure may fall beside what its entries say: secret remainders, which are rounded with it.
_ROUNDING, _OF_EACH_ENTRY = 18, 19


@dataclass(frozen=True, slots=True)
class Release:
    n: int  # place in the log
    entry: Entry

    @property
    def at(self) -> str:
        return str(self.entry["at"])

    @property
    def total(self) -> int:
        return int(self.entry["total"])

    @property
    def day(self) -> date:
        return date.fromisoformat(self.at[:10])


def releases(entries: Mapping[int, Entry]) -> list[Release]:
    """Those that count, as they stand in the log: a correction takes out that of its time which stands before it."""
    counted: list[Release] = []
    for n, entry in sorted(entries.items()):
        if entry["kind"] == "release":
            counted.append(Release(n, entry))
        elif entry["kind"] == "correction":
            counted = [release for release in counted if release.at != entry["at"]]
    return counted


@dataclass(frozen=True, slots=True)
class TakenBack:
    """Releases that corrections take out, one behind the other; `after`: the release that is logged next."""

    reason: str
    releases: list[Release]
    after: Release | None

    def __str__(self) -> str:
        why = "the database was restored from a copy" if self.reason == "restored" else "a clock was wrong"
        total = (
            f"was {self.releases[-1].total}, and is {self.after.total} after it" if self.after else "is not there yet"
        )
        return (
            f"The releases from {self.releases[0].at} on ({len(self.releases)}) were taken back, since {why}. "
            f"The total {total}."
        )


def taken_back(entries: Mapping[int, Entry]) -> list[TakenBack]:
    """As they stand in the log."""
    counted, reasons, out = list[Release](), list[str](), list[Release]()
    found: list[TakenBack] = []
    for n, entry in sorted(entries.items()):
        if entry["kind"] == "release":
            release = Release(n, entry)
            counted.append(release)
            if out:
                found.append(TakenBack(max(reasons), out, release))
                reasons, out = [], []
        elif entry["kind"] == "correction":
            reasons.append(entry["reason"])
            out = out + [one for one in counted if one.at == entry["at"]]
            counted = [one for one in counted if one.at != entry["at"]]
    return [*found, TakenBack(max(reasons), out, None)] if out else found


def last_correction(entries: Mapping[int, Entry]) -> int:
    """Its place; -1 if there is none."""
    return max((n for n, _ in of_kind(entries, "correction")), default=-1)


def of_kind(entries: Mapping[int, Entry], *kinds: str) -> Iterator[tuple[int, Entry]]:
    return ((n, entry) for n, entry in sorted(entries.items()) if entry["kind"] in kinds)


def newest_answers(entries: Mapping[int, Entry]) -> dict[str, Entry]:
    """By addressee. A record that was taken back has `withdrawn`."""
    return {str(entry["key"]): entry for _, entry in of_kind(entries, "answer")}


def logged_keys(entries: Mapping[int, Entry]) -> list[str]:
    """The vkeys under which the log says that it has signed."""
    return list(dict.fromkeys(str(entry["vkey"]) for _, entry in of_kind(entries, "log", "key")))


def check_start(entries: Mapping[int, Entry], origin: str, vkeys: list[str]) -> list[str]:
    """Problems with the entry in which a log says who it is."""
    first = entries.get(0, {"kind": ""})
    if first["kind"] != "log" or first["origin"] != origin:
        return [f"Entry 0 does not say that this is the log {origin}."]
    problems = [f"Entry {n} begins another log in the middle of this one." for n, _ in of_kind(entries, "log") if n]
    if not set(vkeys) & set(logged_keys(entries)):
        problems.append("The log never names the key that has signed its checkpoint.")
    return problems


def check_releases(entries: Mapping[int, Entry]) -> list[str]:
    """Releases follow each other in time, and a total falls only if signatures were taken off since the one before.

    After a restore it may be lower: what was signed since the copy is lost. After a clock that was wrong it may not be
    lower than what is taken back.
    """
    taken_off, problems = list(_taken_off(entries)), list[str]()
    back = {one.after.n: one for one in taken_back(entries) if one.after}
    for before, release in pairwise(releases(entries)):
        if release.at <= before.at:
            problems.append(f"Entry {release.n} is a release of {release.at}, but entry {before.n} is of {before.at}.")
        if (corrected := back.get(release.n)) is None:
            problems += _check_fall(taken_off, before, release)
        elif corrected.reason == "clock":
            problems += _check_fall(taken_off, max(corrected.releases, key=lambda one: one.total), release)
    return problems


def _check_fall(taken_off: Sequence[tuple[str, date, int]], before: Release, release: Release) -> list[str]:
    first, last = sorted((before.day, release.day))
    reasons = [n for kind, day, n in taken_off if _is_between(kind, day, first, last)]
    weekly = _monday(first) < _monday(last)
    allowed = sum(reasons) + _OF_EACH_ENTRY * max(len(reasons), weekly) + _ROUNDING * bool(reasons or weekly)
    fall = before.total - release.total
    if fall <= allowed:
        return []
    return [
        f"The total falls by {fall} at {release.at} (entry {release.n}), but the log has reasons for {sum(reasons)}."
    ]


def _taken_off(entries: Mapping[int, Entry]) -> Iterator[tuple[str, date, int]]:
    """Kind, day and number of what was taken off: withdrawals at the first release of a week, others of a day."""
    for _, entry in of_kind(entries, "withdrawn", "removal"):
        if not entry.get("restored", False):
            yield entry["kind"], date.fromisoformat(entry["day"]), int(entry["n"])


def _is_between(kind: str, day: date, before: date, until: date) -> bool:
    return (_monday(before) if kind == "withdrawn" else before) < day <= until


def _monday(day: date) -> date:
    return day - timedelta(day.weekday())


def check_letters(entries: Mapping[int, Entry]) -> list[str]:
    """Editions follow each other and quote a released total; no letter is logged a second time."""
    totals = {release.at: release.total for release in releases(entries)}
    seen: dict[str, int] = {}
    last, problems = 0, list[str]()
    for n, entry in of_kind(entries, "edition", "letter", "annex"):
        names = list(entry["letters"]) if entry["kind"] == "edition" else [str(entry["reference"])]
        problems += [f"{name} is logged twice: entries {seen[name]} and {n}." for name in names if name in seen]
        seen |= dict.fromkeys(names, n)
        if entry["kind"] != "edition":
            continue
        if entry["number"] <= last:
            problems.append(f"Edition {entry['number']} (entry {n}) comes after edition {last}.")
        if totals.get(entry["as_of"], entry["total"]) != entry["total"]:
            problems.append(f"Edition {entry['number']} has another total than the release of {entry['as_of']}.")
        last = int(entry["number"])
    return problems


def last_moment(entries: Mapping[int, Entry]) -> datetime | None:
    """The latest time that an entry tells."""
    times = [str(entry["at"]) for _, entry in of_kind(entries, "release")]
    return moment(max(times)) if times else None


def has_ended(entries: Mapping[int, Entry]) -> bool:
    return any(of_kind(entries, "end"))


def moment(at: str) -> datetime:
    """Of `2026-11-22T10:00Z`, with seconds or without."""
    return datetime.fromisoformat(at).astimezone(UTC)
