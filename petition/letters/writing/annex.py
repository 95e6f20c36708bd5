"""The annex of names: people who asked to be printed, in the alphabetical order of the letter's language."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil
from pathlib import Path

from babel.core import Locale

from petition.campaign.appeal import Appeal
from petition.core import collation
from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.letters.addressees.address_book import Addressee
from petition.letters.writing.compose import preview_reference, text_and_formatter
from petition.letters.writing.document import Annex
from petition.letters.writing.formatting import Formatter
from petition.letters.writing.glyphs import can_print


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
        raise LetterError(N_("There is no name to print in an annex."))
    sentences = [] if addressee.country else [text.annex["elsewhere"]]
    sentences += [
        text.annex["unverified"],
        text.annex["order"],
        text.annex["homonyms"],
    ]
    if not all(map(can_print, ordered)):
        sentences.append(text.annex["substitute"])
    sentences += [text.annex["duty"], f"{text.annex['count']}: {formatter.number(len(ordered))}"]
    day = appeal.campaign.day(moment)
    return Annex(
        key=addressee.key,
        reference=preview_reference(addressee, day),
        language=text.language,
        territory=formatter.locale.territory or "",
        moment=moment,
        sender=appeal.campaign.name(text.language),
        controller=appeal.campaign.controller,
        contact=appeal.campaign.contact,
        date=formatter.day(day),
        title=text.annex["title"],
        sentences=tuple(sentences),
        names=tuple(ordered),
    )


def split_into_volumes(annex: Annex, max_names: int) -> list[Annex]:
    """Volumes of at most `max_names` names.

    If there are several, the title of each ends in its number and their count, "(1/3)", and its reference in "-1"; its
    last sentence is which names it has, "1–25,000 / 120,000".
    """
    total = len(annex.names)
    if total <= max_names:
        return [annex]
    return [
        _volume(annex, first, min(first + max_names - 1, total), max_names) for first in range(1, total + 1, max_names)
    ]


def _volume(annex: Annex, first: int, last: int, max_names: int) -> Annex:
    n, total = ceil(last / max_names), len(annex.names)
    numbers = [format_number(annex, number) for number in (first, last, total)]
    return replace(
        annex,
        names=annex.names[first - 1 : last],
        first_number=first,
        title=f"{annex.title} ({n}/{ceil(total / max_names)})",
        sentences=(*annex.sentences, "{}–{} / {}".format(*numbers)),
        reference=f"{annex.reference}-{n}",
    )


def format_number(annex: Annex, n: int) -> str:
    """A number as the language of the annex writes it."""
    return Formatter(Locale(annex.language, annex.territory or None), {}, {}).number(n)
