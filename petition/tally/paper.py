"""Signatures on paper: what organisers counted on their sheets. No mailbox stands behind them, so they are in no other
figure. What is published of them is in tens, like all else: anyone who saw a sheet knows who is on it.

A row never changes. A sheet that was counted again, or is taken back, gets another row; the newest counts.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from petition.core.database.connection import Connection, Row
from petition.tally.rounding import UNSTATED_COUNTRY, round_down


@dataclass(frozen=True, slots=True)
class SheetCount:
    """How many valid signatures of one country are on a sheet, or on several under one reference.

    `version`: 1 for the first count of the sheet; 0 signatures if it was taken back. `nickname`: who wrote it down;
    `counted_on`: ISO 8601.
    """

    country: str
    sheet: str
    version: int
    signatures: int
    counted_on: str
    counted_by: str
    nickname: str


@dataclass(frozen=True, slots=True)
class PaperFigures:
    """What is published, in tens: the total, and each country that has ten or more, with the references of its sheets.

    `rows`: how many rows of the table were counted, so that an edition can be audited.
    """

    total: int = 0
    countries: Mapping[str, int] = field(default_factory=dict)
    sheets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: int = 0

    @property
    def other(self) -> int:
        return self.total - sum(self.countries.values())


async def append_count(c: Connection, count: SheetCount) -> bool:
    """Writes the next version of a sheet; False, and nothing is written, if there is one of that number already."""
    await c.run("paper.lock")
    values = asdict(count) | {"version": count.version - 1}
    return await c.one("paper.insert", **values) is not None


async def list_sheets(c: Connection) -> list[SheetCount]:
    """The newest count of each sheet, also of those that were taken back."""
    return [_sheet_count(row) for row in await c.all("paper.newest")]


async def list_versions(c: Connection, country: str, sheet: str) -> list[SheetCount]:
    """All counts of one sheet, the newest first."""
    return [_sheet_count(row) for row in await c.all("paper.of_sheet", country=country, sheet=sheet)]


def count_by_country(counts: list[SheetCount]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for count in counts:
        totals[count.country] += count.signatures
    return dict(totals)


async def get_figures(c: Connection) -> PaperFigures:
    rows = await c.all("paper.newest")
    counts = [_sheet_count(row) for row in rows]
    totals = count_by_country(counts)
    countries = {code: figure for code, n in totals.items() if code != UNSTATED_COUNTRY and (figure := round_down(n))}
    sheets = {code: tuple(s.sheet for s in counts if s.country == code and s.signatures) for code in countries}
    return PaperFigures(round_down(sum(totals.values())), countries, sheets, int(rows[0]["rows"]) if rows else 0)


def _sheet_count(row: Row) -> SheetCount:
    return SheetCount(
        row["country"],
        row["sheet"],
        int(row["version"]),
        int(row["signatures"]),
        row["counted_on"],
        row["counted_by"],
        row["nickname"],
    )
