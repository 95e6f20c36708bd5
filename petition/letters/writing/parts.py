"""What stands before a letter (a summary of one page), behind it (a legal page), and in its list of enclosures."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from petition.core.languages import SOURCE_LANGUAGE
from petition.letters.writing.document import IssueDetails, Letter, Part
from petition.letters.writing.part_texts import find_part_text
from petition.letters.writing.sheet import Sheet

SheetOf = Callable[[str], Sheet]  # in one language


def add_parts(letter: Letter, sheet_of: SheetOf, folders: Sequence[Path], issue: IssueDetails) -> Letter:
    """A courtesy translation gets none: they are in the letter that it goes with.

    The summary is in the language of the letter, or there is none; the legal page is in English if it has to be.
    """
    if letter.courtesy:
        return letter
    languages = dict.fromkeys((letter.language, SOURCE_LANGUAGE))
    legal = next((part for language in languages if (part := _part("legal", language, sheet_of, folders))), None)
    sheet = sheet_of(letter.language)
    names = tuple(_enclosure_names(sheet, issue, legal))
    with_legal = replace(
        letter,
        enclosures=(legal,) if legal else (),
        enclosure_names=names if "enclosures" in letter.labels else (),
        cited_ids=tuple(sorted({*letter.cited_ids, *(legal.cited_ids if legal else ())})),
    )
    summary = _part("summary", letter.language, sheet_of, folders, **_summary_values(with_legal))
    return replace(with_legal, summary=summary)


def _part(kind: str, language: str, sheet_of: SheetOf, folders: Sequence[Path], **more: Any) -> Part | None:
    """None if nobody has written it for this addressee, or it has nothing to say in this state of the campaign."""
    sheet = sheet_of(language)
    text = find_part_text(folders, kind, language, sheet.values["role"])
    if text is None or not (filled := sheet.fill(text, **more))[0]:
        return None
    return Part(text.title, language, *filled, sheet.text.labels["sources"], sheet.notes.cited_ids)


def _enclosure_names(sheet: Sheet, issue: IssueDetails, legal: Part | None) -> Iterator[str]:
    courtesy = re.split("[,.;]", sheet.text.labels["courtesy"])[0]  # its first words name it
    yield from (sheet.formatter.locale.languages[language] for language in issue.versions)
    for language in issue.translations:
        yield f"{courtesy} ({sheet.formatter.locale.languages[language]})"
    if legal:
        yield legal.title.partition(":")[0].rstrip()
    if sheet.values["named"] and (sheet.values["national"] or sheet.values["elsewhere"]):
        yield sheet.text.annex["title"]


def _summary_values(letter: Letter) -> dict[str, Any]:
    return {
        "reference": letter.reference,
        "reply_to": letter.reply_to[0],
        "signatory": ", ".join((*letter.signatory, *letter.reply_to[1:-1])),
        "legal": bool(letter.enclosures),
        "enclosures": "; ".join(letter.enclosure_names),
    }
