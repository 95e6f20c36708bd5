"""A draft: all letters of one moment, composed from one snapshot of the published numbers."""

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import IO

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import CampaignState
from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.languages import SOURCE_LANGUAGE
from petition.letters.addressees import corrections
from petition.letters.addressees.address_book import AddressBook, Addressee
from petition.letters.editions.log_head import newest_log_head
from petition.letters.formats import pdf
from petition.letters.writing import annex, compose
from petition.letters.writing.document import Figures, IssueDetails, Letter, NotMet
from petition.signing import printed_names
from petition.tally import paper, rounding, tally
from petition.tally.paper import PaperFigures
from petition.tally.rounding import ROUNDING_STEP, UNSTATED_COUNTRY
from petition.tally.tally import Snapshot

NamesByCode = Mapping[str, list[str]]  # by the addressee's code


@dataclass(frozen=True, slots=True)
class Draft:
    """What the letters of one moment quote.

    `named_by_country`: how many names can be printed. `enabled_annexes`: the codes of addressees that may get them.
    `page_languages`: those of the site's pages. `not_met`: only after the deadline, once an organiser has confirmed it.
    `log_head`: the newest of the public log, if there is one.
    """

    appeal: Appeal
    book: AddressBook
    base_url: str
    moment: datetime
    snapshot: Snapshot
    named_by_country: Mapping[str, int]
    enabled_annexes: frozenset[str] = frozenset()
    page_languages: frozenset[str] = frozenset({SOURCE_LANGUAGE})
    not_met: NotMet | None = None
    paper: PaperFigures = field(default_factory=PaperFigures)
    log_head: str = ""

    @property
    def state(self) -> CampaignState:
        return self.appeal.campaign_state(self.moment)

    @property
    def day(self) -> date:
        """The day that the letters bear: with a day of UTC, one would say on the deadline that it has passed."""
        return self.appeal.campaign.day(self.moment)

    def letter(self, addressee: Addressee, issue: IssueDetails | None = None) -> Letter:
        """The letter to one addressee; a preview without `issue`. Raises LetterError if the state allows no letters."""
        figures = self.published_figures(addressee)
        issue = issue or IssueDetails(compose.preview_reference(addressee, self.day))
        issue = replace(
            issue, page_language=self.page_language(addressee), not_met=self.not_met, log_head=self.log_head
        )
        return compose.compose_letter(
            self.appeal, self.text_folders, addressee, figures, self.moment, self.base_url, issue
        )

    def addressed_as(self, forms: Mapping[str, str]) -> "Draft":
        """With these forms of address, by the code of the addressee; see Addressee.addressed_as."""
        addressees = tuple(a.addressed_as(forms.get(a.code, "")) for a in self.book.addressees)
        return replace(self, book=replace(self.book, addressees=addressees))

    def page_language(self, addressee: Addressee) -> str:
        """The language of the pages that a letter links to: the addressee's own, else English."""
        return addressee.language if addressee.language in self.page_languages else SOURCE_LANGUAGE

    @property
    def text_folders(self) -> list[Path]:
        return [folder / "letters" for folder in self.appeal.text_folders]

    def citing_addressees(self) -> dict[str, list[Addressee]]:
        """By the id of what letters and translations cite: one addressee of each role whose letter does."""
        by_role: dict[str, dict[str, Addressee]] = {}
        for addressee in self.book.addressees:
            for language in filter(None, compose.letter_languages(self.text_folders, addressee)):
                for id_ in self.letter_in(language, addressee).cited_ids:
                    by_role.setdefault(id_, {}).setdefault(addressee.role, addressee)
        return {id_: list(addressees.values()) for id_, addressees in by_role.items()}

    def letter_in(self, language: str, addressee: Addressee) -> Letter:
        reference = compose.preview_reference(addressee, self.day)
        return self.letter(addressee, IssueDetails(reference, language=language))

    def english_at_the_border(self) -> list[Addressee]:
        """The states with crossings whose letter is in English: their text is missing, outdated, or read by nobody."""
        border = [addressee for addressee in self.book.addressees if addressee.crossings]
        return [a for a in border if compose.letter_languages(self.text_folders, a)[0] != a.language]

    def published_figures(self, addressee: Addressee) -> Figures:
        """Figures for a government are those of its country, for an institution those of all countries."""
        country = addressee.country
        annex_size = self.annex_size(addressee)
        named = annex_size
        if not country:
            named = sum(self.named_by_country.values()) if addressee.code in self.enabled_annexes else 0
        return Figures(
            as_of=self.snapshot.as_of,
            confirmed=self.snapshot.confirmed,
            country=self.snapshot.countries.get(country) if country else None,
            named=rounding.round_down(named) if named >= ROUNDING_STEP else None,
            named_outside_eu=country is None and annex_size > 0,
            countries=self.snapshot.countries,
            paper=self.paper.total,
            paper_country=self.paper.countries.get(country, 0) if country else 0,
        )

    def annex_countries(self, addressee: Addressee) -> list[str]:
        """The countries whose residents' names go to this addressee.

        A government gets the names of people who live in its country. An institution gets the names of people who live
        in a country whose government gets no letter. So no name goes to both. Names of people who did not say where
        they live go to nobody.
        """
        if addressee.country:
            return [addressee.country]
        return sorted(self.named_by_country.keys() - self.book.countries - {UNSTATED_COUNTRY})

    def annex_size(self, addressee: Addressee) -> int:
        """How many names the annex has; 0 until an admin turns it on."""
        if addressee.code not in self.enabled_annexes:
            return 0
        return sum(self.named_by_country.get(country, 0) for country in self.annex_countries(addressee))

    def render_annex(self, addressee: Addressee, names: Iterable[str]) -> bytes:
        return pdf.render_annex(annex.compose_annex(self.appeal, self.text_folders, addressee, names, self.moment))


