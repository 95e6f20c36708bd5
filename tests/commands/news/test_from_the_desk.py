"""The file that the desk gives out is the one that the command reads, and the page says how."""

import shlex
from pathlib import Path

from petition.__main__ import _parser
from petition.commands.news.subscribers import read_export
from tests.conftest import IDENTITY, Clock, Visitor
from tests.web.tools import Html


async def test_what_the_desk_gives_out_is_read_on_the_organisers_machine(
    time: Clock, visitor: Visitor, tmp_path: Path
) -> None:
    await visitor.confirmed("anna@example.net", "PL", "pl", updates="on")
    await visitor.confirmed("olena@example.net", "DE", updates="on")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    file = tmp_path / "news.csv"
    file.write_bytes((await visitor.get("/organisers/news.csv")).content)
    time.advance(hours=5)
    export = read_export(file, IDENTITY)
    assert {person.address: person.language for person in export.subscribers} == {
        "anna@example.net": "pl",
        "olena@example.net": "en",
    }
    assert {person.site for person in export.subscribers} == {"http://127.0.0.1:8000"}
    assert (export.age(), export.foreign, export.unusable) == (5 * 3600, 0, 0)


async def test_the_page_names_commands_that_exist(visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    lines = Html((await visitor.get("/organisers/news")).text).text.split("petition ")
    commands = [line.split(" --test")[0] for line in lines if line.startswith("mail-updates")]
    assert len(commands) == 2
    for command in commands:
        words = shlex.split(command.split("FOLDER")[0] + "FOLDER")
        assert _parser().parse_args(words).texts == Path("FOLDER")
