"""Lines with which witnesses have signed a head of ours."""

from petition.campaign.witnesses import Witnesses
from petition.core.database.connection import Connection
from petition.log import notes
from petition.log.errors import LogError


async def add(c: Connection, note: str, witnesses: Witnesses) -> None:
    """Keeps those that are new. Raises LogError unless a witness of ours has signed a head of ours."""
    if not witnesses.vkeys:
        raise LogError("This log has no witnesses: campaign.toml names none.")
    opened = notes.open_note(note, witnesses.vkeys)
    below = await _find_head(c, opened.text)
    for vkey, line in opened.lines.items():
        await c.run("log.insert_cosignature", line=line, below=below, name=vkey.partition("+")[0])


async def _find_head(c: Connection, text: str) -> int:
    """Of the newest log."""
    first, size = int((await c.one("log.ends") or {})["first"]), notes.parse_head(text).size
    row = await c.one("log.head", below=first + size) if size < 2**62 else None
    if row is None or notes.split_note(row["note"])[0] != text:
        raise LogError("This log has signed no such head.")
    return first + size
