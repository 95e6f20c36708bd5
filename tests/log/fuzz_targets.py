"""What is fuzzed of the log: what reads bytes of a site, a witness or a saved file (see tests/fuzz/targets.py)."""

import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from petition.log import entries, note_keys, notes, proofs, tiles, tree
from petition.log.client import documents, feed
from petition.log.client.findings import State
from petition.log.client.policies import parse_policy
from petition.log.client.saved_heads import read_heads
from petition.log.client.sources import NotThere, Source
from petition.log.client.verify import Check, Options
from petition.log.errors import LogError
from tests.log.samples import KEY, ORIGIN, SAMPLES, WITNESS, checkpoint
from tests.log.story import Story

_KNOWN = [KEY.vkey, WITNESS.vkey]
_ENTRIES = [entries.encode(SAMPLES[kind]) for kind in sorted(SAMPLES)]
_LEAVES = [tree.leaf_hash(entry) for entry in _ENTRIES]
_SUBTREES = tree.subtrees_of(_LEAVES)
_NOTE = notes.cosign(checkpoint(_LEAVES), WITNESS, 1_790_000_000)
_PROOF = proofs.make_proof(5, tree.inclusion_proof(_SUBTREES, 5, len(_LEAVES)), _NOTE, _ENTRIES[5])
_HEAD = notes.parse_head(notes.split_note(_NOTE)[0])


def signed_note(data: bytes) -> None:
    """Nobody but the holders of the keys signs: as a checkpoint, a witness's answer, a saved text."""
    text = data.decode("utf-8", "replace")
    for note in (text, _NOTE + text):
        with suppress(LogError):
            opened = notes.open_note(note, _KNOWN)
            assert notes.parse_head(opened.text) == _HEAD
        heads, _ = read_heads(note, ORIGIN, _KNOWN)
        assert heads <= {_HEAD}
    with suppress(LogError):
        assert feed.add_lines(_NOTE, data, _KNOWN).text == notes.head_text(_HEAD)
    with suppress(LogError):
        feed.parse_size(data)
    for parse in (note_keys.parse_vkey, note_keys.LogKey.parse):
        with suppress(LogError):
            parse(text)


def log_entry(data: bytes) -> None:
    """What is an entry is written back byte for byte, and a count in it is a multiple of ten."""
    with suppress(LogError):
        entry = entries.decode(data)
        assert entries.encode(entry) == data
        assert entry.get("n", 0) % 10 == entry.get("total", 0) % 10 == 0
        documents.find_places({0: entry}, "")
    documents.as_tally(data)
    for fields in (entries.COUNTRIES_FILE, entries.ANSWER_FILE):
        with suppress(LogError):
            assert entries.canonical_json(entries.parse_file(data, fields)) == data


def log_bundle(data: bytes) -> None:
    with suppress(LogError):
        assert tiles.bundle(tiles.parse_bundle(data)) == data


def log_proof(data: bytes) -> None:
    """A proof that holds is one of an entry that is really there."""
    text = data.decode("utf-8", "replace")
    with suppress(LogError):
        proven = proofs.check_proof(proofs.parse_proof(text), _KNOWN, ORIGIN)
        assert proven.entry == _ENTRIES[proven.index]


def log_tiles(data: bytes) -> None:
    """Tiles of a stranger lead to our root only if they are ours."""
    read = tiles.subtrees_from(lambda _: data, len(_LEAVES))
    with suppress(LogError):
        assert (tree.root(read, len(_LEAVES)) == _HEAD.root) == (data == b"".join(_LEAVES))


def log_policy(data: bytes) -> None:
    with suppress(LogError):
        policy = parse_policy(data.decode("utf-8", "replace"))
        assert policy.is_met(policy.vkeys)


class _Memory(Source):
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise NotThere(path)
        return self.files[path]

    def read_all(self, paths: Iterable[str]) -> dict[str, bytes | LogError]:
        return {path: self._try(path) for path in paths}


def _honest_site() -> dict[str, bytes]:
    story = Story()
    story.begin()
    for _ in range(4):
        story.release(countries=False)
    with tempfile.TemporaryDirectory() as name:
        story.write(Path(name))
        return {str(file.relative_to(name)): file.read_bytes() for file in Path(name).rglob("*") if file.is_file()}


def _fails(site: dict[str, bytes]) -> bool:
    findings = list(Check(_Memory(site), Options([KEY.vkey])).run())
    assert "".join(map(str, findings)).isprintable()
    return any(finding.state is State.FAILED for finding in findings)


_SITE = _honest_site()
assert not _fails(_SITE)


def log_copy(data: bytes) -> None:
    """`petition log verify` of a site in which one file says something else: sentences, and a changed log fails."""
    for path, content in _SITE.items():
        is_seen = _fails(_SITE | {path: data})
        assert is_seen or data == content or "log" not in path or path == "log/vkey"


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (signed_note, log_entry, log_bundle, log_proof, log_tiles, log_policy, log_copy)
}
SEEDS: dict[str, list[bytes]] = {
    "signed_note": [_NOTE.encode(), WITNESS.cosign(notes.head_text(_HEAD), 7).encode(), KEY.vkey.encode(), b"273\n"],
    "log_entry": [
        *_ENTRIES,
        b'{"as_of":"2026-11-22T10:00:00Z","confirmed":5010}',
        b'{"at":"2026-11-22T00:00Z","countries":{"PL":20},"nonce":"' + b"0" * 32 + b'","other":10,"total":30}',
    ],
    "log_bundle": [tiles.bundle(_ENTRIES[:3])],
    "log_proof": [_PROOF.encode()],
    "log_tiles": [b"".join(_LEAVES)],
    "log_policy": [f"log {KEY.vkey}\nwitness w {WITNESS.vkey}\ngroup g any w\nquorum g\n".encode()],
    "log_copy": [
        _NOTE.encode(),
        b'{"as_of":"2026-11-22T10:00:00Z","confirmed":5010,"countries":[{"code":"PL","confirmed":1}],"withdrawn":[{}]}',
        b"hour,confirmed\r\n2026-11-22T10:00:00Z,5010\r\n",
    ],
}
