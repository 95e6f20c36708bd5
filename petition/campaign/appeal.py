"""The text of the appeal in each language, with the campaign's dates, links and facts filled in.

All of this is data. A file in a campaign folder (PETITION_CAMPAIGN) replaces the shipped file of the same name, so that
another collective can host its own ultimatum without changing code.
"""

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import jinja2
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from petition.campaign import campaign
from petition.campaign.campaign import CampaignState, Fact, Placeholder
from petition.campaign.pictures import load_pictures
from petition.campaign.places import (
    TEXT_PARTS,
    Edits,
    Kind,
    Place,
    edited_campaign,
    edited_fact,
    refuse_code,
    write_fact,
)
from petition.core import markdown, resources, typography
from petition.core.errors import DataError
from petition.core.languages import N_, Language
from petition.core.sentences import Sentence
from petition.core.toml_tables import TEXT, TEXT_BY_NAME, Table

SHIPPED_DATA = resources.folder("data")


@dataclass(frozen=True, slots=True)
class AppealText:
    title: str
    whom: str  # whom the demand is about, in a few words for poster and picture; may be empty
    summary: str
    demand: Markup
    share: str
    unstated_country: str  # the choice of people who live in an unsafe country or do not say where they live
    reviewed: str
    body: Markup
    sources: tuple[tuple[str, str], ...]  # of the numbers: (publisher and day, address), in the order of their notes

    def split_body(self) -> tuple[Markup, Markup]:
        """(all that speaks for signing, the last section: what else people can do). A body without headings is one."""
        reasons, heading, last_section = self.body.rpartition("<h2>")
        return (reasons, heading + last_section) if heading else (last_section, reasons)


_NO_TEXT = N_("There is no text %(name)s.")
_NOT_KNOWN = N_("%(name)s cannot be used: there is no fact or link %(id)s.")


