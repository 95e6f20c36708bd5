"""Annexes of names: off until an admin allows them, made for an edition, handed over and not stored."""

import hashlib
import io
import re
import sys
import zipfile
from argparse import Namespace
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from pypdf import PdfReader

from petition.commands import letters
from petition.core.database.database import Database
from petition.core.errors import DataError, LetterError
from petition.letters.editions import annexes, drafts, editions, source_checks
from petition.letters.editions.editions import Decisions, Edition
from petition.letters.formats import pdf, volume
from petition.letters.writing.annex import compose_annex, split_into_volumes
from petition.letters.writing.document import NotMet
from tests.conftest import Clock, Visitor
from tests.letters.editions.test_editions import draft_for, issue
from tests.letters.samples import BOOK, MOMENT, TEXTS, appeal, pdf_text
from tests.web.tools import Html, all_rows, allow_all_annexes, pass_names

PL = BOOK.find("PL")
NOT_MET = NotMet(1100, "Viasna", "https://example.org/list")  # after the deadline
NAMES = ("Anna Nowak", "Bolesław Żak", "Celina Ćma")


async def edition_of_moment(visitor: Visitor) -> Edition:
    """An edition of a moment at which all names are old enough; every stale source counts as checked."""
    here = visitor.site
    await here.take_snapshot()
    async with here.database.reading() as c:
        draft = await drafts.create_draft(
            c, here.appeal, replace(here.address_book, addressees=(PL,)), here.settings.base_url, ["en", "pl"]
        )
    checked = frozenset(stale.id for stale in source_checks.stale_sources(draft))
    n = await editions.issue_edition(here.database, draft, Decisions(checked, frozenset(), not_met=NOT_MET), "marta")
    async with here.database.reading() as c:
        return next(edition for edition in await editions.list_editions(c) if edition.number == n)


async def named(visitor: Visitor, time: Clock) -> None:
    for n, name in enumerate(NAMES):
        await visitor.confirmed(f"someone{n}@example.net", "PL", named="on", name=name)
    time.advance(days=4)
    await pass_names(visitor.site)


async def made(visitor: Visitor, n: int = 1) -> bytes:
    answer = await visitor.post(f"/organisers/editions/{n}/names/PL")
    assert answer.status_code == 200, Html(answer.text).text
    assert answer.headers["content-disposition"].startswith('attachment; filename="PL-1-names-')
    return answer.content


async def _withdraw(visitor: Visitor, address: str) -> None:
    await visitor.post("/en/manage", email=address)
    assert (await visitor.choose(await visitor.link(address, "manage"), "withdraw")).status_code == 200


async def _told(visitor: Visitor, reference: str) -> str:
    answer = await visitor.get(f"/en/letters/{reference}")
    assert answer.status_code == 200
    return Html(answer.text).text


async def test_an_annex_is_handed_over_checked_and_superseded(visitor: Visitor, time: Clock) -> None:
    await named(visitor, time)
    await allow_all_annexes(visitor.site)
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    first = await made(visitor)
    assert all(name in pdf_text(first) for name in NAMES)
    assert "PREVIEW" not in pdf_text(first)
    assert f"{visitor.site.settings.base_url}/pl/letters/PL-1-names-1" in pdf_text(first).replace(" ", "")
    page = await _told(visitor, "PL-1-names-1")
    assert hashlib.sha256(first).hexdigest() in page
    assert "We made a list of names with this reference" in page
    assert "genuine" not in page
    assert "Names, rounded down to tens 0" in page
    assert not any(name in page for name in NAMES)

    await _withdraw(visitor, "someone1@example.net")
    second = await made(visitor)
    assert [name in pdf_text(second) for name in NAMES] == [True, False, True]
    assert "has been replaced" in await _told(visitor, "PL-1-names-1")
    assert "We made a list of names" in await _told(visitor, "PL-1-names-2")
    desk = Html((await visitor.get("/organisers/editions/1")).text).text
    assert "PL-1-names-2" in desk
    assert "PL-1-names-1" not in desk
    record = Html((await visitor.get("/organisers/record")).text).text
    assert "made an annex of names PL-1-names-2: <10" in record


