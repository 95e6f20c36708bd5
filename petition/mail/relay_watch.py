"""What organisers learn of a relay in trouble: stored once for all processes, logged once, and sent to the operator.

Nothing in it is about a signer: since when, at which step of the dialogue, and the status code of the reply.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial

from petition.core import clock
from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.mail import outbox
from petition.mail.backoff import ProviderBackoff
from petition.mail.breaker import Breaker, Trouble
from petition.mail.replies import Phase

NAMES = ("first", "second")  # relay of PETITION_SMTP_URL
SEEN_SECONDS = 60  # between two notes that the trouble lasts
_SENTENCES = {
    "first": N_(
        "The first relay takes no email (%(phase)s: %(status)s). Nothing is lost: emails wait, "
        "and leave by themselves once it takes them again. Look at its log, its login and its quota."
    ),
    "second": N_(
        "The second relay takes no email (%(phase)s: %(status)s). Nothing is lost: emails wait, "
        "and leave by themselves once it takes them again. Look at its log, its login and its quota."
    ),
}
STALE_SECONDS = 300  # without such a note: the process that noticed the trouble has ended
log = logging.getLogger(__name__)


class RelayWatch:
    """Of one process. report() is called every second, and mostly has nothing to do."""

    def __init__(
        self,
        database: Database,
        breakers: list[Breaker],
        backoff: ProviderBackoff,
        alert: Callable[[str], Awaitable[None]],
    ) -> None:
        self._database, self._breakers, self._backoff, self._alert = database, breakers, backoff, alert
        self._reported: dict[int, Trouble] = {}
        self._noted_at = 0

    async def report(self) -> None:
        """Records what has changed since the last call. What waited for a relay that works again is due at once."""
        for number, breaker in enumerate(self._breakers):
            if breaker.trouble and number not in self._reported:
                await self._begin(number, breaker.trouble)
            elif not breaker.trouble and number in self._reported:
                await self._end(number)
        if self._reported and clock.epoch() - self._noted_at >= SEEN_SECONDS:
            self._noted_at = clock.epoch()
            for number in list(self._reported):
                await self._note(number)

    async def _note(self, number: int) -> None:
        """The trouble lasts, unless another process has seen the relay work."""
        if not await self._database.write(partial(_note, number=number, trouble=self._reported[number])):
            self._breakers[number].worked()
            self._backoff.forget_pauses()
            del self._reported[number]

    async def _begin(self, number: int, trouble: Trouble) -> None:
        self._noted_at = clock.epoch()
        if await self._database.write(partial(_begin, number=number, trouble=trouble)):
            text = describe(NAMES[number], trouble)
            log.error("%s", text)
            await self._alert(text)
        self._reported[number] = trouble

    async def _end(self, number: int) -> None:
        self._backoff.forget_pauses()
        if await self._database.write(partial(_end, number=number)):
            minutes = (clock.epoch() - self._reported[number].since) // 60
            text = f"The {NAMES[number]} relay takes email again, after {minutes} minutes. What waited is on its way."
            log.warning("%s", text)
            await self._alert(text)
        del self._reported[number]


def describe(name: str, trouble: Trouble) -> Sentence:
    """What is wrong and what to do; `name` is one of NAMES."""
    return Sentence(_SENTENCES[name], phase=trouble.phase, status=trouble.status)


async def _begin(c: Connection, *, number: int, trouble: Trouble) -> bool:
    """True for the first process that stores it."""
    if await _current(c, number) is None:
        await state.delete(c, _name(number))
    return await state.insert(c, _name(number), _value(trouble))


async def _note(c: Connection, *, number: int, trouble: Trouble) -> bool:
    """False if the trouble is over."""
    return await state.replace(c, _name(number), _value(trouble))


def _name(number: int) -> str:
    return f"relay trouble {number}"


def _value(trouble: Trouble) -> str:
    return json.dumps(asdict(trouble) | {"seen": clock.epoch()})


async def _end(c: Connection, *, number: int) -> bool:
    """True for the first process that takes it back."""
    await outbox.make_due(c)
    return await state.delete(c, _name(number))


async def current_troubles(c: Connection) -> dict[str, Trouble]:
    """The trouble of each relay that takes no email now, by its name: first or second."""
    found = {name: await _current(c, number) for number, name in enumerate(NAMES)}
    return {name: trouble for name, trouble in found.items() if trouble}


async def _current(c: Connection, number: int) -> Trouble | None:
    """None if it is over, or if the process that noticed it has ended."""
    value = json.loads(await state.get(c, _name(number)) or '{"seen": 0}')
    if clock.epoch() - int(value["seen"]) >= STALE_SECONDS:
        return None
    return Trouble(int(value["since"]), Phase(value["phase"]), str(value["status"]))
