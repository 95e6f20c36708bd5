"""The second factor: passkeys, or codes of an app. Set up after the first login, asked for after each later one.

There are no recovery codes: they would be one more secret to keep, to limit and to lose. An organiser who lost a
factor asks somebody with access to the server: `petition organiser reset NICKNAME`.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.core import clock, tokens
from petition.core.ciphers import NONCE_BYTES
from petition.core.clock import DAY, HOUR
from petition.core.database.connection import Connection, Row
from petition.core.errors import KeysError
from petition.core.languages import N_
from petition.organisers import accounts, activity_log, passkeys, sessions, totp
from petition.organisers.passkeys import Passkeys
from petition.organisers.sessions import Session

PASSKEY, CODE = "passkey", "code"
KIND_NAMES = {PASSKEY: N_("a passkey"), CODE: N_("codes of an app")}
_SET_UP = {PASSKEY: N_("set up a passkey"), CODE: N_("set up codes of an app")}  # in the activity log
_TOOK_AWAY = {PASSKEY: N_("took away a passkey"), CODE: N_("took away codes of an app")}
MAX_WRONG_CODES = 5
LOCK_SECONDS = HOUR // 4  # after MAX_WRONG_CODES; doubled after as many more, a day at most
RECENT_LOGIN_SECONDS = HOUR // 4  # time to change one's factors: a desk that was left open is not enough
RECENT_FACTOR_SECONDS = HOUR // 6  # for what a stolen session must not do: change who the organisers are


class FactorCipher:
    """Encrypts factors under PETITION_DESK_KEY (newest first), each for its owner only: rows cannot be swapped."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        digests = [hashlib.sha256(b"petition factors " + key.encode()).digest() for key in keys]
        self._ciphers = [AESGCM(digest) for digest in digests]
        self._newest = digests[0]

    def encrypt(self, nickname: str, content: bytes) -> str:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return urlsafe_b64encode(nonce + self._ciphers[0].encrypt(nonce, content, nickname.encode())).decode()

    def decrypt(self, nickname: str, encrypted: str) -> bytes:
        """Raises KeysError if no key fits, or if the row belongs to another organiser."""
        content = urlsafe_b64decode(encrypted.encode())
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], nickname.encode())
            except InvalidTag:
                continue
        raise KeysError("A second factor does not open with PETITION_DESK_KEY.")

    def proposed_secret(self, session: Session) -> bytes:
        """The secret for a new app, 160 bits: the same one for the whole session, so that showing it writes nothing."""
        return hmac.digest(self._newest, f"{session.id} {session.organiser.nickname}".encode(), "sha256")[:20]


async def without_factor(c: Connection) -> list[str]:
    """Nicknames of organisers who have not set one up."""
    return [str(row["nickname"]) for row in await c.all("second_factor.without_factor")]


async def list_factors(c: Connection, nickname: str) -> list[Row]:
    return await c.all("second_factor.list_factors", nickname=nickname)


def has_recent_login(session: Session) -> bool:
    """Whether this session may still change its organiser's factors."""
    return clock.epoch() - session.created_at < RECENT_LOGIN_SECONDS


def has_recent_factor(session: Session) -> bool:
    """Whether this session has shown its organiser's second factor a short time ago."""
    return clock.epoch() - session.factor_shown_at < RECENT_FACTOR_SECONDS


async def verify_code(c: Connection, cipher: FactorCipher, session: Session, code: str) -> str | None:
    """The secret of the new session; None for a wrong code, a used code, or while codes are locked."""
    if not await _is_right_code(c, cipher, session.organiser.nickname, code):
        return None
    return await sessions.complete_login(c, session)


async def show_code_again(c: Connection, cipher: FactorCipher, session: Session, code: str) -> bool:
    """Whether this session has shown a code once more."""
    return await _is_right_code(c, cipher, session.organiser.nickname, code) and await sessions.record_factor(
        c, session
    )


