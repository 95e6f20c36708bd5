"""The characters of a font file and their widths (OpenType: tables `cmap`, `head`, `hhea` and `hmtx`)."""

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_FORMATS = {(3, 10): 12, (3, 1): 4}  # platform and encoding: all of Unicode; its first 65,536 code points


@cache
def read_widths(file: Path) -> dict[str, float]:
    """The width of each character that the font has, in em."""
    font = file.read_bytes()
    (count,) = struct.unpack_from(">H", font, 4)
    tables = {tag: offset for tag, _, offset, _ in struct.iter_unpack(">4sLLL", font[12 : 12 + 16 * count])}
    (em,) = struct.unpack_from(">H", font, tables[b"head"] + 18)
    (known,) = struct.unpack_from(">H", font, tables[b"hhea"] + 34)
    metrics = font[tables[b"hmtx"] : tables[b"hmtx"] + 4 * known]
    advances = [advance / em for advance, _ in struct.iter_unpack(">Hh", metrics)]
    # Glyphs after the last known width have that width.
    return {chr(code): advances[min(glyph, known - 1)] for code, glyph in _characters(font, tables[b"cmap"]) if glyph}


def _characters(font: bytes, cmap: int) -> Iterator[tuple[int, int]]:
    """Code points and glyphs of the best Unicode map."""
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    records = struct.iter_unpack(">HHL", font[cmap + 4 : cmap + 4 + 8 * count])
    maps = {_FORMATS.get((platform, encoding), 0): cmap + int(offset) for platform, encoding, offset in records}
    return _format_12(font, maps[12]) if 12 in maps else _format_4(font, maps[4])


def _format_12(font: bytes, start: int) -> Iterator[tuple[int, int]]:
    (groups,) = struct.unpack_from(">L", font, start + 12)
    for first, last, glyph in struct.iter_unpack(">LLL", font[start + 16 : start + 16 + 12 * groups]):
        yield from ((code, glyph + code - first) for code in range(first, last + 1))


def _format_4(font: bytes, start: int) -> Iterator[tuple[int, int]]:
    (double,) = struct.unpack_from(">H", font, start + 6)
    lists = [start + 14 + n * double + 2 * bool(n) for n in range(4)]  # two bytes stand between the first and second
    for n in range(0, double, 2):
        last, first, delta, offset = (struct.unpack_from(">H", font, begin + n)[0] for begin in lists)
        for code in range(first, min(last + 1, 0xFFFF)):
            place = lists[3] + n + offset + 2 * (code - first)
            glyph = struct.unpack_from(">H", font, place)[0] if offset else code
            yield code, (glyph + delta) % 0x10000 if glyph else 0