async def test_of_names_that_were_handed_over_nothing_is_kept(visitor: Visitor, time: Clock) -> None:
    await named(visitor, time)
    await allow_all_annexes(visitor.site)
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    assert NAMES[1] in pdf_text(await made(visitor))
    await _withdraw(visitor, "someone1@example.net")
    kept = await all_rows(visitor.site)
    assert NAMES[1] not in str(kept)
    assert NAMES[0] in str(kept["names"])


async def test_the_same_names_have_another_fingerprint_each_time(visitor: Visitor, time: Clock) -> None:
    """So a person who knows the other names cannot find out whose name was withdrawn."""
    await named(visitor, time)
    await allow_all_annexes(visitor.site)
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    files = [await made(visitor) for _ in range(2)]
    keywords = [_keywords(file) for file in files]
    assert len(set(keywords)) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", word) for word in keywords)


def _keywords(file: bytes) -> str:
    told = PdfReader(io.BytesIO(file)).metadata
    return str(told["/Keywords"]) if told else ""


async def test_who_confirmed_after_the_edition_is_not_in_its_annex(visitor: Visitor, time: Clock) -> None:
    await named(visitor, time)
    await allow_all_annexes(visitor.site)
    await edition_of_moment(visitor)
    await visitor.confirmed("late@example.net", "PL", named="on", name="Zofia Późna")
    time.advance(days=4)
    await pass_names(visitor.site)
    await visitor.organiser("olga", "organiser")
    words = pdf_text(await made(visitor))
    assert NAMES[0] in words
    assert "Zofia" not in words


async def test_nothing_is_handed_over_that_no_letter_speaks_of(visitor: Visitor, time: Clock) -> None:
    await named(visitor, time)
    await edition_of_moment(visitor)  # while every annex is off
    await visitor.organiser("olga", "organiser")
    assert "No letter of this edition has a list of names." in (await visitor.get("/organisers/editions/1")).text
    await allow_all_annexes(visitor.site)
    answer = await visitor.post("/organisers/editions/1/names/PL")
    assert answer.status_code == 409
    assert "The letter PL-1 speaks of no annex." in answer.text
    await edition_of_moment(visitor)
    turn = partial(annexes.switch_annex, code="PL", name="Poland", nickname="marta", on=False)
    await visitor.site.database.write(turn)
    answer = await visitor.post("/organisers/editions/2/names/PL")
    assert (answer.status_code, "has been turned off since" in answer.text) == (409, True)
    assert (await visitor.post("/organisers/editions/3/names/PL")).status_code == 409
    assert (await visitor.post("/organisers/editions/1/names/XX")).status_code == 404


async def test_an_admin_says_who_may_have_names_and_the_record_says_so(visitor: Visitor, time: Clock) -> None:
    await visitor.organiser("ada", "admin")
    await visitor.post("/organisers/annexes", **{"on PL": "on", "on eu-council": "on", "on XX": "on"})
    page = Html((await visitor.get("/organisers/annexes")).text)
    assert page.fields() == {"on PL": "on", "on eu-council": "on"}
    await visitor.post("/organisers/annexes", **{"on PL": "on"})
    record = Html((await visitor.get("/organisers/record")).text).text
    assert "turned an annex of names on Poland" in record
    assert "turned an annex of names off President of the European Council" in record
    assert record.count("turned an annex of names on Poland") == 1


async def test_of_two_who_make_it_at_once_one_is_told(database: Database, time: Clock) -> None:
    row = annexes._volume_row("PL-1-names-1", 1, "PL", 1, 3, b"")
    await issue(database, draft_for("PL"))
    await database.write(partial(annexes._insert_volumes, rows=[row], nickname="olga", detail=""))
    with pytest.raises(LetterError, match="Somebody else"):
        await database.write(partial(annexes._insert_volumes, rows=[row], nickname="marta", detail=""))


