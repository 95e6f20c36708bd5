"""Delivery: takes mail from the outbox, writes it in its reader's language, hands it to the relay. Any number may run."""

import asyncio
import logging
from functools import partial

from petition import mail, notices, outbox
from petition.db import Database
from petition.errors import DatabaseError
from petition.languages import Languages
from petition.mail import Delayed, Refused, Transport
from petition.outbox import Mail
from petition.sealing import Vault
from petition.settings import Settings
from petition.tokens import Signer

PAUSE = 1.0  # seconds between two looks into an empty outbox
log = logging.getLogger(__name__)


class Deliverer:
    """One loop over the outbox with one relay."""

    def __init__(  # noqa: PLR0913 (what a mail is made of)
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

    async def run(self) -> None:
        """Delivers until cancelled. A database that is away for a moment only makes it wait."""
        try:
            while True:
                try:
                    delivered = await self.once()
                except DatabaseError as error:
                    log.warning("%s", error)
                    delivered = 0
                if not delivered:
                    await asyncio.sleep(PAUSE)
        finally:
            await self._relay.close()

    async def once(self) -> int:
        """One batch; how many mails were tried."""
        mails = await self._database.write(partial(outbox.claim, vault=self._vault))
        for claimed in mails:
            await asyncio.shield(asyncio.create_task(self._deliver(claimed)))
        return len(mails)

    async def _deliver(self, claimed: Mail) -> None:
        """Sends one mail and settles its row. Sent twice only if we die between the relay's yes and our commit."""
        try:
            await self._relay.send(self._written(claimed))
        except Refused as refusal:
            await self._database.write(partial(outbox.refused, mail=claimed, code=str(refusal)))
        except Delayed as delay:
            log.warning("mail delayed: %s", delay)
            await self._database.write(partial(outbox.later, mail=claimed))
        else:
            await self._database.write(partial(outbox.sent, mail=claimed))

    def _written(self, claimed: Mail) -> "mail.EmailMessage":
        known = claimed.language in self._languages
        language = self._languages[claimed.language] if known else self._languages.default
        base = self._settings.base_url
        links = notices.links(self._signer, base, language.code, claimed.name, claimed.number)
        return mail.write(language, claimed.name, claimed.to, self._settings.mail_from, claimed.id, links)
