"""The text of the appeal in each language, with the campaign's dates, links and facts filled in.

All of this is data. A file in a campaign folder (PETITION_CAMPAIGN) replaces the shipped file of the same name, so that
another collective can host its own ultimatum without changing code.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import jinja2
from jinja2.sandbox import SandboxedEnvironment
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from petition.campaign import campaign
from petition.campaign.campaign import CampaignState, Fact, Placeholder
from petition.core import markdown, resources
from petition.core.errors import DataError
from petition.core.languages import Language
from petition.core.toml_tables import TEXT_BY_NAME

SHIPPED_DATA = resources.folder("data")


@dataclass(frozen=True, slots=True)
class AppealText:
    title: str
    summary: str
    demand: Markup
    share: str
    unstated_country: str  # the choice of people who live in an unsafe country or do not say where they live
    reviewed: str
    body: Markup


class Appeal:
    """The campaign's data and texts: files of the campaign folder, and the shipped ones where it has none."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._texts: dict[str, AppealText] = {}
        self.campaign = campaign.load_campaign(self.data_file("campaign.toml"))
        self.facts = {f.id: f for f in campaign.load_facts(self.data_file("facts.toml"))}

    def data_file(self, name: str) -> Path:
        override = self._folder / name if self._folder else None
        return override if override and override.is_file() else SHIPPED_DATA / name

    @cached_property
    def text_folders(self) -> list[Path]:
        """The folders of texts, the first has priority. The shipped texts belong to the shipped campaign only."""
        ours = self.campaign.id == campaign.load_campaign(SHIPPED_DATA / "campaign.toml").id
        return [*([self._folder] if self._folder else []), *([resources.folder("templates")] if ours else [])]

    def languages(self) -> list[str]:
        """The codes of the languages that the appeal has a text in."""
        return sorted({file.stem for folder in self.text_folders for file in (folder / "appeal").glob("*.md")})

    def campaign_state(self, today: date) -> CampaignState:
        return self.campaign.state(today)

    def get_text(self, language: Language) -> AppealText:
        """Reads each text once. Raises DataError for a text that is missing or does not fit the data."""
        if language.code not in self._texts:
            self._texts[language.code] = self._load_text(language)
        return self._texts[language.code]

    def _load_text(self, language: Language) -> AppealText:
        name = f"appeal/{language.code}.md"
        file = next((f / name for f in self.text_folders if (f / name).is_file()), None)
        if file is None:
            raise DataError(f"There is no text {name}.")
        try:
            return self._parse_text(file, language)
        except KeyError as error:
            raise DataError(f"{name} cannot be used: there is no fact or link {error}.") from None
        except (jinja2.TemplateError, ValueError, TypeError, AttributeError) as error:
            raise DataError(f"{name} cannot be used: {error}.") from None

    def _parse_text(self, file: Path, language: Language) -> AppealText:
        head, body = markdown.front_matter(file)
        fill = self._make_filler(language, head.optional("publishers", TEXT_BY_NAME, {}))
        return AppealText(
            title=head.text("title"),
            summary=head.text("summary"),
            demand=Markup(mark_placeholders(_MARKDOWN.renderInline(fill(head.text("demand"))))),  # noqa: S704 (raw HTML is off)
            share=head.text("share"),
            unstated_country=head.text("unstated_country"),
            reviewed=head.text("reviewed"),
            body=Markup(mark_placeholders(_MARKDOWN.render(fill(body)))),  # noqa: S704 (raw HTML is off)
        )

    def _make_filler(self, language: Language, publishers: Mapping[str, str]) -> Callable[[str], str]:
        """A function that fills in a text. `publishers` translates names of publishers that the data has in English."""
        day = self.campaign.deadline
        values = {
            "fact": lambda id_: self._fact_markdown(id_, language, publishers),
            "link": self._link_markdown,
            "deadline": _mark_for_markdown(day) if isinstance(day, Placeholder) else language.format_date(day),
            "hashtags": " ".join(markdown.escape(tag) for tag in self.campaign.hashtags),
            "organiser": markdown.escape(self.campaign.name(language.code)),
        }
        return lambda text: _JINJA.from_string(text).render(values)

    def _fact_markdown(self, fact_id: str, language: Language, publishers: Mapping[str, str]) -> str:
        fact = self.facts[fact_id]
        publisher = publishers.get(fact.publisher, fact.publisher)
        source = f"{markdown.escape(publisher)}, {language.format_date(fact.as_of)}"
        return f"**{format_fact(fact, language)}** ([{source}](<{fact.source}>))"

    def _link_markdown(self, name: str, text: str) -> str:
        url, label = self.campaign.links[name], markdown.escape(text)
        return f"{label} {_mark_for_markdown(url)}" if isinstance(url, Placeholder) else f"[{label}](<{url}>)"


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": False})
_JINJA = SandboxedEnvironment(undefined=jinja2.StrictUndefined)  # it makes Markdown; _MARKDOWN escapes HTML


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
