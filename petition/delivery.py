"""Delivery: takes mail from the outbox, writes it in its reader's language, hands it to the relay.

Any number of deliverers may run.
"""

import asyncio
import logging
from contextlib import suppress
from email.message import EmailMessage
from functools import partial

from petition import clock, mail, notices, outbox
from petition.db import Database
from petition.errors import DatabaseError
from petition.languages import Languages
from petition.mail import Delayed, Refused, Transport, Unreachable
from petition.outbox import Mail
from petition.sealing import Vault
from petition.settings import Settings
from petition.tokens import Signer

PAUSE = 1.0  # seconds between two looks into an empty outbox
PATIENCE = 10.0  # seconds
log = logging.getLogger(__name__)


class Deliverer:
    """One loop over the outbox with one relay."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        signer: Signer,
        languages: Languages,
        relay: Transport,
    ) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._signer = signer
        self._languages = languages
        self._relay = relay
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Delivers until stop(). A database that is away for a moment only makes it wait."""
        self._idle.clear()
        try:
            while not self._stopping.is_set():
                if not await self._try():
                    await _sleep(self._stopping)
        finally:
            await self._relay.close()
            self._idle.set()

    async def stop(self) -> None:
        """Ends run() once the mail in hand is settled; a relay that hangs is not waited for beyond PATIENCE."""
        self._stopping.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), PATIENCE)

    async def close(self) -> None:
        """Takes leave of the relay; run() does so itself."""
        await self._relay.close()

    async def _try(self) -> int:
        try:
            return await self.once()
        except DatabaseError as error:
            log.warning("%s", error)
            return 0

    async def once(self) -> int:
        """One batch; how many mails were tried."""
        mails = await self._database.write(partial(outbox.claim, vault=self._vault))
        until = clock.epoch() + outbox.CLAIMED // 3  # a mail that begins then ends before its row is another's
        for n, claimed in enumerate(mails):
            if not await self._deliver(claimed) or self._stopping.is_set() or clock.epoch() > until:
                await self._database.write(partial(outbox.release, mails=mails[n + 1 :]))
                break
        return len(mails)

    async def _deliver(self, claimed: Mail) -> bool:
        """Sends one mail and settles its row; False if the relay is away.

        Sent twice only if we, or the connection, die between the relay's yes and our commit.
        """
        try:
            await self._relay.send(self._written(claimed))
        except Refused as refusal:
            await self._database.write(partial(outbox.refused, mail=claimed, code=str(refusal)))
        except Delayed as delay:
            log.warning("mail delayed: %s", delay)
            await self._database.write(partial(outbox.later, mail=claimed))
            return not isinstance(delay, Unreachable)
        except Exception as error:  # one mail that cannot be written must not keep the others; its text may quote it
            log.error("mail delayed: %s", type(error).__name__)
            await self._database.write(partial(outbox.later, mail=claimed))
        else:
            await self._database.write(partial(outbox.sent, mail=claimed))
        return True

    def _written(self, claimed: Mail) -> EmailMessage:
        known = claimed.language in self._languages
        language = self._languages[claimed.language] if known else self._languages.default
        base = self._settings.base_url
        links = notices.links(self._signer, base, language.code, claimed.name, claimed.number)
        return mail.write(language, claimed.name, claimed.to, self._settings.mail_from, claimed.id, links)


async def _sleep(until: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(until.wait(), PAUSE)
