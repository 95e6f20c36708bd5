"""Sample letters for the tests: the shipped campaign in each of its states, and the text of a PDF."""

import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from petition.campaign.appeal import SHIPPED_DATA, Appeal
from petition.letters.addressees.address_book import Addressee
from petition.letters.addressees.reader import load_address_book
from petition.letters.writing.compose import compose_letter, preview_reference
from petition.letters.writing.document import Figures, IssueDetails, Letter

TEXTS = Path(__file__).parents[2] / "templates" / "letters"
LANGUAGES = sorted(file.stem for file in TEXTS.glob("*.md"))
STATE_ROLES = ("border", "vote", "no-rail")
MOMENT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DEADLINE = {"open": date(2027, 3, 1), "passed": date(2026, 11, 1), "met": date(2026, 11, 1)}
BOOK = load_address_book(SHIPPED_DATA / "governments.toml")
COUNTRIES = {
    "PL": 2500,
    "DE": 1800,
    "LT": 1500,
    "FR": 900,
    "CZ": 880,
    "IT": 600,
    "LV": 590,
    "SE": 400,
    "NL": 310,
    "EE": 20,
}
FIGURES = Figures(as_of=MOMENT, confirmed=12340, country=700, named=40, named_outside_eu=False)
HOSTILE = (
    '#import "x"',
    "</p><script>",
    "=HYPERLINK()",
    "{{ 7*7 }}",
    "$x$",
    "*a* _b_ `c` [d](e) \\f",
    "#{1+1}",
    "1. <a@b>",
)


def appeal(state: str = "open", folder: Path | None = None) -> Appeal:
    """The shipped campaign in one of its states, with its placeholders filled in; files of `folder` replace its own."""
    shipped = Appeal(folder)
    met = date(2026, 11, 20) if state == "met" else None
    shipped.campaign = replace(
        shipped.campaign, deadline=DEADLINE[state], met=met, archived=None, contact="letters@example.org"
    )
    return shipped


def letter(
    key: str | Addressee,
    state: str = "open",
    figures: Figures = FIGURES,
    texts: Path = TEXTS,
    folder: Path | None = None,
) -> Letter:
    addressee = BOOK.find(key) if isinstance(key, str) else key
    own = {addressee.country: figures.country} if addressee.country and figures.country else {}
    if figures.confirmed == FIGURES.confirmed:
        figures = replace(figures, countries={**COUNTRIES, **own})
    issue = IssueDetails(preview_reference(addressee, MOMENT), page_language=addressee.language)
    base_url = "https://ultimatum.example.org"
    return compose_letter(appeal(state, folder), [texts, TEXTS], addressee, figures, MOMENT, base_url, issue)


def without_address(key: str) -> Addressee:
    return replace(BOOK.find(key), lines=())


def letter_text(composed: Letter) -> str:
    return " ".join(block.text for block in composed.blocks).replace("\xa0", " ")


def pdf_text(content: bytes, last_page: int = 0) -> str:
    """The words of a PDF as pdftotext finds them, without line breaks; up to its last page if that is not named."""
    command = ["pdftotext", "-l", str(last_page), "-", "-"]
    run = subprocess.run(command, input=content, capture_output=True, check=True)
    return " ".join(run.stdout.decode().replace("\u200b", "").split())
