"""The second factor: passkeys, or codes of an app. Set up after the first login, asked for after each later one.

There are no recovery codes: they would be one more secret to keep, to throttle and to lose. Whoever lost a factor asks
somebody with the server: `petition organiser reset NICKNAME`.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.core import clock, tokens
from petition.core.clock import DAY, HOUR
from petition.core.database.connection import Connection, Row
from petition.core.encryption import NONCE_BYTES
from petition.core.errors import KeysError
from petition.organisers import activity_log, passkeys, sessions, totp
from petition.organisers.passkeys import Passkeys
from petition.organisers.sessions import Session

PASSKEY, CODE = "passkey", "code"
CALLED = {PASSKEY: "a passkey", CODE: "codes of an app"}
TRIES = 5
WAIT = HOUR // 4  # seconds after so many wrong codes; twice as long after as many more, a day at most
FRESH = HOUR // 4  # seconds after a login in which one may change one's factors: a desk left open is not enough


class Locker:
    """Shuts factors under PETITION_DESK_KEY (newest first), each for its owner alone: rows cannot be exchanged."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        digests = [hashlib.sha256(b"petition factors " + key.encode()).digest() for key in keys]
        self._ciphers = [AESGCM(digest) for digest in digests]
        self._newest = digests[0]

    def shut(self, nickname: str, content: bytes) -> str:
        """A public key or a secret, as it is kept."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._ciphers[0].encrypt(nonce, content, nickname.encode())).decode()

    def open(self, nickname: str, sealed: str) -> bytes:
        """The reverse. Raises KeysError if no key fits, or the row is another's."""
        content = urlsafe_b64decode(sealed.encode())
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], nickname.encode())
            except InvalidTag:
                continue
        raise KeysError("A second factor does not open with PETITION_DESK_KEY.")

    def proposed(self, session: Session) -> bytes:
        """The secret that is offered to a session: always the same one, so that looking at it writes nothing."""
        return hmac.digest(self._newest, f"{session.id} {session.organiser.nickname}".encode(), "sha1")


async def of(c: Connection, nickname: str) -> list[Row]:
    """What somebody has: id, kind, first day."""
    return await c.all("factors.of", nickname=nickname)


def fresh(session: Session) -> bool:
    """Whether this session may still change its organiser's factors."""
    return clock.epoch() - session.begun < FRESH


async def prove_code(c: Connection, locker: Locker, session: Session, given: str) -> str | None:
    """A code after the link: the number of the whole session. None for a wrong code, a used one, or while one waits."""
    nickname = session.organiser.nickname
    if (tried := await c.one("factors.try", nickname=nickname, now=clock.epoch())) is None:
        return None
    if await _code_counts(c, locker, nickname, given):
        await c.run("factors.forgive", nickname=nickname)
        return await sessions.complete(c, session)
    if tried["wrong"] % TRIES == 0:
        wait = min(DAY, WAIT * 2 ** min(tried["wrong"] // TRIES - 1, 10))
        await c.run("factors.wait", nickname=nickname, until=clock.epoch() + wait)
        await activity_log.write(c, nickname, "gave a wrong code", f"{TRIES} times")
    return None


async def _code_counts(c: Connection, locker: Locker, nickname: str, given: str) -> bool:
    for row in await of(c, nickname):
        if row["kind"] != CODE:
            continue
        try:
            secret = locker.open(nickname, row["sealed"])
        except KeysError:
            continue
        step = totp.step_of(secret, given)
        if step is not None and await _use(c, locker, nickname, row, secret, step):
            return True
    return False


async def _use(c: Connection, locker: Locker, nickname: str, row: Row, content: bytes, used: int) -> bool:
    """Whether this use counts: only one that is later than the last. Shuts it anew, under the newest key."""
    sealed = locker.shut(nickname, content)
    return await c.one("factors.use", id=row["id"], nickname=nickname, used=used, sealed=sealed) is not None


async def challenge(c: Connection, session: Session) -> str:
    """A new challenge for a passkey, in the place of the session's last one."""
    number = tokens.new_secret()
    await c.run("factors.ask", id=session.id, challenge=number)
    return number


async def _challenged(c: Connection, session: Session) -> str:
    """The session's challenge, for the first answer only; empty for every other."""
    row = await c.one("factors.challenge", id=session.id)
    asked = row["challenge"] if row else ""
    return asked if await c.one("factors.answered", id=session.id, challenge=asked) else ""


async def prove_passkey(c: Connection, locker: Locker, keys: Passkeys, session: Session, answer: str) -> str | None:
    """A passkey's answer after the link: the number of the whole session, or None. Wrong ones need not wait."""
    nickname, asked = session.organiser.nickname, await _challenged(c, session)
    for row in await of(c, nickname):
        if row["kind"] != PASSKEY or row["id"] != passkeys.named(answer) or not asked:
            continue
        try:
            public_key = locker.open(nickname, row["sealed"])
        except KeysError:
            return None
        used = keys.used(answer, asked, public_key, int(row["used"]))
        if used is not None and await _use(c, locker, nickname, row, public_key, used):
            await c.run("factors.forgive", nickname=nickname)
            return await sessions.complete(c, session)
    return None


async def add_codes(c: Connection, locker: Locker, session: Session, given: str) -> bool:
    """The app is set up: its first code shows that it has the secret. One app for each organiser."""
    secret = locker.proposed(session)
    step = totp.step_of(secret, given)
    if step is None or any(row["kind"] == CODE for row in await of(c, session.organiser.nickname)):
        return False
    return await _add(c, locker, session, CODE, tokens.new_secret(), secret, step)


async def add_passkey(c: Connection, locker: Locker, keys: Passkeys, session: Session, answer: str) -> bool:
    """A new passkey, if it answers this session's challenge."""
    asked = await _challenged(c, session)
    made = keys.created(answer, asked) if asked else None
    return made is not None and await _add(c, locker, session, PASSKEY, made.id, made.public_key, made.used)


async def _add(c: Connection, locker: Locker, session: Session, kind: str, id_: str, content: bytes, used: int) -> bool:
    nickname = session.organiser.nickname
    if not session.whole and await of(c, nickname):  # another who reads the mailbox was faster, or the owner was
        return False
    values = {"id": id_, "nickname": nickname, "kind": kind, "sealed": locker.shut(nickname, content)}
    if await c.one("factors.put", **values, used=used, since=clock.today().isoformat()) is None:
        return False
    await activity_log.write(c, nickname, "set up", CALLED[kind])
    return True


async def drop(c: Connection, session: Session, id_: str, *, strict: bool) -> bool:
    """Takes away one of one's factors; where we are strict never the last. Whether it was there."""
    nickname = session.organiser.nickname
    if strict and len(await of(c, nickname)) < 2:
        return False
    if (row := await c.one("factors.drop", id=id_, nickname=nickname)) is None:
        return False
    await activity_log.write(c, nickname, "took away", CALLED[row["kind"]])
    return True
