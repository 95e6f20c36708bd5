"""Policies (c2sp.org/tlog-policy): what they ask for, and what is none."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.log import note_keys
from petition.log.client.policies import parse_policy
from petition.log.errors import LogError
from tests.log.samples import KEY, WITNESS, key_of

KEYS = {name: key_of(f"{name}.example/w", note_keys.WITNESS).vkey for name in ("X1", "X2", "X3", "Y1", "Y2")}
# The example of the specification, with fewer witnesses.
EXAMPLE = f"""
# comment
log {KEY.vkey} https://site.example/log/

witness X1 {KEYS["X1"]} https://x1.example/
witness\tX2  {KEYS["X2"]}
  witness X3 {KEYS["X3"]}
group X-witnesses 2 X1 X2 X3
witness Y1 {KEYS["Y1"]}
witness Y2 {KEYS["Y2"]}
group Y-witnesses any Y1 Y2
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_the_example_of_the_specification() -> None:
    policy = parse_policy(EXAMPLE)
    for chosen in product([True, False], repeat=5):
        signed = {KEYS[name] for name, yes in zip(KEYS, chosen, strict=True) if yes}
        enough = sum(chosen[:3]) >= 2 and any(chosen[3:])
        assert policy.is_met([KEY.vkey, *signed]) == enough
        assert not policy.is_met(signed), "without the log"


def test_one_witness_or_none() -> None:
    assert parse_policy("quorum none\n").is_met([])
    one = parse_policy(f"witness w {WITNESS.vkey}\nquorum w\n")
    assert one.is_met([WITNESS.vkey])
    assert not one.is_met([KEY.vkey])


@pytest.mark.parametrize(
    "lines",
    [
        "",
        "log",
        "quorum w",
        "quorum none\nquorum none",
        f"log {WITNESS.vkey}\nquorum none",
        f"witness w {KEY.vkey}\nquorum w",
        f"witness none {WITNESS.vkey}\nquorum none",
        f"log {KEY.vkey}\nlog {KEY.vkey}\nquorum none",
        f"witness w {WITNESS.vkey}\nwitness v {WITNESS.vkey}\nquorum none",
        f"witness w {WITNESS.vkey}\nwitness w {KEYS['X1']}\nquorum none",
        f"witness w {WITNESS.vkey}\ngroup g 2 w\nquorum g",
        f"witness w {WITNESS.vkey}\ngroup g 0 w\nquorum g",
        f"witness w {WITNESS.vkey}\ngroup g all\nquorum g",
        f"witness w {WITNESS.vkey}\ngroup g all w w\nquorum g",
        f"witness w {WITNESS.vkey}\ngroup g any w\ngroup h any w\nquorum h",
        f"witness w {WITNESS.vkey}\ngroup g any none\nquorum g",
        f"witness w {WITNESS.vkey}\ngroup w any w\nquorum w",
        "group g any h\ngroup h any g\nquorum g",
        "quorum none\r\n",
        "\n" * 600 + "quorum none",
    ],
)
def test_other_texts_are_no_policy(lines: str) -> None:
    with pytest.raises(LogError):
        parse_policy(lines)


@given(st.text() | st.text("loggroupwitness 12anyallX1\n#").map(lambda text: EXAMPLE + text))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        policy = parse_policy(text)
    except LogError:
        return
    assert policy.is_met(policy.vkeys)
