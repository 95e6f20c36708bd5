"""Joins what an adversary has with the rows of a copied database: every value, in every form that needs no key."""

import base64
import binascii
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from email.message import EmailMessage

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from petition.core.clock import DAY
from petition.core.database.connection import Row
from petition.core.database.database import Database

Tables = dict[str, list[Row]]
# The code is public: these texts stand before a value where the code hashes one.
PREFIXES = ("", "petition mail ", "petition name ", "petition row ", "petition quota ", "petition unsubscribe ")
_WORD = re.compile(r"[A-Za-z0-9_.@+-]{6,}")
_ID = re.compile(r"[A-Za-z0-9_.=-]{16,}")  # what is shorter (a country, a day) belongs to many people


async def copy_tables(database: Database) -> Tables:
    """Every row of every table, as somebody reads them who has a copy of the database."""
    async with database.reading() as c:
        names = [row["name"] for row in await c.all("database.tables")]
        return {name: await c.execute(f"select * from {name}") for name in names}


def log_line(mail: EmailMessage, envelope_id: str = "") -> str:
    """What the log of a mail server keeps of an email."""
    return f"to={mail['To']} message-id={mail['Message-ID']} envid={envelope_id} date={mail['Date']}"


def find_joins(known: Iterable[str], tables: Tables, *, quick: bool = False) -> set[tuple[str, str]]:
    """(table, column) of each value that somebody can compute from what they know, and of each text that opens.

    With `quick`, for thousands of emails: each value is derived once, and nothing is decrypted.
    """
    values = set(_computable(known, quick=quick))
    texts = {value for value in values if isinstance(value, str)}
    return {
        (table, column)
        for table, rows in tables.items()
        for row in rows
        for column, value in row.items()
        if isinstance(value, str) and (_has(value, texts) or (not quick and _opens(value, values)))
    }


def _computable(known: Iterable[str], *, quick: bool) -> Iterator[str | bytes]:
    """Words of the texts, their parts and halves, and what the code (which is public) derives from each, twice over."""
    words = {word for text in known for word in _WORD.findall(text)}
    parts = {part for word in words for part in (word, word.lower(), *re.split(r"[@.<>]", word)) if len(part) >= 6}
    first = {form for part in parts for form in _derived(part, ("sha256", "sha1", "md5"))}
    yield from (*parts, *first)
    if not quick:
        yield from (form for value in first if isinstance(value, str) for form in _derived(value, ("sha256",)))


def _derived(text: str, hashes: tuple[str, ...]) -> Iterator[str | bytes]:
    for prefix in PREFIXES:
        for name in hashes:
            digest = hashlib.new(name, (prefix + text).encode()).digest()
            yield digest
            yield digest.hex()
            yield digest.hex()[:32]
            yield base64.urlsafe_b64encode(digest).decode().rstrip("=")
            yield base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _has(value: str, texts: set[str]) -> bool:
    return any(word in texts for word in (value, *_WORD.findall(value)) if len(word) >= 8)


def _opens(value: str, keys: set[str | bytes]) -> bool:
    """Whether one of the computable keys decrypts it, as core/encryption.py encrypts."""
    try:
        content = base64.urlsafe_b64decode(value)
    except (ValueError, binascii.Error):
        return False
    return len(content) > 100 and any(_decrypts(content, key) for key in keys if isinstance(key, bytes))


def _decrypts(content: bytes, key: bytes) -> bool:
    try:
        AESGCM(key).decrypt(content[:12], content[12:], None)
    except (InvalidTag, ValueError):
        return False
    return True


def dated_signatures(tables: Tables) -> set[tuple[str, str]]:
    """(table, column) of each time finer than a day that leads to a signature, over any values that rows share."""
    rows = [(table, row) for table, found in tables.items() for row in found]
    by_value: dict[str, list[int]] = defaultdict(list)
    for n, (_, row) in enumerate(rows):
        for value in row.values():
            if isinstance(value, str) and _ID.fullmatch(value):
                by_value[value].append(n)
    reached = {n for n, (table, _) in enumerate(rows) if table == "signatures"}
    frontier = set(reached)
    while frontier:
        values = {value for n in frontier for value in rows[n][1].values() if isinstance(value, str)}
        frontier = {n for value in values for n in by_value.get(value, ())} - reached
        reached |= frontier
    return {(rows[n][0], column) for n in reached for column, value in rows[n][1].items() if _tells_the_hour(value)}


def _tells_the_hour(value: object) -> bool:
    """A moment in epoch seconds that is no midnight, or ISO text with an hour."""
    if isinstance(value, int):
        return 1_600_000_000 < value < 2_200_000_000 and value % DAY != 0
    return isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d", value) is not None
