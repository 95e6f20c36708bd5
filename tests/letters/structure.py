"""The structure tree of a tagged PDF (ISO 32000-1, 14.7), read back from its bytes: what a screen reader is told."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ContentStream, TextStringObject

# Elements that only group others, and those that stand in a line (ISO 32000-1, 14.8.4)
_GROUPS = {"Document", "Part", "Sect", "Div", "BlockQuote", "L", "LI", "Table", "THead", "TBody", "TFoot", "TR"}
_INLINE = {"", "Span", "Strong", "Em", "Code", "Link", "Quote", "Reference"}
_CODES = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_SPACES = str.maketrans({"\xa0": " ", "\u202f": " ", "\u200b": None})

_Texts = Mapping[int, Mapping[int, str]]  # by the number of the page's object, then by the number of the mark


@dataclass(frozen=True, slots=True)
class Element:
    """`tag` is empty for text that stands directly in its parent. `text` includes that of the children."""

    tag: str
    text: str
    children: tuple["Element", ...] = ()

    def find(self, *tags: str) -> Iterator["Element"]:
        """All elements with such a tag, in reading order, itself included."""
        if self.tag in tags:
            yield self
        for child in self.children:
            yield from child.find(*tags)

    def stray_text(self) -> list[str]:
        """Text that stands in a group and in no paragraph, heading, cell or body of an item."""
        stray = [child for child in self.children if self.tag in _GROUPS and child.tag in _INLINE]
        return [child.text for child in stray] + [text for child in self.children for text in child.stray_text()]


def read_structure(content: bytes) -> Element:
    """The element `Document`."""
    reader = PdfReader(BytesIO(content))
    pages: list[Any] = list(reader.pages)
    texts = {page.indirect_reference.idnum: _page_texts(page, reader) for page in pages}
    root: Any = reader.trailer["/Root"]
    (document,) = _element(root["/StructTreeRoot"], 0, texts).children
    return document


def paragraphs(content: bytes) -> list[tuple[str, str]]:
    """(tag, text) of each heading, paragraph and item in reading order. Each space is a plain one."""
    elements = read_structure(content).find("P", "LBody", "H1", "H2")
    return [(element.tag, plain(element.text)) for element in elements]


def plain(text: str) -> str:
    return " ".join(text.translate(_SPACES).split())


def _element(node: Any, page: int, texts: _Texts) -> Element:
    page = node.raw_get("/Pg").idnum if "/Pg" in node else page
    kids = node.get("/K", [])
    children = [_kid(kid.get_object(), page, texts) for kid in (kids if isinstance(kids, list) else [kids])]
    found = tuple(child for child in children if child)
    return Element(str(node.get("/S", "")).removeprefix("/"), "".join(child.text for child in found), found)


def _kid(kid: Any, page: int, texts: _Texts) -> Element | None:
    """An element, or marked text; None for an annotation, whose words are marked text beside it."""
    if isinstance(kid, int):
        return Element("", texts[page][kid])
    if kid.get("/Type") == "/OBJR":
        return None
    if kid.get("/Type") == "/MCR":
        return Element("", texts[kid.raw_get("/Pg").idnum if "/Pg" in kid else page][kid["/MCID"]])
    return _element(kid, page, texts)


def _page_texts(page: Any, reader: PdfReader) -> Mapping[int, str]:
    """The text of each mark. What is in no mark is decoration ("artifact") and is not read."""
    fonts = {name: _characters(font.get_object()) for name, font in page["/Resources"].get("/Font", {}).items()}
    texts: dict[int, str] = defaultdict(str)
    marks: list[tuple[int | None, bool]] = [(None, False)]  # the number, and whether the text is already known
    characters: Mapping[bytes, str] = {}
    for operands, operator in ContentStream(page.get_contents(), reader).operations:
        if operator == b"Tf":
            characters = fonts[operands[0]]
        elif operator == b"BDC":
            marks.append(_mark(operands[1], marks[-1], texts))
        elif operator == b"BMC":  # decoration
            marks.append((None, True))
        elif operator == b"EMC":
            marks.pop()
        elif operator in (b"Tj", b"TJ") and marks[-1][0] is not None and not marks[-1][1]:
            texts[marks[-1][0]] += _decode(operands[0], characters)
    return texts


def _mark(properties: Any, outer: tuple[int | None, bool], texts: dict[int, str]) -> tuple[int | None, bool]:
    """A mark without a number belongs to the one around it. Where a text is given, it replaces the glyphs."""
    number = properties.get("/MCID", outer[0])
    if number is not None and "/ActualText" in properties:
        texts[number] += properties["/ActualText"]
    return number, outer[1] or "/ActualText" in properties


def _decode(shown: Any, characters: Mapping[bytes, str]) -> str:
    """The characters of Tj (a string) or TJ (strings, with distances between them); two bytes are one glyph."""
    parts: list[Any] = shown if isinstance(shown, list) else [shown]
    strings = (part for part in parts if isinstance(part, bytes | TextStringObject))
    raw = b"".join(part if isinstance(part, bytes) else part.original_bytes for part in strings)
    return "".join(characters[raw[at : at + 2]] for at in range(0, len(raw), 2))


def _characters(font: Any) -> Mapping[bytes, str]:
    """What each glyph of a font means."""
    pairs = _CODES.findall(font["/ToUnicode"].get_data())
    return {bytes.fromhex(code.decode()): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}
