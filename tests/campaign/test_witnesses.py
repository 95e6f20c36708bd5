"""Who watches the public log, as campaign.toml says."""

import hashlib
from base64 import b64encode
from typing import Any

import pytest

from petition.campaign.witnesses import Witnesses, read_witnesses
from petition.core.errors import DataError
from petition.core.toml_tables import Table


def _vkey(name: str, kind: int = 4, key: bytes = bytes(range(32))) -> str:
    """As c2sp.org/signed-note writes a public key."""
    content = bytes([kind]) + key
    hash_ = hashlib.sha256(name.encode() + b"\n" + content).hexdigest()[:8]
    return f"{name}+{hash_}+{b64encode(content).decode()}"


ONE, TWO = _vkey("one.example/w"), _vkey("two.example/w", key=bytes(32))


def _read(**values: Any) -> Witnesses:
    return read_witnesses(Table("campaign.toml, log", values))


def test_most_of_the_witnesses_are_enough() -> None:
    assert _read() == Witnesses()
    assert _read(witnesses=[ONE]) == Witnesses((ONE,), 1)
    assert _read(witnesses=[ONE, TWO]) == Witnesses((ONE, TWO), 2)
    assert _read(witnesses=[ONE, TWO], quorum=1) == Witnesses((ONE, TWO), 1)


@pytest.mark.parametrize(
    "wrong",
    [
        ONE.replace("one", "won"),
        ONE[:-2] + ("A" if ONE[-2] != "A" else "B") + ONE[-1],
        _vkey("one.example/w", kind=1),
        "one.example/w",
        "one.example/w+00000000+" + "A" * 44,
    ],
    ids=["name", "key", "of a log", "no key", "hash"],
)
def test_a_key_with_a_typing_error_is_refused(wrong: str) -> None:
    with pytest.raises(DataError, match="without a typing error"):
        _read(witnesses=[wrong])


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"witnesses": [ONE], "quorum": 2}, "quorum is a number from 1"),
        ({"witnesses": [ONE], "quorum": 0}, "quorum is a number from 1"),
        ({"quorum": 1}, "quorum is a number from 1"),
        ({"witnesses": [ONE, _vkey("one.example/w", key=bytes(32))]}, "same name"),
    ],
)
def test_what_cannot_be_met_is_refused(values: dict[str, Any], what: str) -> None:
    with pytest.raises(DataError, match=what):
        _read(**values)
