"""The list of an edition, index.csv: every letter with the SHA-256 of its PDF."""

from collections.abc import Iterable

from petition.core.csv_tables import to_csv
from petition.core.database.connection import Connection
from petition.letters.editions import editions
from petition.letters.editions.editions import IssuedLetter
from petition.letters.writing.document import Letter

LetterAndTree = tuple[IssuedLetter, Letter]


def index_csv(letters: Iterable[LetterAndTree]) -> bytes:
    columns = ("reference", "addressee", "language", "courtesy_translation", "sha256")
    rows = [(i.reference, i.key, letter.language, "yes" if i.courtesy else "no", i.sha256) for i, letter in letters]
    return to_csv([columns, *rows]).encode()


async def read_index(c: Connection, number: int) -> bytes:
    """The list of an edition that was issued."""
    listed = await editions.list_letters(c, number)
    found = [(one, await editions.find_letter(c, one.reference)) for one in listed]
    return index_csv((one, match[1]) for one, match in found if match)
