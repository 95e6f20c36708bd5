"""What is fuzzed. Each target takes any bytes; it raises if the code under it raises, or if its rule does not hold.

`SEEDS` has, for each target, inputs from which the fuzzer begins, and what it once found.
"""

import asyncio
import base64
import csv
import hmac
import importlib
import io
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyrage
from pyrage import x25519
from starlette.requests import Request
from starlette.types import Message

from petition.campaign.appeal import SHIPPED_DATA
from petition.core import csv_tables
from petition.core.email_addresses import MAX_EMAIL_LENGTH, EmailProviders
from petition.core.errors import DataError, KeysError, LinkError
from petition.core.form import Form, max_length
from petition.core.languages import Language, Languages
from petition.core.pasted_addresses import clean_address
from petition.core.tokens import Purpose, Signer
from petition.letters.writing.glyphs import can_print
from petition.mail import bounce_reports
from petition.protection import proof_of_work
from petition.protection.daily_keys import DailyKey
from petition.retention import key_lines, sealed_keys
from petition.retention.backup_file import BackupReader
from petition.signing import intake
from petition.web.desk import access
from petition.web.http import forms, prerendered

_PROVIDERS = EmailProviders(SHIPPED_DATA / "mailboxes.toml")
_ENGLISH, _LANGUAGES = Language("en", {}), Languages(["en", "be", "pl", "pt"], {})
_SIGNER = Signer(("a secret key of thirty-two characters",))
_KEY = DailyKey("2026-11-22", b"the key of a day")
_IDENTITY, _BACKUP_KEY, _NO_MAC = x25519.Identity.generate(), b"the key of our backups", bytes(32)
_FORM_TYPE = (b"content-type", b"application/x-www-form-urlencoded")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def bounce_report(data: bytes) -> None:
    for report in (bounce_reports.parse_report(data), bounce_reports.parse_json(data)):
        assert report is None or len(report.reference) in (0, 32)
        assert report is None or report.reason in ("bounced", "complaint", "expired", "other")


def form(data: bytes) -> None:
    """A body is read as fields, and the fields are a signature or have their errors."""
    read = asyncio.run(_read_form(data))
    if read is None:
        return
    assert all(len(text) <= max_length(name) for name, text in read.values.items())
    signing = intake.check_signing(read, _ENGLISH, _PROVIDERS, ("BY",), can_print)
    assert (signing is None) == bool(read.errors)
    assert signing is None or signing.name is None or len(signing.name) <= intake.MAX_NAME_LENGTH


async def _read_form(body: bytes) -> Form | None:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    if body.count(b"&") >= forms.MAX_FIELDS:
        return None
    return await forms.read_form(Request({"type": "http", "method": "POST", "headers": [_FORM_TYPE]}, receive))


def address(data: bytes) -> None:
    """An address has forms that are addresses themselves, and no character that a header or a list would heed."""
    cleaned = clean_address(_text(data))
    assert clean_address(cleaned) == cleaned
    if (found := _PROVIDERS.parse(cleaned)) is None:
        return
    for text in (found.exact, found.canonical, found.quota_form):
        assert text.isascii()
        assert len(text) <= MAX_EMAIL_LENGTH
        assert not set(text) & set(' \r\n\t\0,;:<>"\\()[]')
    assert _PROVIDERS.parse(found.exact) == found
    assert (again := _PROVIDERS.parse(found.canonical)) is not None
    assert (again.canonical, again.quota_form) == (found.canonical, found.quota_form)
    _PROVIDERS.suggestion(found)


def accept_encoding(data: bytes) -> None:
    assert prerendered.choose_coding(data) in (b"br", b"gzip", b"identity")


def accept_language(data: bytes) -> None:
    assert _LANGUAGES.choose(data.decode("latin-1")) in list(_LANGUAGES)


def token(data: bytes) -> None:
    """Nobody but us makes a token: what differs in one character opens nothing."""
    for purpose in Purpose:
        try:
            _SIGNER.read_token(purpose, _text(data))
        except LinkError:
            continue
        raise AssertionError("a made-up token was read")


def proof(data: bytes) -> None:
    for solution in (data.decode("latin-1"), base64.b64encode(data).decode()):
        assert proof_of_work.verify_solution(_KEY, solution) is None


def cookie(data: bytes) -> None:
    """A session's cookie has no semicolon and no space around it."""
    found = access.find_cookie(data.decode("latin-1"), "session")
    assert ";" not in found
    assert found == found.strip()


