"""Annexes of names, made for an edition. Nobody gets one until an admin turns it on.

The files are handed over and not stored. We store only the SHA-256 of each file and the number of names in it. Each
file contains a random number. Without it, anyone who has the other names could try names against the SHA-256 and so
find out which name was withdrawn later. An annex that is made again leaves withdrawn names out, and supersedes the
earlier one.
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.letters.addressees.address_book import Addressee
from petition.letters.editions.drafts import Draft
from petition.letters.editions.editions import Edition, check_url_prefix
from petition.letters.editions.versions import list_versions
from petition.letters.formats import volume
from petition.letters.writing import annex
from petition.letters.writing.document import Annex
from petition.organisers import activity_log
from petition.signing import printed_names
from petition.tally import rounding

NAMES_PER_VOLUME = 25_000
VolumeFile = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class IssuedAnnex:
    """A volume that was handed over on the day `issued_on` (ISO 8601); `superseded` if the annex was made again."""

    reference: str
    edition: int
    key: str
    version: int
    name_count: int
    sha256: str
    issued_on: str
    superseded: bool = False


async def switch_annex(c: Connection, code: str, name: str, nickname: str, *, on: bool) -> bool:
    """Turns the annex of an addressee on or off. Only a real change is written to the activity log, with its name."""
    if on:
        changed = await c.one("annexes.enable", code=code, nickname=nickname, today=clock.today().isoformat())
    else:
        changed = await c.one("annexes.disable", code=code)
    if changed is not None:
        await activity_log.append(c, nickname, f"turned an annex of names {'on' if on else 'off'}", name)
    return changed is not None


async def make_annex(
    database: Database,
    draft: Draft,
    edition: Edition,
    addressee: Addressee,
    nickname: str,
) -> list[VolumeFile]:
    """(reference, PDF) of each volume: the names to print on the edition's day, without those withdrawn since.

    Raises LetterError if the letter mentions no annex, the annex was turned off, no name is left, or somebody else
    makes the same annex at this moment.
    """
    key = addressee.code
    if key not in edition.basis.get("annexes", []):
        raise LetterError(Sentence(N_("The letter %(letter)s speaks of no annex."), letter=f"{key}-{edition.number}"))
    if key not in draft.enabled_annexes:
        raise LetterError(Sentence(N_("The annex for %(addressee)s has been turned off since."), addressee=key))
    moment = datetime.fromisoformat(edition.issued_at)
    async with database.reading() as c:
        countries = draft.annex_countries(addressee)
        names = [
            name for country in countries for name in await printed_names.list_printable(c, country, moment.date())
        ]
        latest = await c.one("annexes.latest_version", edition=edition.number, key=key)
    version = int(latest["version"] if latest else 0) + 1
    reference = f"{key}-{edition.number}-names-{version}"
    parts = await asyncio.to_thread(_compose_volumes, draft, addressee, names, moment, reference)
    files = list(zip([part.reference for part in parts], await volume.render_volumes(parts), strict=True))
    rows = [
        _volume_row(part.reference, edition.number, key, version, len(part.names), content)
        for part, (_, content) in zip(parts, files, strict=True)
    ]
    detail = f"{reference}: {rounding.show_magnitude(len(names))}"
    await database.write(partial(_insert_volumes, rows=rows, nickname=nickname, detail=detail))
    return files


def _compose_volumes(
    draft: Draft, addressee: Addressee, names: list[str], moment: datetime, reference: str
) -> list[Annex]:
    same_envelope = [a for a in draft.book.addressees if a.code == addressee.code]
    letter = list_versions(draft.text_folders, same_envelope)[0]
    whole = annex.compose_annex(draft.appeal, draft.text_folders, letter.addressee, names, moment, letter.language)
    numbered = replace(whole, reference=reference, salt=secrets.token_hex(16))
    prefix, volumes = check_url_prefix(draft, letter.addressee), annex.split_into_volumes(numbered, NAMES_PER_VOLUME)
    return [replace(part, check_url=prefix + part.reference) for part in volumes]


def _volume_row(reference: str, edition: int, key: str, version: int, name_count: int, content: bytes) -> Row:
    values = {"reference": reference, "edition": edition, "key": key, "version": version, "name_count": name_count}
    return {**values, "digest": hashlib.sha256(content).hexdigest(), "issued_on": clock.today().isoformat()}


async def _insert_volumes(c: Connection, *, rows: list[Row], nickname: str, detail: str) -> None:
    for row in rows:
        if await c.one("annexes.insert_volume", **row) is None:
            raise LetterError(N_("Somebody else has just made this annex: theirs counts."))
    await activity_log.append(c, nickname, "made an annex of names", detail)


async def list_annexes(c: Connection, edition: int) -> list[IssuedAnnex]:
    """All volumes that were handed over for an edition, by key; the newest last."""
    rows = await c.all("annexes.volumes_of_edition", edition=edition)
    newest = {row["key"]: row["version"] for row in rows}
    return [_issued_annex(row, newest[row["key"]]) for row in rows]


async def find_annex(c: Connection, reference: str) -> IssuedAnnex | None:
    row = await c.one("annexes.find_volume", reference=reference)
    return _issued_annex(row, row["newest"]) if row else None


def _issued_annex(row: Row, newest: int) -> IssuedAnnex:
    values = {
        name: row[name] for name in ("reference", "edition", "key", "version", "name_count", "sha256", "issued_on")
    }
    return IssuedAnnex(**values, superseded=newest > row["version"])
