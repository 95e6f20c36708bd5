"""The newest head of the public log, printed on each letter: who has one can hold us to all that was logged before.

The log is a folder that can be left out: this knows of it what everybody can read, a table and the form of a head.
"""

from petition.core.database.connection import Connection


async def newest_log_head(c: Connection) -> str:
    """Its name, how many entries it has, and the hash of all of them; empty if there is no log."""
    row = await c.one("log_head.newest")
    return " ".join(str(row["note"]).split("\n")[:3]) if row else ""  # c2sp.org/tlog-checkpoint
