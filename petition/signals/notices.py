"""Notices: what stood out on a day, in numbers that an organiser may see, until somebody says what it was."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from petition.core.database.connection import Connection, Row
from petition.core.languages import N_
from petition.signals.detection import SHARES, UNTOLD, Finding
from petition.tally.schedule import round_off

# What an organiser may think that it was: the value of the field, and its words.
EXPLANATIONS = {
    "news": N_("A newspaper, a broadcast or a well-known person"),
    "place": N_("A university, a school, a firm or an office"),
    "newsletter": N_("A newsletter, or an organisation that asked its members"),
    "stand": N_("A stand in a street, an event, a shelter"),
    "forged": N_("Nothing honest that we know of: it looks forged"),
    "other": N_("Something else, and it is fine"),
}
QUIET_DAYS = 7  # a drip that was noticed is not noticed again so soon
_PERCENT_STEP = 5
INFORMATION = ("surge",)  # worth a sentence, not an email


@dataclass(frozen=True, slots=True)
class Notice:
    """`seen`, `usual`: in tens, or in percent in steps of five. `explanation`: a key of EXPLANATIONS, or empty.

    `usual` is UNTOLD on the first day.
    """

    handle: str
    day: str
    signal: str
    subject: str
    cluster: str
    seen: int
    usual: int
    explanation: str = ""
    nickname: str = ""

    @property
    def is_open(self) -> bool:
        return not self.explanation

    @property
    def date(self) -> date:
        return date.fromisoformat(self.day)


def make_notice(day: str, finding: Finding, remainder: int) -> Notice:
    show: Callable[[float], int] = _percent if finding.signal in SHARES else lambda n: round_off(int(n), remainder)
    texts = finding.signal, finding.subject, finding.cluster
    usual = UNTOLD if finding.usual == UNTOLD else show(finding.usual)
    return Notice(secrets.token_hex(8), day, *texts, show(finding.seen), usual)


def _percent(share: float) -> int:
    return max(0, min(100, round(share / _PERCENT_STEP) * _PERCENT_STEP))


async def save(c: Connection, notices: list[Notice]) -> list[Notice]:
    """Those that are new: a drip lasts for days, and is told once."""
    new = [notice for notice in notices if not await _was_told(c, notice)]
    await c.insert_rows("notices", [_row(notice) for notice in new])
    return new


async def _was_told(c: Connection, notice: Notice) -> bool:
    if not notice.signal.startswith("drip"):
        return False
    since = (notice.date - timedelta(QUIET_DAYS)).isoformat()
    return await c.one("signals.recent_notice", signal=notice.signal, subject=notice.subject, since=since) is not None


def _row(notice: Notice) -> Row:
    return {name: getattr(notice, name) for name in Notice.__slots__}


async def list_notices(c: Connection) -> list[Notice]:
    """The newest day first; seen and usual as they were shown from the beginning."""
    return [Notice(**row) for row in await c.all("signals.notices")]


async def count_open(c: Connection) -> int:
    return int((await c.one("signals.count_open") or {})["n"])


async def explain(c: Connection, handle: str, explanation: str, nickname: str) -> bool:
    """False if somebody has explained it already, or there is no such notice."""
    values = {"handle": handle, "explanation": explanation, "nickname": nickname}
    return await c.one("signals.explain", **values) is not None


async def reopen(c: Connection, handle: str) -> bool:
    return await c.one("signals.reopen", handle=handle) is not None
