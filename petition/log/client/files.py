"""Files beside the log, which entries name by their hash: countries of a release, answers, the text of the appeal."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from petition.log.client import rules
from petition.log.client.rules import Release
from petition.log.client.sources import NotThere, Source
from petition.log.entries import ANSWER_FILE, COUNTRIES_FILE, Check, Entry, parse_file, sha256
from petition.log.errors import LogError

_KEPT = timedelta(hours=48)  # countries of other times than midnight
_MIDNIGHT = "T00:00Z"


class Files:
    """Reads what must be there, and what happens to be there, once."""

    def __init__(self, source: Source, entries: Mapping[int, Entry], now: datetime) -> None:
        self.source, self.now = source, now
        self.countries = {str(r.entry["countries"]): r for r in rules.releases(entries) if "countries" in r.entry}
        self.answers = {str(e["file"]): e for e in rules.newest_answers(entries).values() if _has_file(e)}
        appeals = [entry for _, entry in rules.of_kind(entries, "appeal")]
        self.texts = {str(sha): str(code) for code, sha in (appeals[-1]["texts"] if appeals else {}).items()}
        self.needed = {sha for sha, release in self.countries.items() if self._is_kept(release)}
        self.needed |= self.answers.keys() | self.texts.keys()
        others = {sha for sha in self.countries if source.may_have(_path(sha))}
        self.read = source.read_all(map(_path, sorted(self.needed | others)))

    def problems(self) -> list[str]:
        """One sentence for each file that is missing, is not the one of the log, or does not add up."""
        return [*self._missing_or_changed(), *self._wrong_counts(), *self._wrong_answers()]

    def countries_of(self, release: Release) -> dict[str, int] | None:
        """What was released of each country; None if the file is not there (any more)."""
        file = self._parsed(str(release.entry.get("countries", "")), COUNTRIES_FILE)
        return dict(file["countries"]) if file else None

    def answer(self, entry: Entry) -> Entry | None:
        return self._parsed(str(entry.get("file", "")), ANSWER_FILE)

    def counted(self) -> int:
        return sum(isinstance(content, bytes) for content in self.read.values())

    def _is_kept(self, release: Release) -> bool:
        return release.at.endswith(_MIDNIGHT) or rules.moment(release.at) > self.now - _KEPT

    def _content(self, sha: str) -> bytes | None:
        """Of a file that is there and unchanged."""
        content = self.read.get(_path(sha))
        return content if isinstance(content, bytes) and sha256(content) == sha else None

    def _parsed(self, sha: str, fields: Mapping[str, Check]) -> Entry | None:
        try:
            return None if (content := self._content(sha)) is None else parse_file(content, fields)
        except LogError:
            return None

    def _missing_or_changed(self) -> Iterator[str]:
        for path, content in self.read.items():
            if isinstance(content, NotThere):
                yield f"A file that must be there is missing: {path}."
            elif isinstance(content, LogError):
                yield str(content)
            elif path != _path(sha256(content)):
                yield f"{path} was changed: it has another hash than the log says."

    def _wrong_counts(self) -> Iterator[str]:
        for sha, release in self.countries.items():
            if self._content(sha) is None:
                continue
            file = self._parsed(sha, COUNTRIES_FILE)
            if file is None:
                yield f"The countries of the release of {release.at} have a wrong form."
            elif (file["at"], file["total"]) != (release.at, release.total):
                yield f"The countries of the release of {release.at} are those of another one."
            elif sum(file["countries"].values()) + file["other"] != file["total"]:
                yield f"The countries of the release of {release.at} do not add up to its total."

    def _wrong_answers(self) -> Iterator[str]:
        for sha, entry in self.answers.items():
            file = self._parsed(sha, ANSWER_FILE)
            if self._content(sha) is not None and (file is None or file["key"] != entry["key"]):
                yield f"The file with the answer of {entry['key']} has a wrong form."


def _path(sha: str) -> str:
    return f"log/files/{sha}.json"


def _has_file(answer: Entry) -> bool:
    return "file" in answer and "withdrawn" not in answer
