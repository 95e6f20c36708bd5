"""What this machine published last, kept in a file: what the site shows never goes back without a person.

A standby that was promoted with old data, or an old copy of the database file, knows less than strangers have seen. It
would publish smaller figures as if nothing had happened, and all its numbers would agree. By this file a machine
notices: it shows what it published last, and nothing new, until a person runs `petition resume` (or puts the right
database back). A restore is such a decision too.
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from petition.core import clock
from petition.core.database import state
from petition.core.database.connection import Connection, Row
from petition.core.key_files import replace_file
from petition.tally import tally
from petition.tally.tally import TOTAL, Snapshot

# A fact about the database: how often it was decided that what was published before does not bind it.
TIMELINE = "timeline"


@dataclass(frozen=True, slots=True)
class Published:
    """`released_at`: of the total; `as_of`: of the newest figure (epoch seconds). `countries`: without zeros.

    `countries_at`: when each of them was released.
    """

    timeline: int
    released_at: int
    as_of: int
    total: int
    countries: dict[str, int]
    countries_at: dict[str, int] = field(default_factory=dict)

    def releases(self) -> list[Row]:
        """What the database must have: a figure that fell is a newer release, and takes none of these away."""
        of_countries = [(name, at, self.countries[name]) for name, at in sorted(self.countries_at.items())]
        rows = [(TOTAL, self.released_at, self.total), *of_countries]
        return [{"name": name, "released_at": at, "figure": figure} for name, at, figure in rows]

    def snapshot(self) -> Snapshot:
        other = self.total - sum(self.countries.values())
        return Snapshot(clock.from_epoch(self.as_of), self.total, self.countries, other)


class LastPublished:
    """The memory of one machine. `var` is None in demo mode, which publishes nothing real."""

    def __init__(self, var: Path | None) -> None:
        self._file = var / "published.json" if var else None

    async def get_snapshot(self, c: Connection) -> Snapshot:
        """What is to be shown. It is on disk before anybody sees it."""
        kept = self._read()
        if kept and await _find_lost(c, kept):
            return kept.snapshot()
        snapshot = await tally.get_snapshot(c)
        if snapshot.confirmed and (published := await _published(c, snapshot)) != kept:
            self._write(published)
        return snapshot

    async def is_ahead(self, c: Connection) -> bool:
        """Whether the database lacks what this machine has published."""
        kept = self._read()
        return kept is not None and await _find_lost(c, kept) != ""

    async def find_problem(self, c: Connection) -> str:
        """One sentence with the remedy; empty if nothing is lost."""
        kept = self._read()
        if kept is None or not (name := await _find_lost(c, kept)):
            return ""
        now = await tally.get_snapshot(c)
        figures, at, of = (kept.total, now.confirmed), kept.released_at, ""
        if name != TOTAL:
            figures, at = (kept.countries[name], now.countries.get(name, 0)), kept.countries_at[name]
            of = f" of {name}"
        return (
            f"The database has lost what this site published: {figures[0]} signatures{of} on "
            f"{clock.iso(clock.from_epoch(at))}, {figures[1]} now. Pages stay as they were, and "
            "nothing new is published. Put the right database back, or accept the loss with `petition resume`."
        )

    async def accept_loss(self, c: Connection, known: int = 0) -> None:
        """From now on no machine compares with what it has published. `known`: of a database that was replaced."""
        kept = self._read()
        await begin_timeline(c, max(known, kept.timeline if kept else 0))

    def _read(self) -> Published | None:
        with suppress(OSError, ValueError, TypeError):  # there is none yet, or it is damaged: then nothing is known
            return Published(**json.loads(self._file.read_bytes())) if self._file else None
        return None

    def _write(self, published: Published) -> None:
        if self._file:
            with suppress(OSError):  # the doctor says that a disk is full; it must not stop what is published
                replace_file(self._file, json.dumps(asdict(published)).encode())


async def get_timeline(c: Connection) -> int:
    return int(await state.get(c, TIMELINE) or 0)


async def begin_timeline(c: Connection, known: int = 0) -> None:
    """One that is newer than that of the database and than `known`."""
    await state.put(c, TIMELINE, str(max(known, await get_timeline(c)) + 1))


async def _published(c: Connection, snapshot: Snapshot) -> Published:
    row = await c.one("last_published.newest", name=TOTAL) or {"released_at": 0}
    as_of = int(snapshot.as_of.timestamp())
    timeline, released_at = await get_timeline(c), int(row["released_at"])
    figures = await c.all("tally.figures")
    countries_at = {f["name"]: int(f["released_at"]) for f in figures if f["name"] in snapshot.countries}
    return Published(timeline, released_at, as_of, snapshot.confirmed, snapshot.countries, countries_at)


async def _find_lost(c: Connection, kept: Published) -> str:
    """The name of a release that the database lacks, or has with less; empty if it has all.

    Of a release, only the total of its moment may grow, when a country comes in it too.
    """
    timeline = await get_timeline(c)
    if timeline != kept.timeline:
        return TOTAL if timeline < kept.timeline else ""
    row = await c.one("last_published.lost", rows=kept.releases())
    return str(row["name"]) if row else ""
