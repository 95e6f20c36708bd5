"""The appeal itself: who asks what of whom until when, the dated facts, and its text in each language.

All of it is data. A campaign folder (PETITION_CAMPAIGN) replaces the shipped files one by one, so another
collective hosts its own ultimatum without touching code.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from petition.errors import DataError
from petition.languages import SOURCE, Language
from petition.settings import ROOT

SHIPPED = Path(__file__).parent / "data"
_MARK = "PLACEHOLDER "


class Placeholder(str):
    """A value nobody has told us yet; reads "[what it should be]" and keeps production from starting."""

    __slots__ = ()

    @classmethod
    def of(cls, what: str) -> "Placeholder":
        """From the text behind the mark in a data file."""
        return cls(f"[{what}]")


class State(StrEnum):
    """What the calendar says about the campaign."""

    BEFORE = "before"
    OPEN = "open"
    PASSED = "passed"
    MET = "met"
    ARCHIVED = "archived"

    @property
    def signing(self) -> bool:
        """Whether the form is open. After the deadline one signs that governments act now."""
        return self in (State.OPEN, State.PASSED)

    @property
    def writing(self) -> bool:
        """Whether letters are written: demands while there is one, thanks once it is met."""
        return self in (State.OPEN, State.PASSED, State.MET)


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that was true on a day, and who said so. `high` is set for a range."""

    id: str
    low: int
    high: int | None
    as_of: date
    publisher: str
    source: str
    level: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """Who asks, until when, and where they are found."""

    id: str
    organiser: dict[str, str]
    controller: str
    contact: str
    opens: date | None
    deadline: date | Placeholder
    met: date | None
    archived: date | None
    destruction: date | Placeholder
    goal: int | Placeholder
    links: dict[str, str]
    hashtags: tuple[str, ...]

    def name(self, language: str) -> str:
        """The organiser's name in a language, in English where it has none of its own."""
        return self.organiser.get(language) or self.organiser[SOURCE]

    def placeholders(self) -> list[str]:
        """What is not known yet, by its place in campaign.toml."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values |= {f"links.{name}": url for name, url in self.links.items()}
        return [name for name, value in values.items() if isinstance(value, Placeholder)]


@dataclass(frozen=True, slots=True)
class Text:
    """The appeal in one language, ready to be shown."""

    title: str
    summary: str
    demand: Markup
    share: str
    reviewed: str
    body: Markup


class Appeal:
    """The campaign's data and texts: the shipped ones, each replaced by a file of the campaign folder if it has one."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._texts: dict[str, Text] = {}
        self.campaign = _campaign(self.file("campaign.toml"))
        self.facts = {f.id: f for f in _facts(self.file("facts.toml"))}

    def file(self, name: str) -> Path:
        """A data file: the campaign's own, or the shipped one."""
        own = self._folder / name if self._folder else None
        return own if own and own.is_file() else SHIPPED / name

    @cached_property
    def text_folders(self) -> list[Path]:
        """Where texts are looked for, in this order: the campaign's own; ours only if it is our campaign."""
        ours = self.campaign.id == _campaign(SHIPPED / "campaign.toml").id
        return [*([self._folder] if self._folder else []), *([ROOT / "templates"] if ours else [])]

    def languages(self) -> list[str]:
        """The languages the appeal's text exists in."""
        return sorted({file.stem for folder in self.text_folders for file in (folder / "appeal").glob("*.md")})

    def state(self, today: date) -> State:
        """Where in its life the campaign is. Without a deadline it is open."""
        c = self.campaign
        if c.archived and today >= c.archived:
            return State.ARCHIVED
        if c.met and today >= c.met:
            return State.MET
        if not isinstance(c.deadline, Placeholder) and today > c.deadline:
            return State.PASSED
        return State.BEFORE if c.opens and today < c.opens else State.OPEN

    def text(self, language: Language) -> Text:
        """The appeal in a language, read once. Raises DataError for a text that does not fit the data."""
        if language.code not in self._texts:
            self._texts[language.code] = self._found(language)
        return self._texts[language.code]

    def _found(self, language: Language) -> Text:
        name = f"appeal/{language.code}.md"
        file = next((f / name for f in self.text_folders if (f / name).is_file()), None)
        if file is None:
            raise DataError(f"There is no text {name}.")
        try:
            return self._read(file, language)
        except (jinja2.TemplateError, KeyError, ValueError) as error:
            raise DataError(f"{name} cannot be used: {error}.") from None

    def _read(self, file: Path, language: Language) -> Text:
        head, body = front_matter(file.read_text("utf-8"))
        fill = self._filler(language)
        return Text(
            title=head["title"],
            summary=head["summary"],
            demand=Markup(marked(_MARKDOWN.renderInline(fill(head["demand"])))),  # noqa: S704 (raw HTML is off)
            share=head["share"],
            reviewed=head["reviewed"],
            body=Markup(marked(_MARKDOWN.render(fill(body)))),  # noqa: S704 (raw HTML is off)
        )

    def _filler(self, language: Language) -> Callable[[str], str]:
        values = {
            "fact": lambda id_: self._fact(id_, language),
            "link": self._link,
            "deadline": _bracketed(self.campaign.deadline, language),
            "hashtags": " ".join(_plain(tag) for tag in self.campaign.hashtags),
            "organiser": _plain(self.campaign.name(language.code)),
        }
        return lambda text: _JINJA.from_string(text).render(values)

    def _fact(self, id_: str, language: Language) -> str:
        fact = self.facts[id_]
        source = f"{_plain(fact.publisher)}, {language.date(fact.as_of)}"
        return f"**{figure(fact, language)}** ([{source}](<{fact.source}>))"

    def _link(self, name: str, text: str) -> str:
        url = self.campaign.links[name]
        return f"{_plain(text)} ⟦{url[1:-1]}⟧" if isinstance(url, Placeholder) else f"[{_plain(text)}](<{url}>)"


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": False})
_JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 (makes Markdown, not HTML)


