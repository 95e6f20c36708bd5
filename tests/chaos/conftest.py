"""How hard to hit, and a table of what was survived. `make chaos` hits hundreds of times, the ordinary tests a few."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.reckoning import Reckoning
from tests.chaos.stage import Stage
from tests.relay import Relay

Tell = Callable[..., None]
Staging = Callable[..., Stage]


@pytest.fixture
def kills() -> int:
    """How many kills a story shall survive."""
    return int(os.environ.get("PETITION_TEST_KILLS", "4"))


@pytest.fixture
def chance() -> random.Random:
    """Moments and victims."""
    return random.Random()


@pytest.fixture
def staged(tmp_path: Path, smtp: Relay) -> Iterator[Staging]:
    """staged(url): a site that is up; at the end none of its processes is left."""
    with ExitStack() as stack:

        def stage(url: str, **more: object) -> Stage:
            made = Stage.__new__(Stage)
            stack.callback(made.close)
            made.__init__(tmp_path, url, smtp, **more)
            return made

        yield stage


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """tell("story", kills=3, found): a line for the table at the end."""

    def line(story: str, blows: str, found: Reckoning) -> None:
        told = f"{found.forms:7} {found.signatures:10} {len(found.lost):4} {len(found.doubled):7} {found.twice:10}"
        record_property("chaos", f"{story:34} {blows:34} {told}")

    return line


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table."""
    reports = terminalreporter.getreports("passed")
    lines = [str(line) for report in reports for name, line in report.user_properties if name == "chaos"]
    if lines:
        terminalreporter.section("what was survived")
        terminalreporter.line(f"{'story':34} {'blows':34}   forms signatures lost doubled mail twice")
        for line in lines:
            terminalreporter.line(line)
