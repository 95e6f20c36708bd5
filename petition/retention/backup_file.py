"""The file of a backup: lines of base64, each an age message with a MAC and compressed rows.

Anyone who has the organisers' public keys can encrypt a file to them. So each line holds a MAC of its content and of
the MAC before it, under a key that only this server has: nobody else can make, cut, swap or mix lines. The MAC is
inside the encryption, so that it stays valid when an organiser seals the file to another key. It is checked before
the content is read.
"""

import base64
import hashlib
import hmac
import json
import secrets
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyrage
from pyrage.x25519 import Identity, Recipient

from petition.core import clock
from petition.core.database.connection import Row
from petition.core.errors import DataError, KeysError

# A line has a few thousand rows, so that a large backup needs little memory. These are limits for files, not sizes.
MAX_CONTENT = 16 * 2**20  # bytes of a line's JSON
MAX_LINE = 2 * MAX_CONTENT  # bytes of a line: base64 of content that cannot be compressed, for many recipients
MAX_ROWS = 5000
HEAD, END = "backup", "end"  # what the first and the last line hold in place of a table
Chunk = tuple[str, list[Row]]
_MAC_BYTES = 32
_NO_MAC = bytes(_MAC_BYTES)  # stands before the first line
_AGE = b"age-encryption.org/v1\n"


def mac_keys(desk_keys: Sequence[str]) -> list[bytes]:
    """The MAC keys of PETITION_DESK_KEY, newest first; the newest is for writing.

    PETITION_DESK_KEY, because it is there as long as the site (`close` destroys PETITION_EMAIL_KEY), because its older
    values stay listed for weeks (backups live for seven days), because no visitor ever sees anything made with it
    (PETITION_SECRET_KEY signs links), and because a new machine needs it anyway, for the organisers' second factors.
    """
    return [hmac.digest(key.encode(), b"petition backup", hashlib.sha256) for key in desk_keys]


class BackupWriter:
    """Writes a backup line by line: a head with its moment and a random id, tables, and an end."""

    def __init__(self, out: BinaryIO, recipients: list[Recipient], key: bytes) -> None:
        self._out, self._recipients, self._key, self._mac = out, recipients, key, _NO_MAC
        self.write(HEAD, [{"made_at": clock.iso(clock.now()), "id": secrets.token_hex(16)}])

    def write(self, table: str, rows: list[Row]) -> None:
        content = json.dumps([table, rows]).encode()
        if len(content) > MAX_CONTENT:
            raise DataError(f"A row of {table} is too large for a backup.")
        packed = zlib.compress(content)
        self._mac = _mac(self._key, self._mac, packed)
        self._out.write(_seal(self._mac + packed, self._recipients))

    def end(self) -> None:
        self.write(END, [])


class BackupReader:
    """Reads a backup line by line. Raises DataError, or KeysError if no identity opens it."""

    def __init__(self, file: Path, identities: list[Identity], keys: Sequence[bytes]) -> None:
        self._file, self._identities, self._keys = file, identities, keys
        self.made_at = ""  # ISO; known from the first chunk on

    def chunks(self) -> Iterator[Chunk]:
        """(table, rows) of each line, without head and end. Only after the last is it clear that none is missing."""
        table = ""
        for packed in self._authentic():
            table, rows = _unpack(self._file, packed)
            if table == HEAD:
                if not rows or "made_at" not in rows[0]:
                    raise _no_backup(self._file)
                self.made_at = str(rows[0]["made_at"])
            elif table != END:
                yield table, rows
        if table != END:
            raise DataError(f"{self._file} is cut: its end is missing.")

    def _authentic(self) -> Iterator[bytes]:
        """The compressed content of each line, once its MAC is right. The first line tells which key it is."""
        previous, keys = _NO_MAC, list(self._keys)
        for content in _open_lines(self._file, self._identities):
            mac, packed = content[:_MAC_BYTES], content[_MAC_BYTES:]
            keys = [key for key in keys if hmac.compare_digest(_mac(key, previous, packed), mac)]
            if not keys:
                raise _changed(self._file) if previous != _NO_MAC else _foreign(self._file)
            previous = mac
            yield packed


def reseal(file: Path, identity: Identity, recipient: Recipient, output: Path) -> None:
    """Seals each line to another key, with its MAC as it is. Raises DataError or KeysError."""
    with new_file(output) as out:
        for content in _open_lines(file, [identity]):
            out.write(_seal(content, [recipient]))


@contextmanager
def new_file(file: Path) -> Iterator[BinaryIO]:
    """A file that did not exist; removed again if something fails. Raises DataError."""
    try:
        with file.open("xb") as out:
            try:
                yield out
            except BaseException:
                file.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise DataError(f"{file} exists already.") from None
    except OSError as error:
        raise DataError(f"{file} cannot be written: {error.strerror}.") from None


def _open_lines(file: Path, identities: list[Identity]) -> Iterator[bytes]:
    """The decrypted lines. Raises KeysError if no identity opens the first, DataError for any other fault."""
    first = True
    for line in _lines(file):
        try:
            yield _decrypt(line, identities)
        except ValueError:
            raise (_no_backup(file) if first else _changed(file)) from None
        except pyrage.DecryptError:
            if first:
                raise KeysError(f"{file} does not open with this key, or it is damaged.") from None
            raise _changed(file) from None
        first = False
    if first:
        raise _no_backup(file)


def _decrypt(line: bytes, identities: list[Identity]) -> bytes:
    """Raises ValueError for what is not an age message in base64."""
    sealed = base64.b64decode(line, validate=True)
    if not sealed.startswith(_AGE):
        raise ValueError(line[:20])
    content: bytes = pyrage.decrypt(sealed, identities)
    return content


def _lines(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as lines:
            while line := lines.readline(MAX_LINE + 1):
                if len(line) > MAX_LINE:
                    raise DataError(f"{file} has a line that is longer than any line of a backup.")
                yield line.strip()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from None


def _unpack(file: Path, packed: bytes) -> Chunk:
    """A chunk from its compressed JSON, which is inflated up to MAX_CONTENT and not further. Raises DataError."""
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(packed, MAX_CONTENT)
        if not inflater.eof:
            raise DataError(f"{file} has a line that inflates to more than any line of a backup.")
        table, rows = json.loads(content)
    except (ValueError, TypeError, zlib.error):
        raise _no_backup(file) from None
    if not (isinstance(table, str) and isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise _no_backup(file)
    if len(rows) > MAX_ROWS:
        raise DataError(f"{file} has a line with more rows than any line of a backup.")
    return table, rows


def _mac(key: bytes, previous: bytes, packed: bytes) -> bytes:
    return hmac.digest(key, previous + packed, hashlib.sha256)


def _seal(content: bytes, recipients: list[Recipient]) -> bytes:
    return base64.b64encode(pyrage.encrypt(content, recipients)) + b"\n"


def _no_backup(file: Path) -> DataError:
    return DataError(f"{file} is not a backup.")


def _foreign(file: Path) -> DataError:
    return DataError(
        f"{file} was not made by this server, nor by one with the same PETITION_DESK_KEY, or its beginning is missing."
    )


def _changed(file: Path) -> DataError:
    return DataError(f"{file} was changed after it was made: a line is damaged, missing or not in its place.")
