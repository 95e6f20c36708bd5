"""Who has signed, as far as anything is kept of them: those who asked to be named or for news. Of nobody else a row."""

from petition.db import Connection, Row


async def export(c: Connection) -> list[Row]:
    """For the organisers' own machine: who asked to be named or for news, with country, name and sealed address.

    Of nobody a day: that would be finer than what is published.
    """
    return await c.all("signatures.export")


async def names(c: Connection, country: str) -> list[str]:
    """The names to be printed in the annex for one country."""
    return [row["name"] for row in await c.all("signatures.names", country=country)]


async def named(c: Connection) -> dict[str, int]:
    """How many asked to be named, by country."""
    return {row["country"]: int(row["n"]) for row in await c.all("signatures.named")}


async def close(c: Connection) -> None:
    """Every keyed hash goes, and with it names and contacts; the tally and its journal stay."""
    for query in (
        "names",
        "contacts",
        "signatures",
        "submissions",
        "mailings",
        "never_write",
        "links",
        "day_keys",
        "buckets",
    ):
        await c.run(f"signatures.close_{query}")


async def chosen(c: Connection) -> list[Row]:
    """Signatures with a name to be printed or an address for news, and these: what outlives the keyed hashes."""
    return await c.all("signatures.chosen")


async def put_back(c: Connection, rows: list[Row]) -> None:
    """Such rows, under other keys."""
    await c.run("signatures.put", rows=rows)
    await c.run("signatures.put_names", rows=[row for row in rows if row["name"] is not None])
    await c.run("signatures.put_contacts", rows=[row for row in rows if row["sealed"] is not None])
