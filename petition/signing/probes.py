"""What `petition probe` leaves here: how its form is changed, and what it found last, for all who show it.

Its form has a state of its own (submissions.PROBE_STATE), no marks and no quota, so nothing that counts forms sees it.
"""

import json
from dataclasses import asdict, dataclass, replace

from petition.core import clock
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.signing.submissions import SigningRequest
from petition.tally.rounding import UNSTATED_COUNTRY

_NAME = "last_probe"  # in site_state


@dataclass(frozen=True, slots=True)
class LastProbe:
    """`at`, `since`: epoch seconds; since then all probes worked, or none. `step`: which one failed, empty if none did.

    `seconds`: until the page was there, the form was taken, the email had come, its link was open.
    `certificate_ends`: epoch seconds; 0 if it saw no certificate.
    """

    at: int
    since: int
    step: str
    problem: str
    seconds: dict[str, float]
    certificate_ends: int = 0

    @property
    def works(self) -> bool:
        return not self.step

    @property
    def age(self) -> int:
        """Seconds; never below zero, whatever the clock was."""
        return max(0, clock.epoch() - self.at)


def without_choices(request: SigningRequest) -> SigningRequest:
    """Nothing that could be printed, sent or counted by country."""
    return replace(request, country=UNSTATED_COUNTRY, name=None, updates=False)


async def last_probe(c: Connection) -> LastProbe | None:
    """None if none has ever run with the settings of this site."""
    found = await state.get(c, _NAME)
    return LastProbe(**json.loads(found)) if found else None


async def record(c: Connection, step: str, problem: str, seconds: dict[str, float], certificate_ends: int = 0) -> None:
    before, now = await last_probe(c), clock.epoch()
    since = before.since if before and before.works == (not step) else now
    await state.put(c, _NAME, json.dumps(asdict(LastProbe(now, since, step, problem, seconds, certificate_ends))))


async def forget(c: Connection) -> None:
    """After a restore: it was true of another moment."""
    await state.delete(c, _NAME)
