"""AES-GCM (NIST SP 800-38D) over texts that are padded to one length, so that the length tells nothing."""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.core.errors import KeysError

NONCE_BYTES = 12
PADDED_BYTES = 416  # bytes; room for the longest name, or address and link secret, so that the length tells nothing


def pad(text: str, length: int) -> bytes:
    return text.encode().ljust(length, b"\0")


def encrypt(cipher: AESGCM, content: bytes) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return to_base64(nonce + cipher.encrypt(nonce, content, None))


def decrypt(cipher: AESGCM, text: str) -> str:
    try:
        content = from_base64(text)
        return cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], None).rstrip(b"\0").decode()
    except (InvalidTag, ValueError):
        raise KeysError("A sealed text is damaged.") from None


def to_base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode()


def from_base64(text: str) -> bytes:
    return urlsafe_b64decode(text.encode())
