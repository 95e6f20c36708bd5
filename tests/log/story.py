"""A site that tells the truth: some weeks of releases with its log, its files, and what its pages say now."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from petition.log import entries
from petition.log.note_keys import LogKey
from tests.log.samples import KEY, ORIGIN, write_log

START = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
MOVED = "/moved"
LETTER, REPLY, ANNEX = b"%PDF letter PL-1", b"%PDF reply", b"%PDF names"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Story:
    """What was published until `now`; write() makes the files."""

    now: datetime = START
    log: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: {"DE": 0, "PL": 0})
    total: int = 0
    released: list[tuple[datetime, int, dict[str, int] | None]] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    removed: list[tuple[str, str, int]] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, kind: str, **fields: Any) -> None:
        self.log.append({"kind": kind, **fields})

    def begin(self, key: LogKey = KEY) -> None:
        self.add("log", format=1, origin=ORIGIN, site="https://site.example", vkey=key.vkey)
        text = b'{"language":"en","text":"To all governments"}'
        self.add("appeal", deadline="2027-03-31", goal=1000, texts={"en": self.keep(text)})
        self.add("rule", name="signing", value="open")

    def keep(self, content: bytes) -> str:
        self.files[f"log/files/{sha(content)}.json"] = content
        return sha(content)

    def keep_json(self, **fields: Any) -> str:
        nonce = hashlib.sha256(repr(fields).encode()).hexdigest()[:32]
        return self.keep(entries.canonical_json(fields | {"nonce": nonce}))

    def release(self, grow: int = 10, countries: bool | None = None) -> None:
        """One more, two hours later; countries each six hours."""
        self.now += 2 * HOUR
        self.total += grow
        at = f"{self.now:%Y-%m-%dT%H:%MZ}"
        with_countries = self.now.hour % 6 == 0 if countries is None else countries
        entry: dict[str, Any] = {"at": at, "total": self.total}
        if with_countries:
            self.counts = {"DE": self.total // 30 * 10, "PL": self.total // 40 * 10}
            other = self.total - sum(self.counts.values())
            entry["countries"] = self.keep_json(at=at, total=self.total, other=other, countries=self.counts)
        self.add("release", **entry)
        self.released.append((self.now, self.total, dict(self.counts) if with_countries else None))

    def days(self, count: int) -> None:
        for _ in range(12 * count):
            self.release()

    def withdraw(self, n: int) -> None:
        """At the midnight that comes next, a Monday."""
        day = f"{self.now + 2 * HOUR:%Y-%m-%d}"
        self.add("withdrawn", day=day, n=n)
        self.removed.append(("withdrawn", day, n))
        self.release(-n)

    def set_aside(self, n: int, reason: str = "throw-away") -> None:
        day = f"{self.now + 2 * HOUR:%Y-%m-%d}"
        self.add("removal", day=day, n=n, reason=reason, restored=False)
        self.removed.append((reason, day, n))
        self.release(-n)

    def issue(self, number: int = 1) -> None:
        day, as_of = f"{self.now:%Y-%m-%d}", f"{self.now:%Y-%m-%dT%H:%MZ}"
        letters = {f"PL-{number}": sha(LETTER), f"DE-{number}": sha(b"another")}
        self.add("edition", number=number, day=day, as_of=as_of, total=self.total, letters=letters)
        self.add("letter", reference=f"PL-{number}-R1", edition=number, day=day, sha256=sha(REPLY))
        self.add("annex", reference=f"PL-{number}-A1", edition=number, day=day, names=120, sha256=sha(ANNEX))
        shown = letters | {f"PL-{number}-R1": sha(REPLY), f"PL-{number}-A1": sha(ANNEX)}
        self.pages |= {f"en/letters/{name}.html": f"<code id=sha256>{hash_}</code>" for name, hash_ in shown.items()}

    def answer(self, key: str, stance: str) -> None:
        day, summaries = f"{self.now:%Y-%m-%d}", {"en": "They say yes."}
        file = self.keep_json(key=key, day=day, link="https://gov.example/answer", summaries=summaries)
        self.add("answer", key=key, sent=day, edition=1, answered=day, stance=stance, file=file)
        self.answers[key] = {
            **{"key": key, "sent": day, "acknowledged": None, "answered": day, "stance": stance},
            **{"link": "https://gov.example/answer", "summaries": summaries},
        }

    def write(self, folder: Path, *keys: LogKey) -> str:
        """All files; the checkpoint."""
        note = write_log(folder / "log", [entries.encode(entry) for entry in self.log], *keys)
        _write(folder / "log/vkey", (keys or (KEY,))[0].vkey + "\n")
        for path, content in self.files.items():
            _write(folder / path, content.decode())
        for path, text in (self.pages | self._data()).items():
            _write(folder / path, text)
        return note

    def _data(self) -> dict[str, str]:
        countries = [{"code": code, "name": code, "confirmed": n} for code, n in self.counts.items() if n]
        other = self.total - sum(self.counts.values())
        as_of = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        tally = {"as_of": as_of, "confirmed": self.total, "countries": countries, "other": other}
        hours = [("hour", "confirmed"), *((f"{at:%Y-%m-%dT%H:%M:%SZ}", total) for at, total, _ in self.released)]
        midnights = [(at, counts) for at, _, counts in self.released if at.hour == 0 and counts]
        days = [(f"{at - HOUR:%Y-%m-%d}", code, n) for at, counts in midnights for code, n in (counts or {}).items()]
        named = [{"day": day, "reason": reason, "signatures": n} for reason, day, n in self.removed]
        history = {
            "withdrawn": [one for one in named if one["reason"] == "withdrawn"],
            "set_aside": [one for one in named if one["reason"] != "withdrawn"],
            "restored": [],
        }
        governments = {"governments": [*self.answers.values(), {"key": "FR", "sent": None, "stance": None}]}
        return {
            "tally.json": json.dumps(tally),
            "history-hours.csv": _csv(hours),
            "history.csv": _csv([("day", "country", "confirmed"), *days]),
            "history.json": json.dumps(history),
            "governments.json": json.dumps(governments),
        }


def some_weeks() -> Story:
    """Twenty-two days with everything that a site does."""
    story = Story()
    story.begin()
    story.days(6)
    for _ in range(11):
        story.release()
    story.withdraw(20)
    story.days(2)
    story.issue()
    story.answer("PL", "supports")
    for _ in range(11):
        story.release()
    story.set_aside(30)
    story.days(12)
    return story


class Served(ThreadingHTTPServer):
    """A folder over HTTP, as nginx would; `taken` has what was sent to POST /log/cosignatures."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.taken: list[str] = []
        self.refuses = False
        self.moved_to = ""  # every address leads there

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """A page has its file's name without .html."""
    with Served(folder) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class _Handler(SimpleHTTPRequestHandler):
    server: Served

    def do_GET(self) -> None:
        if self.server.moved_to and not self.path.startswith(MOVED):
            self.send_response(302)
            self.send_header("Location", self.server.moved_to + self.path)
            self.end_headers()
            return
        super().do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_taken = self.path == "/log/cosignatures" and not self.server.refuses
        if is_taken:
            self.server.taken.append(body)
        self.send_response(200 if is_taken else 403)
        self.end_headers()
        self.wfile.write(b"" if is_taken else b"No witness of ours.\x1b[2J")

    def translate_path(self, path: str) -> str:
        file = super().translate_path(path.removeprefix(MOVED))
        return file if Path(file).is_file() else f"{file}.html"

    def log_message(self, *_: object) -> None:
        pass


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())


def _csv(rows: list[tuple[Any, ...]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()
