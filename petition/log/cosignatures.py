"""Lines with which witnesses have signed a head of ours."""

from petition.campaign.witnesses import Witnesses
from petition.core.database.connection import Connection
from petition.log import notes
from petition.log.errors import LogError
from petition.log.note_keys import name_of
from petition.log.notes import Opened

MAX_LINES = 64  # of one note: each that claims to be of a witness costs a check


def read(note: str, witnesses: Witnesses) -> Opened:
    """What witnesses of ours have signed. Raises LogError."""
    if not witnesses.vkeys:
        raise LogError("This log has no witnesses: campaign.toml names none.")
    lines = [line for line, _, _ in notes.split_note(note)[1]]
    if len(lines) > MAX_LINES or len({*lines}) < len(lines):
        raise LogError("A note has each signature once, and no more than there are keys.")
    return notes.open_note(note, witnesses.vkeys)


async def add(c: Connection, opened: Opened) -> None:
    """Keeps lines that are new. Raises LogError for what is no head of ours."""
    below = await _find_head(c, opened.text)
    for vkey, line in opened.lines.items():
        await c.run("log.insert_cosignature", line=line, below=below, name=name_of(vkey))


async def _find_head(c: Connection, text: str) -> int:
    """Of the newest log."""
    first, size = int((await c.one("log.ends") or {})["first"]), notes.parse_head(text).size
    row = await c.one("log.head", below=first + size) if size < 2**62 else None
    if row is None or notes.split_note(row["note"])[0] != text:
        raise LogError("This log has signed no such head.")
    return first + size
