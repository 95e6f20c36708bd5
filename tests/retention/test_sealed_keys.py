"""Sealed keys: what is in them, who opens them, and a sentence for every file that is something else."""

import json
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrage import x25519

from petition.core.errors import DataError, KeysError, SettingsError
from petition.core.settings import Settings
from petition.retention import close, key_lines, opened_keys, sealed_keys
from petition.retention.sealed_keys import SealedKeys
from petition.site import Site
from tests.conftest import IDENTITY
from tests.web.tools import on_sqlite

RECIPIENT = str(IDENTITY.to_public())
KEYS = SealedKeys(
    "petition.example",
    "2026-11-30",
    {"secret_key": "s" * 40, "desk_key": "d" * 40, "letters_key": "l" * 40, "email_key": "e" * 40},
)


def _sealed(content: object) -> bytes:
    sealed: bytes = pyrage.encrypt(json.dumps(content).encode(), [IDENTITY.to_public()])
    return sealed


@pytest.mark.parametrize("form", ["binary", "armoured", "typed", "scanned"])
def test_each_recipient_opens_them_in_each_form(form: str) -> None:
    other = x25519.Identity.generate()
    sealed = sealed_keys.seal(KEYS, [RECIPIENT, str(other.to_public())])
    lines = key_lines.write_lines(sealed)
    content = {
        "binary": sealed,
        "armoured": sealed_keys.armour(sealed),
        "typed": "\n".join(map(key_lines.group, lines)).encode(),
        "scanned": "\n".join(key_lines.code_texts(lines)).encode(),
    }[form]
    for identity in (IDENTITY, other):
        assert sealed_keys.open_sealed(content, identity) == KEYS
    with pytest.raises(KeysError, match="do not open with this identity"):
        sealed_keys.open_sealed(content, x25519.Identity.generate())


def test_no_key_is_in_the_sealed_text() -> None:
    sealed = sealed_keys.seal(KEYS, [RECIPIENT])
    for text in (sealed, sealed_keys.armour(sealed)):
        assert [value for value in (*KEYS.keys.values(), KEYS.site) if value.encode() in text] == []


def test_a_recipient_that_is_none_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="PETITION_RECIPIENTS"):
        sealed_keys.seal(KEYS, ["age1nonsense"])


GOOD = {"kind": "long-lived keys of Petition", "site": "x", "sealed_on": "2026-11-30", "keys": KEYS.keys}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "neither sealed keys nor lines"),
        (b"\xff\xfe", "neither sealed keys nor lines"),
        (b"What is this?", "Line 1 has not enough characters"),
        (b"x" * (sealed_keys.MAX_BYTES + 1), "too large for sealed keys"),
        (sealed_keys.armour(b"age-encryption.org/v1\nnonsense"), "do not open with this identity, or they are damaged"),
        (_sealed([]), "no keys of Petition"),
        (_sealed("text"), "no keys of Petition"),
        (pyrage.encrypt(b"\xff", [IDENTITY.to_public()]), "no keys of Petition"),
        (_sealed({**GOOD, "kind": "backup"}), "no keys of Petition"),
        (_sealed({**GOOD, "keys": {}}), "no keys of Petition"),
        (_sealed({**GOOD, "keys": ["desk_key"]}), "no keys of Petition"),
        (_sealed({**GOOD, "keys": {"desk_key": 1}}), "no keys of Petition"),
        (_sealed({**GOOD, "site": "x\x1b[2J"}), "no keys of Petition"),
        (_sealed({**GOOD, "keys": {"desk_key": "a\nb"}}), "no keys of Petition"),
        (_sealed({**GOOD, "keys": {"../../etc/passwd": "x"}}), "no keys of Petition"),
    ],
)
def test_anything_else_is_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises((DataError, KeysError), match=sentence):
        sealed_keys.open_sealed(content, IDENTITY)


@given(st.binary(max_size=3000))
def test_no_file_breaks_it(content: bytes) -> None:
    with pytest.raises((DataError, KeysError)):
        sealed_keys.open_sealed(content, IDENTITY)


def test_a_cut_file_is_a_sentence() -> None:
    armoured = sealed_keys.armour(sealed_keys.seal(KEYS, [RECIPIENT]))
    for length in range(len(armoured) - 5, 100, -90):
        with pytest.raises(KeysError, match="damaged"):
            sealed_keys.open_sealed(armoured[:length], IDENTITY)


def test_the_folder_is_for_its_owner_alone_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / "opened"
    (tmp_path / "opened.part").mkdir()  # a run that was killed
    (tmp_path / "opened.part" / "email_key").write_text("half")
    opened_keys.write_folder(folder, KEYS)
    assert {file.name: file.read_text() for file in folder.iterdir()} == {k: f"{v}\n" for k, v in KEYS.keys.items()}
    assert [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())] == [0o700, *[0o600] * 4]
    assert [file.name for file in tmp_path.iterdir()] == ["opened"]
    with pytest.raises(DataError, match="opened exists already: name a new folder"):
        opened_keys.write_folder(folder, KEYS)
    with pytest.raises(DataError, match="cannot be written: No such file"):
        opened_keys.write_folder(tmp_path / "none" / "opened", KEYS)


@on_sqlite
async def test_the_doctor_is_told_what_was_never_sealed_and_what_changed_since(site: Site, settings: Settings) -> None:
    async def warning(given: Settings = settings) -> str:
        async with site.database.reading() as c:
            return await sealed_keys.warning(c, given)

    assert "the keys were never sealed: without a copy a dead disk ends the campaign" in await warning()
    async with site.database.reading() as c:
        keys = await sealed_keys.current_keys(c, settings)
    assert list(keys) == ["secret_key", "desk_key", "letters_key", "email_key"]
    await site.database.write(lambda c: sealed_keys.record(c, replace(KEYS, keys=keys)))
    assert await warning() == ""
    rotated = replace(settings, desk_keys=("x" * 40, *settings.desk_keys))
    assert await warning(rotated) == (
        "desk_key changed after the keys were sealed on 2026-11-30: run `petition keys seal` again"
    )
    await close.close_signing(site.database, site.server_keys, None)
    assert await warning(rotated) == ""
    async with site.database.reading() as c:
        assert list(await sealed_keys.current_keys(c, settings)) == ["secret_key", "desk_key", "letters_key"]
