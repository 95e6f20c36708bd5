"""A folder in place of a machine, and answers that can be used."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyrage import x25519

from petition.commands.setup import run, settings_files
from petition.commands.setup.answers import answers_text, read_answers
from petition.commands.setup.place import Place
from petition.commands.setup.questions import Answers

FIRST, SECOND = (str(x25519.Identity.generate().to_public()) for _ in range(2))
ANSWERS: Answers = {
    "site": "https://signatures.example",
    "controller": "Example Association, 1 Example Street, 1000 Exampletown",
    "contact": "contact@friends.example",
    "goal": "10000",
    "deadline": "2035-06-01",
    "destruction": "2036-06-01",
    "first_key": FIRST,
    "second_key": SECOND,
    "alerts": "operator@friends.example",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
OTHER_ANSWERS = {"site": "https://sign.example", "goal": "500", "alerts": "anna@sign.example", "ipv6": ""}


@pytest.fixture(autouse=True)
def _own_umask() -> Iterator[None]:
    """`petition` begins with 077; setup changes it."""
    old = os.umask(0o077)
    yield
    os.umask(old)


@pytest.fixture(scope="session")
def dkim_key() -> str:
    return settings_files.new_dkim_key()


@pytest.fixture
def place(tmp_path: Path, dkim_key: str) -> Place:
    """It has a DKIM key already, since to make one takes longer than all the rest."""
    place = Place(tmp_path / "machine")
    key = place.path(settings_files.DKIM_KEY)
    key.parent.mkdir(parents=True, mode=0o755)
    key.write_text(dkim_key)
    return place


@pytest.fixture
def empty_place(tmp_path: Path) -> Place:
    return Place(tmp_path / "empty")


def write(place: Place, **changed: str) -> Answers:
    """Everything but the commands that run as the service."""
    file = place.root.parent / "answers.toml"
    file.write_text(answers_text(ANSWERS | changed), "utf-8")
    return run.write_site(place, file, read_answers(file))


def content(place: Place) -> dict[str, bytes]:
    """Every file, by its name on the machine, but the key that was there before."""
    files = (file for file in place.root.rglob("*") if file.is_file())
    found = {f"/{file.relative_to(place.root)}": file.read_bytes() for file in files}
    return {name: text for name, text in found.items() if name != settings_files.DKIM_KEY}
