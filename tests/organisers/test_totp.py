"""Codes of an app: the table of RFC 6238, a clock that is a little wrong, and everything else that may be typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.core import clock
from petition.organisers import totp
from tests.conftest import Clock

KEY = b"12345678901234567890"


@pytest.mark.parametrize(
    ("moment", "eight"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_table_of_the_rfc(moment: int, eight: str) -> None:
    """Appendix B has eight digits; our codes are the last six."""
    assert totp.code_at(KEY, moment // totp.STEP_SECONDS) == eight[2:]


@pytest.mark.parametrize(("off", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(off: int, right: bool, time: Clock) -> None:
    now = clock.epoch() // totp.STEP_SECONDS
    assert totp.matching_step(KEY, totp.code_at(KEY, now + off)) == (now + off if right else None)


def test_spaces_between_the_digits_do_no_harm(time: Clock) -> None:
    code = totp.code_at(KEY, clock.epoch() // totp.STEP_SECONDS)
    assert totp.matching_step(KEY, f" {code[:3]} {code[3:]}\n")


@given(st.text())
def test_whatever_else_is_typed_is_wrong(typed: str) -> None:
    now = clock.epoch() // totp.STEP_SECONDS
    right = {totp.code_at(KEY, step) for step in range(now - 3, now + 4)}
    assert totp.matching_step(KEY, typed) is None or "".join(typed.split()) in right


def test_an_app_reads_the_secret_and_nothing_of_the_site() -> None:
    assert totp.format_secret(KEY) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    address = totp.otpauth_url(KEY, "marta")
    assert address.startswith("otpauth://totp/marta?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&")
    assert not [word for word in ("petition", "elarus", "issuer", "http") if word in address]
