"""Counts the signatures on paper again: rows without a gap, what is published of them, and what each edition quotes."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from petition.core.database.connection import Connection
from petition.tally import paper


async def find_disagreements(c: Connection) -> list[str]:
    rows = await c.one("audit_paper.gaps") or {}
    if (rows["last"], rows["versions"], rows["smallest"]) != (rows["n"], rows["n"], 0):
        return ["Paper: rows of the counts of sheets are missing."]  # so no sum can be right
    return [
        message
        for name, said in [("the tally", await _published(c)), *await _quoted_by_editions(c)]
        for message in _compare(name, said, await _recount(c, said["rows"]))
    ]


async def _published(c: Connection) -> Mapping[str, Any]:
    figures = await paper.get_figures(c)
    return {"rows": figures.rows, "total": figures.total, "countries": figures.countries}


async def _quoted_by_editions(c: Connection) -> list[tuple[str, Mapping[str, Any]]]:
    rows = await c.all("audit_paper.editions")
    return [(f"edition {row['number']}", json.loads(row["basis"])["paper"]) for row in rows]


async def _recount(c: Connection, rows: int) -> dict[str, int]:
    """By country, as it was when there were so many rows."""
    return {row["country"]: int(row["n"]) for row in await c.all("audit_paper.recount", rows=rows)}


def _compare(name: str, said: Mapping[str, Any], counted: Mapping[str, int]) -> Iterator[str]:
    pairs = {"all": (said["total"], sum(counted.values()))}
    pairs |= {code: (said["countries"].get(code, 0), n) for code, n in counted.items() if code != "ZZ"}
    pairs |= {code: (n, 0) for code, n in said["countries"].items() if code not in counted}
    for code, (figure, n) in sorted(pairs.items()):
        if figure != n - n % 10:
            yield f"Paper, {code}: {name} says {figure}, the sheets {n}."
