"""Composes a letter: one tree from the text of a language, the addressee and the published figures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from babel.core import Locale

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import CampaignState
from petition.core.errors import DataError, LetterError
from petition.core.languages import N_
from petition.letters.addressees.address_book import Addressee, Ministry
from petition.letters.addressees.envelope import envelope_lines
from petition.letters.writing.chart import build_chart
from petition.letters.writing.citations import Notes, citable_sources
from petition.letters.writing.document import Figures, IssueDetails, Letter
from petition.letters.writing.follow_up import follow_up_text
from petition.letters.writing.formatting import Formatter
from petition.letters.writing.parts import add_parts
from petition.letters.writing.said import latest_statements
from petition.letters.writing.sender import sender_fields
from petition.letters.writing.sheet import Sheet
from petition.letters.writing.template_values import issue_values, template_values
from petition.letters.writing.texts import (
    STATES_WITH_LETTERS,
    LetterText,
    find_text,
)

FALLBACK_LANGUAGE = "en"
_FALLBACK_LOCALE = "en_GB"


def compose_letter(
    appeal: Appeal,
    folders: Sequence[Path],
    addressee: Addressee,
    figures: Figures,
    moment: datetime,
    base_url: str,
    issue: IssueDetails | None = None,
) -> Letter:
    """The letter to one addressee as of `moment` (UTC), in its language, or in English if that has no text.

    A preview without `issue`. Raises LetterError if the state allows no letters, DataError for wrong data.
    """
    state, today = _letter_state(appeal, moment), appeal.campaign.day(moment)
    issue = issue or IssueDetails(preview_reference(addressee, today))
    addressee = _without_omitted(addressee, issue)
    of_issue = {"state": str(state), **issue_values(appeal.campaign, issue, today, base_url)}
    sheet_of = partial(_sheet, appeal, folders, addressee, figures, issue.omitted, of_issue)
    sheet = sheet_of(issue.language)
    text, formatter = _text_of_issue(folders, sheet.text, issue), sheet.formatter
    blocks, notes_in_order = sheet.fill(text)
    chart, chart_notes = build_chart(appeal, addressee, figures, text, formatter, len(notes_in_order) + 1)
    letter = Letter(
        key=addressee.key,
        **{name: getattr(issue, name) for name in ("reference", "check_url", "courtesy", "log_head")},
        language=text.language,
        territory=formatter.locale.territory or "",
        reviewed=text.reviewed,
        moment=moment,
        **sender_fields(appeal.campaign, text.language, base_url, today, formatter),
        labels=dict(text.labels),
        **_address_fields(addressee, text, appeal.campaign.posted_from, issue),
        subject=text.subject[state],
        blocks=blocks,
        closing=text.labels["closing"],
        sources=(*notes_in_order, *chart_notes),
        chart=chart,
        cited_ids=sheet.notes.cited_ids,
    )
    return letter if issue.follow_up else add_parts(letter, sheet_of, folders, issue)


def _sheet(
    appeal: Appeal,
    folders: Sequence[Path],
    addressee: Addressee,
    figures: Figures,
    omitted: frozenset[str],
    of_issue: Mapping[str, Any],
    language: str,
) -> Sheet:
    text, formatter = text_and_formatter(folders, addressee, language)
    notes = Notes(citable_sources(appeal, addressee), appeal.facts, omitted)
    statements = latest_statements(appeal.data_file("said.toml"), addressee.country, text.language)
    said = [statement for statement in statements if not notes.is_omitted(statement.id)]
    values = template_values(appeal, addressee, figures, notes, formatter, text)
    return Sheet(text, formatter, notes, {**values, **of_issue, "said": said})


def _without_omitted(addressee: Addressee, issue: IssueDetails) -> Addressee:
    """Without the crossings that were left out. With none, a letter asks only for a vote: there is none to name."""
    kept = tuple(crossing for crossing in addressee.crossings if crossing.source.id not in issue.omitted)
    none_kept = addressee.role == "border" and not kept
    return replace(addressee, crossings=kept, role="vote" if none_kept else addressee.role)


def _address_fields(addressee: Addressee, text: LetterText, posted_from: str, issue: IssueDetails) -> dict[str, Any]:
    """Address, title, salutation and copies, in the language of the addressee or in English."""
    own = text.language == addressee.language
    copies = [
        (ministry, copy)
        for ministry in addressee.copies
        if (copy := addressee.copy_to(ministry)) and copy.key not in issue.omitted
    ]
    return {
        "fallback": not own,
        "form_limit": addressee.channels.form_limit,
        "title": addressee.title if own else addressee.title_en,
        "office": addressee.office or "",
        "lines": envelope_lines(addressee, posted_from),
        "salutation": addressee.salutation if own else addressee.salutation_en or text.labels["salutation"],
        "copies": tuple(_ministry_name(ministry, text) for ministry, _ in copies),
        "copy_addresses": tuple(envelope_lines(copy, posted_from) for _, copy in copies),
    }


def letter_languages(folders: Sequence[Path], addressee: Addressee) -> tuple[str, str]:
    """(language of the letter, language of the courtesy translation beside it, empty if there is none).

    A text that nobody has reviewed is sent only as a translation, beside the English original. An outdated
    one is not sent.
    """
    own = find_text(folders, addressee.language)
    if own is None or addressee.role not in own.roles or is_outdated(folders, own):
        return FALLBACK_LANGUAGE, ""
    letter_language, translation = (
        (FALLBACK_LANGUAGE, own.language) if own.reviewed == "no" else (own.language, FALLBACK_LANGUAGE)
    )
    return letter_language, translation if translation != letter_language else ""


def is_outdated(folders: Sequence[Path], text: LetterText) -> bool:
    """True if it says the same as another English text than the one in these folders."""
    english = find_text(folders, FALLBACK_LANGUAGE)
    return english is not None and text.english != english.english


def text_and_formatter(
    folders: Sequence[Path], addressee: Addressee, language: str = ""
) -> tuple[LetterText, Formatter]:
    """The text for an addressee in `language`, else in its own; in English if there is no such text.

    The formatter writes that language as the addressee's country does, else British English. Raises DataError if there
    is no text at all.
    """
    text = find_text(folders, language or addressee.language)
    if text is None or addressee.role not in text.roles:
        text = find_text(folders, FALLBACK_LANGUAGE)
    if text is None or addressee.role not in text.roles:
        raise DataError(f"No text of a letter is written for {addressee.key}.")
    locale = addressee.locale if text.language == addressee.language else _FALLBACK_LOCALE
    return text, Formatter(Locale.parse(locale), text.dates, text.months)


def _text_of_issue(folders: Sequence[Path], text: LetterText, issue: IssueDetails) -> LetterText:
    """The text of a letter, or of one that follows a letter."""
    return follow_up_text(folders, text, issue.follow_up.kind) if issue.follow_up else text


def preview_reference(addressee: Addressee, day: date) -> str:
    """The reference of a preview."""
    return f"{addressee.key}/{day:%Y-%m-%d}"


def _letter_state(appeal: Appeal, moment: datetime) -> CampaignState:
    state = appeal.campaign_state(moment)
    if state not in STATES_WITH_LETTERS:
        raise LetterError(
            N_("Letters are made while the campaign is running, not before it opens and not after it is archived.")
        )
    return state


def _ministry_name(ministry: Ministry, text: LetterText) -> str:
    return ministry.name(text.language) or text.ministries[ministry.kind]
