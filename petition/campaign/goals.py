"""The goal of the campaign, and the steps to it: what happens when so many have signed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from petition.core.languages import SOURCE_LANGUAGE
from petition.core.toml_tables import TEXT_BY_NAME, WHOLE_NUMBER, Kind, Table

_SIGNATURES: Kind[int] = Kind("a whole number above 0", lambda v: WHOLE_NUMBER.fits(v) and v > 0)
_TEXTS: Kind[dict[str, str]] = Kind("a table of texts by language", lambda v: TEXT_BY_NAME.fits(v) and v != {})


@dataclass(frozen=True, slots=True)
class Step:
    """`then`: what happens at this number of signatures, by language; may be empty."""

    signatures: int
    then: dict[str, str] = field(default_factory=dict)

    def text(self, language: str) -> tuple[str, str]:
        """(language, text): in this language, else in English, else in the first one; ("", "") if there is none."""
        codes = (language, SOURCE_LANGUAGE, *self.then)
        return next(((code, self.then[code]) for code in codes if code in self.then), ("", ""))


def read_steps(table: Table) -> tuple[Step, ...]:
    """`[[steps]]` of campaign.toml, the lowest first. Raises DataError."""
    steps = [
        Step(row.read("signatures", _SIGNATURES), row.read("then", _TEXTS))
        for row in table.tables("steps", needed=False)
    ]
    return tuple(sorted(steps, key=lambda step: step.signatures))


def next_step(steps: Sequence[Step], goal: int | None, signatures: int) -> Step | None:
    """The first step above a number of signatures. After the last one: the goal, or that step; None without both."""
    ahead = [step for step in steps if step.signatures > signatures and (goal is None or step.signatures <= goal)]
    of_goal = next((step for step in steps if step.signatures == goal), Step(goal)) if goal else None
    return next(iter(ahead), of_goal or next(reversed(steps), None))
