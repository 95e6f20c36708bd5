"""A draft: all letters as of one moment, drawn from one snapshot of the published numbers."""

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from petition.campaign.appeal import Appeal
from petition.core import clock
from petition.core.database.connection import Connection
from petition.letters.addressees import corrections
from petition.letters.addressees.directory import AddressBook, Addressee, Source
from petition.letters.formats import pdf
from petition.letters.writing import annex, compose
from petition.letters.writing.citations import citable_sources
from petition.letters.writing.document import Figures, IssueDetails, Letter
from petition.signing import printed_names
from petition.tally import rounding, tally
from petition.tally.rounding import STEP, UNSTATED_COUNTRY
from petition.tally.tally import Snapshot

Names = Mapping[str, list[str]]  # by the code of the addressee


@dataclass(frozen=True, slots=True)
class Draft:
    """What the letters of one moment quote.

    `present`: countries with any signature at all, published or folded; `named`: how many in each asked to be named;
    `annexes`: the codes of those who may have the names.
    """

    appeal: Appeal
    book: AddressBook
    base_url: str
    moment: datetime
    snapshot: Snapshot
    present: frozenset[str]
    named: Mapping[str, int]
    annexes: frozenset[str] = frozenset()

    def letter(self, addressee: Addressee, stamp: IssueDetails | None = None) -> Letter:
        """The letter to one addressee, a preview without a stamp. Raises LetterError in a state that writes none."""
        figures = self.figures(addressee)
        return compose.compose_letter(self.appeal, self.folders, addressee, figures, self.moment, self.base_url, stamp)

    @property
    def folders(self) -> list[Path]:
        """Where the texts are."""
        return [folder / "letters" for folder in self.appeal.text_folders]

    def rests(self) -> dict[str, Source]:
        """What the letters rest on: each fact, event and source that one of them cites, by its id."""
        found = {id_: addressee for addressee in self.book.addressees for id_ in self.letter(addressee).cited_ids}
        return {id_: citable_sources(self.appeal, addressee)[id_] for id_, addressee in found.items()}

    def figures(self, addressee: Addressee) -> Figures:
        """The published figures for one addressee; an institution gets those of all countries."""
        country = addressee.country
        annexed = self.annexed(addressee)
        named = annexed if country else sum(self.named.values()) if addressee.code in self.annexes else 0
        return Figures(
            as_of=self.snapshot.as_of,
            confirmed=self.snapshot.confirmed,
            country=self.snapshot.countries.get(country) if country else None,
            has_signatures=country in self.present,
            named=rounding.floor(named) if named >= STEP else None,
            named_outside_eu=country is None and annexed > 0,
            countries=self.snapshot.countries,
        )

    def homes(self, addressee: Addressee) -> list[str]:
        """Whose names one addressee gets: of those who live there; an institution, of all who live elsewhere.

        So each name goes to one kind of addressee; that of somebody who did not say where they live to none.
        """
        if addressee.country:
            return [addressee.country]
        return sorted(self.named.keys() - self.book.countries - {UNSTATED_COUNTRY})

    def annexed(self, addressee: Addressee) -> int:
        """How many names the annex for one addressee has; none before an admin has turned it on."""
        if addressee.code not in self.annexes:
            return 0
        return sum(self.named.get(home, 0) for home in self.homes(addressee))

    def annex(self, addressee: Addressee, names: Iterable[str]) -> bytes:
        """The names that go with the letter to one addressee, as PDF."""
        tree = annex.compose_annex(self.appeal, self.folders, addressee, names, self.moment)
        return pdf.render_annex(tree)


async def draw_up(c: Connection, appeal: Appeal, book: AddressBook, base_url: str) -> Draft:
    """The draft of this moment."""
    counts = await tally.counts(c)
    return Draft(
        appeal=appeal,
        book=corrections.apply_corrections(book, await corrections.get_corrections(c)),
        base_url=base_url,
        moment=clock.now(),
        snapshot=await tally.published(c),
        present=frozenset(country for country, n in counts.items() if n > 0),
        named=await printed_names.named(c),
        annexes=frozenset(row["code"] for row in await c.all("annexes.on")),
    )


async def names(c: Connection, draft: Draft, addressees: Iterable[Addressee]) -> Names:
    """Names to be printed, by the code of the addressee; annexes without any are left out."""
    homes = {a.code: draft.homes(a) for a in addressees if draft.annexed(a)}
    return {code: [name for home in of for name in await printed_names.names(c, home)] for code, of in homes.items()}


def files(draft: Draft, addressees: Iterable[Addressee], listed: Names) -> Iterable[tuple[str, bytes]]:
    """(file name, PDF) of each letter, and of each annex that has names."""
    wanted = list(addressees)
    for addressee, content in zip(wanted, pdf.render_all(map(draft.letter, wanted)), strict=True):
        yield f"{addressee.key}.pdf", content
        if found := listed.get(addressee.code):
            yield f"{addressee.key}-names.pdf", draft.annex(addressee, found)


def archive(draft: Draft, listed: Names, file: IO[bytes]) -> None:
    """All letters and annexes as a ZIP with fixed dates inside."""
    moment = draft.moment.timetuple()[:6]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files(draft, draft.book.addressees, listed):
            zipped.writestr(zipfile.ZipInfo(name, moment), content, zipfile.ZIP_DEFLATED)
