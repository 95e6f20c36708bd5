"""Writes the newest head of the database, and all that its readers need, into the folder of this machine."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from petition.campaign.witnesses import Witnesses
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.settings import Settings
from petition.log import heads, store
from petition.log.folder import Folder, Signed
from petition.log.note_keys import name_of
from petition.log.store import Log
from petition.log.tiles import WIDTH

_RECENT = 2 * WIDTH  # entries: of older heads nobody needs a part of a tile


@dataclass(frozen=True, slots=True)
class Published:
    """What the database has of the newest log. `names`: of all logs, the newest last."""

    log: Log
    names: Sequence[str]
    heads: Sequence[Signed]
    files: Mapping[str, str]


async def publish(database: Database, settings: Settings, witnesses: Witnesses) -> None:
    """Raises StandsStill rather than contradict what this machine has published."""
    async with database.reading() as c:
        published = await _read(c)
    if published:
        await asyncio.to_thread(_write, Folder(settings.var), published, f"{settings.base_url}/log", witnesses)


async def _read(c: Connection) -> Published | None:
    if (log := await store.read_log(c)) is None or not (heads := await signed_heads(c, log)):
        return None
    files = {row["sha256"]: row["content"] for row in await c.all("log.files")}
    return Published(log, await store.list_names(c), heads, files)


async def signed_heads(c: Connection, log: Log) -> list[Signed]:
    """The newest of the newest log, with their witnesses."""
    lines: dict[int, dict[str, str]] = {}
    after = max(log.first, int((await store.read_ends(c))["below"]) - _RECENT)
    for row in await c.all("log.cosignatures", after=after):
        lines.setdefault(int(row["below"]), {})[row["name"]] = row["line"]
    rows = await c.all("log.heads", after=after)
    return [Signed(int(row["below"]) - log.first, row["note"], lines.get(int(row["below"]), {})) for row in rows]


def _write(folder: Folder, published: Published, prefix: str, witnesses: Witnesses) -> None:
    log, newest = published.log, published.heads[-1]
    own = folder.own_note(published.names)
    size = heads.refuse_fork(log, own, "by this machine").size if own else 0
    heads.refuse_fork(log, newest.note, "in the database")
    heads.refuse_smaller(size, newest.size)
    folder.make_room(log)
    begin = min(size or newest.size, newest.size // WIDTH * WIDTH)  # older readers have the full tiles
    folder.write_tiles(log, [head.size for head in published.heads if head.size >= begin])
    folder.write_files(published.files)
    folder.write_facts(log.until(newest.size), prefix, witnesses)
    cosigned = (head for head in reversed(published.heads) if _is_cosigned(head, witnesses))
    folder.write_checkpoint(newest, next(cosigned, None))


def _is_cosigned(head: Signed, witnesses: Witnesses) -> bool:
    names = {name_of(vkey) for vkey in witnesses.vkeys}
    return bool(witnesses.quorum) and len(names & head.lines.keys()) >= witnesses.quorum
