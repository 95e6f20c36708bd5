"""Signed links: each purpose has its own salt, and a token contains only a date and a random secret."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from enum import StrEnum

from itsdangerous import BadSignature, TimestampSigner

from petition.core.clock import DAY, HOUR
from petition.core.errors import LinkError


class Purpose(StrEnum):
    """What a link is for. The value is part of the salt, so a link made for one purpose opens nothing else."""

    CONFIRM = "confirm"
    NEVER_WRITE = "never-write"
    MANAGE = "manage"
    LOGIN = "login"


LINK_LIFETIME = {
    Purpose.CONFIRM: 14 * DAY,
    Purpose.NEVER_WRITE: 3650
    * DAY,  # it takes the wish back too, years later; its other buttons end with the email's link
    Purpose.MANAGE: DAY,
    Purpose.LOGIN: HOUR // 2,
}


class Signer:
    """Signs tokens with the newest secret key (the first); reads tokens of the older keys too."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        oldest_first = list(reversed(keys))
        self._signers = {p: self._make(oldest_first, p) for p in Purpose}

    @staticmethod
    def _make(keys: list[str], purpose: Purpose) -> TimestampSigner:
        return TimestampSigner(keys, salt=f"petition.{purpose}", digest_method=hashlib.sha256)

    def make_token(self, purpose: Purpose, secret: str) -> str:
        """The token is safe in a URL."""
        return self._signers[purpose].sign(secret).decode()

    def read_token(self, purpose: Purpose, token: str) -> str:
        """The secret in a token. Raises the same LinkError for a damaged, foreign or expired token.

        A token dated in the future works: this clock was set back, or the clock of another server is a little fast.
        """
        signer = self._signers[purpose]
        try:
            value, signed_at = signer.unsign(token.encode(), return_timestamp=True)
            secret = value.decode()
        except (BadSignature, UnicodeError):
            raise LinkError("This link does not work.") from None
        if signer.get_timestamp() - signed_at.timestamp() > LINK_LIFETIME[purpose]:
            raise LinkError("This link does not work.")
        return secret


def new_secret() -> str:
    """128 random bits, in 22 characters."""
    return secrets.token_urlsafe(16)


def unsubscribe_secret(secret: str) -> str:
    """The secret of an unsubscribe link, derived one-way from the secret of the confirmation link.

    The unsubscribe link is not signed: it works as long as the sealed address next to it exists, even if the secret
    keys change.
    """
    digest = hmac.digest(secret.encode(), b"petition unsubscribe", "sha256")
    return urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def message_reference(secret: str) -> str:
    """For the Message-ID of an email: derived one-way from its link secret."""
    return hashlib.sha256(b"petition mail " + secret.encode()).hexdigest()[:32]


def secret_hash(secret: str) -> str:
    """The database stores this instead of the secret, so that a copy of the database opens no link."""
    return hashlib.sha256(secret.encode()).hexdigest()
