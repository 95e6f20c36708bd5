"""Witnesses: one from cron, one behind the protocol. Both sign a log that grows, and neither signs a fork."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from petition.log import note_keys, notes
from petition.log.errors import LogError
from tests.conftest import Clock
from tests.log import witness_server
from tests.log.command_line import Done, run
from tests.log.samples import KEY, ORIGIN, WITNESS
from tests.log.story import Served, Story
from tests.log.witness_server import Witness

NAME = WITNESS.name


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "witness.key"
    file.write_text(f"{WITNESS.secret_text}\n")
    return file


@pytest.fixture
def witness() -> Iterator[Witness]:
    with witness_server.running(WITNESS, {ORIGIN: KEY.vkey}) as server:
        yield server


def fork(told: Story, folder: Path) -> None:
    told.log[2] = {"kind": "rule", "name": "signing", "value": "stopped"}
    shutil.rmtree(folder)
    told.write(folder)


def grow(told: Story, folder: Path) -> None:
    told.days(1)
    told.write(folder)


def look(place: object, key_file: Path, state: Path, *more: object) -> Done:
    return run("witness", place, "--vkey", KEY.vkey, "--key", key_file, "--state", state, *more)


def test_a_log_that_grows_is_signed(told: Story, folder: Path, key_file: Path, tmp_path: Path, time: Clock) -> None:
    state = tmp_path / "state"
    time.moment = datetime(2026, 11, 24, 1, tzinfo=UTC)
    first = look(folder, key_file, state)
    assert first.code == 0
    assert first.out == state.read_text()
    opened = notes.open_note(first.out, [KEY.vkey, WITNESS.vkey])
    assert opened.signed == {ORIGIN: 0, NAME: int(time.seconds())}
    time.advance(hours=1)
    assert look(folder, key_file, state).out != first.out, "the same again, at another time"
    grow(told, folder)
    assert notes.parse_head(notes.open_note(look(folder, key_file, state).out, [WITNESS.vkey]).text).size == 285


def test_a_fork_is_refused_by_two_witnesses(
    told: Story, folder: Path, key_file: Path, tmp_path: Path, witness: Witness
) -> None:
    """And both heads are kept: together they prove it."""
    state = tmp_path / "state"
    feeding = ["feed", folder, "--vkey", KEY.vkey, "--witness", witness.url, "--witness-vkey", WITNESS.vkey]
    assert look(folder, key_file, state).code == 0
    assert run(*feeding).code == 0
    before, original = state.read_text(), (folder / "log/checkpoint").read_text()
    for days in (0, 1):
        fork(told, folder)
        told.days(days)
        told.write(folder)
        forked = (folder / "log/checkpoint").read_text()
        size = notes.parse_head(notes.split_note(forked)[0]).size
        done = look(folder, key_file, state)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"FORK: {size} entries do not extend the 273 before them.")
        assert state.read_text() == before
        evidence = tmp_path / f"state.FORK.{size}"
        assert evidence.read_text() == forked != original
        for head in (evidence.read_text(), state.read_text()):
            assert notes.open_note(head, [KEY.vkey]).signed == {ORIGIN: 0}
        done = run(*feeding)
        assert (done.code, done.out) == (1, "")
        assert "it says that this checkpoint does not extend the one that it signed before" in done.err
    fork(told, folder)
    told.log[2]["value"] = "open"
    told.write(folder)
    assert (look(folder, key_file, state).code, run(*feeding).code) == (0, 0), "the true history again"


def test_a_log_that_was_rolled_back_is_refused(told: Story, folder: Path, key_file: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert look(folder, key_file, state).code == 0
    before = state.read_text()
    Story(log=told.log[:200]).write(folder)
    done = look(folder, key_file, state)
    assert done.code == 1
    assert done.err.startswith("ROLLED BACK: 273 entries were signed, now 200.")
    assert state.read_text() == before
    assert (tmp_path / "state.ROLLED-BACK.200").read_text() == (folder / "log/checkpoint").read_text()


def test_what_no_witness_signs(told: Story, folder: Path, key_file: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    other = note_keys.make_key(ORIGIN)
    done = run("witness", folder, "--vkey", other.vkey, "--key", key_file, "--state", state)
    assert "None of the known keys" in done.err
    tile = folder / "log/tile/0/001.p/17"
    content = tile.read_bytes()
    tile.write_bytes(bytes(32) + content[32:])
    assert "do not lead to the hash in its checkpoint; nothing was signed" in look(folder, key_file, state).err
    tile.write_bytes(content)
    log_key = tmp_path / "log.key"
    log_key.write_text(KEY.secret_text)
    assert "This is the key of a log" in look(folder, log_key, state).err
    assert "cannot be written" in look(folder, key_file, tmp_path / "no folder/state").err
    assert not state.exists()
    state.write_text("hello")
    assert "This is no signed note" in look(folder, key_file, state).err
    state.unlink()
    state.mkdir()
    assert "cannot be read" in look(folder, key_file, state).err


def test_a_signature_is_brought_to_the_site(site: Served, key_file: Path, tmp_path: Path) -> None:
    done = look(site.url, key_file, tmp_path / "state", "--send")
    assert done.code == 0
    assert site.taken == [done.out]
    site.refuses = True
    done = look(f"{site.url}/log/", key_file, tmp_path / "state", "--send")
    assert done.code == 1
    assert done.err == "The site has not taken the cosignatures: it answers 403. No witness of ours.?[2J\n"


def feed(place: object, witness: Witness, *keys: str) -> Done:
    given = [word for key in keys or (WITNESS.vkey,) for word in ("--witness-vkey", key)]
    return run("feed", place, "--vkey", KEY.vkey, "--witness", witness.url, *given)


def test_a_witness_is_fed(told: Story, site: Served, folder: Path, witness: Witness) -> None:
    done = feed(site.url, witness)
    assert (done.code, done.err) == (0, "The site has taken the signature.\n")
    assert site.taken == [done.out]
    assert notes.open_note(done.out, [KEY.vkey, WITNESS.vkey]).signed == {ORIGIN: 0, NAME: witness_server.TIME}
    assert witness.seen[ORIGIN][0] == 273
    assert feed(site.url, witness).code == 0, "nothing new: the witness says that it still holds"
    grow(told, folder)
    assert feed(site.url, witness).code == 0
    assert witness.seen[ORIGIN][0] == 285
    assert [body.split(b"\n")[0] for body in witness.asked] == [b"old 0", b"old 0", b"old 273", b"old 0", b"old 273"]


def test_lines_that_the_checkpoint_has_already_are_not_doubled(folder: Path, witness: Witness) -> None:
    checkpoint = folder / "log/checkpoint"
    done = feed(folder, witness)
    checkpoint.write_text(done.out)
    assert feed(folder, witness).out == done.out


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((404, b""), "it does not know this log"),
        ((403, b""), "it does not know the key"),
        ((500, b""), "it answers 500"),
        ((302, b""), "it answers 302"),
        ((409, b"many\n"), "does not say in a known form which size"),
        ((409, b"99999999999999999999\n"), "does not say in a known form which size"),
        ((409, b"300\n"), "The witness has signed 300 entries, and this checkpoint has 273"),
        ((409, b"7\n"), "is asked by others at the same time"),
        ((200, b""), "with no cosignature that counts: None of the known keys"),
        ((200, b"hello\n"), "with no cosignature that counts: A line of a signature"),
        ((200, b"\xff"), "with no cosignature that counts: This is no text in UTF-8"),
        ((200, b"x" * 70_000), "with no cosignature that counts: The answer of the witness is too long"),
        ((200, WITNESS.cosign("another text\n", 7).encode()), "The signature of witness.example/w1 is wrong"),
    ],
)
def test_answers_that_are_no_signature(
    folder: Path, witness: Witness, answer: tuple[int, bytes], sentence: str
) -> None:
    witness.broken = answer
    done = feed(folder, witness)
    assert (done.code, done.out) == (1, "")
    assert sentence in done.err


def test_another_witness_does_not_count(folder: Path, witness: Witness) -> None:
    other = note_keys.make_key("other.example/w", note_keys.WITNESS)
    assert "None of the known keys" in feed(folder, witness, other.vkey).err
    assert notes.open_note(feed(folder, witness, other.vkey, WITNESS.vkey).out, [WITNESS.vkey]).signed


def test_a_witness_that_is_away(folder: Path) -> None:
    away = ["feed", folder, "--vkey", KEY.vkey, "--witness-vkey", WITNESS.vkey, "--witness"]
    assert "cannot be asked" in run(*away, "http://127.0.0.1:9/").err
    assert "is no address" in run(*away, "file:///etc").err


def test_the_key_of_a_witness_is_made(tmp_path: Path) -> None:
    file = tmp_path / "key"
    done = run("key", "newspaper.example/w", "--witness", "--output", file)
    assert (done.code, done.out) == (0, "")
    assert file.stat().st_mode & 0o077 == 0
    key = note_keys.LogKey.parse(file.read_text())
    assert (key.kind, key.name) == (note_keys.WITNESS, "newspaper.example/w")
    assert done.err == f"The public key, for everybody: {key.vkey}\n"
    assert "exists already" in run("key", "newspaper.example/w", "--output", file).err
    shown = run("key", ORIGIN)
    assert note_keys.LogKey.parse(shown.out).kind == note_keys.LOG
    with pytest.raises(LogError):
        note_keys.LogKey.parse(shown.out[:-3])
    assert "The name of a key" in run("key", "two words").err
