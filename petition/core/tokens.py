"""Signed links: each purpose has its own salt, and a token contains only a date and a random secret."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from enum import StrEnum

from itsdangerous import BadSignature, TimestampSigner
from itsdangerous.signer import SigningAlgorithm

from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.errors import LinkError


class Purpose(StrEnum):
    """What a link is for. The value is part of the salt, so a link made for one purpose opens nothing else."""

    CONFIRM = "confirm"
    NEVER_WRITE = "never-write"
    MANAGE = "manage"
    LOGIN = "login"
    RESULT = "result"


LINK_LIFETIME = {
    Purpose.CONFIRM: 14 * DAY,
    Purpose.NEVER_WRITE: 3650
    * DAY,  # it takes the wish back too, years later; its other buttons end with the email's link
    Purpose.MANAGE: DAY,
    Purpose.LOGIN: HOUR // 2,
    Purpose.RESULT: HOUR // 4,
}


_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]{43}(?![\w-])", re.ASCII)  # secret, date, HMAC-SHA-256
_UNSUBSCRIBE_SECRET = re.compile(r"[\w-]{22}(?![\w-])", re.ASCII)
# What mail programs put between the characters of a link: white space, the soft line break of quoted-printable (its `=`
# alone, once a browser has taken the line end out), and characters without width.
_BREAKS = re.compile("[\\s=\N{SOFT HYPHEN}\u200b-\u200f\u2028-\u202e\u2060-\u2069\N{ZERO WIDTH NO-BREAK SPACE}]+")


def cut_to_shape(text: str, shape: re.Pattern[str]) -> str:
    """The last part of a link without what cannot belong to it, as mail programs hand links on.

    What comes behind is cut from the first character that no such part has; letters that stick to it are not cut.
    A text that has not the shape is unchanged.
    """
    match = shape.match(text) or shape.match(_BREAKS.sub("", text))
    return match[0] if match else text


class _HmacSha256(SigningAlgorithm):
    """As itsdangerous has it, in one call of C: an email has two links."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")


class Signer:
    """Signs tokens with the newest secret key (the first); reads tokens of the older keys too."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        oldest_first = list(reversed(keys))
        self._signers = {p: self._make(oldest_first, p) for p in Purpose}

    @staticmethod
    def _make(keys: list[str], purpose: Purpose) -> TimestampSigner:
        """The keys are derived once, in the way "django-concat" of itsdangerous, which derives them for each token."""
        derived = [hashlib.sha256(f"petition.{purpose}signer{key}".encode()).digest() for key in keys]
        return TimestampSigner(derived, key_derivation="none", algorithm=_HmacSha256())

    def make_token(self, purpose: Purpose, secret: str) -> str:
        """The token is safe in a URL."""
        return self._signers[purpose].sign(secret).decode()

    def read_token(self, purpose: Purpose, token: str) -> str:
        """The secret in a token. Raises LinkError."""
        return self.read_dated(purpose, token)[0]

    def read_dated(self, purpose: Purpose, token: str) -> tuple[str, int]:
        """(secret, when it was signed). Raises the same LinkError for a damaged, foreign or expired token.

        What mail programs add to a token does no harm, see cut_to_shape().
        A token dated in the future works: this clock was set back, or the clock of another server is a little fast.
        """
        signer = self._signers[purpose]
        try:
            value, signed_at = signer.unsign(cut_to_shape(token, _TOKEN).encode(), return_timestamp=True)
            secret = value.decode()
        except (BadSignature, UnicodeError):
            raise LinkError("This link does not work.") from None
        if signer.get_timestamp() - signed_at.timestamp() > LINK_LIFETIME[purpose]:
            raise LinkError("This link does not work.")
        return secret, int(signed_at.timestamp())

    def make_code(self, path: str, word: str) -> str:
        """Tells the word to this server alone, at this path, for a quarter of an hour; then nobody can read it."""
        return self._signers[Purpose.RESULT].get_signature(_result(path, word, 0)).decode()

    def read_code(self, path: str, code: str, words: Iterable[str]) -> str | None:
        """The one of these words for which the code was made."""
        signer = self._signers[Purpose.RESULT]
        matching = [w for w in words for ago in (0, 1) if signer.verify_signature(_result(path, w, ago), code)]
        return matching[0] if matching else None


def _result(path: str, word: str, ago: int) -> bytes:
    """`ago`: in how many periods before this one."""
    period = clock.epoch() // LINK_LIFETIME[Purpose.RESULT] - ago
    return f"{word} {period} {path}".encode()


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


def read_unsubscribe_secret(text: str) -> str:
    """The secret in an unsubscribe link, whatever a mail program has added to it."""
    return cut_to_shape(text, _UNSUBSCRIBE_SECRET)


def message_reference(secret: str) -> str:
    """For the Message-ID of an email: derived one-way from its link secret."""
    return hashlib.sha256(b"petition mail " + secret.encode()).hexdigest()[:32]


def secret_hash(secret: str) -> str:
    """The database stores this instead of the secret, so that a copy of the database opens no link."""
    return hashlib.sha256(secret.encode()).hexdigest()
