"""An edition: all letters as of one moment, drawn from one snapshot of the published numbers."""

import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from petition import clock, letters, signatures, tally
from petition.appeal import Appeal
from petition.db import Connection
from petition.letters import Addressee, Book, Figures, Letter, pdf
from petition.tally import STEP, Snapshot

Names = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Edition:
    """What the letters of one moment quote. `present`: countries with any signature at all, published or folded."""

    appeal: Appeal
    book: Book
    base_url: str
    moment: datetime
    snapshot: Snapshot
    present: frozenset[str]
    named: Mapping[str, int]

    def letter(self, addressee: Addressee) -> Letter:
        """The letter to one addressee. Raises LetterError in a state of the campaign that writes none."""
        folders = [folder / "letters" for folder in self.appeal.text_folders]
        return letters.draw(self.appeal, folders, addressee, self.figures(addressee), self.moment, self.base_url)

    def figures(self, addressee: Addressee) -> Figures:
        """The published figures for one addressee; an institution gets those of all countries."""
        country = addressee.country
        named = self.named.get(country, 0) if country else sum(self.named.values())
        return Figures(
            as_of=self.snapshot.as_of,
            confirmed=self.snapshot.confirmed,
            country=self.snapshot.countries.get(country) if country else None,
            present=country in self.present,
            named=tally.floor(named) if named >= STEP else None,
        )

    def annex(self, addressee: Addressee, names: Iterable[str]) -> bytes:
        """The names that go with the letter to one addressee, as PDF."""
        folders = [folder / "letters" for folder in self.appeal.text_folders]
        tree = letters.draw_annex(self.appeal, folders, addressee, names, self.moment)
        return pdf.annex(tree)


async def draw_up(c: Connection, appeal: Appeal, book: Book, base_url: str) -> Edition:
    """The edition of this moment."""
    counts = await tally.counts(c)
    return Edition(
        appeal=appeal,
        book=book,
        base_url=base_url,
        moment=clock.now(),
        snapshot=await tally.published(c),
        present=frozenset(country for country, n in counts.items() if n > 0),
        named=await signatures.named(c),
    )


async def names(c: Connection, addressees: Iterable[Addressee]) -> dict[str, list[str]]:
    """Names to be printed, by country; countries without any are left out."""
    countries = {a.country for a in addressees if a.country}
    found = {country: await signatures.names(c, country) for country in sorted(countries)}
    return {country: listed for country, listed in found.items() if listed}


def files(edition: Edition, addressees: Iterable[Addressee], listed: Names) -> Iterable[tuple[str, bytes]]:
    """(file name, PDF) of each letter, and of each annex that has names."""
    for addressee in addressees:
        yield f"{addressee.key}.pdf", pdf.render(edition.letter(addressee))
        if found := listed.get(addressee.country or ""):
            yield f"{addressee.key}-names.pdf", edition.annex(addressee, found)


def archive(edition: Edition, listed: Names, file: IO[bytes], done: Callable[[], object] = lambda: None) -> None:
    """All letters and annexes as a ZIP with fixed dates inside; done() after each file."""
    moment = edition.moment.timetuple()[:6]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files(edition, edition.book.addressees, listed):
            zipped.writestr(zipfile.ZipInfo(name, moment), content, zipfile.ZIP_DEFLATED)
            done()
