"""A small log for tests: keys, entries of every kind, and the files that a site serves of it."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from petition.log import entries, note_keys, notes, tiles, tree
from petition.log.note_keys import LogKey
from petition.log.notes import Head

ORIGIN = "site.example/log"


def key_of(name: str, kind: int = note_keys.LOG) -> LogKey:
    """The same in each process of a test run."""
    return LogKey(name, kind, Ed25519PrivateKey.from_private_bytes(sha256(f"{kind} {name}".encode()).digest()))


KEY = key_of(ORIGIN)
WITNESS = key_of("witness.example/w1", note_keys.WITNESS)
SHA = "0123456789abcdef" * 4
# One entry of each kind, with every field.
SAMPLES: dict[str, dict[str, Any]] = {
    "log": {
        **{"format": 1, "origin": ORIGIN, "site": "https://site.example", "vkey": KEY.vkey},
        **{"previous_origin": "old.example/log", "previous_size": 9},
        "previous_root": b64encode(bytes(32)).decode(),
    },
    "release": {"at": "2026-11-22T10:00Z", "total": 5010, "countries": SHA},
    "withdrawn": {"day": "2026-11-23", "n": 20},
    "removal": {"day": "2026-11-24", "n": 30, "reason": "throw-away", "restored": False},
    "edition": {
        **{"number": 3, "day": "2026-11-22", "as_of": "2026-11-22T10:00Z", "total": 5010},
        "letters": {"PL-3": SHA, "DE-3": SHA[::-1]},
    },
    "letter": {"reference": "PL-3-R1", "edition": 3, "day": "2026-11-29", "sha256": SHA},
    "annex": {"reference": "PL-3-A1", "edition": 3, "day": "2026-11-22", "names": 1230, "sha256": SHA},
    "appeal": {"deadline": "2027-03-31", "goal": 100_000, "texts": {"en": SHA, "be": SHA}},
    "answer": {
        **{"key": "PL", "sent": "2026-11-23", "edition": 3, "acknowledged": "2026-11-25", "answered": "2026-12-01"},
        **{"stance": "no-competence", "file": SHA, "withdrawn": True},
    },
    "rule": {"name": "signing", "value": "open"},
    "software": {"version": "1.2.0", "commit": "0123abc", "lock": SHA, "script": SHA},
    "key": {"vkey": KEY.vkey, "state": "added"},
    "witnesses": {"quorum": 1, "vkeys": [WITNESS.vkey]},
    "audit": {"day": "2026-11-30", "ok": True},
    "correction": {"at": "2026-11-22T10:00Z", "reason": "clock"},
    "end": {"day": "2027-04-30", "reason": "closed"},
}
for _kind, _fields in SAMPLES.items():
    _fields["kind"] = _kind


def checkpoint(leaves: list[bytes], *keys: LogKey, origin: str = ORIGIN) -> str:
    head = Head(origin, len(leaves), tree.root(tree.subtrees_of(leaves), len(leaves)))
    return notes.sign_head(head, keys or (KEY,))


def write_log(folder: Path, content: list[bytes], *keys: LogKey, origin: str = ORIGIN) -> str:
    """All files of a log with these entries; the checkpoint. Tiles of earlier sizes stay."""
    leaves = [tree.leaf_hash(entry) for entry in content]
    subtrees, files = tree.subtrees_of(leaves), {}
    for level, n, width in tiles.tiles_of(len(leaves)):
        files[tiles.tile_path(level, n, width)] = tiles.tile(subtrees, level, n, width)
    for n, width in enumerate(tiles.widths(len(leaves))):
        begin = n * tiles.WIDTH
        files[tiles.tile_path(tiles.ENTRIES, n, width)] = tiles.bundle(content[begin : begin + width])
    note = checkpoint(leaves, *keys, origin=origin)
    for path, file in (files | {"checkpoint": note.encode()}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(file)
    return note


def some_entries(count: int) -> list[bytes]:
    return [entries.encode({"kind": "release", "at": "2026-11-22T10:00Z", "total": 10 * n}) for n in range(count)]
