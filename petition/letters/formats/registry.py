"""The file formats of a letter: the function that makes the file, and its media type."""

from collections.abc import Callable, Mapping

from petition.letters.formats import docx, form_text, pdf, plain_text
from petition.letters.writing.document import Letter

_TEXT = "text/plain; charset=utf-8"
FORMATS: Mapping[str, tuple[Callable[[Letter], bytes], str]] = {
    "pdf": (pdf.render, "application/pdf"),
    "docx": (docx.render, docx.MEDIA_TYPE),
    "txt": (lambda letter: plain_text.render(letter).encode(), _TEXT),
    "form": (lambda letter: form_text.render(letter).encode(), _TEXT),
}


def file_name(name: str, kind: str) -> str:
    """`PL-1.pdf`; the short text for web forms is `PL-1-form.txt`."""
    return f"{name}-form.txt" if kind == "form" else f"{name}.{kind}"
