"""The letterhead: an address that a postman can use, who signs, and where an answer goes, in every format."""

import html
import io
import json
import zipfile
from dataclasses import replace

from petition.campaign.appeal import Appeal
from petition.campaign.letterhead import Letterhead
from petition.letters.formats import docx, pdf, plain_text
from petition.letters.writing import stored_document
from petition.letters.writing.compose import compose_letter
from petition.letters.writing.document import Letter
from tests.letters.samples import BOOK, FIGURES, MOMENT, TEXTS, appeal, letter, pdf_text
from tests.letters.structure import paragraphs, plain

LETTERHEAD = Letterhead(
    address=("1 Example Street", "1000 Exampletown", "EXAMPLELAND"),
    email="answers@example.org",
    phone="+32 2 000 00 00",
    signatory="Adele Example",
    function="Chair of the board",
    place="Exampletown",
    register="EU Transparency Register 000000000000-00",
)


def with_letterhead() -> Appeal:
    filled = appeal()
    filled.campaign = replace(filled.campaign, letterhead=LETTERHEAD, controller="Example, 1 Example Street")
    return filled


def _letter(key: str = "DE") -> Letter:
    return compose_letter(with_letterhead(), [TEXTS], BOOK.find(key), FIGURES, MOMENT, "https://ultimatum.example.org")


def test_the_return_line_is_a_postal_address_and_never_a_web_address() -> None:
    assert _letter().return_line.endswith(" · 1 Example Street · 1000 Exampletown · EXAMPLELAND")
    without = letter("DE")
    assert without.return_line == without.sender
    assert without.contact == without.reply_to == ("letters@example.org", "https://ultimatum.example.org")


def test_every_format_has_the_whole_letterhead() -> None:
    drawn = _letter()
    word = zipfile.ZipFile(io.BytesIO(docx.render(drawn))).read("word/document.xml").decode()
    read = " ".join(text for _, text in paragraphs(pdf.render(drawn)))
    for line in (*drawn.contact, *drawn.signatory, *drawn.reply_to, drawn.date):
        assert plain(line) in plain(plain_text.render(drawn))
        assert plain(line) in plain(word)
        assert plain(line) in read
    assert html.escape(drawn.return_line).replace("&#x27;", "&#39;") in word
    assert ("P", drawn.return_line) in paragraphs(pdf.render(drawn))
    assert "Exampletown, 22. November 2026" in drawn.date


def test_answers_and_questions_about_data_go_to_mailboxes_of_their_own() -> None:
    drawn = _letter()
    assert drawn.reply_to[0] == "answers@example.org"
    assert "letters@example.org" not in plain_text.render(drawn)
    assert "Example, 1 Example Street · letters@example.org" in pdf_text(pdf.render(drawn)), "the foot of each page"


def test_a_letter_of_an_old_edition_is_read_with_what_it_had() -> None:
    old = stored_document.to_dict(letter("DE"))
    for name in ("return_line", "signatory", "reply_to", "controller_contact"):
        del old[name]
    read = stored_document.letter_from_dict(json.loads(json.dumps(old)))
    assert read == letter("DE")
