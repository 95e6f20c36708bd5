"""Brings entries back that were published and that the database has lost: from own files or from a mirror."""

from functools import partial
from pathlib import Path

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.settings import Settings
from petition.log import notes, store, tiles, tree
from petition.log.client.sources import NotThere, Source, open_source
from petition.log.entries import Entry, decode, sha256
from petition.log.errors import LogError
from petition.log.folder import Folder
from petition.log.heads import StandsStill
from petition.log.note_keys import LogKey
from petition.log.notes import Head
from petition.log.store import Log, New
from petition.log.tiles import ENTRIES
from petition.organisers import activity_log

_MIDNIGHT = "T00:00Z"


def own_source(settings: Settings) -> Source:
    """The files of this machine. Raises LogError if there are none."""
    folder = Folder(settings.var)
    if not folder.checkpoint():
        raise LogError(
            f"There is no log in {folder.path}: name the address of the site's mirror, or a folder with a copy."
        )
    return open_source(str(folder.path))


def find_source(settings: Settings, place: str) -> Source:
    return open_source(place if "://" in place else str(Path(place).resolve())) if place else own_source(settings)


async def adopt(database: Database, settings: Settings, source: Source) -> int:
    """How many entries came back. Raises LogError if the copy is not whole and signed, or is another log."""
    async with database.reading() as c:
        log = await store.read_log(c)
    vkeys = [*(log.vkeys if log else ()), *(LogKey.parse(key).vkey for key in settings.log_keys)]
    note, head, contents = _read(source, vkeys)
    news = [New(decode(content), _files(source, decode(content))) for content in contents[log.size if log else 0 :]]
    _refuse_other(log, head, contents)
    after = log.first + log.size if log else 0
    done = await database.own_transaction(partial(_adopt, log=log, news=news, after=after, note=note, size=head.size))
    if not done:
        raise LogError("Somebody has just appended to the log: run this again.")
    return len(news)


def _read(source: Source, vkeys: list[str]) -> tuple[str, Head, list[bytes]]:
    """The head with our signatures alone, and all entries below it."""
    opened = notes.open_note(source.read("log/checkpoint").decode("utf-8", "replace"), vkeys)
    head, contents = notes.parse_head(opened.text), list[bytes]()
    for n, width in enumerate(tiles.widths(head.size)):
        contents += tiles.parse_bundle(source.read(f"log/{tiles.tile_path(ENTRIES, n, width)}"))[:width]
    if tree.root(tree.subtrees_of([tree.leaf_hash(content) for content in contents]), len(contents)) != head.root:
        raise LogError("The entries of this copy do not lead to the head that was signed.")
    return f"{opened.text}\n{''.join(opened.lines.values())}", head, contents


def _refuse_other(log: Log | None, head: Head, contents: list[bytes]) -> None:
    if log and (log.origin != head.origin or list(log.contents[: head.size]) != contents[: log.size]):
        raise StandsStill(
            "The database has other entries at places that were published: nothing was changed. A person must find out "
            "why; such a log can only go on as a new one (see the handbook)."
        )


def _files(source: Source, entry: Entry) -> dict[bytes, int]:
    """The files beside the log that an entry names, as far as they are still there."""
    found, midnight = {}, str(entry.get("at", _MIDNIGHT)).endswith(_MIDNIGHT)
    for hash_ in filter(None, (entry.get("countries"), entry.get("file"), *entry.get("texts", {}).values())):
        try:
            content = source.read(f"log/files/{hash_}.json")
        except NotThere:
            continue
        if sha256(content) == hash_:
            found[content] = 0 if midnight else clock.epoch() + 2 * DAY
    return found


async def _adopt(c: Connection, *, log: Log | None, news: list[New], after: int, note: str, size: int) -> bool:
    first = log.first if log else int((await store.read_ends(c))["entries"])
    if not await store.append(c, news, after if log else first, first=first):
        return False
    await c.run("log.insert_head", below=first + size, note=note)
    await _answer_restore(c)
    await activity_log.append(c, activity_log.SERVER, "adopted the public log", f"{len(news)} entries")
    return True


async def adopt_nothing(c: Connection) -> None:
    """Somebody says that no stranger has a newer log than the backup."""
    await _answer_restore(c)
    await activity_log.append(c, activity_log.SERVER, "took the public log of the backup", "as the newest")


async def _answer_restore(c: Connection) -> None:
    await state.delete(c, store.RESTORED)
    await state.put(c, store.ADOPTED, str(clock.epoch()))
