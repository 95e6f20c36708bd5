"""`make interop`: our log against another implementation of the same specifications, both ways.

aics-tlog and aics-witness (Apache-2.0) need Python 3.12, so they have an environment of their own, like the scanner.
Nothing of it is needed to run or to test Petition: vectors.json has another implementation's results for `make test`.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from petition.log import note_keys, notes, tree
from petition.log.client import copies, feed
from petition.log.client.sources import Folder
from petition.log.errors import LogError
from tests.log.samples import KEY, ORIGIN, WITNESS, checkpoint, some_entries, write_log

SIZES = (1, 2, 3, 7, 8, 100, 255, 256, 257, 511, 512, 513, 1000, 8760)
TIME = 1_790_000_000
counts: Counter[str] = Counter()


def accepted(what: str, right: object) -> None:
    if not right:
        raise AssertionError(what)
    counts[what] += 1


def main() -> int:
    theirs: Any = import_module("aics_tlog")
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            check_ours(theirs, Path(folder), size)
        with tempfile.TemporaryDirectory() as folder:
            check_theirs(theirs, Path(folder), size)
    check_refusals(theirs)
    with tempfile.TemporaryDirectory() as folder, running_witness(Path(folder)) as (address, vkey):
        check_witness(Path(folder), address, vkey)
    for what, count in sorted(counts.items()):
        print(f"{count:6,} {what}")
    print(f"{counts.total():6,} cases, none refused that should not be, and none accepted that should not be")
    return 0


def check_ours(theirs: Any, folder: Path, size: int) -> None:
    """What we make is accepted by them: keys, checkpoint, cosignature, tiles, bundles, proofs."""
    note = notes.cosign(write_log(folder, some_entries(size)), WITNESS, TIME)
    log_key, witness_key = theirs.parse_vkey(KEY.vkey), theirs.parse_vkey(WITNESS.vkey)
    accepted("vkeys of ours, by them", (theirs.format_vkey(log_key), theirs.format_vkey(witness_key)) == _vkeys())
    found = theirs.verify_checkpoint(theirs.parse_note(note), log_key, [witness_key], 1, expected_origin=ORIGIN)
    accepted("cosigned checkpoints of ours, by them", found.ok and found.timestamps == {WITNESS.name: TIME})
    theirs.audit_tiles(theirs.FileSystemTileReader(folder), size, found.root)
    accepted("whole logs of ours (tiles and bundles), by them", True)
    subtrees = tree.subtrees_of([tree.leaf_hash(entry) for entry in some_entries(size)])
    for n in range(0, size, size // 40 + 1):
        proof, old = tree.inclusion_proof(subtrees, n, size), tree.consistency_proof(subtrees, n, size)
        right = theirs.verify_leaf_inclusion(some_entries(n + 1)[n], n, size, proof, found.root)
        accepted("inclusion proofs of ours, by them", right)
        right = theirs.verify_consistency(n, size, tree.root(subtrees, n), found.root, old)
        accepted("consistency proofs of ours, by them", right)


def check_theirs(theirs: Any, folder: Path, size: int) -> None:
    """The same the other way round."""
    entries, key, cosigner = some_entries(size), Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    made = theirs.MerkleTree(entries)
    theirs.TileWriter(entries).write_to(folder)
    note = theirs.sign_checkpoint(theirs.Checkpoint(ORIGIN, size, made.root()), key, ORIGIN)
    _, line = theirs.sign_cosignature(cosigner, "w.example", TIME, ORIGIN, size, made.root())
    text = theirs.Note(text=note.text, signatures=(line, *note.signatures)).serialise()
    vkey = theirs.format_vkey(theirs.vkey_from_ed25519(ORIGIN, key.public_key()))
    witness = theirs.format_vkey(theirs.cosignature_vkey("w.example", cosigner.public_key()))
    accepted(
        "vkeys of theirs, by us",
        (note_keys.parse_vkey(vkey).text, note_keys.parse_vkey(witness).text) == (vkey, witness),
    )
    accepted(
        "cosigned checkpoints of theirs, by us",
        notes.open_note(text, [vkey, witness]).times == {vkey: 0, witness: TIME},
    )
    copy = copies.read_copy(Folder(folder, has_site=False), text)
    accepted("whole logs of theirs (tiles and bundles), by us", copy.is_whole and not copy.problems)
    for n in range(0, size, size // 40 + 1):
        proof, old = made.inclusion_proof(n, size), made.consistency_proof(n, size)
        right = tree.is_included(tree.leaf_hash(entries[n]), n, size, proof, made.root())
        accepted("inclusion proofs of theirs, by us", right)
        accepted("consistency proofs of theirs, by us", tree.is_consistent(n, size, made.root(n), made.root(), old))


def check_refusals(theirs: Any) -> None:
    """A checkpoint with one changed bit is refused by both."""
    note = notes.cosign(checkpoint([tree.leaf_hash(b"a")]), WITNESS, TIME).encode()
    log_key, witness_key = theirs.parse_vkey(KEY.vkey), theirs.parse_vkey(WITNESS.vkey)
    for at in range(len(note)):
        changed = (note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]).decode("utf-8", "replace")
        with suppress(ValueError):
            found = theirs.verify_checkpoint(theirs.parse_note(changed), log_key, [witness_key], 1)
            if found.ok:
                raise AssertionError("they accept a changed checkpoint")
        with suppress(LogError):
            if len(notes.open_note(changed, _vkeys()).times) == 2:
                raise AssertionError("we accept a changed checkpoint")
        accepted("changed checkpoints, refused by both", True)


@contextmanager
def running_witness(folder: Path) -> Iterator[tuple[str, str]]:
    """Their witness, a process that knows our log; its address and vkey."""
    command, config = [sys.executable, "-m", "aics_witness"], ["--config", str(folder / "witness.json")]
    subprocess.run(
        [*command, "init", "--name", "w.example/w1", "--prefix", "/w1", *config], check=True, capture_output=True
    )
    add = [*command, "add-log", "--origin", ORIGIN, "--vkey", KEY.vkey, *config]
    subprocess.run(add, check=True, capture_output=True)
    status = subprocess.run([*command, "status", "--json", *config], check=True, capture_output=True, text=True)
    (vkey,) = [value for name, value in _walk(json.loads(status.stdout)) if name == "vkey"]
    port = _free_port()
    serve = [*command, "serve", "--listen", f"127.0.0.1:{port}", *config]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}/w1", vkey
        finally:
            process.terminate()


def check_witness(folder: Path, address: str, vkey: str) -> None:
    """`petition log feed` gets their cosignatures while the log grows, and none for a fork."""
    site = folder / "site"
    for size in SIZES:
        note = write_log(site, some_entries(size))
        fed = feed.ask_witness(Folder(site, has_site=False), [KEY.vkey], address, [vkey])
        opened = notes.open_note(fed, [KEY.vkey, vkey])
        accepted(
            "checkpoints that their witness has cosigned for our feed", vkey in opened.times and fed.startswith(note)
        )
    write_log(folder / "fork", [b"another", *some_entries(max(SIZES))])
    try:
        feed.ask_witness(Folder(folder / "fork", has_site=False), [KEY.vkey], address, [vkey])
    except LogError as error:
        accepted("forks that their witness has refused", "does not extend" in str(error))


def _vkeys() -> tuple[str, str]:
    return KEY.vkey, WITNESS.vkey


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield name, inner
        yield from _walk(inner)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError("their witness does not listen")


if __name__ == "__main__":
    sys.exit(main())
