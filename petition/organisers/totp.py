"""Codes of an authenticator app: RFC 6238 with what every app supports, SHA-1, six digits, 30 seconds."""

import hmac
from base64 import b32encode
from urllib.parse import quote

from petition.core import clock

STEP_SECONDS = 30  # an app shows a code this long
DRIFT_STEPS = 1  # a clock may be this far off, in both directions (RFC 6238, 5.2)
DIGITS = 6


def format_secret(secret: bytes) -> str:
    """As people type it into an app: base32, in groups of four."""
    plain = b32encode(secret).decode()
    return " ".join(plain[n : n + 4] for n in range(0, len(plain), 4))


def otpauth_url(secret: bytes, nickname: str) -> str:
    """As apps read it from a QR code. It names nobody but the nickname: phones are searched at borders."""
    return f"otpauth://totp/{quote(nickname)}?secret={b32encode(secret).decode()}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"


def matching_step(secret: bytes, code: str) -> int | None:
    """The time step (half minutes since 1970) of a code that is right now; None for any other code."""
    digits = "".join(code.split())
    now = clock.epoch() // STEP_SECONDS
    matched = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):  # all of them, so that timing does not tell which
        if hmac.compare_digest(code_at(secret, step).encode(), digits.encode()):
            matched = step
    return matched


def code_at(secret: bytes, step: int) -> str:
    """What an app shows in a time step (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    value = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(value % 10**DIGITS).zfill(DIGITS)
