"""How many times to hit, and a table of the results. `make chaos` hits hundreds of times, the ordinary tests a few."""

import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from petition.campaign.appeal import SHIPPED_DATA
from tests import ROOT
from tests.chaos.reckoning import Reckoning
from tests.chaos.stage import Stage
from tests.relay import Relay

Tell = Callable[..., None]
Staging = Callable[..., Stage]


@pytest.fixture
def kills() -> int:
    """How many kills each story must survive."""
    return int(os.environ.get("PETITION_TEST_KILLS", "3"))


@pytest.fixture
def chance() -> random.Random:
    """Chooses moments and victims."""
    return random.Random()


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our campaign in one language: with fewer letters to make at the start, the site is up again in half the time."""
    folder = tmp_path_factory.mktemp("campaign")
    text = (SHIPPED_DATA / "campaign.toml").read_text("utf-8")
    (folder / "campaign.toml").write_text(re.sub("^id = .*", 'id = "one-language"', text, flags=re.M), "utf-8")
    for name in ("appeal/en.md", "letters/en.md"):
        (folder / name).parent.mkdir()
        shutil.copy(ROOT / "templates" / name, folder / name)
    return folder


@pytest.fixture
def staged(tmp_path: Path, smtp: Relay, campaign: Path) -> Iterator[Staging]:
    """staged(url): a site that is up, with the relay `relay` or that of the test. At the end no process is left."""
    with ExitStack() as stack:

        def stage(url: str, **more: Any) -> Stage:
            made = Stage(tmp_path, url, more.pop("relay", smtp), PETITION_CAMPAIGN=str(campaign), **more)
            stack.callback(made.close)
            made.start()
            return made

        yield stage


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """tell("story", "what hit it", found): adds a line to the table at the end."""

    def line(story: str, blows: str, found: Reckoning) -> None:
        counts = f"{found.forms:6} {found.signatures:10} {len(found.lost):4} {len(found.doubled):7} {found.twice:10}"
        record_property("chaos", f"{story:30} {blows:50} {counts} {found.pause:7.1f} s")

    return line


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table."""
    reports = terminalreporter.getreports("passed")
    lines = [str(line) for report in reports for name, line in report.user_properties if name == "chaos"]
    if lines:
        terminalreporter.section("what was survived")
        terminalreporter.line(f"{'story':30} {'blows':50}  forms signatures lost doubled mail twice longest pause")
        for line in lines:
            terminalreporter.line(line)
    lines = [str(line) for report in reports for name, line in report.user_properties if name == "journal"]
    if lines:
        terminalreporter.section("what the journal got")
        terminalreporter.line(f"{'story':34} {'that each had a line':34} lines        in")
        for line in lines:
            terminalreporter.line(line)
