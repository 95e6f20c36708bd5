"""The log as files (c2sp.org/tlog-tiles): hashes in tiles of 256, entries in bundles of 256."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from petition.log.errors import LogError
from petition.log.tree import HASH_BYTES, Subtrees, node_hash

WIDTH = 256
LONGEST_ENTRY = 65_535
ENTRIES: Literal["entries"] = "entries"
_HEIGHT = 8  # of one tile: 2**8 = WIDTH


def tile_path(level: int | Literal["entries"], n: int, width: int = WIDTH) -> str:
    """Such as `tile/0/x001/234` or `tile/entries/000.p/5`, below the prefix of the log."""
    parts = [f"{n % 1000:03}"]
    while n := n // 1000:
        parts.insert(0, f"x{n % 1000:03}")
    return f"tile/{level}/{'/'.join(parts)}" + ("" if width == WIDTH else f".p/{width}")


def tiles_of(size: int) -> list[tuple[int, int, int]]:
    """(level, n, width) of every tile of a tree of this size; its bundles have n and width of level 0."""
    found, level = [], 0
    while size:
        found += [(level, n, width) for n, width in enumerate(widths(size))]
        level, size = level + 1, size // WIDTH
    return found


def widths(size: int) -> Iterator[int]:
    """The widths of the tiles (or bundles) that `size` hashes (or entries) fill."""
    yield from (WIDTH for _ in range(size // WIDTH))
    if size % WIDTH:
        yield size % WIDTH


def tile(subtrees: Subtrees, level: int, n: int, width: int) -> bytes:
    return b"".join(subtrees(_HEIGHT * level, n * WIDTH + i) for i in range(width))


def bundle(entries: Sequence[bytes]) -> bytes:
    """At most WIDTH entries. Raises LogError if one is too long."""
    if any(len(entry) > LONGEST_ENTRY for entry in entries):
        raise LogError(f"An entry of the log is longer than {LONGEST_ENTRY} bytes.")
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def parse_bundle(content: bytes) -> list[bytes]:
    """Raises LogError if it is cut."""
    entries, at = [], 0
    while at < len(content):
        begin = at + 2
        at = begin + int.from_bytes(content[at:begin])
        if begin > len(content) or at > len(content):
            raise LogError("A bundle of entries is cut in the middle of an entry.")
        entries.append(content[begin:at])
    return entries


def subtrees_from(read: Callable[[str], bytes], size: int) -> Subtrees:
    """The tree of tiles that `read` gives for a path. Nothing in them is true until a signed root agrees.

    Raises LogError if a tile has another length than it must have; each is read once.
    """
    tiles: dict[tuple[int, int], bytes] = {}

    def get_tile(level: int, n: int) -> bytes:
        if (level, n) not in tiles:
            width = min(WIDTH, (size >> _HEIGHT * level) - n * WIDTH)
            path = tile_path(level, n, width)
            content = read(path)
            if len(content) != HASH_BYTES * width:
                raise LogError(f"{path} has {len(content)} bytes, and should have {HASH_BYTES * width}.")
            tiles[level, n] = content
        return tiles[level, n]

    def get(height: int, index: int) -> bytes:
        level, above = divmod(height, _HEIGHT)
        if above:
            return node_hash(get(height - 1, 2 * index), get(height - 1, 2 * index + 1))
        n, i = divmod(index, WIDTH)
        return get_tile(level, n)[HASH_BYTES * i : HASH_BYTES * (i + 1)]

    return get
