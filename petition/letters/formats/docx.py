"""A letter as DOCX, to edit: WordprocessingML (ECMA-376) from XML templates. The same tree gives the same bytes.

It looks like the PDF but has neither QR code nor the address of the page that checks a letter. That page knows only the
PDF, and a file that can be edited must not look as if it had been checked. Fonts are named, not embedded; each has a
substitute that offices have.
"""

import io
import re
import zipfile
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from petition.core import resources
from petition.letters.writing.document import Letter, Part

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PARTS = {
    "[Content_Types].xml": "types.xml",
    "_rels/.rels": "package.xml",
    "docProps/core.xml": "core.xml",
    "word/document.xml": "document.xml",
    "word/_rels/document.xml.rels": "links.xml",
    "word/styles.xml": "styles.xml",
    "word/numbering.xml": "numbering.xml",
    "word/fontTable.xml": "fonts.xml",
    "word/header1.xml": "header.xml",
    "word/footer1.xml": "footer.xml",
}
_FORBIDDEN_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # not allowed in XML 1.0


def render(letter: Letter) -> bytes:
    values = {"letter": letter, "labels": letter.labels, "links": _link_ids(letter)}
    out, moment = io.BytesIO(), letter.moment.timetuple()[:6]
    with zipfile.ZipFile(out, "w") as zipped:
        for name, template in _PARTS.items():
            text = _FORBIDDEN_IN_XML.sub("", _templates().get_template(template).render(values))
            zipped.writestr(zipfile.ZipInfo(name, moment), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _link_ids(letter: Letter) -> dict[str, str]:
    """Every web address that the letter links to, with its id in this file."""
    parts: tuple[Letter | Part, ...] = (letter, *letter.enclosures, *filter(None, [letter.summary]))
    runs = (run.url for part in parts for block in part.blocks for run in block.runs)
    urls = [url for url in (*runs, *(note.url for part in parts for note in part.sources)) if url]
    return {url: f"link{n}" for n, url in enumerate(dict.fromkeys(urls), start=1)}


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(resources.folder("letters/formats/word")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
