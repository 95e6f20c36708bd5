"""An edition as files: each letter in every format, a list of them and a sheet that says what goes into which envelope.

Letter by letter, so that no more than one of them is in memory; the same edition gives the same files.
"""

import asyncio
import csv
import io
import zipfile
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime

from petition.core.database.database import Database
from petition.core.errors import LetterError
from petition.letters.editions import editions
from petition.letters.editions.editions import Edition, Frozen
from petition.letters.formats import cover_sheet
from petition.letters.formats.registry import FORMATS
from petition.letters.writing.document import Letter

File = tuple[str, bytes]
Listed = tuple[Frozen, Letter]


async def find(database: Database, asked: str) -> tuple[Edition, list[Frozen]]:
    """An edition by its number, or the `latest`, with its letters. Raises LetterError if there is none."""
    async with database.reading() as c:
        drawn = await editions.drawn(c)
        found = next((one for one in drawn if asked in ("latest", str(one.n))), None)
        if found is None:
            raise LetterError("There is no such edition.")
        return found, await editions.letters_of(c, found.n)


async def files(database: Database, edition: Edition, letters: Iterable[Frozen]) -> AsyncIterator[File]:
    """(name, content) of every file: those of one letter after another, then the list and the sheet."""
    listed: list[Listed] = []
    for one in letters:
        async with database.reading() as c:
            found, content = await editions.find(c, one.reference), await editions.file(c, one.reference)
        if found is None or content is None:
            raise LetterError(f"The letter {one.reference} is not there any more.")
        yield f"{one.reference}.pdf", content
        for kind, (render, _) in FORMATS.items():
            if kind != "pdf":
                yield f"{one.reference}.{kind}", await asyncio.to_thread(render, found[1])
        listed.append((one, found[1]))
    yield "index.csv", _table(listed)
    yield "index.pdf", await asyncio.to_thread(cover_sheet.render, edition.n, _moment(edition), _letters(listed))


def count(letters: Collection[Frozen]) -> int:
    """How many files that makes."""
    return len(letters) * len(FORMATS) + 2


async def zipped(database: Database, edition: Edition, letters: Iterable[Frozen]) -> AsyncIterator[bytes]:
    """The files as one ZIP, in pieces as they come, with the edition's moment as every date inside."""
    pipe, moment = _Pipe(), _moment(edition).timetuple()[:6]
    with zipfile.ZipFile(pipe, "w") as out:
        async for name, content in files(database, edition, letters):
            out.writestr(zipfile.ZipInfo(name, moment), content, zipfile.ZIP_DEFLATED)
            yield pipe.taken()
    yield pipe.taken()


class _Pipe(io.RawIOBase):
    """What a ZIP is written into and taken out of again; it cannot seek, so nothing is written twice."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()

    def writable(self) -> bool:
        """It is made for nothing else."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # of bytes alone
        """Keeps the data until it is taken."""
        self._waiting += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since it was last asked."""
        taken, self._waiting = bytes(self._waiting), bytearray()
        return taken


def _table(listed: Iterable[Listed]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("reference", "addressee", "language", "courtesy_translation", "sha256"))
    for one, letter in listed:
        table.writerow((one.reference, one.key, letter.language, "yes" if one.courtesy else "no", one.sha256))
    return text.getvalue().encode()


def _letters(listed: Iterable[Listed]) -> list[Letter]:
    return [letter for _, letter in listed]


def _moment(edition: Edition) -> datetime:
    return datetime.fromisoformat(edition.moment)
