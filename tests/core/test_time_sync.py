"""A clock counts as synchronised if systemd-timesyncd or the kernel says so."""

import ctypes
import os
from pathlib import Path

import pytest

from petition.core import time_sync
from tests.conftest import Clock

DAY = 86400


@pytest.fixture
def file(tmp_path: Path, time: Clock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemd-timesyncd touches; it has just done so. The kernel knows nothing."""
    touched = tmp_path / "synchronized"
    touched.touch()
    os.utime(touched, (time.seconds(), time.seconds()))
    monkeypatch.setattr(time_sync, "_TIMESYNCD", touched)
    monkeypatch.setattr(time_sync, "_kernel_knows", lambda: False)
    return touched


@pytest.mark.parametrize(("days", "right"), [(0, True), (0.9, True), (1, False), (365, False), (-365, False)])
def test_what_timesyncd_says_holds_for_a_day(days: float, right: bool, file: Path, time: Clock) -> None:
    time.moment = time.moment.fromtimestamp(time.seconds() + days * DAY, time.moment.tzinfo)
    assert time_sync.is_synchronised() == right


def test_without_its_file_the_kernel_is_asked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.unlink()
    assert not time_sync.is_synchronised()
    monkeypatch.setattr(time_sync, "_kernel_knows", lambda: True)
    assert time_sync.is_synchronised()


def test_the_kernel_of_this_machine_is_understood() -> None:
    """Compared with what perl or C would see: the status word of struct timex has STA_UNSYNC (0x40)."""
    buffer = (ctypes.c_int * 128)()
    if ctypes.CDLL(None).adjtimex(buffer) < 0:
        pytest.skip("a container may forbid adjtimex(), so there is nothing to compare with")
    status = buffer[10]  # after modes, offset, freq, maxerror and esterror on a machine of 64 bits
    assert time_sync._kernel_knows() == (not status & 0x40)


class _Library:
    def __init__(self, answer: int) -> None:
        self.adjtimex = lambda _: answer


@pytest.mark.parametrize(("answer", "right"), [(0, True), (4, True), (5, False), (-1, False)])
def test_each_answer_of_the_kernel(answer: int, right: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: _Library(answer))
    assert time_sync._kernel_knows() == right


def test_a_system_without_the_call_is_not_synchronised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not time_sync._kernel_knows()
