"""What the stories about the log share with those of tests/chaos, and a line for each of them at the end."""

import pytest

from tests.chaos.conftest import chance, kills  # noqa: F401 (fixtures)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == "log":
                terminalreporter.line(str(line))
