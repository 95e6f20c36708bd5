"""Keys of logs and witnesses (c2sp.org/signed-note, Ed25519), in the form in which people hand them on."""

import binascii
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from petition.log.errors import LogError

LOG, WITNESS = 1, 4  # kinds of keys, by the number of their signatures: Ed25519, Ed25519 with the time (cosignature/v1)
_MAX_NUMBER = 2**63 - 1
_MAX_NAME = 255  # of our own keys
ID_BYTES, _KEY_BYTES, _TIME_BYTES = 4, 32, 8
# The y of all points of small order on the curve (RFC 8032), and the encodings of 0 and 1 that are not the shortest.
_P = 2**255 - 19
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_WEAK = {0, 1, _P - 1, _P, _P + 1, _ORDER_8, _P - _ORDER_8}
_PRIVATE = "PRIVATE+KEY+"
DASH = "\u2014 "
_NOT_IN_NAMES = re.compile(r"[\s+\x00-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """What is known of a key that signs notes. `text`: the vkey, `name+hash+base64`."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:ID_BYTES]

    @property
    def text(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode64(bytes([self.kind]) + self.public)}"

    def time_of(self, text: str, signature: bytes) -> int:
        """When it signed the text, 0 for a log. Raises LogError if it did not."""
        time = b"" if self.kind == LOG else signature[:_TIME_BYTES]
        seconds = int.from_bytes(time)
        try:
            signed = _said(text, seconds if self.kind == WITNESS else None)
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature[len(time) :], signed)
        except (InvalidSignature, ValueError):
            raise LogError(f"The signature of {self.name} is wrong.") from None
        if seconds > _MAX_NUMBER or (self.kind == WITNESS and not seconds):
            raise LogError(f"The cosignature of {self.name} has no possible time.")
        return seconds


@dataclass(frozen=True, slots=True)
class LogKey:
    """A private key: of a log (kind LOG), or of a witness."""

    name: str
    kind: int
    private: Ed25519PrivateKey

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `PRIVATE+KEY+name+hash+base64`, as Go's note package writes it. Raises LogError, without the key."""
        name, hash_, content = _key_parts(text.removeprefix(_PRIVATE)) if text.startswith(_PRIVATE) else ("", "", b"")
        if len(content) != 1 + _KEY_BYTES or content[0] not in (LOG, WITNESS):
            raise LogError("A key of the log does not have the form PRIVATE+KEY+name+hash+base64.")
        key = cls(name, content[0], Ed25519PrivateKey.from_private_bytes(content[1:]))
        if key.verifier.key_id.hex() != hash_:
            raise LogError(f"The key of {name} is damaged: its hash is wrong.")
        return key

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.kind, self.private.public_key().public_bytes_raw())

    @property
    def vkey(self) -> str:
        return self.verifier.text

    @property
    def secret_text(self) -> str:
        """The whole private key."""
        content = encode64(bytes([self.kind]) + self.private.private_bytes_raw())
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{content}"

    def sign(self, text: str) -> str:
        """The signature line of a log, with its line end."""
        self._refuse_other_kind(LOG)
        return self._line(self.private.sign(_said(text, None)))

    def cosign(self, text: str, time: int) -> str:
        """The signature line of a witness, with its line end. `time`: epoch seconds."""
        self._refuse_other_kind(WITNESS)
        return self._line(time.to_bytes(_TIME_BYTES) + self.private.sign(_said(text, time)))

    def _refuse_other_kind(self, kind: int) -> None:
        if self.kind != kind:
            raise LogError(
                f"{self.name} has the key of a {'witness' if kind == LOG else 'log'}: this needs another kind."
            )

    def _line(self, signature: bytes) -> str:
        return f"{DASH}{self.name} {encode64(self.verifier.key_id + signature)}\n"


def make_key(name: str, kind: int = LOG) -> LogKey:
    """A new random key. Raises LogError if nothing can have this name."""
    if not is_name(name) or len(name) > _MAX_NAME:
        raise LogError("The name of a key is like site.example/log: without spaces and plus signs.")
    return LogKey(name, kind, Ed25519PrivateKey.generate())


def parse_vkey(text: str) -> VerifierKey:
    """Raises LogError."""
    name, hash_, content = _key_parts(text)
    if len(content) != 1 + _KEY_BYTES or content[0] not in (LOG, WITNESS):
        raise LogError("This is no public key of a log or witness (name+hash+base64, with an Ed25519 key).")
    key = VerifierKey(name, content[0], content[1:])
    if key.key_id.hex() != hash_:
        raise LogError(f"The public key of {name} has a typing error: its hash is wrong.")
    if _low_255_bits(key.public) in _WEAK:
        raise LogError(f"The public key of {name} is one under which anybody can sign.")
    return key


def name_of(vkey: str) -> str:
    return vkey.partition("+")[0]


def has_log_key(vkeys: Iterable[str]) -> bool:
    """Whether one of them is the key of a log, not of a witness."""
    return any(parse_vkey(vkey).kind == LOG for vkey in vkeys)


def _said(text: str, time: int | None) -> bytes:
    """What is signed: by a log the text, by a witness with its time."""
    try:
        return (text if time is None else f"cosignature/v1\ntime {time}\n{text}").encode()
    except UnicodeEncodeError:
        raise LogError("This is no text in UTF-8.") from None


def _key_parts(text: str) -> tuple[str, str, bytes]:
    """Name, hash and content; empty where the form is wrong."""
    name, _, rest = text.strip().partition("+")
    hash_, _, content = rest.partition("+")
    if not is_name(name) or not re.fullmatch(r"[0-9a-f]{8}", hash_):
        return "", "", b""
    return name, hash_, decode64(content) or b""


def is_name(text: str) -> bool:
    return bool(text) and not _NOT_IN_NAMES.search(text)


def encode64(content: bytes) -> str:
    return b64encode(content).decode()


def decode64(text: str) -> bytes | None:
    """Only as we would write it."""
    try:
        content = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if encode64(content) == text else None


def _low_255_bits(public: bytes) -> int:
    return int.from_bytes(public, "little") & (2**255 - 1)
