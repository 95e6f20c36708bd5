"""How many forms were confirmed, by their age in days: counted once a day, and shown when the count is a day old.

So nobody at the desk sees a form come in or a button pressed, however many forms of their own they send.
"""

import json
from dataclasses import dataclass

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.signing.submissions import SUBMISSION_LIFETIME
from petition.tally.rounding import magnitude

STATE_NAME = "form_counts"
MIN_FORMS = 100  # of fewer no share is shown


@dataclass(frozen=True, slots=True)
class AgeGroup:
    """Forms that were sent from `first` to `last` days before the count. `tenths`: so many in ten were confirmed.

    `forms`, `waiting`: powers of ten, 0 below ten. `tenths` is None for fewer than MIN_FORMS forms.
    """

    first: int
    last: int
    forms: int
    waiting: int
    tenths: int | None


@dataclass(frozen=True, slots=True)
class FormCounts:
    """`counted_at`: epoch seconds. `all`: of the last two weeks; `groups`: the youngest first."""

    counted_at: int
    all: AgeGroup
    groups: tuple[AgeGroup, ...]


_AGES = ((1, 1), (2, 6), (7, 14))


async def count_if_due(c: Connection) -> None:
    """Counts the forms of the days before today, unless that was done today. Call it every hour."""
    old = await state.get(c, STATE_NAME)
    counts = json.loads(old) if old else []
    today = clock.start_of_day(clock.today().isoformat())
    if any(count["counted_at"] >= today for count in counts):
        return
    rows = await c.all("form_counts.by_day", now=clock.epoch(), today=today + SUBMISSION_LIFETIME)
    ages = [
        [(today + SUBMISSION_LIFETIME - int(r["expires_at"])) // DAY, int(r["forms"]), int(r["confirmed"])]
        for r in rows
    ]
    new = json.dumps([*counts[-1:], {"counted_at": clock.epoch(), "ages": ages}])
    await (state.insert(c, STATE_NAME, new) if old is None else state.exchange(c, STATE_NAME, old, new))


async def get_form_counts(c: Connection) -> FormCounts | None:
    """The newest count that is a day old; None if there is none."""
    counts = json.loads(await state.get(c, STATE_NAME) or "[]")
    old_enough = [count for count in counts if count["counted_at"] <= clock.epoch() - DAY]
    if not old_enough:
        return None
    ages = [(int(age), int(forms), int(confirmed)) for age, forms, confirmed in old_enough[-1]["ages"]]
    groups = tuple(_group(ages, first, last) for first, last in _AGES)
    return FormCounts(old_enough[-1]["counted_at"], _group(ages, _AGES[0][0], _AGES[-1][1]), groups)


def _group(ages: list[tuple[int, int, int]], first: int, last: int) -> AgeGroup:
    forms, confirmed = (sum(row[k] for row in ages if first <= row[0] <= last) for k in (1, 2))
    tenths = confirmed * 10 // forms if forms >= MIN_FORMS else None
    return AgeGroup(first, last, magnitude(forms), magnitude(forms - confirmed), tenths)
