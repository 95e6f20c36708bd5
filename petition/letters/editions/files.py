"""The files of an edition: every letter in every format, a list, and a sheet that says what goes into which envelope.

Letters are rendered one after another, so that only one PDF is in memory. The same edition gives the same files.
"""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from datetime import datetime

from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.letters.editions import editions, time_stamps
from petition.letters.editions.editions import Edition, IssuedLetter
from petition.letters.editions.index_list import LetterAndTree, index_csv
from petition.letters.editions.index_signature import IndexSigner
from petition.letters.editions.time_stamps import TimeStamp
from petition.letters.formats import cover_sheet
from petition.letters.formats.registry import FORMATS, file_name
from petition.letters.writing.document import Letter

File = tuple[str, bytes]
MoreFiles = Callable[[Connection, str], Awaitable[list[File]]]


async def _no_more(*_: object) -> list[File]:
    return []


async def find_edition(database: Database, number: str) -> tuple[Edition, list[IssuedLetter]]:
    """An edition and its letters, by its number or `latest`. Raises LetterError if there is no such edition."""
    async with database.reading() as c:
        all_editions = await editions.list_editions(c)
        edition = next((candidate for candidate in all_editions if number in ("latest", str(candidate.number))), None)
        if edition is None:
            raise LetterError(N_("There is no such edition."))
        return edition, await editions.list_letters(c, edition.number)


async def render_files(
    database: Database,
    edition: Edition,
    letters: Iterable[IssuedLetter],
    signer: IndexSigner | None,
    find_more: MoreFiles = _no_more,
) -> AsyncIterator[File]:
    """(name, content) of every file: letter after letter, index.csv with signature and time stamp, index.pdf.

    `find_more`: files that go with a letter, by its reference.
    """
    rendered: list[LetterAndTree] = []
    for issued in letters:
        async with database.reading() as c:
            match, content, more = (
                await editions.find_letter(c, issued.reference),
                await editions.letter_pdf(c, issued.reference),
                await find_more(c, issued.reference),
            )
        if match is None or content is None:
            raise LetterError(Sentence(N_("The letter %(letter)s is not there any more."), letter=issued.reference))
        yield f"{issued.reference}.pdf", content
        for file in more:
            yield file
        for kind, (render, _) in FORMATS.items():
            if kind != "pdf":
                yield file_name(issued.reference, kind), await asyncio.to_thread(render, match[1])
        rendered.append((issued, match[1]))
    async with database.reading() as c:
        stamp = await time_stamps.find_stamp(c, edition.number)
    for name, content in _index_files(rendered, signer, stamp):
        yield name, content
    yield (
        "index.pdf",
        await asyncio.to_thread(cover_sheet.render, edition.number, _issued_at(edition), _trees(rendered)),
    )


def count_files(letters: Collection[IssuedLetter], signer: IndexSigner | None, stamp: TimeStamp | None = None) -> int:
    """How many files render_files() gives."""
    return len(letters) * len(FORMATS) + 2 + bool(signer) + bool(stamp) + bool(signer or stamp)


async def stream_zip(
    database: Database,
    edition: Edition,
    letters: Iterable[IssuedLetter],
    signer: IndexSigner | None,
    find_more: MoreFiles = _no_more,
) -> AsyncIterator[bytes]:
    """The files as one ZIP, in pieces. Every date inside is the moment of the edition."""
    buffer, moment = _ZipBuffer(), _issued_at(edition).timetuple()[:6]
    with zipfile.ZipFile(buffer, "w") as archive:
        async for name, content in render_files(database, edition, letters, signer, find_more):
            archive.writestr(zipfile.ZipInfo(name, moment), content, zipfile.ZIP_DEFLATED)
            yield buffer.drain()
    yield buffer.drain()


class _ZipBuffer(io.RawIOBase):
    """zipfile writes into it, and drain() takes the bytes out. It cannot seek, so zipfile writes each byte once."""

    def __init__(self) -> None:
        super().__init__()
        self._pending = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # it takes bytes only
        self._pending += data
        return len(data)

    def drain(self) -> bytes:
        """What was written since the last call."""
        content, self._pending = bytes(self._pending), bytearray()
        return content


def _index_files(letters: Iterable[LetterAndTree], signer: IndexSigner | None, stamp: TimeStamp | None) -> list[File]:
    """The list that was stamped, byte for byte, even if a later version would write it in another way."""
    index = stamp.index if stamp else index_csv(letters)
    proofs = [("index.csv.sig", signer.sign(index))] if signer else []
    proofs += [("index.csv.tsr", stamp.reply)] if stamp else []
    readme = "\n".join(proof.readme() for proof in (signer, stamp) if proof)
    return [("index.csv", index), *proofs, *([("README.txt", readme.encode())] if proofs else [])]


def _trees(letters: Iterable[LetterAndTree]) -> list[Letter]:
    return [letter for _, letter in letters]


def _issued_at(edition: Edition) -> datetime:
    return datetime.fromisoformat(edition.issued_at)
