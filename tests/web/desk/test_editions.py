"""Editions at the desk, and the page where anybody checks a letter."""

import csv
import hashlib
import io
import zipfile

from petition.organisers.activity_log import list_lines as lines
from tests.conftest import Clock, Visitor
from tests.letters.samples import pdf_text
from tests.web.tools import Html, on_sqlite


def _stale_sources(page: Html) -> list[str]:
    return sorted({box["name"] for box in page.all("input") if box.get("name", "").startswith("doubt ")})


async def _drawn_up(visitor: Visitor, **said: str) -> str:
    """Makes an edition: confirms every stale source that `said` does not change. Returns where the answer leads."""
    sources = _stale_sources(Html((await visitor.get("/organisers/editions")).text))
    answer = await visitor.post("/organisers/editions", **dict.fromkeys(sources, "confirmed") | said)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def _check_zip(content: bytes, pdf: bytes) -> None:
    """It has every file of each letter, this PDF of PL-1, and nothing for Cyprus."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.read("PL-1.pdf") == pdf
    listed = list(csv.DictReader(io.StringIO(archive.read("index.csv").decode())))
    endings = (".pdf", ".docx", ".txt", "-form.txt")
    every = {row["reference"] + ending for row in listed for ending in endings}
    assert every | {"index.csv", "index.csv.sig", "README.txt", "index.pdf"} == set(archive.namelist())
    assert [row["sha256"] for row in listed if row["reference"] == "PL-1"] == [hashlib.sha256(pdf).hexdigest()]
    assert "CY-1.pdf" not in archive.namelist()


@on_sqlite
async def test_from_the_desk_to_the_secretary(time: Clock, visitor: Visitor) -> None:
    for n in range(11):
        await visitor.confirmed(f"anna{n}@example.net", "PL")
    time.advance(minutes=2)
    await visitor.published()
    await visitor.organiser("olga", "organiser")

    unsettled = await visitor.post("/organisers/editions")
    assert unsettled.status_code == 422
    assert "Nobody has said yet" in unsettled.text
    half = await visitor.post("/organisers/editions", **{"doubt fact:viasna-2025-12": "confirmed"})
    assert half.status_code == 422
    assert 'name="doubt fact:viasna-2025-12" value="confirmed" required checked' in half.text, "nothing is lost"

    asked = half.text
    assert "<q>On 31 December 2025 Viasna counted" in asked
    for name, offered in (("address:CY", "send it with lines"), ("address:AT", "still right")):
        assert offered in asked.partition(f'name="doubt {name}" value="confirmed"')[2][:60]

    where = await _drawn_up(visitor, **{"doubt address:CY": "out", "form PL": "he", "form LT": "she", "form SE": "she"})
    assert where == "/organisers/editions/1"
    page = Html((await visitor.get(where)).text)
    assert "Written to a woman or a man: Lithuania: a woman, Poland: a man." in page.text, "Swedish has one form"
    next_time = (await visitor.get("/organisers/editions")).text
    assert 'name="form LT" value="she" checked' in next_time, "asked again, with the last answer"
    assert 'name="form ES" value="" checked' in next_time
    assert "Left out: the letter to Cyprus." in page.text
    pdf = await visitor.get("/organisers/editions/PL-1.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert "127.0.0.1:8000/pl/letters/PL-1" in pdf_text(pdf.content)
    fingerprint = hashlib.sha256(pdf.content).hexdigest()
    assert fingerprint in page.text

    for kind, begin in (("docx", b"PK"), ("txt", b"Belarusian"), ("form", b"Collective"), ("html", b"<!doctype html>")):
        file = await visitor.get(f"/organisers/editions/PL-1.{kind}")
        assert file.content.lower().startswith(begin.lower())
        assert (await visitor.get(f"/organisers/letters/PL.{kind}")).status_code == 200
        assert (await visitor.get(f"/organisers/editions/XX-1.{kind}")).status_code == 404
    assert (await visitor.get("/organisers/editions/PL-1.exe")).status_code == 404
    assert (await visitor.get("/organisers/letters/PL.exe")).status_code == 404
    assert (await visitor.get("/organisers/editions/PL-1.pdf")).content == pdf.content

    _check_zip((await visitor.get("/organisers/editions/1.zip")).content, pdf.content)

    async with visitor.site.database.reading() as c:
        done = {row["action"]: row["detail"] for row in await lines(c)}
    assert done["downloaded all letters"] == "edition 1"
    assert done["downloaded a letter"] == "PL-1"
    assert done["drew up an edition"].startswith("1: ")

    assert _stale_sources(Html((await visitor.get("/organisers/editions")).text)) == ["doubt address:CY"]

    visitor.client.cookies.clear()
    checked = Html((await visitor.get("/en/letters/PL-1")).text)
    for expected in ("PL-1", "Prime Minister of the Republic of Poland", "(Poland)", "10; Poland: 10", fingerprint):
        assert expected in checked.text
    assert "sha256sum PL-1.pdf" in checked.text
    assert "put before you a collective ultimatum" in checked.text, "its text can be read"
    assert (await visitor.get("/letters/PL-1.pdf")).content == pdf.content
    assert 'href="/letters/PL-1.pdf"' in (await visitor.get("/en/letters/PL-1")).text
    for unknown in ("CY-1", "PL", "PL-1-names-1"):
        assert (await visitor.get(f"/letters/{unknown}.pdf")).status_code == 404
    beside = (await visitor.get("/en/letters/PL-1-pl")).text
    assert 'href="/en/letters/PL-1"' in beside


@on_sqlite
async def test_a_source_is_asked_about_in_words_with_the_page_where_it_is_corrected(visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    asked = Html((await visitor.get("/organisers/editions")).text).text
    assert "viasna-2025-12" not in asked, "an id says nothing to anybody"
    assert "Cyprus: missing no address: lines are left to fill in by hand An admin can enter it." in asked
    await visitor.organiser("ada", "admin")
    page = (await visitor.get("/organisers/editions")).text
    assert '<a href="/organisers/book/CY">Enter the address</a>' in page
    assert '<a href="/organisers/book/AT">Correct the address</a>' in page


@on_sqlite
async def test_the_desk_says_which_letters_to_the_border_nobody_has_read(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    page = (await visitor.get("/organisers/editions")).text
    assert "at most: Latvia, Lithuania, Poland. Their" in page


@on_sqlite
async def test_what_is_no_letter_is_said_to_be_none(time: Clock, visitor: Visitor) -> None:
    for reference in ("PL-1", "PL", "%3Cscript%3E", "a" * 500, "PL-1%00"):
        answer = await visitor.get(f"/en/letters/{reference}")
        assert answer.status_code == 404, reference
        assert "We have no letter with this reference" in answer.text
        assert "<script>" not in answer.text
    await visitor.organiser("olga", "organiser")
    for path in ("1", "x", "0", "PL-1.pdf", "1.zip", "x.zip"):
        assert (await visitor.get(f"/organisers/editions/{path}")).status_code == 404, path
