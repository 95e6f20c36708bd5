"""Honest sites of which tests make dishonest ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.log import story
from tests.log.story import HOUR, Served, Story


@pytest.fixture
def told(time: Clock) -> Story:
    """Some weeks, of which the last release was ten minutes ago."""
    found = story.some_weeks()
    time.moment = found.now + HOUR / 6
    return found


@pytest.fixture
def folder(told: Story, tmp_path: Path) -> Path:
    """The site as a saved copy."""
    told.write(tmp_path / "site")
    return tmp_path / "site"


@pytest.fixture
def site(folder: Path) -> Iterator[Served]:
    """The same over HTTP."""
    with story.served(folder) as server:
        yield server


@pytest.fixture
def url(site: Served) -> str:
    return site.url
