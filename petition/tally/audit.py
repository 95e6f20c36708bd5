"""Counts everything again from the signatures and the journal, and says which numbers do not agree.

It has its own SQL and shares no query with the modules that it checks. It reads one moment of the database, so the
numbers must agree on a busy site too. Published figures are in audit_releases and
audit_quality, signatures on paper in audit_paper.
"""

from petition.core.database.connection import Connection
from petition.tally import audit_paper, audit_quality, audit_releases


async def find_disagreements(c: Connection) -> list[str]:
    """One sentence for each number that does not agree; empty if all agree."""
    return [
        *await _check_counts(c),
        *await _check_choices(c),
        *await audit_releases.find_disagreements(c),
        *await audit_paper.find_disagreements(c),
        *await audit_quality.find_disagreements(c),
    ]


async def _check_counts(c: Connection) -> list[str]:
    """Signatures and journal must have the same number for every country."""
    if (await c.one("audit.facts") or {})["closed"]:  # after `close`, only the journal can be counted
        return []
    journal, signatures = await _by_country(c, "audit.journal"), await _by_country(c, "audit.signatures")
    return [
        f"{country}: the journal says {journal.get(country, 0)}, the signatures {signatures.get(country, 0)}."
        for country in sorted({*journal, *signatures})
        if journal.get(country, 0) != signatures.get(country, 0)
    ]


async def _by_country(c: Connection, query: str) -> dict[str, int]:
    return {row["country"]: int(row["n"]) for row in await c.all(query)}


async def _check_choices(c: Connection) -> list[str]:
    row = await c.one("audit.choices") or {}
    pairs = (("named", "names"), ("updates", "contacts"))
    return [f"{row[a]} signatures say {a}, but there are {row[b]} {b}." for a, b in pairs if row[a] != row[b]]