def test_many_names_make_volumes_that_say_which_they_are() -> None:
    whole = compose_annex(appeal(), [TEXTS], PL, [f"Name {n:03}" for n in range(25)], MOMENT)
    parts = split_into_volumes(replace(whole, reference="PL-1-names-1"), 10)
    assert [len(part.names) for part in parts] == [10, 10, 5]
    assert [part.reference for part in parts] == ["PL-1-names-1-1", "PL-1-names-1-2", "PL-1-names-1-3"]
    assert parts[1].title.endswith("(2/3)")
    assert sum((part.names for part in parts), ()) == whole.names
    assert [part.sentences[-1] for part in parts] == ["1–10 / 25", "11–20 / 25", "21–25 / 25"]
    assert [part.first_number for part in parts] == [1, 11, 21]
    assert split_into_volumes(whole, 25) == [whole]


async def test_volumes_are_handed_over_together(visitor: Visitor, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annexes, "NAMES_PER_VOLUME", 2)
    await named(visitor, time)
    await allow_all_annexes(visitor.site)
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    answer = await visitor.post("/organisers/editions/1/names/PL")
    assert 'filename="PL-1-names-1.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as zipped:
        assert zipped.namelist() == ["PL-1-names-1-1.pdf", "PL-1-names-1-2.pdf"]
        assert NAMES[2] in pdf_text(zipped.read("PL-1-names-1-2.pdf"))
    assert "We made a list of names" in await _told(visitor, "PL-1-names-1-2")


async def test_a_large_volume_is_set_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    annex = compose_annex(appeal(), [TEXTS], PL, NAMES, MOMENT)
    monkeypatch.setattr(volume, "MAX_NAMES_IN_THREAD", 0)
    assert await volume.render_volume(annex) == pdf.render_annex(annex)
    with pytest.raises(LetterError, match="cannot be set"):
        await volume.render_volume(replace(annex, language="no language at all"))
    volumes = [replace(annex, reference=f"PL-1-names-1-{n}") for n in range(5)]
    assert await volume.render_volumes(volumes) == [pdf.render_annex(part) for part in volumes]
    with pytest.raises(LetterError, match="cannot be set"):
        await volume.render_volumes([annex, replace(annex, language="no language at all"), annex])
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(LetterError, match=r"The annex PL/2026-11-22 cannot be set\."):
        await volume.render_volume(annex)


async def test_a_volume_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "MAX_NAMES_IN_THREAD", 0)
    monkeypatch.setattr(volume, "_TIMEOUT_SECONDS", 0)
    with pytest.raises(LetterError, match="takes too long"):
        await volume.render_volume(compose_annex(appeal(), [TEXTS], PL, NAMES, MOMENT))


async def test_the_command_line_hands_them_over_too(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    await named(visitor, time)
    given = visitor.site.settings
    await edition_of_moment(visitor)
    for wrong, sentence in (
        (Namespace(edition=None, names=True, keys=[]), "say which"),
        (Namespace(edition="1", names=True, keys=[]), "speaks of names"),
    ):
        wrong.output = tmp_path
        with pytest.raises(DataError, match=sentence):
            await letters.letters(given, wrong)
    await allow_all_annexes(visitor.site)
    await edition_of_moment(visitor)
    await letters.letters(given, Namespace(output=tmp_path / "out", edition="latest", names=True, keys=[]))
    assert _files(tmp_path / "out") == ["PL-2-names-1.pdf"]


def _files(folder: Path) -> list[str]:
    assert all(NAMES[0] in pdf_text(file.read_bytes()) for file in folder.iterdir())
    return [file.name for file in folder.iterdir()]
