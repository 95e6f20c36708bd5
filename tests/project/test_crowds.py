"""Crowds before the shipped nginx: thousands of half-open requests, endless bodies, one visitor's many requests."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests import ROOT, postgres
from tests.mail.delivering import until
from tests.project.nginx import NAME, ONION, TOR, Nginx, circuit_address, request, status
from tests.project.test_deploy import FORM

HELD, HONEST = 3000, 150


@contextmanager
def _attacked(nginx: Nginx, addresses: int, folder: Path) -> Iterator[Path]:
    """With a crowd of attackers from so many addresses. What they report is in the file."""
    reports = folder / "attackers"
    command = [sys.executable, "-m", "tests.project.attackers", str(nginx.port), str(nginx.clear), str(addresses)]
    with reports.open("wb") as output:
        attackers = subprocess.Popen(command, cwd=ROOT, stdout=output)
    try:
        yield reports
        assert attackers.poll() is None
    finally:
        attackers.kill()
        attackers.wait()


def _most_held(reports: Path) -> int:
    """How many connections the attackers held at once."""
    return max((int(line.split()[0]) for line in reports.read_text("ascii").splitlines()[:-1]), default=0)


async def _sign(nginx: Nginx) -> int:
    """The status for an honest visitor; 0 if nginx hangs up."""
    with suppress(OSError):
        return status(await nginx.say(request("POST", "/en/sign", FORM)))
    return 0


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("addresses", [1, 5000])
async def test_half_open_requests_and_endless_bodies_lock_nobody_out(
    addresses: int, nginx: Nginx, tmp_path: Path
) -> None:
    answers = []
    with _attacked(nginx, addresses, tmp_path) as reports:
        await until(lambda: _most_held(reports) >= HELD)
        for _ in range(HONEST):
            answers.append(await _sign(nginx))
            await asyncio.sleep(0.1)  # over several of their waves
    assert answers == [303] * HONEST


async def _begin(nginx: Nginx, visitor: str, line: str = "", port: int = 0) -> int:
    """Sends a form without its last bytes; the status, if nginx does not wait for them."""
    async with nginx.connected(visitor=visitor, port=port) as (reader, writer):
        writer.write((line + request("POST", "/en/sign", FORM, host=ONION if port else NAME)[:-5]).encode())
        return status((await reader.readline()).decode("latin-1"))


def _patient(folder: Path, old: str = "", new: str = "") -> Nginx:
    """An nginx without an application, which waits long for a body; the site is changed."""
    nginx = Nginx(folder, postgres.free_port())
    site = nginx.folder / "site.conf"
    text = re.sub(r"client_body_timeout \w+", "client_body_timeout 60s", site.read_text("utf-8"))
    site.write_text(text.replace(old, new))
    return nginx


async def _refused(asking: list[asyncio.Task[int]], n: int) -> list[int]:
    """The answers of the first n that do not have to wait."""
    await until(lambda: sum(task.done() for task in asking) >= n)
    answers = [task.result() for task in asking if task.done()]
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    return answers


async def test_one_visitor_has_a_hundred_requests_in_progress(tmp_path: Path) -> None:
    nginx = _patient(tmp_path / "nginx")
    with nginx.running():
        asking = [asyncio.create_task(_begin(nginx, "127.0.0.5")) for _ in range(110)]
        await until(lambda: sum(task.done() for task in asking) >= 10)
        assert status(await nginx.say(request("GET", "/en/"))) == 502, "another visitor: no application is there"
        assert await _refused(asking, 10) == [429] * 10


def _over_tor(nginx: Nginx, addresses: list[str]) -> list[asyncio.Task[int]]:
    lines = [f"PROXY TCP6 {address} ::1 1 80\r\n" for address in addresses]
    return [asyncio.create_task(_begin(nginx, TOR, line, nginx.onion)) for line in lines]


async def test_one_circuit_has_twenty_requests_in_progress(tmp_path: Path) -> None:
    nginx = _patient(tmp_path / "nginx")
    with nginx.running():
        others = _over_tor(nginx, [circuit_address(n) for n in range(25)])
        asking = _over_tor(nginx, [circuit_address(99)] * 25)
        assert await _refused(asking, 5) == [429] * 5
        assert await _refused(others, 0) == []


async def test_a_home_with_ipv6_is_one_visitor(tmp_path: Path) -> None:
    """The rule of the public address at the onion address, where a test can name any address."""
    nginx = _patient(tmp_path / "nginx", "limit_conn circuits 20", "limit_conn visitors 20")
    with nginx.running():
        others = _over_tor(nginx, [f"2001:db8:1:{n:x}::1" for n in range(25)])
        asking = _over_tor(nginx, [f"2001:db8:2:a0a:0a0a::{n:x}" for n in range(25)])
        assert await _refused(asking, 5) == [429] * 5
        assert await _refused(others, 0) == []


def _agrees(nginx: Nginx, *options: str) -> bool:
    """Whether openssl and nginx agree on a connection."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{nginx.port}", "-servername", NAME, *options]
    output = subprocess.run(command, input=b"", capture_output=True, check=False, timeout=120).stdout
    return b"Cipher is (NONE)" not in output


# With an RSA certificate, Debian's nginx.conf would agree to the first three. DHE is slow, CBC is old.
NO_FORWARD_SECRECY = ("AES256-GCM-SHA384", "AES128-SHA", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256")


def test_a_key_that_is_seized_later_opens_nothing_recorded_before(tmp_path: Path) -> None:
    nginx = Nginx(tmp_path / "nginx", postgres.free_port(), rsa_certificate=True)
    with nginx.running():
        assert [_agrees(nginx, "-tls1_2", "-cipher", cipher) for cipher in NO_FORWARD_SECRECY] == [False] * 4
        for cipher in ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"):
            assert _agrees(nginx, "-tls1_2", "-cipher", cipher)
        assert _agrees(nginx, "-tls1_3")
        assert not _agrees(nginx, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    debians = Nginx(tmp_path / "debians", postgres.free_port(), rsa_certificate=True)
    site = debians.folder / "site.conf"
    site.write_text(re.sub(r"^ *ssl_ciphers .*", "", site.read_text("utf-8"), flags=re.M))
    with debians.running():
        assert _agrees(debians, "-tls1_2", "-cipher", "AES256-GCM-SHA384"), "the test would see it"
