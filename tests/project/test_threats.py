"""Each test that the threat model or docs/assurance.md names exists, and the sums of the latter are right."""

import re
from collections import Counter

from tests import HAS_LOG, ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
ASSURANCE = (ROOT / "docs" / "assurance.md").read_text("utf-8")
WHO = PAGE.partition("\n## Who attacks")[2].partition("\n## ")[0]


def _tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))}


def _named(page: str) -> set[str]:
    """Without the log, its tests are not there either: then the lines about it are not read."""
    lines = [line for line in page.splitlines() if HAS_LOG or not re.search(r"\blog\b", line)]
    return {name for line in lines for name in re.findall(r"`(test_\w+)`", line)}


def test_every_test_of_the_threat_model_exists() -> None:
    named = _named(PAGE)
    assert len(named) > 40
    assert named - _tests() == set()


def test_every_test_of_the_assurance_exists() -> None:
    named = _named(ASSURANCE)
    assert len(named) > 150
    assert named - _tests() == set()


def _requirements() -> list[tuple[str, str, str]]:
    """Number, whether it is met, and why; one for each number of a row such as 12.4.1, 12.4.2 or 2.6.1–2.6.3."""
    rows = re.findall(r"^\| (\d[\d., –]+) \| [^|]+ \| ([a-z ]+) \| ([^|]*) \|$", ASSURANCE, re.M)
    return [(number, met, why) for numbers, met, why in rows for number in _numbers(numbers)]


def _numbers(text: str) -> list[str]:
    found = []
    for first, last in re.findall(r"([\d.]+)(?:–([\d.]+))?", text):
        section, _, start = first.rpartition(".")
        end = last.rpartition(".")[2] or start
        found += [f"{section}.{n}" for n in range(int(start), int(end) + 1)]
    return found


def test_each_requirement_stands_once_in_order_with_its_reason() -> None:
    numbers = [number for number, _, _ in _requirements()]
    assert numbers == sorted(set(numbers), key=lambda number: [int(part) for part in number.split(".")])
    assert {number.split(".")[0] for number in numbers} == {str(n) for n in range(1, 15)}
    assert [number for number, _, why in _requirements() if not why] == []


def test_the_sums_of_the_assurance_are_right() -> None:
    counted = Counter(met for _, met, _ in _requirements())
    said = re.search(
        r"levels 1 and 2: (\d+) requirements.*?(\d+) are met, (\d+) are not, (\d+) do not", ASSURANCE, re.S
    )
    assert said is not None
    sums = [counted.total(), counted["yes"], counted["no"], counted["not applicable"]]
    assert [int(number) for number in said.groups()] == sums
    assert sums[0] == sum(sums[1:])


def test_what_is_not_met_is_listed_at_the_top() -> None:
    top = ASSURANCE.partition("## What is not met")[2].partition("\n## ")[0]
    listed = re.findall(r"\b\d+\.\d+\.\d+\b", top)
    assert sorted(listed) == sorted(number for number, met, _ in _requirements() if met == "no")


def test_every_row_names_its_test_or_says_that_it_is_not_protected() -> None:
    rows = [line for line in WHO.splitlines() if line.startswith("| ") and not line.startswith(("| who", "| ---"))]
    assert len(rows) > 12
    assert [row for row in rows if "`test_" not in row and "**not protected**" not in row] == []


def test_every_attacker_of_the_plan_is_there() -> None:
    for who in (
        "state service",
        "troll",
        "victim's address",
        "organiser",
        "seized",
        "taken running",
        "host",
        "mail provider",
        "border",
        "internet provider",
    ):
        assert who in WHO, who


def test_every_command_of_the_assurance_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"make ([a-z-]+)`", ASSURANCE)) <= targets
