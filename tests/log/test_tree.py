"""The tree against Certificate Transparency's vectors, those of Go (vectors.go), and its own rules for any size."""

import hashlib
import json
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.log import note_keys, notes, tiles, tree
from petition.log.errors import LogError

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text("utf-8"))
SIZES = [vector[0] for vector in VECTORS["trees"]]
SOME = [255, 256, 257, 300, 511, 512, 513, 8760]

# The leaves and roots of certificate-transparency-go, testonly/reference.go.
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@cache
def numbers() -> tree.Subtrees:
    """Leaf n is the number n."""
    return tree.subtrees_of([tree.leaf_hash(str(n).encode()) for n in range(max(SIZES))])


def _digest(parts: list[bytes]) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


def test_the_vectors_of_certificate_transparency() -> None:
    subtrees = tree.subtrees_of([tree.leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES])
    assert [tree.root(subtrees, n).hex() for n in range(1, 9)] == CT_ROOTS
    assert tree.root(subtrees, 0).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_vectors_of_go() -> None:
    """Roots, all tiles, and proofs of a hundred places of each size."""
    for vector in VECTORS["trees"]:
        assert _vector(vector[0]) == vector


def _vector(size: int) -> list[Any]:
    subtrees, places = numbers(), range(0, size, size // 100 + 1)
    inclusion = [hash_ for n in places for hash_ in tree.inclusion_proof(subtrees, n, size)]
    consistency = [hash_ for n in places for hash_ in tree.consistency_proof(subtrees, n + 1, size)]
    all_tiles = [tiles.tile(subtrees, *place) for place in tiles.tiles_of(size)]
    root = b64encode(tree.root(subtrees, size)).decode()
    return [size, root, _digest(all_tiles), _digest(inclusion), _digest(consistency)]


@pytest.mark.parametrize("vector", VECTORS["notes"], ids=lambda vector: str(vector["Name"]))
def test_the_notes_of_go(vector: dict[str, str]) -> None:
    key = note_keys.LogKey.parse(vector["Private"])
    assert (key.name, key.vkey, key.secret_text) == (vector["Name"], vector["Vkey"], vector["Private"])
    assert notes.open_note(vector["Note"], [vector["Vkey"]]).text == vector["Text"]
    assert f"{vector['Text']}\n{key.sign(vector['Text'])}" == vector["Note"]


_SIZES = st.integers(1, 300) | st.sampled_from(SOME)


@given(_SIZES, st.data())
def test_what_is_in_is_proven_and_nothing_else(size: int, data: st.DataObject) -> None:
    subtrees = numbers()
    n = data.draw(st.integers(0, size - 1))
    root, proof = tree.root(subtrees, size), tree.inclusion_proof(subtrees, n, size)
    leaf = tree.leaf_hash(str(n).encode())
    assert tree.is_included(leaf, n, size, proof, root)
    assert not tree.is_included(tree.leaf_hash(b"other"), n, size, proof, root)
    assert not tree.is_included(leaf, n, size, [*proof, bytes(32)], root)
    assert not tree.is_included(leaf, size, size, proof, root)
    for at in range(len(proof)):
        assert not tree.is_included(leaf, n, size, [*proof[:at], bytes(32), *proof[at + 1 :]], root)
        assert not tree.is_included(leaf, n, size, [*proof[:at], *proof[at + 1 :]], root)
    other = data.draw(st.integers(0, size - 1))
    assert tree.is_included(leaf, other, size, proof, root) == (other == n)


@given(_SIZES, st.data())
def test_what_grew_is_proven_and_nothing_else(size: int, data: st.DataObject) -> None:
    subtrees, old = numbers(), data.draw(st.integers(0, size))
    before, after = tree.root(subtrees, old), tree.root(subtrees, size)
    proof = tree.consistency_proof(subtrees, old, size)
    assert tree.is_consistent(old, size, before, after, proof)
    assert not tree.is_consistent(old, size, bytes(32), after, proof)
    assert not tree.is_consistent(old, size, before, after, [*proof, bytes(32)])
    if 0 < old < size:
        assert not tree.is_consistent(old, size, before, bytes(32), proof)
        assert not tree.is_consistent(size, old, after, before, proof)
        for at in range(len(proof)):
            assert not tree.is_consistent(old, size, before, after, [*proof[:at], bytes(32), *proof[at + 1 :]])
            assert not tree.is_consistent(old, size, before, after, [*proof[:at], *proof[at + 1 :]])


@given(st.integers(-3, 2**62), st.integers(-3, 2**62), st.lists(st.binary(min_size=32, max_size=32), max_size=64))
def test_any_proof_is_judged(old: int, size: int, proof: list[bytes]) -> None:
    assert not tree.is_included(bytes(32), old, size, proof, b"no root")
    assert not tree.is_consistent(old, size, b"no root", bytes(32), proof)


@given(_SIZES)
def test_tiles_are_the_tree(size: int) -> None:
    subtrees = numbers()
    files = {tiles.tile_path(*place): tiles.tile(subtrees, *place) for place in tiles.tiles_of(size)}
    read = tiles.subtrees_from(files.__getitem__, size)
    assert tree.root(read, size) == tree.root(subtrees, size)
    n = size // 2
    assert tree.inclusion_proof(read, n, size) == tree.inclusion_proof(subtrees, n, size)
    assert tree.consistency_proof(read, n, size) == tree.consistency_proof(subtrees, n, size)


def test_the_paths_of_the_specification() -> None:
    assert tiles.tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.tile_path("entries", 0, 5) == "tile/entries/000.p/5"
    places = tiles.tiles_of(70_000)  # its example: 273 full tiles and one of 112, one full one and one of 17, one of 1
    assert [sum(place[0] == level for place in places) for level in range(3)] == [274, 2, 1]
    assert [place for place in places if place[2] < 256] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert tiles.tiles_of(256) == [(0, 0, 256), (1, 0, 1)]
    assert tiles.tiles_of(0) == []


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_reads_back(content: list[bytes]) -> None:
    assert tiles.parse_bundle(tiles.bundle(content)) == content


@given(st.binary(max_size=2000))
def test_any_bundle_is_read_or_refused(content: bytes) -> None:
    try:
        found = tiles.parse_bundle(content)
    except LogError:
        return
    assert tiles.bundle(found) == content


def test_a_bundle_that_is_cut_is_refused() -> None:
    content = tiles.bundle([b"one", b"three"])
    for end in (1, 3, 6, len(content) - 1):
        with pytest.raises(LogError, match="cut in the middle"):
            tiles.parse_bundle(content[:end])
    with pytest.raises(LogError, match="longer than"):
        tiles.bundle([bytes(65_536)])


def test_a_tile_of_another_length_is_refused() -> None:
    read = tiles.subtrees_from(lambda _: bytes(33), 1)
    with pytest.raises(LogError, match=r"tile/0/000\.p/1 has 33 bytes, and should have 32"):
        tree.root(read, 1)
