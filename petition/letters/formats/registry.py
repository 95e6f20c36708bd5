"""The file formats of a letter, by file extension: the function that makes the file, and its media type."""

from collections.abc import Callable, Mapping

from petition.letters.formats import docx, pdf, plain_text
from petition.letters.writing.document import Letter

FORMATS: Mapping[str, tuple[Callable[[Letter], bytes], str]] = {
    "pdf": (pdf.render, "application/pdf"),
    "docx": (docx.render, docx.MEDIA_TYPE),
    "txt": (lambda letter: plain_text.render(letter).encode(), "text/plain; charset=utf-8"),
}
