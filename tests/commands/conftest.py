"""A person at a terminal, in demo mode."""

from pathlib import Path

import pytest

from tests.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Demo mode in a folder of its own."""
    return Shell(tmp_path)


@pytest.fixture
def migrated(shell: Shell) -> Shell:
    """With a database."""
    shell.fine("migrate")
    return shell
