"""References of letters and annexes, as people type them from paper: in any case, with spaces around any dash."""

import re

from petition.core import tokens
from petition.core.database.connection import Connection

_REFERENCE = re.compile(r"[A-Za-z0-9-]+")
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")


async def find_reference(c: Connection, typed: str) -> str | None:
    """The reference of the letter or annex that somebody means; what follows it in their text is ignored."""
    for spelling in _spellings(typed):
        if row := await c.one("editions.find_reference", lowered=spelling):
            return str(row["reference"])
    return None


def _spellings(typed: str) -> list[str]:
    """The longer one first: in `PL-1 - thanks` the dash belongs to the text, in `PL-1 - pl` to the reference."""
    plain = typed.replace("\0", "").translate(_DASHES)  # PostgreSQL takes no NUL
    joined = "-".join(filter(None, (part.strip() for part in plain.split("-"))))
    found = (tokens.cut_to_shape(text, _REFERENCE).strip("-").lower() for text in (joined, plain))
    return list(dict.fromkeys(found))
