"""Asks a service for a time stamp (RFC 3161): it signs the hash of a file and the time, and sees nothing of the file.

Whether the signature is right, `openssl ts -verify` says, with the certificate of the service; here only what a wrong
or broken service would answer is refused.
"""

import hashlib
import secrets
import urllib.request
from http.client import HTTPException

from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.core.sentences import Sentence

TIMEOUT = 10  # seconds
_MAX_REPLY = 64_000  # bytes; with its certificates a time stamp has three to eight thousand
_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # AlgorithmIdentifier
_WITH_CERTIFICATES = b"\x01\x01\xff"
_GRANTED = (b"\x00", b"\x01")  # PKIStatus: granted, granted with changes
_CANNOT_BE_ASKED = N_("The time stamp service cannot be asked: %(error)s.")


def get_time_stamp(content: bytes, service: str) -> bytes:
    """The reply of the service. Raises LetterError: one sentence."""
    digest, nonce = hashlib.sha256(content).digest(), b"\x01" + secrets.token_bytes(8)
    headers = {"Content-Type": "application/timestamp-query"}
    asked = urllib.request.Request(service, _request(digest, nonce), headers)  # noqa: S310 (http or https: see the setting)
    try:
        with urllib.request.urlopen(asked, timeout=TIMEOUT) as answer:  # noqa: S310 (https or http: checked as a setting)
            reply: bytes = answer.read(_MAX_REPLY + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise LetterError(Sentence(_CANNOT_BE_ASKED, error=type(error).__name__)) from None
    if not _is_granted(reply) or digest not in reply or _der(_INTEGER, nonce) not in reply:
        raise LetterError(N_("The time stamp service gave no time stamp for our list."))
    return reply


def _request(digest: bytes, nonce: bytes) -> bytes:
    """TimeStampReq, in DER."""
    imprint = _der(_SEQUENCE, _SHA256 + _der(_OCTETS, digest))
    return _der(_SEQUENCE, _der(_INTEGER, b"\x01") + imprint + _der(_INTEGER, nonce) + _WITH_CERTIFICATES)


def _der(tag: int, content: bytes) -> bytes:
    """A value of less than 128 bytes."""
    return bytes((tag, len(content))) + content


def _is_granted(reply: bytes) -> bool:
    """Reads TimeStampResp as far as its status: a sequence in a sequence, and an integer in that."""
    if len(reply) > _MAX_REPLY:
        return False
    for _ in range(2):
        if reply[:1] != bytes((_SEQUENCE,)):
            return False
        long_form = reply[1] - 0x80 if len(reply) > 1 and reply[1] > 0x80 else 0
        reply = reply[2 + long_form :]
    return reply[:2] == bytes((_INTEGER, 1)) and reply[2:3] in _GRANTED