def figure(fact: Fact, language: Language) -> str:
    """The number of a fact as the language writes it; a range with a dash."""
    low = language.number(fact.low)
    return low if fact.high is None else f"{low}–{language.number(fact.high)}"


def front_matter(text: str) -> tuple[dict[str, Any], str]:
    """(head, body) of a text: TOML between two lines `+++`, then Markdown."""
    empty, head, body = text.split("+++\n", 2)
    if empty:
        raise ValueError("it does not begin with +++")
    return tomllib.loads(head), body


def marked(html: str) -> str:
    """Placeholders, bracketed ⟦so⟧ in texts, as marked text."""
    return re.sub("⟦(.*?)⟧", r'<mark class="placeholder">[\1]</mark>', html)


def shown(value: object) -> Markup:
    """A value of campaign.toml in a page: escaped, a placeholder marked as one."""
    text = escape(str(value))
    return Markup('<mark class="placeholder">{}</mark>').format(text) if isinstance(value, Placeholder) else text


def _bracketed(value: date | Placeholder, language: Language) -> str:
    return f"⟦{value[1:-1]}⟧" if isinstance(value, Placeholder) else language.date(value)


def _plain(text: str) -> str:
    """A text that Markdown takes as it stands."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", text)


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file.name} cannot be used: {error}.") from None


def _campaign(file: Path) -> Campaign:
    data = _told(_load(file))
    try:
        dates = data["dates"]
        return Campaign(
            id=data["id"],
            organiser=data["organiser"]["name"],
            controller=data["organiser"]["controller"],
            contact=data["organiser"]["contact"],
            opens=dates.get("opens"),
            deadline=dates["deadline"],
            met=dates.get("met"),
            archived=dates.get("archived"),
            destruction=dates["destruction"],
            goal=data["goal"],
            links=data["links"],
            hashtags=tuple(data["hashtags"]),
        )
    except KeyError as error:
        raise DataError(f"{file.name} lacks {error}.") from None


def _told(value: Any) -> Any:
    """The data with placeholders as such."""
    if isinstance(value, dict):
        return {key: _told(inner) for key, inner in value.items()}
    if isinstance(value, str) and value.startswith(_MARK):
        return Placeholder.of(value.removeprefix(_MARK))
    return value


def _facts(file: Path) -> Iterator[Fact]:
    for row in _load(file).get("fact", []):
        try:
            low, high = (row["value"], None) if "value" in row else (row["low"], row["high"])
            yield Fact(row["id"], low, high, row["as_of"], row["publisher"], row["source"], row["level"])
        except KeyError as error:
            raise DataError(f"{file.name}: the fact {row.get('id', '?')} lacks {error}.") from None
