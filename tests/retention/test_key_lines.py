"""The lines of a sheet: read back in any order, and each slip of a typing hand named by its line."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.core.errors import DataError
from petition.retention.key_lines import LINE_LENGTH, code_texts, group, read_lines, write_lines

CONTENTS = st.binary(min_size=1, max_size=1500)
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
DIGITS = "0123456789"
SAMPLE = bytes(range(200))


def _typed(lines: list[str]) -> str:
    return "\n".join(map(group, lines))


@given(CONTENTS, st.randoms(use_true_random=False), st.booleans())
def test_lines_and_codes_are_read_in_any_order(content: bytes, order: random.Random, small: bool) -> None:
    lines = write_lines(content)
    mixed = [*code_texts(lines), *map(group, lines)]  # also twice
    order.shuffle(mixed)
    text = "\n".join(mixed)
    assert read_lines(text.lower() if small else text) == content


@given(CONTENTS, st.data())
def test_a_wrong_character_is_named_by_its_line(content: bytes, data: st.DataObject) -> None:
    lines = write_lines(content)
    n = data.draw(st.integers(0, len(lines) - 1), "line")
    place = data.draw(st.integers(0, LINE_LENGTH - 1), "place")
    alphabet = DIGITS if 4 <= place < 8 else BASE32
    wrong = data.draw(st.sampled_from([c for c in alphabet if c != lines[n][place]]), "character")
    lines[n] = lines[n][:place] + wrong + lines[n][place + 1 :]
    with pytest.raises(DataError, match=rf"^Line {n + 1} \(on the sheet ..-..\) has a wrong character: compare it"):
        read_lines(_typed(lines))


@given(CONTENTS, st.data())
def test_two_neighbours_that_changed_places_are_found(content: bytes, data: st.DataObject) -> None:
    lines = write_lines(content)
    n = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(8, LINE_LENGTH - 2))
    line = lines[n]
    lines[n] = line[:place] + line[place + 1] + line[place] + line[place + 2 :]
    if lines[n] == line:
        assert read_lines(_typed(lines)) == content
    else:
        with pytest.raises(DataError, match=rf"^Line {n + 1} "):
            read_lines(_typed(lines))


@given(CONTENTS, st.data())
def test_a_character_too_few_or_too_many_is_named_by_its_line(content: bytes, data: st.DataObject) -> None:
    lines = write_lines(content)
    n = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, LINE_LENGTH - 1))
    more = data.draw(st.booleans())
    lines[n] = lines[n][:place] + ("A" + lines[n][place] if more else "") + lines[n][place + 1 :]
    problem = "too many" if more else "not enough"
    with pytest.raises(DataError, match=rf"^Line {n + 1} has {problem} characters: each line of the sheet has 55\.$"):
        read_lines("\n".join(lines))


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(DataError):
        read_lines(text)


def test_what_looks_alike_may_be_typed() -> None:
    lines = write_lines(SAMPLE)
    typed = [
        line[:4].replace("O", "0").replace("I", "1").replace("B", "8")
        + line[4:8].replace("0", "O").replace("1", "l")
        + line[8:].replace("O", "0").replace("I", "1").replace("B", "8")
        for line in lines
    ]
    assert typed != lines
    assert read_lines("\n\n".join(typed)) == SAMPLE


def test_missing_lines_are_listed() -> None:
    lines = write_lines(SAMPLE)
    with pytest.raises(DataError, match=r"^Of 9 lines of the sheet 2 are missing: 03, 07\.$"):
        read_lines(_typed([*lines[:2], *lines[3:6], *lines[7:]]))


def test_two_sheets_are_not_mixed() -> None:
    lines, other = write_lines(SAMPLE), write_lines(SAMPLE[::-1])
    with pytest.raises(DataError, match=rf"^Line 2 \(on the sheet 02-09\) is of another .* begin with {lines[0][:4]}"):
        read_lines(_typed([lines[0], other[1], *lines[2:]]))


def test_lines_that_somebody_made_up_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = write_lines(SAMPLE)[0][:4]
    monkeypatch.setattr("petition.retention.key_lines._mark", lambda _: honest)
    forged = write_lines(SAMPLE[::-1])
    monkeypatch.undo()
    with pytest.raises(DataError, match="do not belong together"):
        read_lines(_typed(forged))


def test_what_zbarimg_writes_before_a_code_is_left_out() -> None:
    assert read_lines("\n".join(f"QR-Code:{text}" for text in code_texts(write_lines(SAMPLE)))) == SAMPLE


def test_what_no_sheet_can_hold_is_refused() -> None:
    assert read_lines("\n".join(write_lines(bytes(2473)))) == bytes(2473)
    with pytest.raises(DataError, match="too long for a sheet"):
        write_lines(bytes(2474))
