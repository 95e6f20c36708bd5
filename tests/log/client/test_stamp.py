"""petition log stamp: a time stamp on a checkpoint, from a real service of RFC 3161 (openssl) on this machine."""

from pathlib import Path

from tests.letters.editions.test_time_stamps import Service, _verified, service
from tests.log.command_line import run
from tests.log.samples import KEY

__all__ = ["service"]  # the fixture


def test_openssl_proves_the_time_of_a_checkpoint(service: Service, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "head"
    stamp = ["stamp", folder, "--vkey", KEY.vkey, "--service", service.url, "--output", output]
    done = run(*stamp)
    assert done.code == 0, done.err
    assert output.read_bytes() == (folder / "log/checkpoint").read_bytes()
    words = done.out.splitlines()[-1].removeprefix("openssl ").replace("FILE", str(service.folder / "tsa.pem")).split()
    assert _verified(tmp_path, words)
    assert "exists already" in run(*stamp).err
    output.write_bytes(output.read_bytes() + b"x")
    assert not _verified(tmp_path, words)


def test_what_gets_no_time_stamp(service: Service, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "head"
    stamp = ["stamp", folder, "--vkey", KEY.vkey, "--output", output, "--service"]
    assert "is no address" in run(*stamp, "file:///etc/passwd").err
    assert "cannot be asked" in run(*stamp, "http://127.0.0.1:9/").err
    service.broken = b"hello"
    assert "gave no time stamp" in run(*stamp, service.url).err
    (folder / "log/checkpoint").write_text("hello")
    assert "no signed note" in run(*stamp, service.url).err
    assert not output.exists()
