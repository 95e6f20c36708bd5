"""The address book: who gets a letter, and how an addressee is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from petition.core.errors import LetterError

CROSSING_PREFIX, COPY_PREFIX = "crossing:", "copy:"  # ids begin so, to be told from those of facts
PERMANENT_REPRESENTATION = "permrep"  # a kind of Ministry
FORMS_OF_ADDRESS = ("she", "he")


@dataclass(frozen=True, slots=True)
class Source:
    """A public page that a letter may cite. `date` is a year, a month or a day, as exact as known.

    If something took several days, `start` is the first and `date` the last. Level C means low confidence. `id` is
    set for a crossing: several stand on one page of one day, and each is checked for itself.
    """

    publisher: str
    date: str
    url: str
    start: str = ""
    level: str = ""
    id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A railway crossing at the border; `status` (open or closed) is what the source says for its date."""

    name: str
    names: Mapping[str, str]
    status: str
    source: Source


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """An address with its evidence: see Addressee."""

    lines: tuple[str, ...]
    lines_latin: tuple[str, ...]
    confidence: str
    checked: str
    source_url: str
    source_date: str


@dataclass(frozen=True, slots=True)
class Ministry:
    """A ministry, or a Permanent Representation to the EU, that gets a copy.

    It has its name by language, how sure the book is of that, and its address, None unless it is complete: then no
    letter says that the ministry gets a copy.
    """

    kind: str
    name_en: str
    names: Mapping[str, str]
    confidence: str
    address: PostalAddress | None = None

    def name(self, language: str) -> str | None:
        """None if the name is unknown, or of low confidence: then it is not printed until somebody checks it."""
        if self.confidence == "low":
            return None
        return self.name_en if language == "en" else self.names.get(language)


@dataclass(frozen=True, slots=True)
class Channels:
    """Ways to write to an addressee besides the post; each is empty if the book has none.

    `form`: the address of a web form, which takes `form_limit` characters (0 if unknown). `source`: where they were
    seen, `checked`: the month of that.
    """

    email: str = ""
    form: str = ""
    form_limit: int = 0
    source: str = ""
    checked: str = ""


@dataclass(frozen=True, slots=True)
class Addressee:
    """One letter to write: to a head of government in one language, or to an institution.

    `role` says what the letter may ask for: "border", "vote" (a seat in the Council), "no-rail" (a seat in the Council,
    no railways), or the institution's own key. `office` is printed above the lines of the address; None if the lines
    contain it. `names` is how pages call an institution, by language; a state has the name of its country in the page's
    language. `confidence` is about the address, `checked` is the month or day of its last check, `source_url` is the
    page where it was seen, `source_date` the year, month or day of that page (empty if unknown).
    `lines_latin`: lines in other letters, written in Latin ones, without the country. `country_names`: what the country
    is called in the address book.
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
    source_date: str
    crossings: tuple[Crossing, ...]
    copies: tuple[Ministry, ...]
    sources: Mapping[str, Source]
    lines_latin: tuple[str, ...] = ()
    country_names: frozenset[str] = frozenset()
    channels: Channels = Channels()
    forms: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """One code for all letters to the same government or institution: its country, or its key."""
        return self.country or self.key

    def copy_to(self, ministry: Ministry) -> "Addressee | None":
        """The ministry as an addressee of its own, with one key in all languages; None if it can get no copy."""
        if ministry.address is None or ministry.confidence == "low":
            return None
        fields = {name: getattr(ministry.address, name) for name in PostalAddress.__slots__}
        country = None if ministry.kind == PERMANENT_REPRESENTATION else self.country  # it is in Brussels
        return replace(self, key=f"{COPY_PREFIX}{self.code} {ministry.kind}", country=country, office=None, **fields)

    def addressed_as(self, form: str) -> "Addressee":
        """With title and salutation of a woman or a man; both forms stay for any other `form`."""
        title, salutation = self.forms.get(form, (self.title, self.salutation))
        return replace(self, title=title, salutation=salutation)

    @property
    def address_missing(self) -> bool:
        """True if no address is known that may be printed. The letter then has ruled lines."""
        return not self.lines

    def name(self, language: str) -> str:
        """How a page calls it; in English if the book has no name in this language."""
        return self.names.get(language, self.name_en)


@dataclass(frozen=True, slots=True)
class AddressBook:
    """All letters to write, in the order of the file."""

    addressees: tuple[Addressee, ...]
    aliases: Mapping[str, str]

    @property
    def countries(self) -> frozenset[str]:
        """The countries whose governments get a letter."""
        return frozenset(a.country for a in self.addressees if a.country)

    def find(self, key: str) -> Addressee:
        """Finds `BE-nl`, `PL` or `eu-commission`; `PL-pl` is `PL`, and `BE` is the first language of Belgium.

        Raises LetterError for any other key.
        """
        known_key = self.aliases.get(key, key)
        for addressee in self.addressees:
            if addressee.key == known_key:
                return addressee
        raise LetterError("There is no addressee with this key; PL, BE-nl and eu-commission are examples.")
