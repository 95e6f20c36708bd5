"""The file that the desk gives out is the one that the command reads, and the page says how."""

import os
import re
import shlex
from pathlib import Path

import pytest

from petition.__main__ import _parser
from petition.commands.news.subscribers import read_export
from tests.commands.news.mailings import OwnMachine
from tests.conftest import IDENTITY, Clock, Visitor
from tests.handbook.blocks import blocks
from tests.shell import Shell
from tests.terminal import at_terminal
from tests.web.tools import Html, on_sqlite


@on_sqlite
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


@on_sqlite
async def test_the_page_names_commands_that_exist(visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    lines = Html((await visitor.get("/organisers/news")).text).text.split("petition ")
    commands = [line.split(" --test")[0] for line in lines if line.startswith("mail-updates")]
    assert len(commands) == 2
    for command in commands:
        words = shlex.split(command.split("FOLDER")[0] + "FOLDER")
        assert _parser().parse_args(words).texts == Path("FOLDER")


def test_the_handbook_names_commands_that_exist() -> None:
    (block,) = (block for block in blocks() if "mail-updates" in block.text)
    exports, *commands = block.text.splitlines()
    for name in re.findall(r"(PETITION_\w+?)(?:_FILE)?=", exports):
        assert name in {"PETITION_SMTP_URL", "PETITION_MAIL_FROM"}
    options = [sorted(vars(_parser().parse_args(shlex.split(line)[1:])).items(), key=str) for line in commands]
    assert len(options) == 3
    differing = [{name for name, value in found if (name, value) not in options[2]} for found in options]
    assert differing == [{"dry_run"}, {"test"}, set()]


@pytest.mark.slow
def test_at_a_terminal_it_asks_for_the_address_and_before_it_sends(machine: OwnMachine) -> None:
    sender = {name: os.environ[name] for name in ("PETITION_SMTP_URL", "PETITION_MAIL_FROM")}
    shell = Shell(machine.folder, **sender)
    with at_terminal(shell, "mail-updates", *machine.arguments, "--test") as terminal:
        terminal.answer("Your own email address: ", "olga@example.net")
        assert terminal.end() == 0
    assert machine.relay.recipients == ["olga@example.net"] * 2
    for word, n in (("no", 0), ("send", 7)):
        machine.relay.recipients.clear()
        with at_terminal(shell, "mail-updates", *machine.arguments) as terminal:
            terminal.answer("Type send if that is meant: ", word)
            assert terminal.end() == (0 if n else 1)
        assert len(machine.relay.recipients) == n
    assert "person" not in terminal.said
