"""Delivery: takes emails from the outbox, renders each in its reader's language and hands it to the mail server.

Any number of deliverers may run, in one process (see delivery_pool.py) and in many.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from petition.core import clock
from petition.core.clock import HOUR
from petition.core.counted import EMAILS, REFUSED_EMAILS, refusal
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.core.errors import DatabaseError
from petition.mail import outbox
from petition.mail.backoff import ProviderBackoff
from petition.mail.compose import RenderedEmail
from petition.mail.delivery_rules import DeliveryRules
from petition.mail.outbox import ClaimedEmail
from petition.mail.replies import Reply, Verdict
from petition.mail.smtp import NotSent, Transport

POLL_SECONDS = 1.0  # between two looks into an empty outbox
STOP_TIMEOUT = 10.0  # seconds to finish the current email after stop()
SEND_TIMEOUT = 60.0  # seconds for the whole SMTP dialogue about one email; then the connection is cut
RECORD_TIMEOUT = 20.0  # seconds to record the result, even if the database is locked for a while


class Deliverer:
    """One loop over the outbox with one connection to the mail server. Other loops may share `backoff` and `rules`."""

    def __init__(
        self,
        database: Database,
        server_keys: ServerKeys,
        render: Callable[[ClaimedEmail], RenderedEmail],
        transport: Transport,
        backoff: ProviderBackoff | None = None,
        on_full_batch: Callable[[], None] = lambda: None,
        rules: DeliveryRules | None = None,
    ) -> None:
        self._database, self._server_keys = database, server_keys
        self._render = render
        self._transport = transport
        self._backoff = backoff or ProviderBackoff()
        self._on_full_batch = on_full_batch
        self._rules = rules or DeliveryRules()
        self._send_seconds = deque([0.01], maxlen=50)  # of the last emails
        self._send_timeout: asyncio.Timeout | None = None  # of the current email
        self._newest_first = False
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, *, forever: bool = True) -> None:
        """Delivers until stop(); with forever=False until nothing is due. Waits while the database is away."""
        self._idle.clear()
        try:
            while not self._stopping.is_set():
                if not await self._try_batch():
                    if not forever:
                        break
                    await _sleep_unless(self._stopping)
        finally:
            await self._transport.close()
            self._idle.set()

    async def stop(self) -> None:
        """Ends run(). If the server hangs, the current email has STOP_TIMEOUT seconds; the others are released."""
        self._stopping.set()
        deadline = asyncio.get_running_loop().time() + STOP_TIMEOUT
        if self._send_timeout and (self._send_timeout.when() or deadline) > deadline:
            self._send_timeout.reschedule(deadline)
        with suppress(TimeoutError):  # what was not sent is claimed again when its claim ends
            await asyncio.wait_for(self._idle.wait(), STOP_TIMEOUT + RECORD_TIMEOUT)

    async def _try_batch(self) -> int:
        try:
            return await self.deliver_batch()
        except DatabaseError as error:
            self._rules.errors.add(str(error))
            return 0

    async def deliver_batch(self) -> int:
        """Delivers one batch; returns how many emails it had. With an empty outbox it closes the connection.

        While the relay is in trouble, a batch is one email, and nothing is claimed before the relay answers.
        """
        if not await self._relay_answers():
            return 0
        waiting = emails = await self._claim_batch()
        paused: list[tuple[ClaimedEmail, int]] = []
        while waiting and not self._stopping.is_set():
            email, *rest = waiting
            if email.is_damaged:
                await self._record(self._write_job(self._drop_damaged, email=email))
            elif seconds := await self._pause(email):
                paused.append((email, seconds))
            elif await self._still_claimed(email) and not await self._deliver_email(email):
                break
            waiting = rest
            if self._transport.is_down:
                break
        if waiting or paused:
            await self._record(self._write_job(outbox.release_emails, emails=waiting, paused=paused))
        if not emails:
            await self._transport.close()
        return len(emails)

    async def _relay_answers(self) -> bool:
        """Whether emails can be claimed. A relay in trouble is asked once in a while, by one deliverer."""
        if self._transport.wait_seconds():
            return False
        try:
            if self._transport.is_down:
                await self._transport.connect()
        except NotSent:
            return False
        return True

    async def _claim_batch(self) -> list[ClaimedEmail]:
        """The oldest emails; every second time the newest, so that a long queue does not hold up who signs now."""
        if self._transport.is_down:
            return await self._database.write(partial(outbox.claim_probe, server_keys=self._server_keys))
        claim = partial(outbox.claim_batch, server_keys=self._server_keys, newest=self._newest_first)
        emails = await self._database.write(claim)
        is_full = len(emails) == outbox.BATCH_SIZE
        if is_full:
            self._on_full_batch()
        self._newest_first = is_full and not self._newest_first
        return emails

    async def _pause(self, email: ClaimedEmail) -> int:
        """Seconds until this email is tried; 0 if it may be sent now. What the pace holds back comes again scattered
        over an hour, so that nobody is always the last.
        """
        if self._transport.is_down:
            return 0  # it is the probe
        if seconds := self._backoff.remaining(email.domain):
            return seconds
        return 0 if await self._rules.may_send(email) else 1 + secrets.randbelow(HOUR)

    async def _still_claimed(self, email: ClaimedEmail) -> bool:
        """Whether nobody else can take this email until we are done with it, however slow the mail server is.

        A claim that seems to last longer than CLAIM_SECONDS was made by a clock that was ahead: somebody may have taken
        the email since.
        """
        if SEND_TIMEOUT + RECORD_TIMEOUT < email.claim_expires_at - clock.epoch() <= outbox.CLAIM_SECONDS:
            return True
        return await self._database.write(partial(outbox.renew_claim, email=email))

    async def _deliver_email(self, email: ClaimedEmail) -> bool:
        """Sends one email and records the result. False if the relay takes none: this one is released by the caller.

        An email is sent twice only if this process crashes, or the connection breaks, after the message was sent and
        before the mail server's answer is committed.
        """
        try:
            await self._send(email)
        except NotSent as failure:
            return await self._record_failure(email, failure.reply)
        except Exception as error:  # one email that cannot be rendered must not stop the others
            # Only the type of the error: its text may quote the email.
            self._rules.errors.add(f"mail delayed: {type(error).__name__}")
            await self._retry_later(email)
        else:
            self._backoff.accepted(email.domain)
            await self._record(partial(self._database.join, outbox.mark_sent, email.id))
            self._rules.count(EMAILS, "sent")
        return True

    async def _record_failure(self, email: ClaimedEmail, reply: Reply) -> bool:
        if reply.verdict is Verdict.RELAY:
            return False
        if reply.verdict is Verdict.MAILBOX:
            await self._record(self._write_job(self._mark_refused, email=email, code=reply.status))
            self._rules.count(REFUSED_EMAILS, refusal(reply.status))
            return True
        if reply.verdict is Verdict.PROVIDER:
            self._backoff.limited(email.domain)
        self._rules.errors.add(f"mail delayed: {reply.phase}: {reply.status}")
        await self._retry_later(email)
        return True

    async def _retry_later(self, email: ClaimedEmail) -> None:
        await self._record(self._write_job(outbox.retry_later, email=email))
        self._rules.count(EMAILS, "delayed")

    async def _mark_refused(self, c: Connection, *, email: ClaimedEmail, code: str) -> None:
        if await outbox.mark_refused(c, email, code):
            await self._rules.on_refused(c, code)

    async def _drop_damaged(self, c: Connection, *, email: ClaimedEmail) -> None:
        """Nobody can read it any more: it is given back first, as LOCKS wants."""
        if email.link_id:
            await self._rules.on_unreadable(c, ids=[email.link_id])
        await outbox.mark_refused(c, email, outbox.UNREADABLE)

    async def _send(self, email: ClaimedEmail) -> None:
        """Raises NotSent, also if the dialogue takes longer than SEND_TIMEOUT."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT if self._stopping.is_set() else SEND_TIMEOUT) as self._send_timeout:
                await (self._pass_decoy() if email.is_decoy else self._send_email(email))
        except TimeoutError:
            raise NotSent(await self._transport.cut()) from None
        finally:
            self._send_timeout = None

    async def _send_email(self, email: ClaimedEmail) -> None:
        started_at = asyncio.get_running_loop().time()
        await self._transport.send(self._render(email))
        self._send_seconds.append(asyncio.get_running_loop().time() - started_at)

    async def _pass_decoy(self) -> None:
        """Takes as long as an email: the next one must not leave earlier than if this one were real."""
        await self._transport.connect()
        await asyncio.sleep(secrets.choice(self._send_seconds))
        self._transport.passed_decoy()

    def _write_job(self, job: Callable[..., Awaitable[None]], **arguments: object) -> Callable[[], Awaitable[None]]:
        return partial(self._database.write, partial(job, **arguments))

    async def _record(self, step: Callable[[], Awaitable[None]]) -> None:
        """Records the result of an email, and waits while the database is away: what was sent must not be sent again.

        After stop() it tries once more, and raises DatabaseError.
        """
        while True:
            last_try = self._stopping.is_set()
            try:
                return await step()
            except DatabaseError as error:
                if last_try:
                    raise
                self._rules.errors.add(str(error))
            await _sleep_unless(self._stopping)


async def _sleep_unless(stopping: asyncio.Event) -> None:
    with suppress(TimeoutError):  # the time is over, and nobody has stopped it
        await asyncio.wait_for(stopping.wait(), POLL_SECONDS)
