"""Sealed keys as lines that a person can type and a QR code can hold: letters A–Z and digits, each with its checksum.

A line is the sheet's mark (4 characters), its number and how many there are (2 digits each), 25 bytes in base32
(RFC 4648), and a CRC-32 of all of these (7 characters). A CRC finds every single wrong character and every swap of two
neighbours. A QR code holds several lines, one after the other.
"""

import base64
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from petition.core.errors import DataError

BYTES_PER_LINE, LINES_PER_CODE = 25, 8
MARK_LENGTH, DATA_LENGTH, CHECK_LENGTH = 4, 40, 7
LINE_LENGTH = MARK_LENGTH + 4 + DATA_LENGTH + CHECK_LENGTH
_MAX_LINES = 99
_LENGTH_BYTES = 2  # the length of the content stands before it
_IN_LETTERS = str.maketrans("018", "OIB")  # what people type for what base32 has
_IN_DIGITS = str.maketrans("OQILB", "00118")
_PREFIX = re.compile("QR-Code:", re.I)  # of zbarimg
_NUMBERS = slice(MARK_LENGTH, MARK_LENGTH + 4)


@dataclass(frozen=True, slots=True)
class _Line:
    mark: str
    number: int
    count: int
    data: str
    place: str  # where it was read, for a sentence


def write_lines(content: bytes) -> list[str]:
    """Each of LINE_LENGTH characters. Raises DataError for more than a sheet may have."""
    packed = len(content).to_bytes(_LENGTH_BYTES, "big") + content
    parts = [packed[start : start + BYTES_PER_LINE] for start in range(0, len(packed), BYTES_PER_LINE)]
    if len(parts) > _MAX_LINES:
        raise DataError("The sealed keys are too long for a sheet: PETITION_RECIPIENTS has too many keys for it.")
    bodies = [
        f"{_mark(content)}{n:02}{len(parts):02}{_base32(part.ljust(BYTES_PER_LINE, bytes(1)))}"
        for n, part in enumerate(parts, 1)
    ]
    return [body + _checksum(body) for body in bodies]


def group(line: str) -> str:
    """A line as it is printed: `MARK 01-31 XXXX XXXX … CHECKSUM`."""
    numbers, data, check = line[_NUMBERS], line[MARK_LENGTH + 4 : -CHECK_LENGTH], line[-CHECK_LENGTH:]
    groups = [data[start : start + 4] for start in range(0, DATA_LENGTH, 4)]
    return " ".join([line[:MARK_LENGTH], f"{numbers[:2]}-{numbers[2:]}", *groups, check])


def code_texts(lines: list[str]) -> list[str]:
    """The text of each QR code."""
    return ["".join(lines[start : start + LINES_PER_CODE]) for start in range(0, len(lines), LINES_PER_CODE)]


def read_lines(text: str) -> bytes:
    """The content, from lines and texts of QR codes in any order. Raises DataError, which names the wrong line."""
    lines = list(_split(text))
    if not lines:
        raise DataError("There are neither sealed keys nor lines of a sheet in this file.")
    mark, _ = Counter(line.mark for line in lines).most_common(1)[0]
    if strange := [line.place for line in lines if line.mark != mark]:
        raise DataError(f"{strange[0]} is of another sheet than the others, which begin with {mark}.")
    return _join(mark, {line.number: line.data for line in lines}, lines[0].count)


def _join(mark: str, found: dict[int, str], count: int) -> bytes:
    if missing := [f"{number:02}" for number in range(1, count + 1) if number not in found]:
        raise DataError(f"Of {count} lines of the sheet {len(missing)} are missing: {', '.join(missing)}.")
    packed = b"".join(base64.b32decode(found[number]) for number in sorted(found))
    length = int.from_bytes(packed[:_LENGTH_BYTES], "big")
    content = packed[_LENGTH_BYTES : _LENGTH_BYTES + length]
    if _mark(content) != mark:
        raise DataError("The lines do not belong together: they are of more than one sheet.")
    return content


def _split(text: str) -> Iterator[_Line]:
    """A line of the text may hold several lines of the sheet, as QR codes do."""
    for n, row in enumerate(text.splitlines(), 1):
        characters = re.sub(r"[\W_]", "", _PREFIX.sub("", row)).upper()
        if surplus := len(characters) % LINE_LENGTH:
            problem = "too many" if surplus <= LINE_LENGTH // 2 and len(characters) > LINE_LENGTH else "not enough"
            raise DataError(f"Line {n} has {problem} characters: each line of the sheet has {LINE_LENGTH}.")
        for start in range(0, len(characters), LINE_LENGTH):
            yield _parse(characters[start : start + LINE_LENGTH], n)


def _parse(characters: str, n: int) -> _Line:
    numbers = characters[_NUMBERS].translate(_IN_DIGITS)
    place = f"Line {n} (on the sheet {numbers[:2]}-{numbers[2:]})"
    letters = characters.translate(_IN_LETTERS)
    body = letters[:MARK_LENGTH] + numbers + letters[MARK_LENGTH + 4 : -CHECK_LENGTH]
    if _checksum(body) != letters[-CHECK_LENGTH:]:
        raise DataError(f"{place} has a wrong character: compare it with the sheet.")
    return _Line(body[:MARK_LENGTH], int(numbers[:2]), int(numbers[2:]), body[MARK_LENGTH + 4 :], place)


def _mark(content: bytes) -> str:
    """The same on each line of a sheet, so that no lines of two sheets are mixed."""
    return _base32(hashlib.sha256(content).digest())[:MARK_LENGTH]


def _checksum(body: str) -> str:
    return _base32(zlib.crc32(body.encode()).to_bytes(4, "big"))


def _base32(content: bytes) -> str:
    return base64.b32encode(content).decode().rstrip("=")
