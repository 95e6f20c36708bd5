"""Letters and annexes as tagged PDF, both PDF/A-2a and PDF/UA-1. The same tree gives the same bytes.

Typst reads fixed templates. Texts reach them as JSON and are never evaluated.
"""

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import segno

from petition.core import resources
from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.letters.formats import annex_pages
from petition.letters.writing.document import Annex, Letter
from petition.letters.writing.glyphs import FONTS, printable
from petition.letters.writing.stored_document import to_dict

if TYPE_CHECKING:
    import typst  # 7 MB: functions import it, since most commands set no letter

_LETTER = N_("The letter %(reference)s")
_ZERO_WIDTH_SPACE = "\u200b"
_CANNOT_BE_SET = N_("%(name)s cannot be set: %(error)s.")
# Twenty letters with their marks, before one more. No letter is a mark, so there is one way to count them.
_LONG_WORD = re.compile(r"(?:[^\s\u0300-\u036f][\u0300-\u036f]*){20}(?=[^\s\u0300-\u036f])")
_TEMPLATES = resources.folder("letters/formats")
_per_thread = threading.local()  # a compiler shared between threads raises "Already borrowed"


def render(letter: Letter) -> bytes:
    """PDF with a QR code of the page where the letter can be checked; a preview has none. Raises LetterError."""
    code = {"code": _qr_code(letter.check_url)} if letter.check_url else {}
    return typeset("letter.typ", Sentence(_LETTER, reference=letter.reference), to_dict(letter), letter.moment, **code)


def render_all(letters: Iterable[Letter]) -> Iterator[bytes]:
    """PDFs in the order of the letters. Two threads typeset while the next is composed. Raises LetterError."""
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(render, letters)


def _qr_code(url: str) -> str:
    """A QR code (ISO/IEC 18004) as SVG. It can be read if up to a quarter of it is damaged."""
    return str(segno.make_qr(url, error="q").svg_inline(border=0))


def render_annex(annex: Annex) -> bytes:
    """Raises LetterError if it cannot be typeset."""
    return typeset_tree("annex.typ", Sentence(_LETTER, reference=annex.reference), annex_tree(annex), annex.moment)


def annex_tree(annex: Annex) -> str:
    """What annex.typ reads: the annex as JSON, its names by page."""
    front = annex_pages.rows_of_front(annex.title, (*annex.sentences, annex.check_url))
    pages = annex_pages.split_into_pages(map(_breakable, annex.names), annex, front)
    return _tree({**to_dict(replace(annex, names=())), "front": front, "pages": pages})


def _breakable(name: str) -> str:
    """The name, with a zero-width space after every 20 characters without a space, so that it fits its column."""
    words = " ".join(word for word in printable(name).split(" ") if word)
    return _LONG_WORD.sub(lambda part: part[0] + _ZERO_WIDTH_SPACE, words)


def typeset(template: str, name: str, values: Mapping[str, Any], moment: datetime, **more_inputs: str) -> bytes:
    """PDF from a template and plain values. Raises LetterError, which calls the document by `name`."""
    return typeset_tree(template, name, _tree(values), moment, **more_inputs)


def typeset_tree(template: str, name: str, tree: str, moment: datetime, **more_inputs: str) -> bytes:
    """As typeset(), from values that are JSON already."""
    import typst

    try:
        pdf, warnings = _thread_compiler().compile_with_warnings(
            _TEMPLATES / template,
            format="pdf",
            sys_inputs={"tree": tree, **more_inputs},
            pdf_standards=["a-2a", "ua-1"],
            timestamp=int(moment.timestamp()),
        )
    except typst.TypstError as error:
        raise LetterError(Sentence(_CANNOT_BE_SET, name=name, error=error.message)) from error
    if warnings or not isinstance(pdf, bytes):
        raise LetterError(Sentence(_CANNOT_BE_SET, name=name, error=warnings[0].message))
    return pdf


def typeset_png(template: str, name: str, values: Mapping[str, Any]) -> bytes:
    """PNG from a one-page template and plain values, two pixels per point. Raises LetterError."""
    import typst

    try:
        content = _thread_compiler().compile(
            _TEMPLATES / template, format="png", ppi=144, sys_inputs={"tree": _tree(values)}
        )
    except typst.TypstError as error:
        raise LetterError(
            Sentence(N_("%(name)s cannot be drawn: %(error)s."), name=name, error=error.message)
        ) from error
    if not isinstance(content, bytes):
        raise LetterError(Sentence(N_("%(name)s does not fit on one page."), name=name))
    return content


def _thread_compiler() -> "typst.Compiler":
    import typst

    if not hasattr(_per_thread, "compiler"):
        _per_thread.compiler = typst.Compiler(root=_TEMPLATES, font_paths=_fonts())
    compiler: typst.Compiler = _per_thread.compiler
    return compiler


@cache
def _fonts() -> "typst.Fonts":
    """Only the fonts in petition/data, so that every machine makes the same letter."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


def _tree(values: Mapping[str, Any]) -> str:
    return json.dumps(_printable_values(dict(values)), ensure_ascii=False)


def _printable_values(value: Any) -> Any:
    """The same values; each text contains only what the fonts can print."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable_values(inner) for key, inner in value.items()}
    return [_printable_values(inner) for inner in value] if isinstance(value, (list, tuple)) else value