async def _is_right_code(c: Connection, cipher: FactorCipher, nickname: str, code: str) -> bool:
    if (attempt := await c.one("second_factor.count_attempt", nickname=nickname, now=clock.epoch())) is None:
        return False
    if await _matches_unused_code(c, cipher, nickname, code):
        await c.run("second_factor.reset_attempts", nickname=nickname)
        return True
    if attempt["failed_codes"] % MAX_WRONG_CODES == 0:
        locked_for = min(DAY, LOCK_SECONDS * 2 ** min(attempt["failed_codes"] // MAX_WRONG_CODES - 1, 10))
        await c.run("second_factor.lock_codes", nickname=nickname, locked_until=clock.epoch() + locked_for)
        await activity_log.append(c, nickname, "gave a wrong code", f"{MAX_WRONG_CODES} times")
    return False


async def _matches_unused_code(c: Connection, cipher: FactorCipher, nickname: str, code: str) -> bool:
    for row in await list_factors(c, nickname):
        if row["kind"] != CODE:
            continue
        try:
            secret = cipher.decrypt(nickname, row["encrypted"])
        except KeysError:
            continue
        step = totp.matching_step(secret, code)
        if step is not None and await _record_use(c, cipher, nickname, row, secret, step):
            return True
    return False


async def _record_use(
    c: Connection, cipher: FactorCipher, nickname: str, row: Row, content: bytes, counter: int
) -> bool:
    """Whether this use counts: its counter must be higher than the last one.

    The factor is encrypted again, under the newest key.
    """
    encrypted = cipher.encrypt(nickname, content)
    return (
        await c.one("second_factor.set_counter", id=row["id"], nickname=nickname, counter=counter, encrypted=encrypted)
        is not None
    )


async def new_challenge(c: Connection, session: Session) -> str:
    """A new challenge for a passkey; it replaces the session's last one."""
    secret = tokens.new_secret()
    await c.run("second_factor.set_challenge", id=session.id, challenge=secret)
    return secret


async def _use_challenge(c: Connection, session: Session) -> str:
    """The session's challenge, for the first answer only; empty for every other one."""
    row = await c.one("second_factor.get_challenge", id=session.id)
    challenge = row["challenge"] if row else ""
    return challenge if await c.one("second_factor.clear_challenge", id=session.id, challenge=challenge) else ""


async def verify_passkey(
    c: Connection, cipher: FactorCipher, verifier: Passkeys, session: Session, answer: str
) -> str | None:
    """The secret of the new session, or None. Wrong answers do not lock passkeys."""
    if not await _is_right_answer(c, cipher, verifier, session, answer):
        return None
    return await sessions.complete_login(c, session)


async def show_passkey_again(
    c: Connection, cipher: FactorCipher, verifier: Passkeys, session: Session, answer: str
) -> bool:
    """Whether this session has shown a passkey once more."""
    return await _is_right_answer(c, cipher, verifier, session, answer) and await sessions.record_factor(c, session)


async def _is_right_answer(
    c: Connection, cipher: FactorCipher, verifier: Passkeys, session: Session, answer: str
) -> bool:
    nickname = session.organiser.nickname
    await accounts.lock_organiser(c, nickname)
    challenge = await _use_challenge(c, session)
    for row in await list_factors(c, nickname):
        if row["kind"] != PASSKEY or row["id"] != passkeys.credential_id(answer) or not challenge:
            continue
        try:
            public_key = cipher.decrypt(nickname, row["encrypted"])
        except KeysError:
            return False
        counter = verifier.verify_answer(answer, challenge, public_key, int(row["counter"]))
        if counter is not None and await _record_use(c, cipher, nickname, row, public_key, counter):
            await c.run("second_factor.reset_attempts", nickname=nickname)
            return True
    return False


async def add_code_app(c: Connection, cipher: FactorCipher, session: Session, code: str) -> bool:
    """Sets up an app; the code shows that the app has the secret. One app for each organiser."""
    if not await accounts.lock_organiser(c, session.organiser.nickname):
        return False
    secret = cipher.proposed_secret(session)
    step = totp.matching_step(secret, code)
    if step is None or any(row["kind"] == CODE for row in await list_factors(c, session.organiser.nickname)):
        return False
    return await _add_factor(c, cipher, session, CODE, tokens.new_secret(), secret, step)


async def add_passkey(c: Connection, cipher: FactorCipher, verifier: Passkeys, session: Session, answer: str) -> bool:
    """False if the answer does not fit this session's challenge."""
    await accounts.lock_organiser(c, session.organiser.nickname)
    challenge = await _use_challenge(c, session)
    created = verifier.verify_creation(answer, challenge) if challenge else None
    return created is not None and await _add_factor(
        c, cipher, session, PASSKEY, created.id, created.public_key, created.counter
    )


async def _add_factor(
    c: Connection, cipher: FactorCipher, session: Session, kind: str, id_: str, content: bytes, counter: int
) -> bool:
    nickname = session.organiser.nickname
    # Somebody else who reads the mailbox was faster, or its owner was.
    if not session.authenticated and await list_factors(c, nickname):
        return False
    values = {"id": id_, "nickname": nickname, "kind": kind, "encrypted": cipher.encrypt(nickname, content)}
    if await c.one("second_factor.insert", **values, counter=counter, added_on=clock.today().isoformat()) is None:
        return False
    await activity_log.append(c, nickname, _SET_UP[kind])
    return True


async def remove_factor(c: Connection, session: Session, id_: str, *, require_factor: bool) -> bool:
    """Deletes a factor, but where one is required never the last. Whether it was deleted."""
    nickname = session.organiser.nickname
    await accounts.lock_organiser(c, nickname)
    if require_factor and len(await list_factors(c, nickname)) < 2:
        return False
    if (row := await c.one("second_factor.delete", id=id_, nickname=nickname)) is None:
        return False
    await activity_log.append(c, nickname, _TOOK_AWAY[row["kind"]])
    return True
