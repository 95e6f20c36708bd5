"""petition log prove writes a proof; verify --proof checks it without any network."""

import json
from pathlib import Path

import pytest

from petition.log import note_keys, notes, proofs
from tests.log.command_line import run
from tests.log.samples import KEY, ORIGIN, WITNESS, write_log
from tests.log.story import ANNEX, LETTER, REPLY


@pytest.mark.parametrize(
    ("reference", "content", "text"),
    [
        ("PL-1", LETTER, "letter PL-1 of edition 1 of 2026-11-11"),
        ("PL-1-R1", REPLY, "letter PL-1-R1 of 2026-11-11, which follows one of an edition"),
        ("PL-1-A1", ANNEX, "list of names PL-1-A1 of 2026-11-11"),
    ],
)
def test_a_proof_holds_without_a_network(url: str, tmp_path: Path, reference: str, content: bytes, text: str) -> None:
    file, proof = tmp_path / "document", tmp_path / "document.tlog-proof"
    file.write_bytes(content)
    assert run("prove", url, reference, "--vkey", KEY.vkey, "--output", proof).code == 0
    assert run("prove", url, file, "--vkey", KEY.vkey).out == proof.read_text()
    done = run("verify", "--proof", proof, "--vkey", KEY.vkey, file)
    assert (done.code, done.failures) == (0, [])
    place = proofs.parse_proof(proof.read_text()).index + 1  # people count from one
    assert done.out.splitlines() == [
        f"ok    The proof holds: place {place} of 273 of {ORIGIN}.",
        f"ok    {file}: logged as {text}.",
    ]
    file.write_bytes(content + b"x")
    done = run("verify", "--proof", proof, "--vkey", KEY.vkey, file)
    assert (done.code, done.failures) == (1, [f"{file}: the proof is of another document."])
    assert "it is not in the log" not in run("verify", "--proof", proof, "--vkey", KEY.vkey).out


def test_a_proof_needs_the_key(folder: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    run("prove", folder, "PL-1", "--vkey", KEY.vkey, "--output", proof)
    done = run("verify", "--proof", proof)
    assert done.code == 1
    assert done.failures[0].startswith("A proof needs the key of the log")
    other = note_keys.make_key(ORIGIN).vkey
    assert run("verify", "--proof", proof, "--vkey", other).failures == ["None of the known keys has signed this."]
    foreign = note_keys.make_key("other.example/log").vkey
    assert run("verify", "--proof", proof, "--vkey", foreign).code == 1
    proof.write_text("hello")
    assert run("verify", "--proof", proof, "--vkey", KEY.vkey).code == 1
    assert "cannot be read" in run("verify", "--proof", tmp_path / "no", "--vkey", KEY.vkey).err


def test_a_proof_with_witnesses(folder: Path, tmp_path: Path) -> None:
    proof, policy = tmp_path / "proof", tmp_path / "policy"
    policy.write_text(f"log {KEY.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n")
    run("prove", folder, "PL-1", "--vkey", KEY.vkey, "--output", proof)
    done = run("verify", "--proof", proof, "--policy", policy)
    assert done.failures == ["Too few witnesses of the policy have signed the checkpoint in the proof."]
    proof.write_text(proof.read_text() + WITNESS.cosign(notes.split_note(proof.read_text())[0], 7))
    assert run("verify", "--proof", proof, "--policy", policy).code == 1, "a signature of other text"
    checkpoint = folder / "log/checkpoint"
    checkpoint.write_text(notes.cosign(checkpoint.read_text(), WITNESS, 1_790_000_000))
    proof.unlink()
    run("prove", folder, "PL-1", "--vkey", KEY.vkey, "--output", proof)
    done = run("verify", "--proof", proof, "--policy", policy)
    assert done.code == 0
    assert "; cosigned by witness.example/w1 at 2026-09-21 14:13 UTC." in done.out


def test_what_cannot_be_proven(folder: Path, tmp_path: Path) -> None:
    prove = ["prove", folder, "--vkey", KEY.vkey]
    assert run(*prove, "PL-9").err == "The log has no letter PL-9.\n"
    other = tmp_path / "other"
    other.write_bytes(b"another")
    assert run(*prove, other).code == 0, "DE-1"
    other.write_bytes(b"a draft")
    assert run(*prove, other).err.startswith("The document is not in the log.")
    tile = folder / "log/tile/0/000"
    tile.write_bytes(bytes(8192))
    assert run(*prove, "PL-1").code == 0, "the entries themselves lead to the signed hash"
    bundle = folder / "log/tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"PL-1", b"PL-7"))
    assert run(*prove, "PL-1").code == 1


def test_an_entry_of_another_kind_does_not_hinder_a_proof(folder: Path, tmp_path: Path) -> None:
    entry = json.dumps({"kind": "news"}, separators=(",", ":")).encode()
    letter = b'{"day":"2026-11-29","edition":3,"kind":"letter","reference":"PL-3-R1","sha256":"' + b"0" * 64 + b'"}'
    write_log(tmp_path / "log", [entry, letter])
    assert run("prove", tmp_path / "log", "PL-3-R1", "--vkey", KEY.vkey).code == 0
