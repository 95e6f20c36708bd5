"""The code blocks of the handbook, in their order."""

import re
from dataclasses import dataclass

from tests import ROOT

HANDBOOK = ROOT / "docs" / "handbook.md"


@dataclass(frozen=True)
class Block:
    """Commands as they stand, with the chapter and the bold words in front of them."""

    chapter: str
    step: str
    text: str


def blocks(text: str = "") -> list[Block]:
    """Every code block of the handbook, or of a text like it."""
    found: list[Block] = []
    inside: list[str] | None = None
    chapter = step = ""
    for line in (text or HANDBOOK.read_text("utf-8")).splitlines():
        if line.startswith("```"):
            if inside is not None:
                found.append(Block(chapter, step, "\n".join(inside) + "\n"))
            inside = [] if inside is None else None
        elif inside is not None:
            inside.append(line)
        elif line.startswith("#"):
            chapter, step = line.lstrip("# "), ""
        elif bold := re.match(r"\*\*(.+?)\*\*", line):
            step = bold[1]
    assert inside is None, "a code block has no end"
    return found


def packages(found: list[Block]) -> list[str]:
    """What the blocks install with apt."""
    lines = re.findall(r"^(?:\S+=\S+ )?apt(?:-get)? install(.*)$", "".join(block.text for block in found), re.M)
    words = [word for line in lines for word in re.split(r"[#;|&]", line)[0].split()]
    return sorted({word for word in words if not word.startswith("-")})
