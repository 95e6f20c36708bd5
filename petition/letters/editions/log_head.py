"""What letters know of the public log: its newest head, printed on each of them, and which editions were published.

The log is a folder that can be left out: this knows of it what everybody can read, a table and the form of a head.
"""

import json

from petition.core.database.connection import Connection


async def newest_logged_edition(c: Connection) -> int:
    """Its number; 0 if none is logged. After a restore it may be newer than the newest of the database."""
    row = await c.one("log_head.newest_edition")
    return int(json.loads(row["entry"])["number"]) if row else 0


async def newest_log_head(c: Connection) -> str:
    """Its name, how many entries it has, and the hash of all of them; empty if there is no log."""
    row = await c.one("log_head.newest")
    return " ".join(str(row["note"]).split("\n")[:3]) if row else ""  # c2sp.org/tlog-checkpoint
