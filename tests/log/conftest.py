"""A site with a log, which the tests keep themselves: no server runs beside them."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from petition.core import clock
from petition.core.settings import Settings
from petition.log import note_keys, notes, store, tiles, tree
from petition.log.folder import Folder
from petition.log.keeper import STANDS, Keeper
from petition.log.notes import Head
from petition.log.store import New
from petition.log.tiles import ENTRIES
from petition.site import Site
from tests.conftest import LOG_KEY, Clock
from tests.tally.publishing import change

VKEY = note_keys.LogKey.parse(LOG_KEY).vkey


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, log_keys=(LOG_KEY,))


class Kept:
    """A log and those who watch it: `seen` has every head that a stranger got."""

    def __init__(self, site: Site, time: Clock) -> None:
        self.site, self.time, self.keeper = site, time, Keeper(site)
        self.folder, self.seen = Folder(site.settings.var).path, list[str]()

    async def work(self) -> None:
        await self.keeper.work()
        if note := self.checkpoint():
            self.seen.append(note)

    def restarted(self, *keys: str) -> "Kept":
        """Another process of the same machine, which may have other keys."""
        site, keys = self.site, keys or self.site.settings.log_keys
        again = Kept(replace(site, settings=replace(site.settings, log_keys=keys)), self.time)
        again.seen = self.seen
        return again

    async def grow(self, releases: int = 2) -> None:
        await self.work()
        for _ in range(releases):
            await change(self.site.database, "PL", 20)
            await self.later(minutes=2)

    async def append(self, *entries: dict[str, Any]) -> None:
        """What nothing that was published has led to."""
        async with self.site.database.reading() as c:
            after = int((await store.read_ends(c))["entries"])
        news = [New(entry) for entry in entries]
        assert await self.site.database.own_transaction(partial(store.append, news=news, after=after))

    async def later(self, **span: float) -> None:
        """Releases what is due, waits until a release is logged and signed, and lets the log work in that time."""
        self.time.advance(**span)
        await self.site.take_snapshot()
        for seconds in (61, 31, 601):
            self.time.advance(seconds=seconds)
            await self.work()

    def checkpoint(self) -> str:
        file = self.folder / "checkpoint"
        return file.read_text("utf-8") if file.exists() else ""

    def head(self) -> Head:
        return read_head(self.checkpoint())

    def published(self) -> list[dict[str, Any]]:
        """The entries as a stranger reads them, after checking them."""
        return read_log(self.folder)

    async def entries(self) -> list[dict[str, Any]]:
        """All that are in the database, signed or not."""
        async with self.site.database.reading() as c:
            return [json.loads(row["entry"]) for row in await c.all("log.entries_from", n=0)]

    async def of_kind(self, *kinds: str) -> list[dict[str, Any]]:
        return [entry for entry in await self.entries() if entry["kind"] in kinds]

    async def stands(self, name: str = STANDS) -> str:
        """Why the log stands still, or why copies of it do (COPY_STANDS); empty if they do not."""
        async with self.site.database.reading() as c:
            row = await c.one("state.get", name=name)
        return str(row["value"]) if row else ""

    def forks(self) -> int:
        """How many heads that were seen are no part of the newest log."""
        if not self.checkpoint():  # this machine has not published anything yet
            return 0
        contents = read_contents(self.folder, *(self.folder / "vkey").read_text().split())
        return sum(not is_extended(contents, note) for note in self.seen)


def read_head(note: str, *vkeys: str) -> Head:
    return notes.parse_head(notes.open_note(note, vkeys or (VKEY,)).text)


def read_contents(folder: Path, *vkeys: str) -> list[bytes]:
    """All entries below the checkpoint, if they lead to it."""
    head, contents = read_head((folder / "checkpoint").read_text("utf-8"), *vkeys), list[bytes]()
    for n, width in enumerate(tiles.widths(head.size)):
        contents += tiles.parse_bundle((folder / tiles.tile_path(ENTRIES, n, width)).read_bytes())
    from_tiles = tiles.subtrees_from(lambda path: (folder / path).read_bytes(), head.size)
    assert tree.root(from_tiles, head.size) == root_of(contents) == head.root
    return contents


def read_log(folder: Path, *vkeys: str) -> list[dict[str, Any]]:
    return [json.loads(content) for content in read_contents(folder, *vkeys)]


def root_of(contents: list[bytes]) -> bytes:
    return tree.root(tree.subtrees_of([tree.leaf_hash(content) for content in contents]), len(contents))


def is_extended(contents: list[bytes], note: str) -> bool:
    head = notes.parse_head(notes.split_note(note)[0])
    return head.size <= len(contents) and root_of(contents[: head.size]) == head.root


@pytest.fixture
def kept(site: Site, time: Clock) -> Kept:
    return Kept(site, time)


Forget = Callable[[str, str], Any]


@pytest.fixture
def forget(site: Site) -> Forget:
    """forget(table, condition): takes rows away that no code takes away, as a lost disk does."""

    async def remove(table: str, condition: str) -> None:
        async def job(c: Any) -> None:
            await c.run("state.put", name="destroying", value="yes")
            await c.run("state.put", name="reordering", value="yes")
            await c.execute("insert into site_state values ('arriving', 'x')")
            await c.execute(f"delete from {table} where {condition}")
            await c.execute("delete from site_state where name in ('arriving', 'destroying', 'reordering')")

        await site.database.own_transaction(job)

    return partial(remove)


def moment(text: str) -> int:
    return int(clock.parse_iso(text).timestamp())
