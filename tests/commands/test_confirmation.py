"""What cannot be undone is said first, asked at a terminal, and refused without one unless --yes."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from petition.__main__ import _parser
from petition.commands import demo_data
from petition.core.email_addresses import EmailAddress
from petition.core.errors import DataError, KeysError, NotConfirmed
from petition.core.settings import Settings
from petition.organisers import accounts
from petition.protection.rate_limits import NORMAL
from petition.retention import plans
from petition.retention.restore_key import RestoreKey
from petition.signing import submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site, open_site
from tests import ROOT
from tests.conftest import IDENTITY, Clock
from tests.shell import Shell, wait_for
from tests.web.http.test_errors import away
from tests.web.tools import all_rows, on_sqlite

Type = Callable[[str], None]
PEOPLE = ("signatures", "names", "contacts", "submissions", "outbox", "journal", "actions")
VERBS = {"close": ("close",), "hashes": ("destroy", "hashes"), "restore": ("restore", "BACKUP")}


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """at_terminal("close\\n"): standard input is a terminal at which somebody types that."""
    with ExitStack() as opened:

        def type_(text: str) -> None:
            ours, theirs = pty.openpty()
            os.write(ours, text.encode("latin-1"))
            opened.callback(os.close, ours)
            monkeypatch.setattr(sys, "stdin", opened.enter_context(os.fdopen(theirs, encoding="utf-8")))

        yield type_


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


@pytest.fixture
async def full(settings: Settings, time: Clock, tmp_path: Path) -> AsyncIterator[Site]:
    """A site with a signature, a waiting form with its email, and a backup of it."""
    key, identity = tmp_path / "email-key", settings.var / "secrets" / "organisers_identity"
    identity.parent.mkdir(parents=True)
    identity.write_text(str(IDENTITY), "utf-8")
    key.write_text(settings.email_key, "utf-8")
    async with open_site(replace(settings, email_key_file=key)) as site:
        await site.prune()
        row = demo_data.signature_row("mailbox", "PL", "2026-11-20")
        await site.database.write(partial(demo_data.insert_signatures, rows=[row]))
        request = SigningRequest(EmailAddress("a@example.net", "a@example.net"), "PL", None, False, "test", "en")
        await site.database.join(submissions.sign, submissions.prepare_submission(site.server_keys, request, NORMAL))
        await _call(site, "backup", str(_backup(site)))
        yield site


def _backup(site: Site) -> Path:
    return site.settings.var / "backup"


async def _call(site: Site, *arguments: str) -> int:
    """petition ARGUMENTS, in this process."""
    given = _parser().parse_args([str(_backup(site)) if text == "BACKUP" else text for text in arguments])
    return await given.verb(site.settings, given) or 0


async def _everything(site: Site) -> object:
    """All rows about people, and the content of all keys."""
    rows = await all_rows(site)
    keys = {file.name: file.read_bytes() for file in site.settings.outbox_keys.glob("*.key")}
    assert site.settings.email_key_file is not None
    return [rows[table] for table in PEOPLE], keys, site.settings.email_key_file.read_bytes()


@on_sqlite
@pytest.mark.usefixtures("no_terminal")
@pytest.mark.parametrize("word", VERBS)
async def test_without_a_terminal_it_is_refused(word: str, full: Site, capsys: pytest.CaptureFixture[str]) -> None:
    before = await _everything(full)
    capsys.readouterr()
    with pytest.raises(NotConfirmed, match="no terminal to ask at: add --yes, or --dry-run"):
        await _call(full, *VERBS[word])
    assert capsys.readouterr().out == ""
    assert await _everything(full) == before


@pytest.mark.usefixtures("no_terminal")
@pytest.mark.parametrize("word", VERBS)
async def test_a_dry_run_says_what_it_would_do_and_changes_nothing(
    word: str, full: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await _everything(full)
    assert await _call(full, *VERBS[word], "--dry-run", *(["--yes"] if word == "hashes" else [])) == 0
    said = capsys.readouterr().out
    assert "<10 waiting forms" in said
    assert "stay" in said.lower()
    assert await _everything(full) == before


@on_sqlite
@pytest.mark.parametrize(
    ("word", "typed"),
    [
        ("close", "yes\n"),
        ("close", "\n"),
        ("close", "\x04"),
        ("close", "\xff\n"),
        ("hashes", "y\n"),
        ("restore", "no\n"),
    ],
)
async def test_another_word_changes_nothing(word: str, typed: str, full: Site, at_terminal: Type) -> None:
    before = await _everything(full)
    at_terminal(typed)
    with pytest.raises(NotConfirmed, match=r"Nothing was changed\."):
        await _call(full, *VERBS[word])
    assert await _everything(full) == before


@pytest.mark.parametrize("word", VERBS)
async def test_the_word_does_it(word: str, full: Site, at_terminal: Type, capsys: pytest.CaptureFixture[str]) -> None:
    before = await _everything(full)
    at_terminal(f"{word}\n")
    assert await _call(full, *VERBS[word]) == 0
    assert await _everything(full) != before
    output = capsys.readouterr()
    assert output.err.startswith(f"Type {word} if that is meant: ")
    assert "<10 waiting forms" in output.out, "it said so before"


@on_sqlite
@pytest.mark.usefixtures("no_terminal")
@pytest.mark.parametrize("word", VERBS)
async def test_yes_asks_nothing(word: str, full: Site, capsys: pytest.CaptureFixture[str]) -> None:
    before = await _everything(full)
    assert await _call(full, *VERBS[word], "--yes") == 0
    assert await _everything(full) != before
    assert "Type" not in capsys.readouterr().err


@on_sqlite
async def test_standard_input_may_be_closed(full: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(NotConfirmed):
        await _call(full, "close")


@on_sqlite
async def test_a_second_close_says_that_signing_has_ended(full: Site, capsys: pytest.CaptureFixture[str]) -> None:
    await _call(full, "close", "--yes")
    await _call(full, "close", "--dry-run")
    assert "Signing has ended already" in capsys.readouterr().out
    with pytest.raises(DataError, match="would bring back what was destroyed"):
        await _call(full, "restore", "BACKUP", "--dry-run")


@on_sqlite
async def test_a_key_of_the_environment_is_named(full: Site, capsys: pytest.CaptureFixture[str]) -> None:
    given = _parser().parse_args(["close", "--dry-run"])
    await given.verb(replace(full.settings, email_key_file=None), given)
    assert "not PETITION_EMAIL_KEY, which stands in the environment" in capsys.readouterr().out


async def test_while_the_database_is_away_the_plan_of_a_panic_says_what_it_can(
    full: Site, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with away(database_url):
        assert await _call(full, "destroy", "all", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "in the folder of PETITION_OUTBOX_KEYS, the key in the file of PETITION_EMAIL_KEY" in said
    assert "They would stay until this is called again with the database." in said


@on_sqlite
async def test_a_panic_does_not_wait_for_a_database_that_is_silent(
    full: Site, at_terminal: Type, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plans, "PATIENCE", 0)
    at_terminal("all\n")
    assert await _call(full, "destroy", "all") == 0
    assert "Rows: The database does not answer." in capsys.readouterr().out


@on_sqlite
@pytest.mark.usefixtures("no_terminal")
async def test_into_an_empty_database_nobody_is_asked(
    empty_database_url: str, full: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = replace(full.settings, database_url=empty_database_url)
    for options in (["--dry-run"], [], ["--dry-run", "--organisers", "--yes"]):
        given = _parser().parse_args(["restore", str(_backup(full)), *options])
        await given.verb(settings, given)
    said = capsys.readouterr().out
    assert "There is nothing here that it would replace." in said
    assert "rows restored" in said
    assert "<10 organisers" in said, "the third time there is something"


async def test_a_site_that_has_only_started_has_nothing_to_lose(site: Site) -> None:
    """Organisers stay, unless those of the backup are asked for."""
    await site.prune()
    await site.take_snapshot()
    email = EmailAddress("marta@example.org", "marta@example.org")
    await site.database.write(
        lambda c: accounts.add_organiser(c, site.server_keys, "marta", email, accounts.Role.ADMIN)
    )
    assert await plans.count_replaced(site.settings, organisers=False) is None
    assert await plans.count_replaced(site.settings, organisers=True) is not None


@on_sqlite
@pytest.mark.usefixtures("no_terminal")
async def test_the_dry_run_of_a_new_key_makes_none(full: Site, capsys: pytest.CaptureFixture[str]) -> None:
    await _call(full, "restore", "--new-key", "--dry-run")
    assert "an earlier one would be destroyed" in capsys.readouterr().out
    assert RestoreKey(full.settings.outbox_keys).find() is None


@on_sqlite
async def test_a_file_that_opens_with_no_key_is_refused_before_anybody_is_asked(full: Site, at_terminal: Type) -> None:
    at_terminal("restore\n")
    _backup(full).write_bytes(b"nothing\n")
    with pytest.raises((DataError, KeysError)):
        await _call(full, "restore", "BACKUP")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("close",), ("destroy", "all")], ids=str)
def test_one_ctrl_c_is_enough(arguments: tuple[str, ...], tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.fine("demo", "--signatures", "30")
    _, theirs = pty.openpty()
    errors = tmp_path / "errors"
    with errors.open("wb") as file:
        asked = subprocess.Popen(
            [*shell.command, *arguments], cwd=ROOT, env=shell.environment, stdin=theirs, stderr=file
        )
        wait_for(lambda: b"Type" in errors.read_bytes())
        asked.send_signal(signal.SIGINT)
        assert asked.wait(60) == 1
    assert errors.read_text().endswith("Nothing was changed.\n")
    assert shell.fine("audit") == "All numbers agree.\n"


@pytest.mark.slow
def test_the_panic_button_destroys_keys_though_nobody_reads_what_it_says(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.fine("migrate")
    key = shell.folder / "var" / "secrets" / "email_key"
    before = key.read_text()
    reading, writing = os.pipe()
    os.close(reading)
    command = [*shell.command, "destroy", "hashes", "--yes"]
    subprocess.run(command, cwd=ROOT, env=shell.environment, stdin=subprocess.DEVNULL, stdout=writing, check=False)
    os.close(writing)
    assert key.read_text() != before
