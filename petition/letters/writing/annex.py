"""The annex of names: those who asked to be printed, alphabetically as the letter's language orders them."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from petition.campaign.appeal import Appeal
from petition.core.errors import LetterError
from petition.letters.addressees.directory import Addressee
from petition.letters.writing.compose import reference, written
from petition.letters.writing.document import Annex
from petition.letters.writing.glyphs import SUBSTITUTE, printable

SortKey = tuple[list[int], list[int], str]


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
    ordered = sorted(names, key=collation(text.alphabet))
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


def collation(alphabet: Sequence[str]) -> Callable[[str], SortKey]:
    """A sort key for names. A group of the alphabet is one letter; which of the group counts only among equal names.

    Other accents are ignored, other scripts follow after. (Simpler than the Unicode collation algorithm, and
    enough for names; equal ones are ordered as typed, so that the annex is the same whatever order they came in.)
    """
    places = {c: (i, k) for i, group in enumerate(alphabet) for k, c in enumerate(group)}

    def key(name: str) -> SortKey:
        letters = unicodedata.normalize("NFC", name).casefold()
        found = [place for letter in letters for place in _places(letter, places)]
        return [first for first, _ in found], [second for _, second in found], name

    return key


def _places(letter: str, places: dict[str, tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Where a letter stands: its own place, that of its base without accents, or behind the alphabet."""
    if letter in places:
        return [places[letter]]
    if letter.isspace():
        return [(-1, 0)]
    bases = [c for c in unicodedata.normalize("NFKD", letter) if c.isalnum()]
    return [places.get(base, (len(places) + ord(base), 0)) for base in bases]
