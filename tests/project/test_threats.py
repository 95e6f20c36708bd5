"""Each test that the threat model names exists."""

import re

from tests import ROOT

PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
WHO = PAGE.partition("\n## Who attacks")[2].partition("\n## ")[0]


def _tests() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text("utf-8"))}


def test_every_test_of_the_threat_model_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 40
    assert named - _tests() == set()


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
