"""Whom we write to: the types of the address book, and how an addressee is found in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from petition.core.errors import LetterError


@dataclass(frozen=True, slots=True)
class Source:
    """A public page that a letter may cite; `date` is as exact as known: a year, a month or a day.

    `start` is set for what lasted from one day to another; `date` is then its end. Level C is of low confidence.
    """

    publisher: str
    date: str
    url: str
    start: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A railway crossing of the border; `status` (open or closed) is what the source saw on its date."""

    name: str
    names: Mapping[str, str]
    status: str
    source: Source


@dataclass(frozen=True, slots=True)
class Ministry:
    """A ministry that gets a copy: its name by language, and how sure the book is of it."""

    kind: str
    name_en: str
    names: Mapping[str, str]
    confidence: str

    def name(self, language: str) -> str | None:
        """Its name in that language; None if unknown, or too doubtful (low) to be printed before a check."""
        if self.confidence == "low":
            return None
        return self.name_en if language == "en" else self.names.get(language)


@dataclass(frozen=True, slots=True)
class Addressee:
    """One letter to be written: a head of government in one language, or an institution.

    `role` says what may be asked: "border", "vote" (a seat in the Council), "no-rail" (the same, without
    railways), or the institution's own key. `office` belongs above the lines of the address, None if they name
    it themselves. `names` is how pages call an institution; a state is called as the page's language calls its
    country. `confidence` is that of the address, `checked` the month of its last check, `source_url` where it was seen.
    """

    key: str
    country: str | None
    language: str
    locale: str
    role: str
    name_en: str
    names: Mapping[str, str]
    title: str
    title_en: str
    salutation: str
    salutation_en: str | None
    office: str | None
    lines: tuple[str, ...]
    confidence: str
    checked: str
    source_url: str
    crossings: tuple[Crossing, ...]
    copies: tuple[Ministry, ...]
    sources: Mapping[str, Source]

    @property
    def code(self) -> str:
        """One for all letters to the same government or institution: its country's, or its key."""
        return self.country or self.key

    @property
    def address_missing(self) -> bool:
        """True if no address is known that may be printed: the letter then leaves ruled lines."""
        return not self.lines

    def name(self, language: str) -> str:
        """What a page calls it; in English where the book has no name in that language."""
        return self.names.get(language, self.name_en)


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Every letter there is to write, in the order of the file."""

    addressees: tuple[Addressee, ...]
    aliases: Mapping[str, str]

    @property
    def countries(self) -> frozenset[str]:
        """The countries whose governments are written to."""
        return frozenset(a.country for a in self.addressees if a.country)

    def find(self, key: str) -> Addressee:
        """The addressee of `BE-nl`, `PL`, `eu-commission`; `PL-pl` is `PL`, and `BE` its first language.

        Raises LetterError for any other key.
        """
        known_key = self.aliases.get(key, key)
        for addressee in self.addressees:
            if addressee.key == known_key:
                return addressee
        raise LetterError("There is no addressee with this key; PL, BE-nl and eu-commission are examples.")
