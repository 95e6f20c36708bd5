"""Sealed copies: a letter that was sealed or signed after it was drawn up is another file, with its own SHA-256."""

from dataclasses import dataclass
from datetime import date

from petition.core.database.connection import Connection
from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.letters.editions import editions
from petition.organisers import activity_log


@dataclass(frozen=True, slots=True)
class SealedCopy:
    """`nickname`: the organiser who wrote it down."""

    sha256: str
    sealed_on: date
    nickname: str


async def list_copies(c: Connection, reference: str) -> list[SealedCopy]:
    """Those of one letter, the oldest first."""
    rows = await c.all("sealed_copies.of_letter", reference=reference)
    return [SealedCopy(row["sha256"], date.fromisoformat(row["sealed_on"]), row["nickname"]) for row in rows]


async def add_copy(c: Connection, reference: str, copy: SealedCopy) -> None:
    """Raises LetterError if it is the file that we drew up, or was written down before."""
    found = await editions.find_letter(c, reference)
    if found is None:
        raise LetterError(N_("There is no such letter."))
    if found[0].sha256 == copy.sha256:
        raise LetterError(N_("This is the file as we drew it up: it has no seal or signature."))
    values = {"sealed_on": copy.sealed_on.isoformat(), "nickname": copy.nickname}
    if await c.one("sealed_copies.insert", reference=reference, digest=copy.sha256, **values) is None:
        raise LetterError(N_("This copy has been written down already."))
    await activity_log.append(c, copy.nickname, "wrote down a sealed copy", f"{reference}: {copy.sha256}")


async def remove_copy(c: Connection, reference: str, sha256: str, nickname: str) -> None:
    """Takes back what was written down by mistake; the activity log keeps both."""
    if await c.one("sealed_copies.delete", reference=reference, digest=sha256) is not None:
        await activity_log.append(c, nickname, "took back a sealed copy", f"{reference}: {sha256}")
