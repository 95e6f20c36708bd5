"""Codes of an authenticator app: RFC 6238 with what every app takes, SHA-1, six digits, half a minute."""

import hmac
import secrets
from base64 import b32encode
from urllib.parse import quote

from petition.core import clock

STEP = 30  # seconds a code is shown for
DRIFT = 1  # steps a clock may be off, either way (RFC 6238, 5.2)
DIGITS = 6


def secret() -> bytes:
    """A new secret of 160 bits (RFC 4226, R6)."""
    return secrets.token_bytes(20)


def text(key: bytes) -> str:
    """A secret as it is typed into an app, in groups of four."""
    plain = b32encode(key).decode()
    return " ".join(plain[n : n + 4] for n in range(0, len(plain), 4))


def address(key: bytes, nickname: str) -> str:
    """A secret as apps read it from a picture. It names nobody but the nickname: phones are searched at borders."""
    return f"otpauth://totp/{quote(nickname)}?secret={b32encode(key).decode()}&algorithm=SHA1&digits={DIGITS}&period={STEP}"


def step_of(key: bytes, given: str) -> int | None:
    """The half minute since 1970 that a code belongs to, if it is right now; None for any other."""
    typed = "".join(given.split())
    now = clock.epoch() // STEP
    found = None
    for step in range(now - DRIFT, now + DRIFT + 1):  # all of them, lest time tell which
        if hmac.compare_digest(code(key, step).encode(), typed.encode()):
            found = step
    return found


def code(key: bytes, step: int) -> str:
    """What an app shows in that half minute (RFC 4226, 5.3)."""
    digest = hmac.digest(key, step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)
