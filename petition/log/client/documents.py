"""What the log says of a document: a letter, a list of names, a file of the log, a saved tally.json."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from petition.log.client import rules
from petition.log.entries import Entry
from petition.log.errors import LogError

NOT_LOGGED = "That is no proof of forgery: drafts and courtesy copies are never logged."


class Place(NamedTuple):
    """Where a document is logged, and as what."""

    n: int
    text: str


_SOFTWARE = {"lock": "list of the libraries", "script": "script of the page that checks files"}


def find_places(entries: Mapping[int, Entry], sha: str) -> list[Place]:
    """Every entry that names the hash."""
    return [Place(n, text) for n, entry in sorted(entries.items()) for named, text in _named(entry) if named == sha]


def find_reference(entries: Mapping[int, Entry], reference: str) -> int:
    """The place of a letter, reply or list of names. Raises LogError if it is not logged."""
    for n, entry in rules.of_kind(entries, "edition", "letter", "annex"):
        if reference in entry.get("letters", {}) or reference == entry.get("reference"):
            return n
    raise LogError(f"The log has no letter {reference}.")


def _named(entry: Entry) -> Iterator[tuple[str, str]]:
    """Each hash in an entry, and what it is of."""
    match entry["kind"]:
        case "edition":
            for reference, sha in entry["letters"].items():
                yield sha, f"letter {reference} of edition {entry['number']} of {entry['day']}"
        case "letter":
            yield entry["sha256"], f"letter {entry['reference']} of {entry['day']}, which follows one of an edition"
        case "annex":
            yield entry["sha256"], f"list of names {entry['reference']} of {entry['day']}"
        case "appeal":
            for code, sha in entry["texts"].items():
                yield sha, f"text of the appeal in the language {code}"
        case "answer" if "file" in entry:
            yield entry["file"], f"answer of {entry['key']}"
        case "release" if "countries" in entry:
            yield entry["countries"], f"countries of the release of {entry['at']}"
        case "software":
            known = sorted(_SOFTWARE.keys() & entry.keys())
            yield from ((entry[name], f"{_SOFTWARE[name]} of version {entry['version']}") for name in known)


def check_index(entries: Mapping[int, Entry], content: bytes, size: int) -> list[str]:
    """Problems with /log/index.json, by which a browser finds an entry: it may be newer than these entries."""
    try:
        index: Any = json.loads(content)
    except (ValueError, RecursionError):
        index = None
    if not isinstance(index, dict):
        return ["The index of documents is no JSON object."]
    named = {n: {sha for sha, _ in _named(entry)} for n, entry in entries.items()}
    wrong = [sha for sha, n in index.items() if type(n) is not int or (n < size and sha not in named.get(n, ()))]
    missing = {sha for shas in named.values() for sha in shas if sha not in index}
    letters = {sha for n, _ in rules.of_kind(entries, "edition", "letter", "annex") for sha in named[n]}
    problems = [f"The index of documents leads to a wrong entry for {sha[:64]}." for sha in wrong]
    return problems + [f"The index of documents lacks {sha}." for sha in sorted(missing & letters)]


def as_tally(content: bytes) -> tuple[str, int] | None:
    """(time to the minute, total) of a saved tally.json; None if it is something else."""
    try:
        data: Any = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or type(data.get("confirmed")) is not int:
        return None
    as_of = data.get("as_of")
    return (to_minute(as_of), data["confirmed"]) if isinstance(as_of, str) and len(as_of) < 40 else None


def to_minute(as_of: str) -> str:
    """`2026-11-22T10:00:00Z` as entries have it."""
    return f"{as_of[:16]}Z" if as_of.endswith(":00Z") else as_of


def check_tally(entries: Mapping[int, Entry], at: str, total: int) -> str:
    """The sentence for a tally that agrees with the log. Raises LogError if it does not, or the log cannot tell."""
    found = rules.releases(entries)
    same = [release for release in found if release.at == at]
    if same and same[0].total == total:
        return f"the tally of {at}: {total} as at place {same[0].n + 1}"
    if same:
        raise LogError(f"The log says {same[0].total} at {at}, and this tally says {total}.")
    if not found or not found[0].at < at < found[-1].at:
        raise LogError(f"The log has no release of {at}: it begins later or has not reached it yet.")
    raise LogError(f"The log has no release of {at}, but some before and after it.")
