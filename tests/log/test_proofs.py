"""Files .tlog-proof: they read back, hold, and hold for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.log import note_keys, notes, proofs, tree
from petition.log.errors import LogError
from tests.log.samples import KEY, ORIGIN, WITNESS, checkpoint

ENTRIES = [str(n).encode() for n in range(11)]
LEAVES = [tree.leaf_hash(entry) for entry in ENTRIES]
NOTE = notes.cosign(checkpoint(LEAVES), WITNESS, 7)
HASHES = tree.inclusion_proof(tree.subtrees_of(LEAVES), 5, len(LEAVES))
TEXT = proofs.make_proof(5, HASHES, NOTE, ENTRIES[5])


def test_it_has_the_form_of_the_specification() -> None:
    lines = TEXT.split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra NQ==", "index 5"]
    assert lines[7:10] == ["", ORIGIN, "11"]
    assert proofs.parse_proof(TEXT) == proofs.Proof(5, HASHES, NOTE, b"5")
    without = proofs.parse_proof(proofs.make_proof(0, [], NOTE))
    assert (without.index, without.hashes, without.extra) == (0, [], b"")


def test_it_holds_for_its_entry_alone() -> None:
    proof, known = proofs.parse_proof(TEXT), [KEY.vkey, WITNESS.vkey]
    proven = proofs.check_proof(proof, known, ORIGIN)
    assert (proven.entry, proven.index, proven.head.size) == (b"5", 5, 11)
    assert proven.opened.signed == {ORIGIN: 0, WITNESS.name: 7}
    assert proofs.check_proof(proof, known, ORIGIN, b"5") == proven
    with pytest.raises(LogError, match="does not lead to the hash"):
        proofs.check_proof(proof, known, ORIGIN, b"6")
    with pytest.raises(LogError, match="of another log"):
        proofs.check_proof(proof, known, "other.example/log")
    with pytest.raises(LogError, match="None of the known keys"):
        proofs.check_proof(proof, [note_keys.make_key(ORIGIN).vkey], ORIGIN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.replace("@v1", "@v2"),
        TEXT.replace("index 5", "index 05"),
        TEXT.replace("index 5", "index -5"),
        TEXT.replace("index 5\n", ""),
        TEXT.replace("extra NQ==", "extra NQ="),
        TEXT.replace("extra NQ==\n", "").replace("index 5\n", "index 5\nextra NQ==\n"),
        TEXT.replace("\n\n", "\n"),
        TEXT.replace("\n\n", "\nAAAA\n\n", 1),
        TEXT.replace("\n\n", "\n" + ("A" * 43 + "=\n") * 64 + "\n", 1),
    ],
)
def test_other_texts_are_no_proof(text: str) -> None:
    with pytest.raises(LogError):
        proofs.parse_proof(text)


@given(st.text() | st.text("\n=Aindex 5").map(lambda text: TEXT.replace("\n\n", f"\n{text}\n\n", 1)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        proof = proofs.parse_proof(text)
    except LogError:
        return
    assert proofs.make_proof(proof.index, proof.hashes, proof.note, proof.extra).replace(
        "extra \n", ""
    ) == text.replace("extra \n", "")
    try:
        assert proofs.check_proof(proof, [KEY.vkey], ORIGIN).entry == b"5"
    except LogError:
        return


def test_every_changed_byte_is_seen() -> None:
    """But in the cosignature of a witness whom the reader does not know."""
    content = TEXT.encode()
    for at in range(content.index("— witness".encode())):
        changed = (content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]).decode("utf-8", "replace")
        with pytest.raises(LogError):
            proofs.check_proof(proofs.parse_proof(changed), [KEY.vkey], ORIGIN)