class Appeal:
    """The campaign's data and texts: files of the campaign folder, and the shipped ones where it has none.

    `edits`: what stands there instead of what the files say. `unfit`: edits that do not fit the files (any more), each
    with the reason; there the files hold. `deadline_moved`: the campaign's day on which the desk last changed it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._files: dict[str, tuple[Table, str]] = {}  # of each language: front matter and body
        self._texts: dict[str, AppealText] = {}
        self.edits: Edits = {}
        self.unfit: dict[Place, str] = {}
        self.deadline_moved: date | None = None
        self.campaign = campaign.load_campaign(self.data_file("campaign.toml"))
        self.facts = {f.id: f for f in campaign.load_facts(self.data_file("facts.toml"))}
        self.pictures = load_pictures(folder)

    def data_file(self, name: str) -> Path:
        override = self.folder / name if self.folder else None
        return override if override and override.is_file() else SHIPPED_DATA / name

    @cached_property
    def text_folders(self) -> list[Path]:
        """The folders of texts, the first has priority. The shipped texts belong to the shipped campaign only."""
        ours = self.campaign.id == campaign.load_campaign(SHIPPED_DATA / "campaign.toml").id
        return [*([self.folder] if self.folder else []), *([resources.folder("templates")] if ours else [])]

    def languages(self) -> list[str]:
        """The codes of the languages that the appeal has a text in."""
        return sorted({file.stem for folder in self.text_folders for file in (folder / "appeal").glob("*.md")})

    def campaign_state(self, moment: datetime) -> CampaignState:
        return self.campaign.state(moment)

    def get_text(self, language: Language) -> AppealText:
        """Reads each text once. Raises DataError for a text that is missing or does not fit the data."""
        if language.code not in self._texts:
            self._texts[language.code] = self._load_text(language)
        return self._texts[language.code]

    def with_edits(self, edits: Edits) -> "Appeal":
        """The same files with these edits, and no others."""
        edited = copy(self)
        edited._texts, edited.edits, edited.unfit = {}, {}, {}
        for place in sorted(edits, key=lambda place: place.kind is Kind.TEXT):  # texts last: they print the rest
            before = edited.campaign, edited.facts, edited.edits
            try:
                edited._edit(place, edits[place])
            except DataError as error:
                edited.campaign, edited.facts, edited.edits = before
                edited.unfit[place] = error.sentence
            edited._texts = {}
        return edited

    def _edit(self, place: Place, value: str) -> None:
        self.edits = {**self.edits, place: value}
        if place.language and place.language not in self.languages():
            raise DataError(Sentence(_NO_TEXT, name=f"appeal/{place.language}.md"))
        if place.kind is Kind.FACT:
            if place.key not in self.facts:
                raise DataError(Sentence(N_("There is no fact %(id)s."), id=place.key))
            self.facts = {**self.facts, place.key: edited_fact(self.facts[place.key], value)}
        elif place.kind is Kind.TEXT and place.key == "body":
            self.get_text(Language(place.language, {}))
        elif place.kind is not Kind.TEXT:
            self.campaign = edited_campaign(self.campaign, place, value)

    def value(self, place: Place) -> str:
        """What stands there, in the form of an edit; empty for no banner."""
        if place.kind is Kind.FACT:
            return write_fact(self.facts[place.key])
        if place.kind is Kind.TEXT:
            return self.text_part(place.language, place.key)
        if place.kind is Kind.BANNER:
            return self.campaign.banners.get(place.language, "")
        return str(self.campaign.goal if place.kind is Kind.GOAL else self.campaign.deadline)

    def text_file(self, code: str) -> Path:
        """Raises DataError if there is no text in this language."""
        name = f"appeal/{code}.md"
        file = next((f / name for f in self.text_folders if (f / name).is_file()), None)
        if file is None:
            raise DataError(Sentence(_NO_TEXT, name=name))
        return file

    def text_part(self, code: str, part: str) -> str:
        """The source of a part of a text (places.TEXT_PARTS): what an organiser edits. Raises DataError."""
        if (edit := self.edits.get(Place(Kind.TEXT, part, code))) is not None:
            return edit
        head, body = self._read_file(code)
        return body.strip() if part == "body" else head.text(part)

    def _read_file(self, code: str) -> tuple[Table, str]:
        """Each is read once, also for what with_edits() makes: a file that changes later waits for the next start."""
        if code not in self._files:
            self._files[code] = markdown.front_matter(self.text_file(code))
        return self._files[code]

    def _load_text(self, language: Language) -> AppealText:
        name = f"appeal/{language.code}.md"
        try:
            return self._parse_text(language)
        except KeyError as error:
            raise DataError(Sentence(_NOT_KNOWN, name=name, id=error)) from None
        except (jinja2.TemplateError, ValueError, TypeError, AttributeError) as error:
            raise DataError(Sentence(N_("%(name)s cannot be used: %(error)s."), name=name, error=error)) from None

    def _parse_text(self, language: Language) -> AppealText:
        head, _ = self._read_file(language.code)
        title, summary, share, body = (self.text_part(language.code, part) for part in TEXT_PARTS)
        if Place(Kind.TEXT, "body", language.code) in self.edits:
            refuse_code(body)
        sources: dict[tuple[str, str], int] = {}
        fill = self._make_filler(language, head.optional("publishers", TEXT_BY_NAME, {}), sources)
        return AppealText(
            title=title,
            whom=head.optional("whom", TEXT, ""),
            summary=summary,
            demand=Markup(mark_placeholders(_MARKDOWN.renderInline(fill(head.text("demand"))))),  # noqa: S704 (raw HTML is off)
            share=share,
            unstated_country=head.text("unstated_country"),
            reviewed=head.text("reviewed"),
            body=Markup(mark_placeholders(_MARKDOWN.render(fill(body)))),  # noqa: S704 (raw HTML is off)
            sources=tuple(sources),
        )

    def _make_filler(
        self, language: Language, publishers: Mapping[str, str], sources: dict[tuple[str, str], int]
    ) -> Callable[[str], str]:
        """A function that fills in a text, and numbers its sources.

        `publishers` translates names of publishers that the data has in English.
        """
        day = self.campaign.deadline
        values = {
            "fact": lambda id_: self._fact_markdown(self.facts[id_], language, publishers, sources),
            "link": self._link_markdown,
            "deadline": _mark_for_markdown(day) if isinstance(day, Placeholder) else language.format_date(day),
            "hashtags": " ".join(markdown.escape(tag) for tag in self.campaign.hashtags),
            "organiser": markdown.escape(self.campaign.name(language.code)),
        }
        return lambda text: typography.end_once(_JINJA.from_string(text).render(values))

    def _fact_markdown(
        self, fact: Fact, language: Language, publishers: Mapping[str, str], sources: dict[tuple[str, str], int]
    ) -> str:
        """The number, and its day as a link to its source among the notes."""
        day = language.format_date(fact.as_of)
        source = f"{publishers.get(fact.publisher, fact.publisher)}, {day}", fact.source
        note = sources.setdefault(source, len(sources) + 1)
        return f"**{format_fact(fact, language)}** ([{day}\N{NARROW NO-BREAK SPACE}{_raised(note)}](#source-{note}))"

    def _link_markdown(self, name: str, text: str) -> str:
        url, label = self.campaign.links[name], markdown.escape(text)
        return f"{label} {_mark_for_markdown(url)}" if isinstance(url, Placeholder) else f"[{label}](<{url}>)"


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": False})
_JINJA = SandboxedEnvironment(undefined=jinja2.StrictUndefined)  # it makes Markdown; _MARKDOWN escapes HTML


def _raised(n: int) -> str:
    return str(n).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def format_fact(fact: Fact, language: Language) -> str:
    """The number of a fact in the format of the language; a range has a dash."""
    low = language.format_number(fact.low)
    return low if fact.high is None else f"{low}–{language.format_number(fact.high)}"


def mark_placeholders(html: str) -> str:
    """Turns placeholders, written ⟦like this⟧ in texts, into marked text."""
    return re.sub("⟦(.*?)⟧", r'<mark class="placeholder">[\1]</mark>', html)


def show_value(value: object) -> Markup:
    """A value of campaign.toml for a page: escaped, and marked if it is a placeholder."""
    text = escape(str(value))
    return Markup('<mark class="placeholder">{}</mark>').format(text) if isinstance(value, Placeholder) else text


def _mark_for_markdown(value: Placeholder) -> str:
    return f"⟦{markdown.escape(value[1:-1])}⟧"
