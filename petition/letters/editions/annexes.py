"""Annexes of names: none for anybody until an admin turns it on; made for an edition, handed over, and not kept.

Of what was handed over the fingerprint and the number of names are kept. Each file has a random number in it: else
whoever has the other names could try out, with the fingerprint, whose it was that has been withdrawn since. An annex
that is made anew leaves such names out, and supersedes the one before.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.errors import LetterError
from petition.letters.addressees.directory import Addressee
from petition.letters.editions.drafts import Draft
from petition.letters.editions.editions import Edition, page
from petition.letters.formats import volume
from petition.letters.writing import annex, compose
from petition.organisers import activity_log
from petition.signing import printed_names
from petition.tally import rounding

VOLUME = 50_000  # names in a file
File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Handed:
    """A volume that was handed over on a day (ISO 8601); `superseded` once the annex was made anew."""

    reference: str
    edition: int
    key: str
    version: int
    names: int
    sha256: str
    day: str
    superseded: bool = False


async def turn(c: Connection, code: str, nickname: str, *, on: bool) -> None:
    """Lets an addressee have an annex or no more; says so in the record if that is new."""
    if on:
        changed = await c.one("annexes.turn_on", code=code, nickname=nickname, day=clock.today().isoformat())
    else:
        changed = await c.one("annexes.turn_off", code=code)
    if changed is not None:
        await activity_log.write(c, nickname, f"turned an annex of names {'on' if on else 'off'}", code)


async def make(
    database: Database, draft: Draft, edition: Edition, addressee: Addressee, offered: Collection[str], nickname: str
) -> list[File]:
    """(reference, PDF) of each volume: the names of the edition's day that were not withdrawn since.

    Raises LetterError if its letter speaks of no annex, or no name is left, or somebody else makes it now.
    """
    if addressee.key not in edition.basis.get("annexes", []):
        raise LetterError(f"The letter {addressee.key}-{edition.n} speaks of no annex.")
    if addressee.code not in draft.annexes:
        raise LetterError(f"The annex for {addressee.code} has been turned off since.")
    moment = datetime.fromisoformat(edition.moment)
    async with database.reading() as c:
        homes = draft.homes(addressee)
        names = [name for home in homes for name in await printed_names.names(c, home, moment.date())]
        last = await c.one("annexes.latest", edition=edition.n, key=addressee.key)
    version = int(last["version"] if last else 0) + 1
    main, _ = compose.letter_languages(draft.folders, addressee)
    whole = await asyncio.to_thread(annex.compose_annex, draft.appeal, draft.folders, addressee, names, moment, main)
    stamped = replace(whole, reference=f"{addressee.key}-{edition.n}-names-{version}", salt=secrets.token_hex(16))
    where, files, rows = page(draft, addressee, offered), [], []
    for part in annex.split_into_volumes(stamped, VOLUME):
        content = await volume.render_volume(replace(part, check_url=where + part.reference))
        files.append((part.reference, content))
        rows.append(_row(part.reference, edition.n, addressee.key, version, len(part.names), content))
    detail = f"{stamped.reference}: {rounding.rounded(len(names))}"
    await database.write(partial(_put, rows=rows, nickname=nickname, detail=detail))
    return files


def _row(reference: str, n: int, key: str, version: int, names: int, content: bytes) -> Row:
    told = {"reference": reference, "edition": n, "key": key, "version": version, "names": names}
    return {**told, "digest": hashlib.sha256(content).hexdigest(), "day": clock.today().isoformat()}


async def _put(c: Connection, *, rows: list[Row], nickname: str, detail: str) -> None:
    for row in rows:
        if await c.one("annexes.put", **row) is None:
            raise LetterError("Somebody else has just made this annex: theirs counts.")
    await activity_log.write(c, nickname, "made an annex of names", detail)


async def of_edition(c: Connection, n: int) -> list[Handed]:
    """All that was handed over for an edition, by key; the newest last."""
    rows = await c.all("annexes.of_edition", edition=n)
    newest = {row["key"]: row["version"] for row in rows}
    return [_handed(row, newest[row["key"]]) for row in rows]


async def find(c: Connection, reference: str) -> Handed | None:
    """What was handed over under a reference."""
    row = await c.one("annexes.find", reference=reference)
    return _handed(row, row["newest"]) if row else None


def _handed(row: Row, newest: int) -> Handed:
    told = {name: row[name] for name in ("reference", "edition", "key", "version", "names", "sha256", "day")}
    return Handed(**told, superseded=newest > row["version"])
