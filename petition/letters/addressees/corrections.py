"""Corrections of the address book: addresses that an admin looked up. They replace those of the file until deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from petition.core.database.connection import Connection
from petition.letters.addressees.address_book import AddressBook, Addressee


@dataclass(frozen=True, slots=True)
class Correction:
    """An address as printed on the envelope; `source`: the page where it was seen; `checked`: the day (ISO 8601)."""

    office: str
    lines: tuple[str, ...]
    source: str
    checked: str
    note: str = ""


async def get_corrections(c: Connection) -> dict[str, Correction]:
    """All corrections, by the key of the addressee."""
    return {
        row["key"]: Correction(
            row["office"], tuple(row["lines"].splitlines()), row["source"], row["checked_on"], row["note"]
        )
        for row in await c.all("corrections.all")
    }


async def save_correction(c: Connection, key: str, correction: Correction) -> None:
    """Replaces an earlier correction for this addressee."""
    await c.run(
        "corrections.save",
        key=key,
        office=correction.office,
        lines="\n".join(correction.lines),
        source=correction.source,
        checked_on=correction.checked,
        note=correction.note,
    )


async def delete_correction(c: Connection, key: str) -> None:
    """The address in the file is used again."""
    await c.one("corrections.delete", key=key)


def apply_corrections(book: AddressBook, corrections: Mapping[str, Correction]) -> AddressBook:
    """The book with these corrections. A corrected address has high confidence; low if it has no lines."""
    addressees = (_corrected(a, corrections[a.key]) if a.key in corrections else a for a in book.addressees)
    return replace(book, addressees=tuple(addressees))


def _corrected(addressee: Addressee, correction: Correction) -> Addressee:
    return replace(
        addressee,
        office=correction.office or None,
        lines=correction.lines,
        lines_latin=(),
        source_url=correction.source,
        source_date=correction.checked,
        checked=correction.checked,
        confidence="high" if correction.lines else "low",
    )
