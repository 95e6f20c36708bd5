"""The keys of the outbox: a new one each day, destroyed after two, so that no copy of a row opens for long."""

import itertools
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core.errors import KeysError
from petition.core.outbox_keys import OutboxKeys
from tests import ROOT
from tests.conftest import Clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the keys."""
    return tmp_path / "keys"


@pytest.fixture
def keys(time: Clock, folder: Path) -> OutboxKeys:
    """The keys of one process."""
    return OutboxKeys(folder)


def test_what_was_sealed_opens_on_this_machine(keys: OutboxKeys, folder: Path) -> None:
    name, sealed = keys.encrypt("anna@example.org")
    assert keys.decrypt(name, sealed) == "anna@example.org"
    assert OutboxKeys(folder).decrypt(name, sealed) == "anna@example.org"
    assert keys.encrypt("anna@example.org")[1] != sealed


def test_a_sealed_row_tells_no_length(keys: OutboxKeys) -> None:
    assert len({len(keys.encrypt("x" * n)[1]) for n in (0, 1, 100, 300)}) == 1


def test_keys_are_for_the_eyes_of_their_owner(keys: OutboxKeys, folder: Path) -> None:
    keys.encrypt("x")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    (file,) = folder.glob("*.key")
    assert len(file.read_bytes()) == 32


def test_a_key_seals_for_a_day(keys: OutboxKeys, time: Clock) -> None:
    first, _ = keys.encrypt("x")
    time.advance(hours=23, minutes=59, seconds=59)
    assert keys.encrypt("x")[0] == first
    time.advance(seconds=1)
    second, _ = keys.encrypt("x")
    assert second != first
    assert keys.key_names() == [first, second], "oldest first"


def test_a_key_opens_for_two_days_and_is_then_due_to_be_destroyed(keys: OutboxKeys, time: Clock) -> None:
    name, sealed = keys.encrypt("x")
    time.advance(hours=47, minutes=59, seconds=59)
    assert keys.expired() == []
    assert keys.decrypt(name, sealed) == "x"
    time.advance(seconds=1)
    assert keys.expired() == [name]


def test_a_destroyed_key_opens_nothing(keys: OutboxKeys, folder: Path) -> None:
    name, sealed = keys.encrypt("x")
    keys.destroy(name)
    assert list(folder.glob("*.key")) == []
    for process in (keys, OutboxKeys(folder)):
        with pytest.raises(KeysError, match="not on this machine"):
            process.decrypt(name, sealed)


def test_a_destroyed_key_is_overwritten_before_it_is_unlinked(keys: OutboxKeys, folder: Path, tmp_path: Path) -> None:
    name, _ = keys.encrypt("x")
    (file,) = folder.glob("*.key")
    (tmp_path / "same").hardlink_to(file)
    before = file.read_bytes()
    keys.destroy(name)
    assert before not in (tmp_path / "same").read_bytes()


def test_two_processes_share_their_keys(keys: OutboxKeys, folder: Path, time: Clock) -> None:
    other = OutboxKeys(folder)
    name, sealed = keys.encrypt("x")
    assert other.decrypt(name, sealed) == "x"
    assert other.encrypt("y")[0] == name
    time.advance(days=1)
    assert other.encrypt("y")[0] == keys.encrypt("x")[0] != name


def test_two_processes_may_destroy_the_same_key(keys: OutboxKeys, folder: Path, time: Clock) -> None:
    name, _ = keys.encrypt("x")
    other = OutboxKeys(folder)
    time.advance(days=2)
    assert keys.expired() == other.expired() == [name]
    keys.destroy(name)
    other.destroy(name)
    assert keys.key_names() == []


def test_what_one_process_destroyed_the_other_forgets(keys: OutboxKeys, folder: Path) -> None:
    name, sealed = keys.encrypt("x")
    other = OutboxKeys(folder)
    assert other.decrypt(name, sealed) == "x"
    keys.destroy(name)
    with pytest.raises(KeysError):
        other.decrypt(name, sealed)


def test_a_key_that_another_process_destroyed_seals_nothing_more(keys: OutboxKeys, folder: Path) -> None:
    """As `petition close` does beside a running server."""
    name, _ = keys.encrypt("x")
    OutboxKeys(folder).destroy(name)
    after, sealed = keys.encrypt("y")
    assert keys.key_names() == [after] != [name]
    assert keys.decrypt(after, sealed) == "y"


def test_many_processes_that_begin_at_once_open_what_the_others_sealed(tmp_path: Path, time: Clock) -> None:
    with ThreadPoolExecutor(8) as crowd:
        for n in range(30):
            processes = [OutboxKeys(tmp_path / str(n)) for _ in range(8)]
            rows = list(crowd.map(lambda process: process.encrypt("x"), processes))
            assert {p.decrypt(*row) for p, row in itertools.product(processes, rows)} == {"x"}


def test_a_process_of_its_own_opens_it_too(folder: Path) -> None:
    name, sealed = OutboxKeys(folder).encrypt("anna@example.org")
    code = "import sys, pathlib; from petition.core.outbox_keys import OutboxKeys\n"
    code += "print(OutboxKeys(pathlib.Path(sys.argv[1])).decrypt(*sys.argv[2:]))"
    command = [sys.executable, "-c", code, str(folder), name, sealed]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "anna@example.org\n"


def _flip(text: str, place: int) -> str:
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


DAMAGES: dict[str, Callable[[str], str]] = {
    "its nonce": lambda text: _flip(text, 0),
    "its content": lambda text: _flip(text, 100),
    "a character that is none of base64's": lambda text: f"{text[:40]}ж{text[41:]}",
    "cut short": lambda text: text[:41],
    "all gone": lambda text: "",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_row_is_told_from_a_good_one(keys: OutboxKeys, damage: str) -> None:
    name, sealed = keys.encrypt("x")
    with pytest.raises(KeysError, match="damaged"):
        keys.decrypt(name, DAMAGES[damage](sealed))


def test_a_damaged_key_opens_nothing(keys: OutboxKeys, folder: Path) -> None:
    name, sealed = keys.encrypt("x")
    (file,) = folder.glob("*.key")
    for content in (b"", b"short", bytes(32)):
        file.write_bytes(content)
        with pytest.raises(KeysError, match="damaged"):
            OutboxKeys(folder).decrypt(name, sealed)


@examples(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_a_key_of_another_machine_is_not_here(name: str) -> None:
    with pytest.raises(KeysError):
        OutboxKeys(ROOT / "none").decrypt("00001-" + name.replace("\0", ""), "x")
