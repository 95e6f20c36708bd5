"""Signed links: one salt per purpose, dated, and nothing in them but a random secret."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from enum import StrEnum

from itsdangerous import BadSignature, TimestampSigner

from petition.core.clock import DAY, HOUR
from petition.core.errors import LinkError


class Purpose(StrEnum):
    """What a link may do. The value is the salt: a link made for one purpose opens nothing else."""

    CONFIRM = "confirm"
    NEVER_WRITE = "never-write"
    MANAGE = "manage"
    LOGIN = "login"


LINK_LIFETIME = {
    Purpose.CONFIRM: 14 * DAY,
    Purpose.NEVER_WRITE: 14 * DAY,
    Purpose.MANAGE: DAY,
    Purpose.LOGIN: HOUR // 2,
}


class Signer:
    """Makes and reads links with the secret keys, newest first; older keys still read."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        oldest_first = list(reversed(keys))
        self._signers = {p: TimestampSigner(oldest_first, salt=f"petition.{p}") for p in Purpose}

    def make_token(self, purpose: Purpose, secret: str) -> str:
        """The token of a link, safe in a URL."""
        return self._signers[purpose].sign(secret).decode()

    def read_token(self, purpose: Purpose, token: str) -> str:
        """The secret in a token. Raises LinkError for a damaged, foreign or expired one alike.

        One that is dated ahead of our clock works: the clock was set back, or another server's is a little fast.
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
    """128 random bits for a new link, in 22 characters."""
    return secrets.token_urlsafe(16)


def unsubscribe_secret(secret: str) -> str:
    """The secret of the link that ends news, made of the one of the link that ordered them: it does not lead back.

    It is no signed link: it lives as long as the sealed address beside it, whatever becomes of the secret keys.
    """
    digest = hmac.digest(secret.encode(), b"petition unsubscribe", "sha256")
    return urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def message_reference(secret: str) -> str:
    """The Message-ID of an email: made of its link's secret, and does not lead back to it."""
    return hashlib.sha256(b"petition mail " + secret.encode()).hexdigest()[:32]


def submission_id(secret: str) -> str:
    """The key of a submission: the hash of the reference of its email, so that a bounce finds it too."""
    return secret_hash(message_reference(secret))


def secret_hash(secret: str) -> str:
    """What the database keeps of a secret: its hash, so that a copy of the database opens no link."""
    return hashlib.sha256(secret.encode()).hexdigest()
