"""What the last `petition audit` and `petition doctor` found, for the desk: a day and words, no value of a setting."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial

from petition.core import clock
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.errors import DatabaseError
from petition.tally.audit import find_disagreements

Recount = Callable[[Connection], Awaitable[list[str]]]
AUDIT, DOCTOR = "last_audit", "last_doctor"  # names in `site_state`
OLD_DAYS = 7  # an audit or a doctor that is older says little
_WORDS = re.compile(r"[A-Za-z ]*")


@dataclass(frozen=True, slots=True)
class LastAudit:
    day: date
    all_agree: bool

    @property
    def is_old(self) -> bool:
        return _is_old(self.day)


@dataclass(frozen=True, slots=True)
class LastDoctor:
    """`found`: the state (ok, warn, fix) and the name of each check."""

    day: date
    found: tuple[tuple[str, str], ...]

    @property
    def is_old(self) -> bool:
        return _is_old(self.day)

    def named(self, wanted: str) -> list[str]:
        """The names of the checks that found this state."""
        return [name for found, name in self.found if found == wanted]


def _is_old(day: date) -> bool:
    return (clock.today() - day).days >= OLD_DAYS


async def audit_and_record(database: Database, more: Recount | None = None) -> list[str]:
    """What find_disagreements() and `more` say; the desk learns whether they said anything."""
    async with database.reading() as c:
        disagreements = [*await find_disagreements(c), *(await more(c) if more else ())]
    with suppress(DatabaseError):  # a database that takes no write can be counted all the same
        await database.write(partial(record_audit, all_agree=not disagreements))
    return disagreements


async def record_audit(c: Connection, *, all_agree: bool) -> None:
    await state.put(c, AUDIT, f"{clock.today()} {'ok' if all_agree else 'differs'}")


async def last_audit(c: Connection) -> LastAudit | None:
    """None if there was none since this database is in use."""
    if (value := await state.get(c, AUDIT)) is None:
        return None
    day, _, result = value.partition(" ")
    return LastAudit(date.fromisoformat(day), result == "ok")


async def record_doctor(c: Connection, *, found: Iterable[tuple[str, str]]) -> None:
    """`found`: state and subject of each finding. Only the first words of a subject are kept: values come later."""
    lines = dict.fromkeys((result, _name(subject)) for result, subject in found)
    await state.put(c, DOCTOR, json.dumps([str(clock.today()), *lines]))


def _name(subject: str) -> str:
    return _WORDS.match(subject)[0].strip().removesuffix(" of")  # type: ignore[index]  # it also matches nothing


async def last_doctor(c: Connection) -> LastDoctor | None:
    """None if there was none since this database is in use."""
    if (value := await state.get(c, DOCTOR)) is None:
        return None
    day, *lines = json.loads(value)
    return LastDoctor(date.fromisoformat(day), tuple((found, name) for found, name in lines))


async def forget(c: Connection) -> None:
    """After a restore: it was another database that they looked at."""
    for name in (AUDIT, DOCTOR):
        await state.delete(c, name)
