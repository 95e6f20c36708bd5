"""What the test of the handbook (tests/handbook) takes from it, and that no step lost its commands."""

from tests.handbook.blocks import Block, blocks, packages

TEXT = """
# Chapter

**1. One.** Words.

```
apt install nginx git   # both
cd / && true
```

## Other

```
apt install tor && true
```
"""


def test_blocks_know_where_they_stand_and_what_they_install() -> None:
    found = blocks(TEXT)
    assert found == [
        Block("Chapter", "1. One.", "apt install nginx git   # both\ncd / && true\n"),
        Block("Other", "", "apt install tor && true\n"),
    ]
    assert packages(found) == ["git", "nginx", "tor"]


def test_the_steps_of_the_handbook_are_eight_in_their_order() -> None:
    steps = list(dict.fromkeys(int(block.step[0]) for block in blocks() if block.step[:1].isdigit()))
    assert steps == [1, 2, 3, 4, 5, 6, 7, 8]
