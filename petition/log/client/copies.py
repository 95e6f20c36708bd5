"""What a source serves of a log under one checkpoint, compared from both ends: entries up, and the root down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from petition.log import tree
from petition.log.client.sources import Source
from petition.log.errors import LogError
from petition.log.note_keys import LOG, parse_vkey
from petition.log.notes import Head, Opened, open_note, parse_head, read_head
from petition.log.tiles import ENTRIES, WIDTH, parse_bundle, subtrees_from, tile, tile_path, tiles_of, widths
from petition.log.tree import Subtrees

MAX_ENTRIES = 2_000_000  # what a log says before anybody has signed it
_LOG = "log/"


def read_checkpoint(source: Source) -> str:
    return decode_text(source.read(f"{_LOG}checkpoint"))


def decode_text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise LogError("This is no text in UTF-8.") from None


def open_head(note: str, vkeys: Sequence[str]) -> tuple[Head, Opened]:
    """A checkpoint that one of the keys has signed, whose name is that of the log. Raises LogError."""
    opened = open_note(note, vkeys)
    head = parse_head(opened.text)
    signers = {key.name for key in map(parse_vkey, opened.times) if key.kind == LOG}
    if head.origin not in signers:
        who = f", but by {min(signers)}" if signers else ""
        raise LogError(f"The checkpoint of {head.origin} is not signed by this log{who}.")
    return head, opened


def read_signed(source: Source, vkeys: Sequence[str]) -> tuple[str, Head]:
    """The checkpoint of a source as a note, and its head. Raises LogError unless one of the keys has signed it."""
    note = read_checkpoint(source)
    return note, open_head(note, vkeys)[0]


@dataclass(frozen=True)
class LogCopy:
    """`entries`: by place; those of a bundle that is missing or damaged are not there. `problems`: sentences."""

    source: Source
    note: str
    head: Head
    entries: dict[int, bytes]
    problems: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all entries are there and lead to the root of the checkpoint."""
        return len(self.entries) == self.head.size and self._root_of_entries == self.head.root

    @cached_property
    def subtrees(self) -> Subtrees:
        """Of the entries, where they lead to the root; else of the tiles, which may be wrong too."""
        return self._of_entries if self.is_whole else read_tiles(self.source, self.head.size)

    @cached_property
    def _of_entries(self) -> Subtrees:
        return tree.subtrees_of([tree.leaf_hash(self.entries[n]) for n in range(self.head.size)])

    @cached_property
    def _root_of_entries(self) -> bytes:
        return tree.root(self._of_entries, self.head.size)

    def extends(self, old: Head) -> bool:
        """Whether the tree of this copy begins with that of an earlier head. Raises LogError without the tiles."""
        return old.size <= self.head.size and tree.root(self.subtrees, old.size) == old.root


def read_tiles(source: Source, size: int) -> Subtrees:
    check_size(size)
    return subtrees_from(lambda path: source.read(_LOG + path), size)


def check_size(size: int) -> None:
    if size > MAX_ENTRIES:
        raise LogError(f"The log says that it has {size} entries: more than this program reads.")


def read_copy(source: Source, note: str) -> LogCopy:
    """All entries and tiles. Raises LogError only if the checkpoint has a wrong form; the rest is in `problems`."""
    head = read_head(note)
    check_size(head.size)
    bundles = {tile_path(ENTRIES, n, width): (n, width) for n, width in enumerate(widths(head.size))}
    tiles = {tile_path(*place): place for place in tiles_of(head.size)}
    files = source.read_all([*(_LOG + path for path in bundles), *(_LOG + path for path in tiles)])
    entries: dict[int, bytes] = {}
    problems: list[str] = []
    for path, (n, width) in bundles.items():
        try:
            found = _bundle(path, files[_LOG + path], width)
            entries |= {n * WIDTH + i: entry for i, entry in enumerate(found)}
        except LogError as error:
            problems.append(str(error))
    served = {place: files[_LOG + path] for path, place in tiles.items()}
    copy = LogCopy(source, note, head, entries, ())
    return LogCopy(source, note, head, entries, (*problems, *_differences(copy, served)))


def _bundle(path: str, content: bytes | LogError, width: int) -> list[bytes]:
    if isinstance(content, LogError):
        raise content
    entries = parse_bundle(content)
    if len(entries) != width:
        raise LogError(f"{path} has {len(entries)} entries, and should have {width}.")
    return entries


def _differences(copy: LogCopy, served: dict[tuple[int, int, int], bytes | LogError]) -> Iterator[str]:
    """Where tiles are missing, or are not the hashes of what lies below them; and where no root agrees."""
    leaves = {n: tree.leaf_hash(entry) for n, entry in copy.entries.items()}
    whole = len(leaves) == copy.head.size
    for (level, n, width), content in served.items():
        path = tile_path(level, n, width)
        if isinstance(content, LogError):
            yield str(content)
        elif whole and content != tile(copy._of_entries, level, n, width):
            yield f"{path} is not what the entries lead to."
        elif not whole and level == 0 and _contradicts(content, leaves, n, width):
            yield f"{path} is not what its bundle of entries leads to."
    if whole and not copy.is_whole:
        yield "The entries do not lead to the hash in the checkpoint."


def _contradicts(content: bytes, leaves: dict[int, bytes], n: int, width: int) -> bool:
    known = [(i, leaves[n * WIDTH + i]) for i in range(width) if n * WIDTH + i in leaves]
    return any(content[32 * i : 32 * i + 32] != leaf for i, leaf in known)
