"""Checks again what was published of signatures that organisers set aside or restored."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from petition.core import clock
from petition.core.database.connection import Row

MAX_BELOW = 19  # how far what is published may be below the journal
_Releases = Mapping[int, int]  # time -> figure


def is_removal(name: str) -> bool:
    return name == "restored" or name.startswith("aside ")


def find_disagreements(removals: Mapping[str, _Releases], totals: Sequence[int], rows: Sequence[Row]) -> Iterator[str]:
    """What was done up to a day is published with the first total after it, in tens; at any other time nothing is."""
    journal = {(row["reason"], row["day"]): abs(int(row["n"])) for row in rows}
    names = sorted({*removals, *(name for name, _ in journal)})
    for before, time in pairwise(totals):
        for name in names:
            done = sum(n for (reason, day), n in journal.items() if reason == name and _day(before) <= day < _day(time))
            figure = removals.get(name, {}).get(time)
            if (figure is None) != (done == 0) or not 0 <= done - (figure or 0) <= MAX_BELOW or (figure or 0) % 10:
                yield f"{name} on {_day(time)}: published {figure or 0}, recounted {done}."
    for name in names:
        if alone := sorted(removals.get(name, {}).keys() - {*totals}):
            yield f"{name} on {_day(alone[0])}: there was no release of the total."


def _day(moment: int) -> str:
    return clock.from_epoch(moment).date().isoformat()
