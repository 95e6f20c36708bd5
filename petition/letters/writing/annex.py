"""The annex of names: people who asked to be printed, in the alphabetical order of the letter's language."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.core import collation
from petition.core.errors import LetterError
from petition.letters.addressees.address_book import Addressee
from petition.letters.writing.compose import preview_reference, text_and_formatter
from petition.letters.writing.document import Annex
from petition.letters.writing.glyphs import SUBSTITUTE, printable


def compose_annex(
    appeal: Appeal,
    folders: Sequence[Path],
    addressee: Addressee,
    names: Iterable[str],
    moment: datetime,
    language: str = "",
) -> Annex:
    """The annex for one addressee, as a preview. The names stay as typed; only their order changes.

    Without `language` it is in the addressee's language. Raises LetterError if there is no name to print.
    """
    text, formatter = text_and_formatter(folders, addressee, language)
    ordered = sorted(names, key=collation.sort_key(text.language))
    if not ordered:
        raise LetterError("There is no name to print in an annex.")
    sentences = [] if addressee.country else [text.annex["elsewhere"]]
    sentences += [
        text.annex["unverified"],
        text.annex["order"],
        f"{text.annex['count']}: {formatter.number(len(ordered))}",
    ]
    if any(SUBSTITUTE in printable(name) for name in ordered):
        sentences.append(text.annex["substitute"])
    return Annex(
        key=addressee.key,
        reference=preview_reference(addressee, moment),
        language=text.language,
        territory=formatter.locale.territory or "",
        moment=moment,
        sender=appeal.campaign.name(text.language),
        controller=appeal.campaign.controller,
        contact=appeal.campaign.contact,
        date=formatter.day(moment.date()),
        title=text.annex["title"],
        sentences=tuple(sentences),
        names=tuple(ordered),
    )


def split_into_volumes(annex: Annex, max_names: int) -> list[Annex]:
    """Volumes of at most `max_names` names.

    If there are several, the title of each ends in its number and their count, "(1/3)", and its reference in "-1".
    """
    parts = [annex.names[begin : begin + max_names] for begin in range(0, len(annex.names), max_names)]
    if len(parts) == 1:
        return [annex]
    return [
        replace(annex, names=part, title=f"{annex.title} ({n}/{len(parts)})", reference=f"{annex.reference}-{n}")
        for n, part in enumerate(parts, start=1)
    ]
