"""Counts of several processes: they add up, and those of a dead process are gone."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petition.core import counted
from petition.core.counters import Counter, Counters
from tests.shell import wait_for

ACTS = Counter("acts", "Acts.", {"kind": ("a", "b"), "result": ("well", "ill")}, frozenset({"ill"}))
ALONE = Counter("alone", "One number.", {})
COUNTING = """
import sys, time
from pathlib import Path
from petition.core import counted
from petition.core.counters import Counters
counters = Counters(Path(sys.argv[1]), counted.COUNTERS)
for _ in range(3):
    counters.add(counted.EMAILS, "sent")
print("counted", flush=True)
time.sleep(600)
"""
SENT = ("emails", "sent")


@given(adding=st.lists(st.sampled_from([*ACTS.series(), *ALONE.series()])))
@settings(max_examples=30)
def test_each_count_is_in_its_place(adding: list[tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> None:
    counters = Counters(tmp_path_factory.mktemp("counts"), (ACTS, ALONE))
    for name, *values in adding:
        counters.add(ACTS if name == "acts" else ALONE, *values)
    n, totals = counters.totals()
    assert n == bool(adding)
    assert totals == {key: adding.count(key) for key in (*ACTS.series(), *ALONE.series())}
    counters.close()


def test_a_value_that_a_label_does_not_have_is_a_mistake(tmp_path: Path) -> None:
    counters = Counters(tmp_path, (ACTS,))
    with pytest.raises(KeyError):
        counters.add(ACTS, "a", "somebody@example.org")


def test_errors_alone_may_be_told_exactly() -> None:
    assert [ACTS.is_live(key) for key in ACTS.series()] == [False, True, False, True]
    assert not ALONE.is_live(("alone",))


def _count_elsewhere(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", COUNTING, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "counted\n"
    return process


def test_processes_add_up_until_they_die(tmp_path: Path) -> None:
    ours, others = Counters(tmp_path, counted.COUNTERS), [_count_elsewhere(tmp_path) for _ in range(2)]
    assert ours.totals()[0] == 2
    ours.add(counted.EMAILS, "sent")
    n, totals = ours.totals()
    assert (n, totals[SENT]) == (3, 7)
    for process in others:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    wait_for(lambda: ours.totals()[0] == 1)
    assert ours.totals()[1][SENT] == 1
    ours.close()
    assert len(list(tmp_path.iterdir())) == 2, "the dead could not clear up"
    late = Counters(tmp_path, counted.COUNTERS)
    late.add(counted.EMAILS, "sent")
    assert (len(list(tmp_path.iterdir())), late.totals()[1][SENT]) == (1, 1), "the next one does"
    late.close()


def test_another_version_counts_apart(tmp_path: Path) -> None:
    old, new = Counters(tmp_path, (ALONE,)), Counters(tmp_path, (ALONE, ACTS))
    old.add(ALONE)
    new.add(ALONE)
    assert [one.totals()[0] for one in (old, new)] == [1, 1]
    for one in (old, new):
        one.close()
    assert list(tmp_path.iterdir()) == []


def test_without_room_on_the_disk_a_process_counts_for_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    counters = Counters(tmp_path, (ALONE,))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        counters.add(ALONE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert counters.totals() == (1, {("alone",): 1})
    assert list(tmp_path.iterdir()) == []
    assert "cannot be shared: File too large." in caplog.text
    counters.close()


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    counters = Counters(tmp_path / "counts", (ALONE,))
    counters.add(ALONE)
    (file,) = (tmp_path / "counts").iterdir()
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent)] == [0o600, 0o700]
    counters.close()