def csv_table(data: bytes) -> None:
    """A row of texts comes back as it was, but for apostrophes."""
    row = _text(data).split("\x1f")
    read = next(csv.reader(io.StringIO(csv_tables.to_csv([row]), newline="")), [])
    assert [cell.replace("'", "") for cell in read] == [cell.replace("'", "") for cell in row]


def backup(data: bytes) -> None:
    """As the whole file, as a sealed line that anyone can make, and as the content of a line that is really ours."""
    line = _NO_MAC + data
    ours = hmac.digest(_BACKUP_KEY, _NO_MAC + zlib.compress(data), "sha256") + zlib.compress(data)
    for content in (data, _sealed(line), _sealed(ours)):
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            with suppress(DataError, KeysError):
                for _ in BackupReader(Path(file.name), [_IDENTITY], [_BACKUP_KEY]).chunks():
                    assert content is not data
                raise AssertionError("a file without an end was read to its end")


def _sealed(content: bytes) -> bytes:
    return base64.b64encode(pyrage.encrypt(content, [_IDENTITY.to_public()])) + b"\n"


def keys(data: bytes) -> None:
    """As the whole file, scanned or typed, and as content that anyone can seal: only known names are given out."""
    for content in (data, pyrage.encrypt(data, [_IDENTITY.to_public()])):
        with suppress(DataError, KeysError):
            found = sealed_keys.open_sealed(content, _IDENTITY)
            assert content is not data
            assert found.keys
            assert found.keys.keys() <= set(sealed_keys.NAMES)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        bounce_report,
        form,
        address,
        accept_encoding,
        accept_language,
        token,
        proof,
        cookie,
        csv_table,
        backup,
        keys,
    )
}
SEEDS: dict[str, list[bytes]] = {
    "bounce_report": [
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nOriginal-Envelope-Id: 0123456789abcdef0123456789abcdef\r\n\r\n"
        b"Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n",
        b'{"message_id": "<0123456789abcdef0123456789abcdef@example.org>", "event": "bounced", "status": "5.1.1"}',
        b"Subject: failure notice\r\n\r\nHi. This is the qmail-send program at mx.example.\r\n<anna@example.org>:\r\n"
        b"Sorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below this line\r\n"
        b"Message-ID: <0123456789abcdef0123456789abcdef@example.org>\r\n",
    ],
    "form": [b"email=anna%40example.net&country=PL&consent=on&named=on&name=Anna+Nowak", b"email=a&email=b&sure=%ff"],
    "address": [b"an.na+x@gmail.com", "anna@bücher.example".encode(), b"x@anna.fastmail.com", b"base-x@yahoo.com"],
    "accept_encoding": [b"gzip, deflate, br;q=0.9, *;q=0"],
    "accept_language": [b"be-BY,be;q=0.9,en;q=0.1,*;q=0"],
    "token": [_SIGNER.make_token(Purpose.CONFIRM, "A" * 22).encode()[:-1]],
    "proof": [
        b'{"challenge": {"parameters": {"algorithm": "PBKDF2/SHA-256", "nonce": "0", "salt": "0", "cost": 1, '
        b'"keyLength": 32, "keyPrefix": "", "keySignature": "0", "expiresAt": 9999999999}, "signature": "0"}, '
        b'"solution": {"counter": 1, "derivedKey": "00"}}',
    ],
    "cookie": [b'other=1; session=AAAAAAAAAAAAAAAAAAAAAA; x="\\073"'],
    "backup": [
        b'["backup", [{"made_at": "2026-11-30T00:00:00Z", "id": "0"}]]',
        b'["signatures", [{"mailbox": "m", "country": "PL"}]]',
        b'["backup", [{"madedat": "2026-11-30T00:00:00Z", "id": "0"}]]',
    ],
    "keys": [
        b'{"kind": "long-lived keys of Petition", "site": "x", "sealed_on": "2026-11-30", "keys": {"desk_key": "d"}}',
        *(text.encode() for text in key_lines.write_lines(bytes(20))),
    ],
    "csv_table": [b"PL\x1f=1+1\x1fx;-1", "\uff1d1\x1f\t=1".encode()],
}
with suppress(ModuleNotFoundError):  # the log can be left out, and its tests with it
    of_log = importlib.import_module("tests.log.fuzz_targets")
    TARGETS |= of_log.TARGETS
    SEEDS |= of_log.SEEDS
