"""The signature of an edition's list, checked by the real ssh-keygen, with the commands that the README gives."""

import io
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from petition.letters.editions.index_signature import NAMESPACE, IndexSigner
from petition.web.http import public_state
from petition.web.public import discovery
from tests.conftest import Clock, Visitor
from tests.letters.editions.test_annexes import edition_of_moment
from tests.web.tools import on_sqlite

OURS = IndexSigner("k" * 40, "https://petition.example")
INDEX = b"reference,addressee,language,courtesy_translation,sha256\r\nPL-1,PL,en,no,00\r\n"


def _verify(
    folder: Path, signature: bytes, content: bytes, signer: IndexSigner = OURS, purpose: str = NAMESPACE
) -> bool:
    (folder / "letters.pub").write_text(signer.allowed_signers)
    (folder / "index.csv.sig").write_bytes(signature)
    words = ("-f", folder / "letters.pub", "-I", "petition.example", "-n", purpose, "-s", folder / "index.csv.sig")
    done = subprocess.run(["ssh-keygen", "-Y", "verify", *words], input=content, capture_output=True, check=False)
    return done.returncode == 0


def test_openssh_believes_our_signature_and_no_other(tmp_path: Path) -> None:
    signature = OURS.sign(INDEX)
    assert _verify(tmp_path, signature, INDEX)
    assert not _verify(tmp_path, signature, INDEX.replace(b"00", b"01"))
    assert not _verify(tmp_path, signature, INDEX, purpose="git")
    assert not _verify(tmp_path, signature, INDEX, IndexSigner("x" * 40, "https://petition.example"))
    assert not _verify(tmp_path, signature, INDEX, IndexSigner("k" * 40, "https://other.example"))


@pytest.mark.parametrize("content", [b"", INDEX, b"\0\xff" * 50_000], ids=["empty", "index", "large"])
def test_it_is_the_signature_that_openssh_makes(content: bytes, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(OURS._key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    key.chmod(0o600)
    command = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE]
    theirs = subprocess.run(command, input=content, capture_output=True, check=True).stdout
    assert OURS.sign(content) == theirs


@on_sqlite
async def test_the_commands_of_the_zip_check_its_list(time: Clock, visitor: Visitor, tmp_path: Path) -> None:
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    archive = zipfile.ZipFile(io.BytesIO((await visitor.get("/organisers/editions/1.zip")).content))
    archive.extractall(tmp_path)
    readme = (tmp_path / "README.txt").read_text()
    address, check = re.findall(r"^    (?:curl -O http://127\.0\.0\.1:8000)?(.+)$", readme, re.M)
    visitor.client.cookies.clear()
    (tmp_path / "letters.pub").write_text((await visitor.get(address)).text)
    assert _run(check, tmp_path).startswith('Good "petition-letters" signature for 127.0.0.1 with ED25519 key')
    (tmp_path / "index.csv").write_bytes((tmp_path / "index.csv").read_bytes().replace(b"PL-1", b"PL-2"))
    assert "Good" not in _run(check, tmp_path)


def _run(command: str, folder: Path) -> str:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False).stdout


@on_sqlite
async def test_without_a_key_nothing_is_signed_and_the_site_says_so(visitor: Visitor) -> None:
    without = replace(visitor.site, settings=replace(visitor.site.settings, letters_key=""))
    assert without.index_signer is None
    state = await public_state.read_public_state(without)
    assert discovery.letters_pub(without, state) == "# The list of an edition is not signed here.\n"


def test_the_secret_is_in_nothing_that_is_shown() -> None:
    shown = f"{OURS.allowed_signers}{OURS.readme()}{OURS.sign(INDEX).decode()}{OURS!r}"
    assert "kkkk" not in shown
