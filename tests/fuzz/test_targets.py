"""Every target of `make fuzz` holds for its seeds, for what the fuzzer once found, and for some random bytes."""

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS


@pytest.mark.parametrize(("name", "n"), [(name, n) for name, seeds in SEEDS.items() for n in range(len(seeds))])
def test_a_seed_is_read(name: str, n: int) -> None:
    TARGETS[name](SEEDS[name][n])


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read(name: str) -> None:
    @examples(deadline=None)
    @example(b"")
    @example(b"\xff\xed\xa0\x80")
    @given(st.binary() | st.text().map(str.encode) | st.sampled_from(SEEDS[name]).map(lambda seed: seed[1:] + seed[:1]))
    def check(data: bytes) -> None:
        TARGETS[name](data)

    check()


def test_each_target_has_seeds() -> None:
    assert TARGETS.keys() == SEEDS.keys()
