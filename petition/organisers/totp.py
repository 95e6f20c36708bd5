"""Codes of an authenticator app: RFC 6238 with what every app takes, SHA-1, six digits, half a minute."""

import hmac
from base64 import b32encode
from urllib.parse import quote

from petition.core import clock

STEP_SECONDS = 30  # a code is shown for so long
DRIFT_STEPS = 1  # a clock may be off, either way (RFC 6238, 5.2)
DIGITS = 6


def format_secret(secret: bytes) -> str:
    """A secret as it is typed into an app, in groups of four."""
    plain = b32encode(secret).decode()
    return " ".join(plain[n : n + 4] for n in range(0, len(plain), 4))


def otpauth_url(secret: bytes, nickname: str) -> str:
    """A secret as apps read it from a picture. It names nobody but the nickname: phones are searched at borders."""
    return f"otpauth://totp/{quote(nickname)}?secret={b32encode(secret).decode()}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"


def matching_step(secret: bytes, code: str) -> int | None:
    """The half minute since 1970 that a code belongs to, if it is right now; None for any other."""
    digits = "".join(code.split())
    now = clock.epoch() // STEP_SECONDS
    matched = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):  # all of them, so that time does not tell which
        if hmac.compare_digest(code_at(secret, step).encode(), digits.encode()):
            matched = step
    return matched


def code_at(secret: bytes, step: int) -> str:
    """What an app shows in that half minute (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    value = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(value % 10**DIGITS).zfill(DIGITS)
