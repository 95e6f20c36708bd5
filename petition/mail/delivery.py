"""Delivery: takes mail from the outbox, writes it in its reader's language, hands it to the relay.

Any number of deliverers may run, in one process (see lanes.py) and in many.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from petition.core import clock
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.core.errors import DatabaseError
from petition.mail import outbox
from petition.mail.backoff import ProviderBackoff
from petition.mail.compose import RenderedEmail
from petition.mail.outbox import ClaimedEmail
from petition.mail.smtp import Delayed, ProviderLimited, Refused, Transport, Unreachable

PAUSE = 1.0  # seconds between two looks into an empty outbox
PATIENCE = 10.0  # seconds that the mail in hand has once we are told to stop
SENDING = 60.0  # seconds for the whole dialogue about one mail; then the connection is cut
SETTLING = 20.0  # seconds to write down what became of it, a database that is locked for a while included
log = logging.getLogger(__name__)


class Deliverer:
    """One loop over the outbox with one relay. `pace` may be shared with others; `more` is called for a full batch."""

    def __init__(
        self,
        database: Database,
        vault: ServerKeys,
        written: Callable[[ClaimedEmail], RenderedEmail],
        relay: Transport,
        pace: ProviderBackoff | None = None,
        more: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._written = written
        self._relay = relay
        self._pace = pace or ProviderBackoff()
        self._more = more
        self._limit: asyncio.Timeout | None = None  # of the mail in hand
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, *, lasting: bool = True) -> None:
        """Delivers until stop(), or with lasting=False until nothing is due. A database that is away makes it wait."""
        self._idle.clear()
        try:
            while not self._stopping.is_set():
                if not await self._try():
                    if not lasting:
                        break
                    await _sleep(self._stopping)
        finally:
            await self._relay.close()
            self._idle.set()

    async def stop(self) -> None:
        """Ends run(). A relay that hangs has PATIENCE seconds for the mail in hand; the others are given back."""
        self._stopping.set()
        soon = asyncio.get_running_loop().time() + PATIENCE
        if self._limit and (self._limit.when() or soon) > soon:
            self._limit.reschedule(soon)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), PATIENCE + SETTLING)

    async def _try(self) -> int:
        try:
            return await self.once()
        except DatabaseError as error:
            log.warning("%s", error)
            return 0

    async def once(self) -> int:
        """One batch; how many mails it had. With an empty outbox it takes leave of the relay."""
        waiting = mails = await self._database.write(partial(outbox.claim_batch, server_keys=self._vault))
        paused: list[tuple[ClaimedEmail, int]] = []
        if len(mails) == outbox.BATCH_SIZE:
            self._more()
        while waiting and not self._stopping.is_set():
            claimed, *waiting = waiting
            if wait := self._pace.remaining(claimed.domain):
                paused.append((claimed, wait))
            elif await self._ours(claimed) and not await self._deliver(claimed):
                break
        if waiting or paused:
            await self._settle(self._job(outbox.release_emails, mails=waiting, paused=paused))
        if not mails:
            await self._relay.close()
        return len(mails)

    async def _ours(self, claimed: ClaimedEmail) -> bool:
        """Whether nobody else can take this mail until we are through with it, however slow the relay is.

        A claim that seems to last longer than any does was made by a clock that was ahead: somebody may have taken it.
        """
        if SENDING + SETTLING < claimed.claim_expires_at - clock.epoch() <= outbox.CLAIM_SECONDS:
            return True
        return await self._database.write(partial(outbox.renew_claim, email=claimed))

    async def _deliver(self, claimed: ClaimedEmail) -> bool:
        """Sends one mail and settles its row; False if the relay is away.

        Sent twice only if we, or the connection, die between the message and the commit after the relay's yes.
        """
        try:
            await self._send(self._written(claimed))
        except Refused as refusal:
            await self._settle(self._job(outbox.mark_refused, mail=claimed, code=str(refusal)))
        except Delayed as delay:
            log.warning("mail delayed: %s", delay)
            if isinstance(delay, ProviderLimited):
                self._pace.limited(claimed.domain)
            await self._settle(self._job(outbox.retry_later, mail=claimed))
            return not isinstance(delay, Unreachable)
        except Exception as error:  # one mail that cannot be written must not keep the others; its text may quote it
            log.error("mail delayed: %s", type(error).__name__)
            await self._settle(self._job(outbox.retry_later, mail=claimed))
        else:
            self._pace.accepted(claimed.domain)
            await self._settle(partial(self._database.join, outbox.mark_sent, claimed.id))
        return True

    async def _send(self, message: RenderedEmail) -> None:
        """Raises what the relay raises, and Unreachable for a dialogue that takes longer than SENDING."""
        try:
            async with asyncio.timeout(PATIENCE if self._stopping.is_set() else SENDING) as self._limit:
                await self._relay.send(message)
        except TimeoutError:
            await self._relay.close()  # nobody knows what would come next over this connection
            raise Unreachable("it takes too long") from None
        finally:
            self._limit = None

    def _job(self, job: Callable[..., Awaitable[None]], **given: object) -> Callable[[], Awaitable[None]]:
        return partial(self._database.write, partial(job, **given))

    async def _settle(self, step: Callable[[], Awaitable[None]]) -> None:
        """Writes down what became of a mail. What has left must not leave again: a database that is away is waited for.

        Told to stop, it tries once more and raises DatabaseError.
        """
        while True:
            last = self._stopping.is_set()
            try:
                return await step()
            except DatabaseError as error:
                if last:
                    raise
                log.warning("%s", error)
            await _sleep(self._stopping)


async def _sleep(until: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(until.wait(), PAUSE)
