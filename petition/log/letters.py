"""Proofs that a letter is in the log: a file beside it, which needs no network to be checked."""

import json
from contextlib import suppress
from pathlib import Path

from petition.core.database.connection import Connection
from petition.core.settings import Settings
from petition.features import File
from petition.log import notes, tiles, tree
from petition.log.errors import LogError
from petition.log.folder import CHECKPOINT, COSIGNED, Folder
from petition.log.proofs import make_proof
from petition.log.tiles import ENTRIES, WIDTH


async def proof_files(c: Connection, settings: Settings, reference: str) -> list[File]:
    proof = make_proof_of(settings, await find_fingerprint(c, reference))
    return [(f"{reference}.tlog-proof", proof.encode())] if proof else []


async def find_fingerprint(c: Connection, reference: str) -> str:
    """Empty for a reference that nothing has."""
    row = await c.one("published.fingerprint", reference=reference)
    return str(row["sha256"]) if row else ""


def make_proof_of(settings: Settings, sha256: str) -> str:
    """Empty for what is not in a signed head yet."""
    if sha256:
        with suppress(OSError, ValueError, LogError):  # the files are not written yet; the keeper reports damaged ones
            return _prove(Folder(settings.var).path, sha256)
    return ""


def _prove(folder: Path, sha256: str) -> str:
    """From the files alone, for the newest head that enough witnesses have signed, if it has the letter."""
    index, newest = json.loads((folder / "index.json").read_bytes()).get(sha256), _note(folder / CHECKPOINT)
    head = notes.read_head(newest)
    if index is None or index >= head.size:
        return ""
    note = _cosigned(folder, index, head.origin) or newest
    subtrees = tiles.subtrees_from(lambda path: (folder / path).read_bytes(), head.size)
    n, i = divmod(index, WIDTH)
    bundle = (folder / tiles.tile_path(ENTRIES, n, min(WIDTH, head.size - n * WIDTH))).read_bytes()
    hashes = tree.inclusion_proof(subtrees, index, notes.read_head(note).size)
    return make_proof(index, hashes, note, tiles.parse_bundle(bundle)[i])


def _cosigned(folder: Path, index: int, origin: str) -> str:
    """Empty if it does not cover this place, or is of an earlier log."""
    if not (folder / COSIGNED).is_file():
        return ""
    note = _note(folder / COSIGNED)
    head = notes.read_head(note)
    return note if head.size > index and head.origin == origin else ""


def _note(file: Path) -> str:
    return file.read_text("utf-8")
