"""An edition as files: the same from the desk and the command line, each time the same, never all in memory."""

import io
import zipfile
from argparse import Namespace
from pathlib import Path

import pytest

from petition.commands import letters
from petition.core.database.database import Database
from petition.core.errors import DataError, LetterError
from petition.letters.editions import files
from petition.letters.editions.index_signature import IndexSigner
from tests.conftest import Clock, Visitor
from tests.letters.editions.test_editions import draft_for, issue
from tests.letters.samples import pdf_text, without_address
from tests.web.tools import on_sqlite

SIGNER = IndexSigner("k" * 40, "https://petition.example")


async def _zip(database: Database, asked: str, signer: IndexSigner | None = SIGNER) -> list[bytes]:
    edition, issued = await files.find_edition(database, asked)
    return [chunk async for chunk in files.stream_zip(database, edition, issued, signer)]


async def test_a_zip_holds_every_letter_in_every_format_and_two_lists(database: Database, time: Clock) -> None:
    await issue(database, draft_for("PL", "IE-en", without_address("EE")))
    chunks = await _zip(database, "1")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(chunks)))
    assert archive.testzip() is None
    _, issued = await files.find_edition(database, "1")
    assert len(archive.namelist()) == files.count_files(issued, SIGNER) == 5 * 4 + 4
    assert len(archive.read("PL-1-pl-form.txt").decode()) <= 1500
    assert archive.read("index.csv").decode().splitlines()[3].startswith("IE-1,IE,en,no,")
    sheet = pdf_text(archive.read("index.pdf"))
    assert "PL-1 (en) with: Legal page (printed with the letter)" in sheet
    assert "PL-1-pl (pl, courtesy translation)" in sheet
    assert "address missing" in sheet
    assert "envelopes: 3, with copies: 7 · letters and enclosures: 5" in sheet
    unsigned = zipfile.ZipFile(io.BytesIO(b"".join(await _zip(database, "1", None)))).namelist()
    assert set(archive.namelist()) - set(unsigned) == {"index.csv.sig", "README.txt"}
    assert len(unsigned) == files.count_files(issued, None)
    assert max(map(len, chunks)) < len(b"".join(chunks)) / 3, "it goes out in pieces"


async def test_the_same_edition_gives_the_same_bytes_whenever(database: Database, time: Clock) -> None:
    await issue(database, draft_for("PL"))
    first = await _zip(database, "1")
    time.advance(days=30)
    await issue(database, draft_for("IE-en"))
    assert await _zip(database, "1") == first
    assert (await files.find_edition(database, "latest"))[0].number == 2


async def test_there_is_no_edition_but_those_drawn_up(database: Database) -> None:
    for asked in ("latest", "1", "x", ""):
        with pytest.raises(LetterError, match="no such edition"):
            await files.find_edition(database, asked)


@on_sqlite
async def test_the_command_line_writes_the_same_files(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    database = visitor.site.database
    await issue(database, draft_for("PL"))
    folder = tmp_path / "letters"
    await letters.letters(
        visitor.site.settings, Namespace(output=folder, edition="latest", names=False, members=None, keys=[])
    )
    archive = zipfile.ZipFile(io.BytesIO(b"".join(await _zip(database, "1", visitor.site.index_signer))))
    assert _read(folder) == {name: archive.read(name) for name in archive.namelist()}
    with pytest.raises(DataError, match="whole"):
        await letters.letters(
            visitor.site.settings, Namespace(output=folder, edition="1", names=False, members=None, keys=["PL"])
        )


def _read(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}
