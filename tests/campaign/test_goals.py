"""The goal and the steps to it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.campaign.campaign import load_campaign
from petition.campaign.goals import Step, next_step
from petition.core.errors import DataError
from tests import ROOT

STEPS = (Step(1000, {"en": "A letter.", "pl": "List."}), Step(5000, {"de": "Ein Gespräch."}))


def _load(tmp_path: Path, steps: str) -> tuple[Step, ...]:
    file = tmp_path / "campaign.toml"
    shipped = (ROOT / "petition/data/campaign.toml").read_text("utf-8")
    file.write_text(shipped.replace("[organiser]\n", f"{steps}\n[organiser]\n", 1), "utf-8")
    return load_campaign(file).steps


def test_steps_are_read_the_lowest_first(tmp_path: Path) -> None:
    later = '[[steps]]\nsignatures = 5000\nthen.en = "Later."\n'
    sooner = '[[steps]]\nsignatures = 100\nthen = { en = "Now.", pl = "Teraz." }\n'
    assert _load(tmp_path, later + sooner) == (Step(100, {"en": "Now.", "pl": "Teraz."}), Step(5000, {"en": "Later."}))


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ('[[steps]]\nsignatures = 0\nthen.en = "x"', "steps 1: signatures is not a whole number above 0."),
        ('[[steps]]\nthen.en = "x"', "steps 1 lacks signatures, a whole number above 0."),
        ("[[steps]]\nsignatures = 10\nthen = {}", "steps 1: then is not a table of texts by language."),
        ('[[steps]]\nsignatures = 10\nthen = "x"', "steps 1: then is not a table of texts by language."),
    ],
)
def test_a_wrong_step_is_said_in_one_sentence(tmp_path: Path, steps: str, reason: str) -> None:
    with pytest.raises(DataError, match=f"^campaign.toml, {reason}$"):
        _load(tmp_path, steps)


@pytest.mark.parametrize(
    ("language", "text"),
    [("pl", ("pl", "List.")), ("fr", ("en", "A letter.")), ("en", ("en", "A letter."))],
)
def test_a_step_speaks_the_language_or_english(language: str, text: tuple[str, str]) -> None:
    assert STEPS[0].text(language) == text
    assert STEPS[1].text(language) == ("de", "Ein Gespräch.")
    assert Step(10).text(language) == ("", "")


@given(st.integers(0, 20_000), st.one_of(st.none(), st.integers(1, 10_000)))
def test_the_bar_leads_to_the_next_step_and_never_beyond_the_goal(signatures: int, goal: int | None) -> None:
    step = next_step(STEPS, goal, signatures)
    assert step is not None
    targets = {n for n in (1000, 5000) if goal is None or n <= goal} | ({goal} if goal else set())
    ahead = [n for n in targets if n > signatures]
    assert step.signatures == (min(ahead) if ahead else max(targets))


def test_without_goal_and_steps_there_is_no_bar() -> None:
    assert next_step((), None, 10) is None
    assert next_step((), 100, 10) == Step(100)
