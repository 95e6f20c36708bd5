"""A form reads its fields: the value, or an empty one and one sentence for the field."""

import re
from datetime import date

import pytest

from petition.core.form import Form
from tests.conftest import Clock

LINE = re.compile(r"[^\x00-\x1f]{0,9}")


@pytest.mark.parametrize(
    ("typed", "text", "is_wrong"),
    [
        (" Warsaw ", "Warsaw", False),
        ("  ", "", False),
        ("a\r\nb", "a\nb", True),
        ("a" * 10, "a" * 10, True),
    ],
)
def test_a_text_fits_its_pattern(typed: str, text: str, is_wrong: bool) -> None:
    form = Form({"city": typed})
    assert form.text("city", LINE, "One short line.") == text
    assert form.errors == ({"city": "One short line."} if is_wrong else {})


@pytest.mark.parametrize("typed", ["2026-11-22", " 20261122 ", "2026-W47-7"])
def test_a_day_is_read_up_to_today(typed: str, time: Clock) -> None:
    form = Form({"day": typed})
    assert form.day("day", "A day.") == date(2026, 11, 22)
    assert form.errors == {}


@pytest.mark.parametrize("typed", ["2026-11-23", "soon", "2026-02-30"])
def test_a_wrong_day_gets_its_sentence(typed: str, time: Clock) -> None:
    form = Form({"day": typed})
    assert form.day("day", "A day.") is None
    assert form.errors == {"day": "A day."}


def test_an_empty_day_is_wrong_only_where_one_is_required() -> None:
    form = Form({})
    assert form.day("sent", "A day.") is None
    assert form.day("checked", "A day.", required=True) is None
    assert form.errors == {"checked": "A day."}


def test_a_choice_is_one_of_its_options_or_nothing() -> None:
    form = Form({"by": "post", "edition": "3"})
    choices = [form.choice(name, ["post", "1"], "One of the list.") for name in ("by", "edition", "missing")]
    assert choices == ["post", "", ""]
    assert form.errors == {"edition": "One of the list."}


def test_a_field_keeps_its_first_error() -> None:
    form = Form({})
    form.add_error("name", "First.")
    form.add_error("name", "Second.")
    assert form.errors == {"name": "First."}
