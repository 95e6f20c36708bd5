"""Several files as one act: all or none, private, and a killed run leaves nothing that stops the next one."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from petition.core.errors import DataError
from petition.retention.new_files import new_files

FIRST, SECOND = b"the sealed keys", b"the sheet"
_KILLED = 77


def _contents(folder: Path, first: bytes = FIRST) -> dict[Path, bytes]:
    return {folder / "keys.age": first, folder / "keys.pdf": SECOND}


def _write(contents: dict[Path, bytes]) -> None:
    with new_files(contents):
        pass


def test_all_files_are_there_and_nothing_else(tmp_path: Path) -> None:
    _write(_contents(tmp_path))
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"keys.age": FIRST, "keys.pdf": SECOND}
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["keys.age", "keys.pdf"])
def test_a_file_that_is_there_stays_as_it_is(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"older")
    with pytest.raises(DataError, match=f"{name} exists already: name a new file"):
        _write(_contents(tmp_path))
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [(name, b"older")]


def test_if_the_body_fails_nothing_is_left(tmp_path: Path) -> None:
    def fail() -> None:
        with new_files(_contents(tmp_path)):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written: No such file or directory"):
        _write(_contents(tmp_path / "none"))


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DataError, match="cannot be written: No space left on device"):
        _write(_contents(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_killed_at_any_moment_it_can_be_run_again(tmp_path: Path) -> None:
    """A child dies at its first, second, third … step on the disk; the next run has another content, as a seal has."""
    died = 0
    for step in range(100):
        folder = tmp_path / str(step)
        folder.mkdir()
        status = _die_at(step, partial(_write, _contents(folder)))
        died += status == _KILLED
        if status == 0:
            break
        _write(_contents(folder, b"sealed again"))
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
            "keys.age": b"sealed again",
            "keys.pdf": SECOND,
        }, step
    assert died > 9


def _die_at(step: int, run: Callable[[], None]) -> int:
    """The exit code of a child process that ends, without cleaning up, at one of its steps."""
    if (child := os.fork()) == 0:
        left = [step]

        def dying(call: Callable[..., object]) -> Callable[..., object]:
            def wrapped(*arguments: object, **options: object) -> object:
                if left[0] == 0:
                    os._exit(_KILLED)
                left[0] -= 1
                return call(*arguments, **options)

            return wrapped

        for name in ("open", "fsync", "replace", "unlink"):
            setattr(os, name, dying(getattr(os, name)))
        try:
            run()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
