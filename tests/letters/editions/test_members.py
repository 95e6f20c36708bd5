"""The letter to each Member of the European Parliament on a list of the organisers, of whom nothing is stored."""

from argparse import Namespace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.commands import letters
from petition.core.errors import DataError, LetterError
from petition.letters.editions.members import Member, read_members
from petition.organisers import activity_log
from tests.conftest import Clock, Visitor
from tests.letters.editions.test_editions import draft_for, issue
from tests.letters.samples import pdf_text
from tests.web.tools import on_sqlite

TABLE = """\
name,title,address,salutation
Anna Example,Member of the European Parliament,Rue Wiertz 60|1047 Bruxelles|Belgium,"Dear Ms Example,"
Óscar Sample,,"Calle Mayor 1
28001 Madrid",
"""


def _file(folder: Path, text: str | bytes) -> Path:
    file = folder / "members.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_a_list_is_read_as_spreadsheets_write_it(tmp_path: Path) -> None:
    expected = [
        Member(
            "Anna Example",
            ("Member of the European Parliament", "Rue Wiertz 60", "1047 Bruxelles", "Belgium"),
            "Dear Ms Example,",
            "en",
        ),
        Member("Óscar Sample", ("Calle Mayor 1", "28001 Madrid"), "", "en"),
    ]
    assert read_members(_file(tmp_path, TABLE), ["en", "pl"]) == expected
    with_mark = "\ufeff" + TABLE.replace("\n", "\r\n")
    assert read_members(_file(tmp_path, with_mark), ["en", "pl"]) == expected
    semicolons = 'Name;Address;Language\nAnna;"Street 1; Flat 2|City";PL\n\n;;\n'
    assert read_members(_file(tmp_path, semicolons), ["en", "pl"]) == [
        Member("Anna", ("Street 1; Flat 2", "City"), "", "pl")
    ]


WRONG = {
    "nothing": ("", "line 1: there is no column name"),
    "no address": ("name\nAnna\n", "line 1: there is no column address"),
    "another column": ("name,address,party\nAnna,City,x\n", "line 1: the column 'party' is not known"),
    "a column twice": ("name,address,name\nAnna,City,x\n", "line 1: the column name stands there twice"),
    "only a head": ("name,address\n", "has no member below the names of its columns"),
    "a cell too many": (TABLE + "Eve,,City,Hello,more\n", "line 5: 5 cells, and there are 4 columns"),
    "no name": (TABLE + " ,,City,\n", "line 5: name is empty"),
    "no lines": (TABLE + "Eve,, | ,\n", "line 5: address is empty"),
    "too many lines": (TABLE + "Eve,,a|b|c|d|e|f|g|h,\n", "line 5: title and address have 8 lines"),
    "a long line": (TABLE + f"Eve,,{'x' * 61},\n", "line 5: a line of the address has more than 60 characters"),
    "letters of no font": (TABLE + "Eve,,東京,\n", "line 5: no font of ours has every letter of 東京"),
    "twice": (TABLE + "Óscar Sample,,Calle Mayor 1|28001 Madrid,\n", "line 5: the same member stands in line 3"),
    "a language": ("name,address,language\nAnna,City,pl\n", "line 2: the letter is not in pl, only in en"),
    "an open quote": ('name,address\nAnna,"City\n', "is no table in CSV"),
    "another encoding": (TABLE.encode("utf-16"), "is not UTF-8"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(DataError) as error:
        read_members(_file(tmp_path, text), ["en"])
    assert said in str(error.value)
    assert str(error.value).endswith(".")


@examples(max_examples=200, deadline=None)
@given(text=st.text() | st.text(alphabet='name,addressA;"|\n\r\x00 ').map("name,address\n".__add__))
def test_any_file_is_read_or_refused_in_one_sentence(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = _file(tmp_path_factory.mktemp("members"), text.encode("utf-8", "surrogatepass"))
    try:
        read = read_members(file, ["en"])
    except DataError as error:
        read, sentence = [], str(error)
    else:
        sentence = "."
    assert all(member.name and member.lines for member in read)
    assert sentence.endswith(".")


def test_a_list_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_members(tmp_path / "none.csv", ["en"])


def _asked(folder: Path, file: Path, **other: object) -> Namespace:
    return Namespace(**{"output": folder, "edition": "1", "names": False, "members": file, "keys": []} | other)


@on_sqlite
async def test_each_member_gets_the_letter_of_the_edition_and_nothing_is_kept(
    visitor: Visitor, time: Clock, tmp_path: Path
) -> None:
    site = visitor.site
    await issue(site.database, draft_for("eu-members"))
    await letters.letters(site.settings, _asked(tmp_path / "out", _file(tmp_path, TABLE)))
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "eu-members-1-001.pdf",
        "eu-members-1-002.pdf",
        "members.csv",
    ]
    assert "eu-members-1-002.pdf,Óscar Sample" in (tmp_path / "out" / "members.csv").read_text("utf-8")
    anna, oscar = (pdf_text((tmp_path / "out" / f"eu-members-1-00{n}.pdf").read_bytes()) for n in (1, 2))
    assert "Anna Example Member of the European Parliament Rue Wiertz 60 1047 Bruxelles Belgium" in anna
    assert "Dear Ms Example," in anna
    assert "Dear Members of the European Parliament," in oscar
    for words in (anna, oscar):
        assert "en/letters/eu-members-1" in words.replace(" ", "")
        assert "PREVIEW" not in words
        assert "to ask the Commission and the High Representative in writing" in words
    async with site.database.reading() as c:
        (line,) = [row for row in await activity_log.list_lines(c) if row["action"] == "drew letters to members"]
        assert line["detail"] == "1: <10"
        stored = b"".join([str(row).encode() async for rows in c.stream_rows("edition_letters", 10) for row in rows])
    assert b"Example" not in stored


@on_sqlite
async def test_letters_to_members_need_an_edition_that_has_one(visitor: Visitor, time: Clock, tmp_path: Path) -> None:
    settings, file = visitor.site.settings, _file(tmp_path, TABLE)
    with pytest.raises(DataError, match="say which by --edition"):
        await letters.letters(settings, _asked(tmp_path / "out", file, edition=None))
    await issue(visitor.site.database, draft_for("PL"))
    with pytest.raises(LetterError, match="has no letter to the Members"):
        await letters.letters(settings, _asked(tmp_path / "out", file))
    assert not (tmp_path / "out").exists()
