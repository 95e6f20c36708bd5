"""One cluster for all stories, one after the other, and the table of what was counted."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import ROOT, postgres, relay
from tests.cluster import network
from tests.cluster.network import FRONT
from tests.cluster.whole import Cluster
from tests.web import tools

DATES = {"deadline": "2090-01-01", "destruction": "2091-01-01"}


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without placeholders and in one language, so that a machine is up again sooner."""
    folder = tools.campaign(tmp_path_factory.mktemp("campaign") / "campaign", **DATES)
    for name in ("appeal/en.md", "letters/en.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "templates" / name, folder / name)
    file = folder / "campaign.toml"
    file.write_text(re.sub("^id = .*", 'id = "one-language"', file.read_text("utf-8"), flags=re.M), "utf-8")
    return folder


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, campaign: Path) -> Iterator[Cluster]:
    """It takes forms."""
    if not os.environ.get("PETITION_TEST_CLUSTER"):
        pytest.skip("needs network namespaces of its own: make cluster")
    network.connect()
    with postgres.folder() as databases, relay.running(hostname=FRONT) as smtp:
        databases.chmod(0o755)
        made = Cluster(databases, tmp_path_factory.mktemp("cluster"), smtp, campaign)
        try:
            made.start()
            yield made
        finally:
            made.close()


@pytest.fixture
def story(cluster: Cluster, record_property: Callable[[str, object], None]) -> Callable[[str], object]:
    """with story("name"): people sign and press; at the end everything is compared."""

    @contextmanager
    def told(name: str) -> Iterator[Cluster]:
        cluster.whole()
        crowd = cluster.crowd
        twice = cluster.twice
        before = [len(part) for part in (crowd.typed, crowd.signed, cluster.smtp.mails, crowd.confirmed)]
        crowd.answers.clear()
        with crowd.about():
            cluster.recovered()
            crowd.pause = 0
            yield cluster
            cluster.recovered()
            pause = crowd.pause
            cluster.settle()
        crowd._last = 0
        found = cluster.reckoning()
        cluster.twice = found.twice
        after = [len(part) for part in (crowd.typed, crowd.signed, cluster.smtp.mails, crowd.confirmed)]
        counts = " | ".join(str(b - a) for a, b in zip(before, after, strict=True))
        refused = sum(n for answer, n in crowd.answers.items() if answer not in ("303", "429"))
        line = f"| {name} | {counts} | {len(found.lost)} | {len(found.doubled)} | {refused} | {pause:.1f} |"
        print(f"\n{line} (the same email twice: {found.twice - twice})")  # noqa: T201 (for who waits, with pytest -s)
        record_property("cluster", line)

    return told


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table."""
    lines = [
        str(line)
        for report in terminalreporter.getreports("passed")
        for name, line in report.user_properties
        if name == "cluster"
    ]
    if lines:
        terminalreporter.section(f"the cluster, {time.strftime('%Y-%m-%d')}")
        head = "story | offered | acknowledged | mailed | confirmed | lost | doubled | refused | seconds without"
        for line in (f"| {head} |", "| --- " + "| ---: " * 8 + "|", *lines):
            terminalreporter.line(line)
