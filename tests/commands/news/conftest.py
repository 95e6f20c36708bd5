"""An organiser's own machine, and its relay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import relay
from tests.commands.news.mailings import OwnMachine


@pytest.fixture
def machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[OwnMachine]:
    with relay.running() as post:
        yield OwnMachine(tmp_path, post, capsys, monkeypatch)
