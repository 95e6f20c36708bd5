"""What organisers changed of the campaign at the desk: append-only, the newest version of a place wins over the files.

Each process reads it every few seconds; what it reads becomes an Appeal (Appeal.with_edits), which never changes.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from petition.campaign.appeal import Appeal
from petition.campaign.places import DEADLINE, Kind, Place
from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.errors import RivalEdit

# The version that a value was made from (0: the file's), and the value; None brings back that of the file.
Changes = Mapping[Place, tuple[int, str | None]]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a place; without a value it is that of the file. `press`: of all that was saved at once."""

    place: Place
    number: int
    value: str | None
    press: int
    nickname: str
    edited_at: str


class LiveAppeal:
    """The campaign as it is now: its files, and what was edited at the desk. `now` is that of the last look."""

    def __init__(self, files: Appeal) -> None:
        self.files = self.now = files
        self._press = 0  # the last one that is in `now`

    async def read(self, c: Connection) -> Appeal:
        """What holds now, in every process."""
        if (press := await _last_press(c)) != self._press:
            edits = {place: value for place, (_, value) in (await newest(c)).items() if value is not None}
            self.now, self._press = await asyncio.to_thread(self.files.with_edits, edits), press
            self.now.deadline_moved = await _deadline_moved(c, self.now)
        return self.now


async def _deadline_moved(c: Connection, appeal: Appeal) -> date | None:
    row = await c.one("edits.deadline_moved")
    if row is None or DEADLINE in appeal.unfit:
        return None
    return appeal.campaign.day(clock.parse_iso(row["edited_at"]))


async def _last_press(c: Connection) -> int:
    row = await c.one("edits.last_press")
    return int(row["n"]) if row else 0


async def newest(c: Connection) -> dict[Place, tuple[int, str | None]]:
    """(version, value) of each place that was ever edited."""
    return {
        Place(Kind(row["kind"]), row["key"], row["language"]): (row["version"], row["value"])
        for row in await c.all("edits.newest")
    }


async def save(c: Connection, changes: Changes, nickname: str) -> None:
    """Raises RivalEdit if a version that a value was made from is not the newest any more."""
    await c.run("edits.lock")
    press = await _last_press(c) + 1
    for place, (base, value) in sorted(changes.items(), key=lambda change: change[0]):
        saved = await c.one(
            "edits.save",
            id=f"{':'.join(place)}:{base + 1}",
            kind=place.kind,
            key=place.key,
            language=place.language,
            base=base,
            value=value,
            press=press,
            nickname=nickname,
            edited_at=clock.iso(clock.now()),
        )
        if saved is None:
            raise RivalEdit


async def history(c: Connection) -> list[Version]:
    """Every version, the newest first."""
    return [
        Version(
            Place(Kind(row["kind"]), row["key"], row["language"]),
            *(row[name] for name in ("version", "value", "press", "nickname", "edited_at")),
        )
        for row in await c.all("edits.history")
    ]
