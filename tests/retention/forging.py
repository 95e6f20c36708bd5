"""Reads and writes backups without our code: what an organiser with an identity can, and an attacker without any."""

import hashlib
import hmac
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyrage

from petition.core.database.connection import Row
from petition.site import Site
from tests.conftest import IDENTITY

Chunk = tuple[str, list[Row]]
DESK_KEY = "test-desk-key-of-thirty-two-characters"  # of make_settings()
HEAD: Chunk = ("backup", [{"made_at": "2026-11-22T12:00:00Z", "id": "0"}])
END: Chunk = ("end", [])
EDITION: Row = {"number": 1, "issued_at": "2026-11-20T12:00:00Z", "nickname": "marta"}
EDITION |= {"basis": '{"confirmed": 20}'}
LETTER: Row = {"reference": "PL-1", "edition": 1, "key": "PL", "courtesy": 0, "tree": "{}", "sha256": "a", "pdf": "c"}
ANNEX: Row = {"reference": "PL-1-A1", "edition": 1, "key": "PL", "version": 1, "name_count": 3, "sha256": "b"}
ANNEX |= {"issued_on": "2026-11-21"}
FOLLOW_UP: Row = {"reference": "PL-1-R1", "letter": "PL-1", "edition": 1, "key": "PL", "kind": "reminder"}
PAPER_COUNT: Row = {"n": 1, "country": "PL", "sheet": "PL-7", "version": 1, "signatures": 37, "counted_by": "ola"}
PAPER_COUNT |= {"counted_on": "2026-11-20", "nickname": "marta"}
TIME_STAMP: Row = {"edition": 1, "index_csv": "a,b", "service": "https://time.example", "reply": "cg=="}
EDIT: Row = {"id": "goal:::1", "kind": "goal", "key": "", "language": "", "version": 1, "value": "9000", "press": 1}
EDIT |= {"nickname": "marta", "edited_at": "2026-11-22T11:00:00Z"}
LOG_ENTRY: Row = {"n": 0, "first": 0, "entry": '{"kind":"log"}', "added_at": 1}
LOG_HEAD: Row = {"below": 1, "note": "a log\n1\nhash\n\n— a log c2lnbmVk\n"}
LOG_FILE: Row = {"sha256": "f", "content": "{}", "kept_until": 0}
COSIGNATURE: Row = {"line": "— witness c2lnbmVk", "below": 1, "name": "witness"}
FOLLOW_UP |= {
    "issued_at": "2026-11-22T12:00:00Z",
    "nickname": "marta",
    "basis": "{}",
    "tree": "{}",
    "sha256": "d",
    "pdf": "e",
}


async def insert(site: Site, table: str, *rows: Row) -> None:
    await site.database.write(lambda c: c.insert_rows(table, list(rows)))


def mac_key(desk_key: str) -> bytes:
    return hmac.digest(desk_key.encode(), b"petition backup", hashlib.sha256)


SERVER_KEY = mac_key(DESK_KEY)
OTHER_KEY = mac_key("test-desk-key-of-another-server-elsewhere")


def contents(file: Path) -> list[bytes]:
    """What is inside the encryption of each line: a MAC and compressed JSON."""
    return [pyrage.decrypt(b64decode(line), [IDENTITY]) for line in file.read_bytes().splitlines()]


def read_chunks(file: Path) -> list[Chunk]:
    """With head and end."""
    return [tuple(json.loads(zlib.decompress(content[32:]))) for content in contents(file)]


def packed(chunk: Any) -> bytes:
    return zlib.compress(json.dumps(chunk).encode())


def signed(parts: Iterable[bytes], key: bytes) -> list[bytes]:
    """Each part after its MAC, which is of the part and of the MAC before it."""
    previous, lines = bytes(32), []
    for part in parts:
        previous = hmac.digest(key, previous + part, hashlib.sha256)
        lines.append(previous + part)
    return lines


def seal(file: Path, lines: Iterable[bytes]) -> None:
    """For this anybody needs the public key alone."""
    sealed = [b64encode(pyrage.encrypt(line, [IDENTITY.to_public()])) for line in lines]
    file.write_bytes(b"".join(line + b"\n" for line in sealed))


def write_chunks(file: Path, chunks: Iterable[Chunk], key: bytes) -> None:
    """A file of these chunks, head and end included, with MACs under the key."""
    seal(file, signed([packed(chunk) for chunk in chunks], key))
