"""Writes long.txt from reports of pytest: `python -m tests.long_tests SECONDS REPORT.xml…` (`--junit-xml REPORT.xml`).

A test is long if all its cases together took so many seconds, half a second each on average.
"""

import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

FILE = Path(__file__).with_name("long.txt")
LEAST_OF_EACH = 0.5  # seconds


def read() -> set[str]:
    """As pytest names them, without their cases."""
    return set(FILE.read_text("utf-8").split())


def find(least: float, reports: list[str]) -> list[str]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):
            name = f"{case.attrib['classname'].replace('.', '/')}.py::{case.attrib['name'].partition('[')[0]}"
            seconds[name].append(float(case.attrib["time"]))
    return sorted(name for name, each in seconds.items() if sum(each) >= max(least, LEAST_OF_EACH * len(each)))


if __name__ == "__main__":
    FILE.write_text("".join(f"{name}\n" for name in find(float(sys.argv[1]), sys.argv[2:])), "utf-8")
