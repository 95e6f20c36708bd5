"""Keys of a day: random, shared by all processes and machines, destroyed when the day after the next begins.

With one, what must be told apart for a day (a network, a domain) gets an opaque tag. It takes the key of the day and
`PETITION_EMAIL_KEY` to test whether a tag is of a given network; once the day's key is destroyed, nobody can.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys


@dataclass(frozen=True, slots=True)
class DayKey:
    """The key of one day."""

    day: str
    secret: bytes

    def tag(self, purpose: str, text: str) -> str:
        """An opaque tag of a text, for one purpose: tags of two purposes cannot be compared.

        Keyed BLAKE2b (RFC 7693, 2.9): a form needs four of them, at half the price of HMAC.
        """
        digest = hashlib.blake2b(f"{purpose} {text}".encode(), key=self.secret, digest_size=18).digest()
        return urlsafe_b64encode(digest).decode()

    def derived(self, purpose: str) -> bytes:
        """A key for something else of this day."""
        return hmac.digest(self.secret, purpose.encode(), hashlib.sha256)


class DayKeys:
    """The key of today, asked of the database once a day."""

    def __init__(self, database: Database, vault: ServerKeys) -> None:
        self._database, self._vault = database, vault
        self._known: tuple[int, DayKey] | None = None

    async def today(self) -> DayKey:
        """Makes it if nobody has yet."""
        number = clock.epoch() // DAY
        if self._known is None or self._known[0] != number:
            self._known = number, await self._database.write(self._of_today)
        return self._known[1]

    async def _of_today(self, c: Connection) -> DayKey:
        day = clock.today().isoformat()
        await c.run("daykeys.make", day=day, random=secrets.token_urlsafe(32))
        row = await c.one("daykeys.get", day=day) or {}
        return DayKey(day, self._vault.daily_key(row["random"]))


async def expire(c: Connection) -> list[str]:
    """Destroys the keys of before yesterday, whose two days are over; their days, whose tags are to go too."""
    yesterday = (clock.today() - timedelta(1)).isoformat()
    return [row["day"] for row in await c.all("daykeys.destroy", yesterday=yesterday)]
