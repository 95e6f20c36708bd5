"""The letters: whom we write to, what each letter says, and how it is set.

A letter is one tree of plain values, drawn from the addressee, the published figures, the dated facts and a
text per language (`templates/letters`); every format is made from the tree. Adding a language is adding a file.
"""

from petition.letters.addressees.directory import Addressee, Book, Source
from petition.letters.addressees.reader import load
from petition.letters.writing.annex import draw_annex, volumes
from petition.letters.writing.citations import sources
from petition.letters.writing.compose import draw, languages
from petition.letters.writing.document import Annex, Figures, Letter, Stamp, plain, restored

__all__ = [
    "Addressee",
    "Annex",
    "Book",
    "Figures",
    "Letter",
    "Source",
    "Stamp",
    "draw",
    "draw_annex",
    "languages",
    "load",
    "plain",
    "restored",
    "sources",
    "volumes",
]
