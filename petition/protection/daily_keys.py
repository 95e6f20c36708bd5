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
class DailyKey:
    """The key of one day."""

    day: str
    secret: bytes

    def tag(self, purpose: str, text: str) -> str:
        """An opaque tag of a text, for one purpose: tags of two purposes cannot be compared.

        Keyed BLAKE2b (RFC 7693, 2.9): a form needs four of them, at half the price of HMAC.
        """
        digest = hashlib.blake2b(f"{purpose} {text}".encode(), key=self.secret, digest_size=18).digest()
        return urlsafe_b64encode(digest).decode()

    def derive_key(self, purpose: str) -> bytes:
        """A key for something else of this day."""
        return hmac.digest(self.secret, purpose.encode(), hashlib.sha256)


class DailyKeys:
    """The key of today, asked of the database once a day."""

    def __init__(self, database: Database, server_keys: ServerKeys) -> None:
        self._database, self._server_keys = database, server_keys
        self._cached: tuple[int, DailyKey] | None = None

    async def get_today(self) -> DailyKey:
        """Makes it if nobody has yet."""
        day_number = clock.epoch() // DAY
        if self._cached is None or self._cached[0] != day_number:
            self._cached = day_number, await self._database.write(self._load_today)
        return self._cached[1]

    async def _load_today(self, c: Connection) -> DailyKey:
        day = clock.today().isoformat()
        await c.run("daily_keys.insert", day=day, random=secrets.token_urlsafe(32))
        row = await c.one("daily_keys.get", day=day) or {}
        return DailyKey(day, self._server_keys.daily_key(row["random"]))


async def destroy_expired(c: Connection) -> list[str]:
    """Destroys the keys of before yesterday, whose two days are over; their days, whose tags are to go too."""
    yesterday = (clock.today() - timedelta(1)).isoformat()
    return [row["day"] for row in await c.all("daily_keys.delete_before", yesterday=yesterday)]
