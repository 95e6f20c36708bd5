"""The names that a text of a letter can use, and their values."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Campaign
from petition.letters.addressees.address_book import Addressee
from petition.letters.writing.citations import OMITTED, Notes
from petition.letters.writing.document import Figures, IssueDetails
from petition.letters.writing.follow_up import follow_up_values
from petition.letters.writing.formatting import Formatter
from petition.letters.writing.texts import LetterText, Markdown, markdown_link, named_page

_MIN_NAMED = 10  # figures are rounded down to tens; below ten nothing is published


def _tally_link(base_url: str, issue: IssueDetails) -> Markdown:
    return markdown_link(f"{base_url}/{issue.page_language}/tally")


def issue_values(campaign: Campaign, issue: IssueDetails, today: date, base_url: str) -> dict[str, Any]:
    """Who says that the demand was not met (empty until somebody has), and what a follow-up quotes."""
    not_met = issue.not_met
    return {
        "tally": _tally_link(base_url, issue),
        "answer_by": campaign.letterhead.answer_day(today),
        "not_met_count": not_met.count if not_met else 0,
        "not_met_by": named_page(not_met.by, not_met.source) if not_met else "",
        "not_met_source": markdown_link(not_met.source) if not_met else "",
        **follow_up_values(issue, base_url),
    }


def template_values(
    appeal: Appeal, addressee: Addressee, figures: Figures, notes: Notes, formatter: Formatter, text: LetterText
) -> dict[str, Any]:
    """All names that a text can use. What is printed from here is escaped by texts.py."""

    def number(what: str | int) -> str:
        if isinstance(what, int):
            return formatter.number(what)
        if notes.is_omitted(what):
            return OMITTED
        fact = notes.fact(what)
        low = formatter.number(fact.low)
        return low if fact.high is None else f"{low}–{formatter.number(fact.high)}"

    def day(what: Any, case: str = "") -> str:
        if type(what) is str and notes.is_omitted(what):
            return OMITTED
        return formatter.source_dates(notes.source(what), case) if type(what) is str else formatter.day(what, case)

    return {
        **_figure_values(addressee, figures),
        **_campaign_values(appeal.campaign, text.language),
        "number": number,
        "value": lambda id_: notes.fact(id_).low,
        "day": day,
        "when": formatter.source_dates,
        "note": notes.cite,
        "plural": formatter.plural,
        "moment": lambda case="": formatter.day(figures.as_of.date(), case),
        "role": addressee.role,
        "home": addressee.country or "",
        "crossings": [
            {"name": c.names.get(text.language, c.name), "status": c.status, "source": c.source}
            for c in addressee.crossings
        ],
    }


def _campaign_values(campaign: Campaign, language: str) -> Mapping[str, Any]:
    return {
        "deadline": campaign.deadline,
        "met": campaign.met,
        "met_source": named_page(campaign.met_by, campaign.met_source),
        "organiser": campaign.name(language),
    }


def _figure_values(addressee: Addressee, figures: Figures) -> Mapping[str, Any]:
    """The figures that a text can print; 0 for a figure that is not published."""
    named_count = figures.named or 0
    return {
        "total": figures.confirmed,
        "national": addressee.country is not None,
        "country": (addressee.country and figures.country) or 0,
        "named": named_count if named_count >= _MIN_NAMED else 0,
        "elsewhere": figures.named_outside_eu,
        "paper": figures.paper,
        "paper_country": figures.paper_country,
    }
