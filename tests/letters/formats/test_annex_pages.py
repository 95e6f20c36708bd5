"""The pages of an annex are computed before they are set: each says its first and last name."""

import io
import json
import random
from dataclasses import replace

import pytest
from pypdf import PdfReader

from petition.letters.formats import pdf
from petition.letters.writing.annex import compose_annex, split_into_volumes
from petition.letters.writing.document import Annex
from tests.letters.samples import BOOK, MOMENT, TEXTS, appeal, pdf_text

LETTERS = {
    "latin": "aąbcćdeęfghilłmnoóprsśtuwyzźżäöåŵij-",
    "wide": "MWŒĄ",
    "cyrillic": "абвгґдеєжзиіїклмнопрстуўщюя",
    "others": "აბგდევზաբգդեզէըאבגדהוז",
    "boxes": "王محм",
}


def _annex(key: str, letters: str, count: int = 2500) -> Annex:
    dice = random.Random(key + letters)
    words = [["".join(dice.choices(letters, k=dice.randint(1, 16))).title() for _ in range(3)] for _ in range(count)]
    names = [" ".join(some[: dice.randint(1, 3)]) for some in words]
    return compose_annex(appeal(), [TEXTS], BOOK.find(key), names, MOMENT)


@pytest.mark.parametrize("letters", LETTERS)
@pytest.mark.parametrize("key", ["SE", "BG", "eu-council"])
def test_each_page_has_the_names_that_were_computed_for_it(key: str, letters: str) -> None:
    annex = replace(_annex(key, LETTERS[letters]), check_url="https://ultimatum.example.org/en/letters/X-1-names-1")
    pages = json.loads(pdf.annex_tree(annex))["pages"]
    content = pdf.render_annex(annex)
    assert len(PdfReader(io.BytesIO(content)).pages) == len(pages)
    assert sum(isinstance(entry, str) for page in pages for entry in page["entries"]) == len(annex.names)


def test_the_head_of_a_page_says_its_first_and_last_name() -> None:
    annex = _annex("PL", LETTERS["latin"])
    reader = PdfReader(io.BytesIO(pdf.render_annex(annex)))
    pages = json.loads(pdf.annex_tree(annex))["pages"]
    assert len(pages) > 5
    for page, computed in zip(reader.pages, pages, strict=True):
        names = [entry for entry in computed["entries"] if isinstance(entry, str)]
        assert computed["range"] == [names[0], names[-1]]
        head = " ".join(page.extract_text().split())
        assert " – ".join(names[:: len(names) - 1]).replace("\u200b", "") in head.replace("\u200b", "")


def test_every_hundredth_name_has_its_number_also_in_a_second_volume() -> None:
    volumes = split_into_volumes(_annex("PL", LETTERS["latin"]), 1250)
    words = [pdf_text(pdf.render_annex(volume)) for volume in volumes]
    assert "Liczba nazwisk: 2500 1–1250 / 2500" in words[0]
    assert "Liczba nazwisk: 2500 1251–2500 / 2500" in words[1]
    pages = json.loads(pdf.annex_tree(volumes[1]))["pages"]
    numbers = [entry["number"] for page in pages for entry in page["entries"] if isinstance(entry, dict)]
    assert numbers == [str(n) for n in range(1300, 2501, 100)]
    assert all(f"{number} " in words[1] for number in numbers)


def test_a_single_name_is_its_own_page() -> None:
    annex = compose_annex(appeal(), [TEXTS], BOOK.find("PL"), ["Anna Nowak"], MOMENT)
    assert json.loads(pdf.annex_tree(annex))["pages"] == [{"range": ["Anna Nowak"], "entries": ["Anna Nowak"]}]
    assert pdf_text(pdf.render_annex(annex)).count("Anna Nowak") == 2