async def create_draft(
    c: Connection, appeal: Appeal, book: AddressBook, base_url: str, page_languages: Iterable[str]
) -> Draft:
    return Draft(
        appeal=appeal,
        book=corrections.apply_corrections(book, await corrections.get_corrections(c)),
        base_url=base_url,
        moment=clock.now(),
        snapshot=await tally.get_snapshot(c),
        named_by_country=await printed_names.count_printable(c),
        enabled_annexes=frozenset(row["code"] for row in await c.all("annexes.enabled")),
        page_languages=frozenset(page_languages),
        paper=await paper.get_figures(c),
        log_head=await newest_log_head(c),
    )


async def get_annex_names(c: Connection, draft: Draft, addressees: Iterable[Addressee]) -> NamesByCode:
    """The names to print, by the code of the addressee. Addressees without names are left out."""
    countries_by_code = {a.code: draft.annex_countries(a) for a in addressees if draft.annex_size(a)}
    return {
        code: [name for country in countries for name in await printed_names.list_printable(c, country)]
        for code, countries in countries_by_code.items()
    }


def render_files(draft: Draft, addressees: Iterable[Addressee], names: NamesByCode) -> Iterable[tuple[str, bytes]]:
    """(file name, PDF) of each letter, and of its annex if there are names."""
    chosen = list(addressees)
    for addressee, content in zip(chosen, pdf.render_all(map(draft.letter, chosen)), strict=True):
        yield f"{addressee.key}.pdf", content
        if annex_names := names.get(addressee.code):
            yield f"{addressee.key}-names.pdf", draft.render_annex(addressee, annex_names)


def write_archive(draft: Draft, names: NamesByCode, file: IO[bytes]) -> None:
    """Writes all letters and annexes as a ZIP. Every date inside is the moment of the draft."""
    moment = draft.moment.timetuple()[:6]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in render_files(draft, draft.book.addressees, names):
            zipped.writestr(zipfile.ZipInfo(name, moment), content, zipfile.ZIP_DEFLATED)
