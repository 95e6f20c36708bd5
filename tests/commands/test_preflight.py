"""Checks before the start: one sentence names a broken campaign file before a visitor asks for its page."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from petition.campaign.appeal import SHIPPED_DATA, Appeal
from petition.commands import preflight
from petition.core.errors import PetitionError
from tests import ROOT
from tests.conftest import Clock
from tests.web.tools import campaign

Change = Callable[[str], str]


def _shipped(name: str) -> str:
    return ((ROOT / "templates" if name.endswith(".md") else SHIPPED_DATA) / name).read_text("utf-8")


def _put(folder: Path, name: str, content: bytes) -> None:
    (folder / name).parent.mkdir(exist_ok=True, parents=True)
    (folder / name).write_bytes(content)


def _said(folder: Path) -> str:
    with pytest.raises(PetitionError) as refusal:
        preflight.check_texts(Appeal(folder))
    assert re.fullmatch(r"[^\n]+\.", str(refusal.value))
    return str(refusal.value)


def test_what_is_shipped_can_be_used() -> None:
    preflight.check_texts(Appeal())
    assert preflight.missing_letters(Appeal()) == []


BROKEN: dict[str, tuple[str, Change]] = {
    "no TOML": ("mailboxes.toml", lambda t: f"{t}\nx"),
    "no common domains": ("mailboxes.toml", lambda t: t.replace("common = [", "uncommon = [")),
    "a domain that is a number": ("mailboxes.toml", lambda t: t.replace("common = [", "common = [1, ")),
    "no existing domains": ("mailboxes.toml", lambda t: t.replace("existing = [", "living = [")),
    "no name": ("mailboxes.toml", lambda t: t.replace('name = "VK (Mail.ru)"', "")),
    "no operators": ("mailboxes.toml", lambda t: t.replace("[[operator]]", "[[company]]")),
    "no state of that name": ("mailboxes.toml", lambda t: t.replace('state = "RU"', 'state = "Russia"', 1)),
    "dots that are no text": ("mailboxes.toml", lambda t: t.replace('ignored = "."', "ignored = true", 1)),
    "endings that are one": (
        "mailboxes.toml",
        lambda t: t.replace("[[operator]]", '[[operator]]\nsuffixes = ".ru"', 1),
    ),
    "a state too few": ("governments.toml", lambda t: t.replace("\n[[state]]\n", "\n[[land]]\n", 1)),
    "no TOML either": ("governments.toml", lambda t: f"{t}\nx"),
    "an unknown fact": ("appeal/be.md", lambda t: f'{t}\n{{{{ fact("none") }}}}\n'),
    "an unknown link": ("appeal/ru.md", lambda t: f'{t}\n{{{{ link("none", "x") }}}}\n'),
    "no title": ("appeal/en.md", lambda t: t.replace("title = ", "titel = ")),
    "no such fact": ("letters/lt.md", lambda t: f'{t}\n{{{{ number("none") }}}}\n'),
    "an unclosed tag": ("letters/pl.md", lambda t: f"{t}\n{{% if role %}}\n"),
    "no closing": ("letters/lv.md", lambda t: t.replace("closing = ", "close = ")),
}


@pytest.mark.speaks("ru")
@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_used_is_named(what: str, tmp_path: Path) -> None:
    name, change = BROKEN[what]
    before = _shipped(name)
    assert change(before) != before
    _put(tmp_path, name, change(before).encode())
    assert name in _said(tmp_path)


@pytest.mark.speaks("ru")
@pytest.mark.parametrize("name", ["mailboxes.toml", "governments.toml", "appeal/ru.md", "letters/pl.md"])
def test_a_file_in_another_encoding_is_named(name: str, tmp_path: Path) -> None:
    _put(tmp_path, name, _shipped(name).encode("utf-16"))
    assert name in _said(tmp_path)
    _put(tmp_path, name, _shipped(name).encode() + "é".encode("latin-1"))
    assert name in _said(tmp_path)


def test_a_letter_is_drawn_for_what_is_still_to_come(tmp_path: Path, time: Clock) -> None:
    """Text that only the letter after the deadline has is also read while the campaign is open."""
    folder = campaign(tmp_path / "campaign", deadline="2026-12-31")
    preflight.check_texts(Appeal(folder))
    text = _shipped("letters/en.md")
    _put(folder, "letters/en.md", f'{text}\n{{% if state == "passed" %}}{{{{ oops }}}}{{% endif %}}\n'.encode())
    assert "'oops' is undefined" in _said(folder)
    time.advance(days=400)
    assert "'oops' is undefined" in _said(folder)


def test_before_it_opens_the_first_letters_are_drawn(tmp_path: Path, time: Clock) -> None:
    folder = campaign(tmp_path / "campaign", opens="2026-12-01")
    _put(folder, "letters/en.md", f"{_shipped('letters/en.md')}\n{{{{ oops }}}}\n".encode())
    assert "'oops' is undefined" in _said(folder)


def test_a_campaign_without_any_text_is_told_so(tmp_path: Path) -> None:
    text = (campaign(tmp_path / "campaign") / "campaign.toml").read_text("utf-8")
    _put(tmp_path, "campaign.toml", re.sub('(?m)^id = ".*"', 'id = "another"', text).encode())
    assert "no text in any language" in _said(tmp_path)
    _put(tmp_path, "appeal/notes.md", b"")
    assert _said(tmp_path) == "appeal/notes.md is not named after a language."


def test_an_addressee_without_a_text_is_known_and_keeps_nothing_back(tmp_path: Path) -> None:
    text = re.sub(r"roles = \[[^\]]*\]", 'roles = ["border", "vote", "no-rail"]', _shipped("letters/en.md"))
    _put(tmp_path, "letters/en.md", text.encode())
    preflight.check_texts(Appeal(tmp_path))
    missing = preflight.missing_letters(Appeal(tmp_path))
    assert "eu-commission" in missing
    assert "PL" not in missing
