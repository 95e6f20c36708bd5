"""What is read: the file from the desk, the texts, the journal; each in every broken state."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pyrage import x25519

from petition.commands.news import journal
from petition.commands.news.journal import Contents, State
from petition.core.errors import DataError
from tests.commands.news.mailings import BODIES, SITE, OwnMachine


def _cut(text: str) -> str:
    return text[: len(text) * 2 // 3]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: "", "is not the file for news"),
        (lambda text: "country,name,sealed_address\r\nPL,,x\r\n", "is not the file for news"),
        (lambda text: text.splitlines()[0] + "\r\n", "has no address"),
        (_cut, "is not whole"),
        (lambda text: "\r\n".join(text.splitlines()[:-1]), "is not whole"),
        (lambda text: text.replace("2026-11-22", "2026-13-22"), "does not say when"),
        (lambda text: text.replace("2026-11-22", "2027-11-22"), "look at the clock"),
        (lambda text: text.replace("2026-11-22", "2026-11-21", 1), "does not say when"),
        (lambda text: text + "\0", "is not whole"),
        (lambda text: text.replace(",", "\udcff"), "cannot be read"),
    ],
)
@pytest.mark.usefixtures("time")
def test_a_broken_file_is_refused_with_a_sentence(change: object, says: str, machine: OwnMachine) -> None:
    assert callable(change)
    text = str(change(machine.file.read_text("utf-8")))
    machine.file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert machine.send() == 1
    assert says in machine.said
    assert "traceback" not in machine.said.lower()


def test_a_damaged_address_is_left_out_and_counted(machine: OwnMachine) -> None:
    lines = machine.file.read_text("utf-8").splitlines()
    lines[1] = lines[1][:-40] + lines[1][-40:][::-1]
    machine.file.write_text("\r\n".join(lines) + "\r\n", "utf-8", newline="")
    assert machine.run("--dry-run") == 0
    assert "Left out: 1 are sealed to other keys" in machine.said


@pytest.mark.parametrize(
    "link",
    [
        "",
        "http://petition.example/en/unsubscribe/00000000000000000000",
        "https://petition.example/en/unsubscribe/00000000000000000000?x",
        "https://petition.example/en/unsubscribe/",
        "https://petition.example/en/confirm/00000000000000000000",
        "file:///en/unsubscribe/00000000000000000000",
        "https://[petition/en/unsubscribe/00000000000000000000",
        "https://petition.example/en/unsubscribe/0000000000000000\r\nBcc: x@example.org",
    ],
)
def test_who_could_not_end_the_news_gets_none(link: str, machine: OwnMachine) -> None:
    machine.export(more={"else@example.org": link})
    assert machine.run("--dry-run") == 0
    assert "Left out: 1 have no link" in machine.said


def test_an_address_that_no_email_can_go_to_is_left_out(machine: OwnMachine) -> None:
    for n, address in enumerate(("a@example.org\r\nRCPT TO:<b@example.org>", "no address", "Anna@example.org")):
        machine.export(more={address: f"{SITE}/en/unsubscribe/{n:032}"})
        assert machine.run("--dry-run") == 0
        assert "Left out: 1 have no link" in machine.said


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("de.txt", "Dear {name}, three sentences of news.", "something to fill in: “{name}”"),
        ("de.txt", "Subject: TODO\n\nThree sentences of news.", "something to fill in: “TODO”"),
        ("de.txt", "On ⟦the day⟧ there were three sentences.", "something to fill in: “⟦”"),
        ("de.txt", "Subject:\n\nThree sentences of news.", "has no subject"),
        ("de.txt", f"Subject: {'x' * 200}\n\nThree sentences of news.", "has no subject"),
        ("de.txt", "Short.", "has 6 characters"),
        ("de.txt", "News\x07 in three sentences, and a bell.", "control character"),
        ("de.txt", BODIES["en"], "are the same"),
        ("de.txt", f"No more: {SITE}/de/unsubscribe/{'a' * 32}", "the link of one person"),
        ("german.txt", "Three sentences of news.", "no language of this site"),
        ("..txt", "Three sentences of news.", "no language of this site"),
        ("de.txt", "\udcff three sentences of news", "save it as text"),
    ],
)
def test_a_text_that_is_not_finished_stops_it_before_the_first_email(
    name: str, text: str, says: str, machine: OwnMachine
) -> None:
    (machine.texts / name.replace("..", "e.n.")).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert machine.run("--dry-run") == 1
    assert says in machine.said


def test_a_language_without_a_text_needs_a_stated_fallback(machine: OwnMachine) -> None:
    assert machine.run("--dry-run", "--fallback=") == 1
    assert "a text is missing: lt.txt." in machine.said
    assert machine.run("--dry-run", "--fallback=de") == 1
    assert "there is no de.txt" in machine.said
    assert machine.run("--dry-run", "--fallback=pl") == 0


def test_a_folder_without_texts_is_said(machine: OwnMachine) -> None:
    for file in machine.texts.iterdir():
        file.rename(file.with_suffix(".text"))
    assert machine.run("--dry-run") == 1
    assert "has no text" in machine.said


def test_settings_that_are_missing_are_named(machine: OwnMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PETITION_SMTP_URL")
    assert machine.run("--dry-run") == 1
    assert machine.said.strip() == "To send email, this needs PETITION_SMTP_URL."
    assert machine.run("--dry-run", "--per-hour=0") == 1
    assert "above 0" in machine.said


def test_a_damaged_journal_stops_it(machine: OwnMachine) -> None:
    machine.tested()
    machine.journal.write_bytes(machine.journal.read_bytes().replace(b"tested", b"testde"))
    assert machine.send() == 1
    assert "line 2 is damaged" in machine.said
    machine.journal.write_bytes(b"garbage\n")
    assert machine.send() == 1
    assert "does not begin like a journal" in machine.said


MAILBOXES = st.sampled_from([f"{n}@example.org" for n in range(4)])
IDENTITY = x25519.Identity.generate()


@examples(max_examples=30)
@given(steps=st.lists(st.tuples(MAILBOXES, st.sampled_from(State)), max_size=12), cut=st.integers(0, 900))
def test_a_journal_cut_anywhere_says_what_its_whole_lines_said(
    steps: list[tuple[str, State]], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And it can be continued: what a crash cut off is written over."""
    file = tmp_path_factory.mktemp("journal") / "journal"
    with journal.open_journal(file, IDENTITY) as written:
        for step in steps:
            written.write_state(*step)
    content = file.read_bytes() if steps else b""
    file.write_bytes(content[:cut])
    whole = max(0, content[:cut].count(b"\n") - 1)
    with journal.open_journal(file, IDENTITY) as found:
        expected = dict(steps[:whole])
        assert {address: found.state(address) for address in expected} == expected
        assert found.counts().total() == len(expected)
        found.write_state("last@example.org", State.SENT)
    with journal.open_journal(file, IDENTITY) as found:
        assert found.counts().total() == len(expected) + 1
        assert found.state("last@example.org") is State.SENT


@given(st.binary(max_size=200) | st.text("0123456789abcdef petionws1sbgu\n", max_size=300).map(str.encode))
def test_any_bytes_are_a_journal_or_are_refused(content: bytes) -> None:
    try:
        found = journal.parse(content)
    except DataError:
        return
    assert isinstance(found, Contents)
    assert found.size <= len(content)


def test_a_journal_that_nobody_may_open_is_said(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    with pytest.raises(DataError, match="cannot be read"), journal.open_journal(tmp_path / "journal", IDENTITY):
        pass
