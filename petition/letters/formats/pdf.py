"""Letters and annexes as PDF: tagged, PDF/A-2a and PDF/UA-1 at once, the same bytes for the same tree.

Typst reads two fixed templates; words reach them as JSON and are never evaluated.
"""

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import segno
import typst

from petition.core import resources
from petition.core.errors import LetterError
from petition.letters.writing.document import Annex, Letter, to_dict
from petition.letters.writing.glyphs import FONTS, printable

_BREAK = "\u200b"  # zero width space
_LONG = re.compile(r"(?:\S[\u0300-\u036f]*){20}(?=\S)")
_HERE = resources.folder("letters/formats")
_per_thread = threading.local()  # a compiler shared between threads raises "Already borrowed"


def render(letter: Letter) -> bytes:
    """The letter as PDF, with a code that leads to the page where it can be checked. Raises LetterError."""
    return _compile("letter.typ", letter, **({"code": _code(letter.check_url)} if letter.check_url else {}))


def render_all(letters: Iterable[Letter]) -> Iterator[bytes]:
    """Letters as PDF in their order; two are set at once while the next is drawn. Raises LetterError."""
    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(render, letters)


def _code(address: str) -> str:
    """A QR code (ISO/IEC 18004) as SVG; a quarter of it may be damaged."""
    return str(segno.make_qr(address, error="q").svg_inline(border=0))


def annex(tree: Annex) -> bytes:
    """The annex of names as PDF. Raises LetterError if it cannot be set."""
    return _compile("annex.typ", replace(tree, names=tuple(_breakable(name) for name in tree.names)))


def _breakable(name: str) -> str:
    """The name with invisible places to break at, every 20 signs without a space, so that it keeps to its column."""
    words = " ".join(word for word in printable(name).split(" ") if word)
    return _LONG.sub(lambda part: part[0] + _BREAK, words)


def _compile(template: str, tree: Letter | Annex, **more: str) -> bytes:
    return typeset(template, f"The letter {tree.reference}", to_dict(tree), tree.moment, **more)


def typeset(template: str, name: str, values: Mapping[str, Any], moment: datetime, **more: str) -> bytes:
    """What a template makes of plain values. Raises LetterError, which calls it by its name."""
    inputs = {"tree": json.dumps(_printable(dict(values)), ensure_ascii=False), **more}
    try:
        pdf, warnings = _compiler().compile_with_warnings(
            _HERE / template,
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=["a-2a", "ua-1"],
            timestamp=int(moment.timestamp()),
        )
    except typst.TypstError as error:
        raise LetterError(f"{name} cannot be set: {error.message}.") from error
    if warnings or not isinstance(pdf, bytes):
        raise LetterError(f"{name} cannot be set: {warnings[0].message}.")
    return pdf


def picture(template: str, name: str, values: Mapping[str, Any]) -> bytes:
    """What a template of one page makes of plain values, as PNG with two pixels to a point. Raises LetterError."""
    inputs = {"tree": json.dumps(_printable(dict(values)), ensure_ascii=False)}
    try:
        found = _compiler().compile(_HERE / template, format="png", ppi=144, sys_inputs=inputs)
    except typst.TypstError as error:
        raise LetterError(f"{name} cannot be drawn: {error.message}.") from error
    if not isinstance(found, bytes):
        raise LetterError(f"{name} does not fit on one page.")
    return found


def _compiler() -> typst.Compiler:
    if not hasattr(_per_thread, "compiler"):
        _per_thread.compiler = typst.Compiler(root=_HERE, font_paths=_fonts())
    compiler: typst.Compiler = _per_thread.compiler
    return compiler


@cache
def _fonts() -> typst.Fonts:
    """Ours alone, so that every machine sets the same letter."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


def _printable(value: Any) -> Any:
    """The tree with every text as the fonts can print it."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable(inner) for key, inner in value.items()}
    return [_printable(inner) for inner in value] if isinstance(value, (list, tuple)) else value
