"""The annex of names: those who asked to be printed, alphabetically as the letter's language orders them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.core import collation
from petition.core.errors import LetterError
from petition.letters.addressees.directory import Addressee
from petition.letters.writing.compose import reference, written
from petition.letters.writing.document import Annex
from petition.letters.writing.glyphs import SUBSTITUTE, printable


def draw_annex(
    appeal: Appeal,
    folders: Sequence[Path],
    addressee: Addressee,
    names: Iterable[str],
    moment: datetime,
    language: str = "",
) -> Annex:
    """The annex for one addressee, a preview; the names stay as typed, only their order is ours.

    In the addressee's language if no other is asked for. Raises LetterError if there is no name to print.
    """
    text, words = written(folders, addressee, language)
    ordered = sorted(names, key=collation.sort_key(text.language))
    if not ordered:
        raise LetterError("There is no name to print in an annex.")
    sentences = [] if addressee.country else [text.annex["elsewhere"]]
    sentences += [text.annex["unverified"], text.annex["order"], f"{text.annex['count']}: {words.number(len(ordered))}"]
    if any(SUBSTITUTE in printable(name) for name in ordered):
        sentences.append(text.annex["substitute"])
    return Annex(
        key=addressee.key,
        reference=reference(addressee, moment),
        language=text.language,
        territory=words.locale.territory or "",
        moment=moment,
        sender=appeal.campaign.name(text.language),
        controller=appeal.campaign.controller,
        contact=appeal.campaign.contact,
        date=words.day(moment.date()),
        title=text.annex["title"],
        sentences=tuple(sentences),
        names=tuple(ordered),
    )


def volumes(annex: Annex, most: int) -> list[Annex]:
    """The same in volumes of so many names; the title of each says which of how many it is, its reference too."""
    parts = [annex.names[begin : begin + most] for begin in range(0, len(annex.names), most)]
    if len(parts) == 1:
        return [annex]
    return [
        replace(annex, names=part, title=f"{annex.title} ({n}/{len(parts)})", reference=f"{annex.reference}-{n}")
        for n, part in enumerate(parts, start=1)
    ]
