"""The texts of letters that follow a letter: templates/letters/reminder and templates/letters/reply."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from petition.core import markdown
from petition.core.errors import DataError
from petition.core.languages import SOURCE_LANGUAGE
from petition.letters.writing.document import IssueDetails
from petition.letters.writing.part_texts import is_readable
from petition.letters.writing.texts import STATES_WITH_LETTERS, LetterText, markdown_link


def follow_up_text(folders: Sequence[Path], letter: LetterText, kind: str) -> LetterText:
    """A text with a subject and a body of its own; labels are those of the letter. Raises DataError."""
    name = f"{kind}/{letter.language}.md"
    file = _find_file(folders, name)
    if file is None:
        raise DataError(f"letters/{name} is not written.")
    head, body = markdown.front_matter(file)
    return replace(letter, name=name, subject=dict.fromkeys(STATES_WITH_LETTERS, head.text("subject")), body=body)


def follow_up_language(folders: Sequence[Path], kind: str, language: str) -> str:
    """The language of the letter that it follows, if a native speaker has read the text in it; else English."""
    file = _find_file(folders, f"{kind}/{language}.md")
    is_used = file is not None and is_readable(language, markdown.front_matter(file)[0].text("reviewed"))
    return language if is_used else SOURCE_LANGUAGE


def _find_file(folders: Sequence[Path], name: str) -> Path | None:
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def follow_up_values(issue: IssueDetails, base_url: str) -> dict[str, Any]:
    """Names that only these texts use: what was quoted, and two pages of the site."""
    if issue.follow_up is None:
        return {}
    pages = f"{base_url}/{issue.page_language}"
    return {
        **issue.follow_up.quoted,
        "our_reference": issue.follow_up.our_reference,
        "total_then": issue.follow_up.total_then,
        "days": issue.follow_up.sent_days_ago,
        "letter_page": markdown_link(f"{pages}/letters/{issue.follow_up.our_reference}"),
        "governments_page": markdown_link(f"{pages}/governments"),
    }
