"""The time stamp of an edition, from a real service of RFC 3161 (openssl) on this machine."""

import io
import re
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from petition.core.database.database import Database
from petition.core.errors import LetterError, SettingsError
from petition.core.setting_parsers import timestamp_url
from petition.letters.editions import files, rfc3161, time_stamps
from petition.letters.editions.index_signature import IndexSigner
from petition.web.app import _background_jobs
from tests.conftest import Clock, Visit, Visitor
from tests.letters.editions.test_annexes import edition_of_moment
from tests.letters.editions.test_editions import draft_for, issue
from tests.web.tools import Html, on_sqlite

CONFIG = """
[req]
distinguished_name = name
x509_extensions = stamping
[name]
[stamping]
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = service
[service]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
"""
REPLY = "ts -reply -config cnf -section service -signer tsa.pem -inkey key.pem -queryfile query -out reply"
SIGNER = IndexSigner("k" * 40, "https://petition.example")


class Service(ThreadingHTTPServer):
    """Answers with `broken`, if it is set, in place of a time stamp."""

    folder: Path
    broken: bytes | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/tsr"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"]))
        right = self.headers["Content-Type"] == "application/timestamp-query" and self.path == "/tsr"
        content = _stamped(self.server.folder, query) if self.server.broken is None else self.server.broken
        self.send_response(200 if right and content else 500)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _openssl(folder: Path, *words: str) -> str:
    return subprocess.run(["openssl", *words], cwd=folder, capture_output=True, check=True, text=True).stdout


def _verified(folder: Path, words: list[str]) -> bool:
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, check=False, text=True)
    return done.returncode == 0 and "Verification: OK" in done.stdout + done.stderr


def _stamped(folder: Path, query: bytes) -> bytes:
    (folder / "query").write_bytes(query)
    _openssl(folder, *REPLY.split())
    return (folder / "reply").read_bytes()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    folder = tmp_path / "service"
    folder.mkdir()
    (folder / "cnf").write_text(CONFIG)
    (folder / "serial").write_text("01\n")
    make = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out tsa.pem -days 2 -subj /CN=time -config cnf"
    _openssl(folder, *make.split())
    with Service(("127.0.0.1", 0), _Handler) as server:
        server.folder = folder
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


async def _zip(database: Database, signer: IndexSigner | None = SIGNER) -> zipfile.ZipFile:
    edition, listed = await files.find_edition(database, "1")
    chunks = [chunk async for chunk in files.stream_zip(database, edition, listed, signer)]
    return zipfile.ZipFile(io.BytesIO(b"".join(chunks)))


async def test_the_command_of_the_zip_proves_the_time(
    service: Service, database: Database, time: Clock, tmp_path: Path
) -> None:
    await issue(database, draft_for("PL"))
    before = await _zip(database)
    await time_stamps.stamp_missing(database, service.url)
    archive = await _zip(database)
    assert set(archive.namelist()) - set(before.namelist()) == {"index.csv.tsr"}
    assert archive.read("index.csv") == before.read("index.csv")
    async with database.reading() as c:
        stamp = await time_stamps.find_stamp(c, 1)
    _, listed = await files.find_edition(database, "1")
    assert files.count_files(listed, SIGNER, stamp) == len(archive.namelist())
    archive.extractall(tmp_path)
    (command,) = re.findall(r"^    openssl (ts -verify .+)$", archive.read("README.txt").decode(), re.M)
    words = command.replace("FILE", "service/tsa.pem").split()
    assert _verified(tmp_path, words)
    (tmp_path / "index.csv").write_bytes(archive.read("index.csv") + b"x")
    assert not _verified(tmp_path, words)
    alone = await _zip(database, None)
    assert alone.read("README.txt").decode().startswith("index.csv.tsr is a time stamp"), "without a signature too"


async def test_an_edition_gets_one_and_keeps_it(service: Service, database: Database, time: Clock) -> None:
    for _ in range(2):
        await issue(database, draft_for("PL"))
    await time_stamps.stamp_missing(database, service.url)
    async with database.reading() as c:
        first = await time_stamps.find_stamp(c, 1)
        assert first
        assert await c.count_rows("time_stamps") == 2
    service.broken = b"no"
    await time_stamps.stamp_missing(database, service.url)  # nothing is missing, so nobody is asked
    async with database.reading() as c:
        assert await time_stamps.find_stamp(c, 1) == first


REFUSED = b"\x30\x05\x30\x03\x02\x01\x02"  # status 2, rejection


@pytest.mark.parametrize("broken", [b"", b"<html>", b"\x30", b"\x30\x81", REFUSED, b"0" * 70_000])
def test_what_is_no_time_stamp_is_refused(service: Service, broken: bytes) -> None:
    service.broken = broken
    with pytest.raises(LetterError, match=r"^The time stamp service [^\n]+\.$"):
        rfc3161.get_time_stamp(b"list", service.url)


def test_the_time_stamp_of_another_list_is_refused(service: Service) -> None:
    service.broken = rfc3161.get_time_stamp(b"another list", service.url)
    with pytest.raises(LetterError, match="gave no time stamp for our list"):
        rfc3161.get_time_stamp(b"list", service.url)
    service.broken = None
    service.broken = rfc3161.get_time_stamp(b"list", service.url)
    with pytest.raises(LetterError, match="gave no time stamp for our list"):
        rfc3161.get_time_stamp(b"list", service.url)  # of our list, and old: the number in it is another


@on_sqlite
async def test_a_service_that_is_away_keeps_no_edition_back(service: Service, visit: Visit, time: Clock) -> None:
    service.broken = b""
    visitor: Visitor = await visit(timestamp_url=service.url)
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    assert "has no time stamp yet" in (await visitor.get("/organisers/editions/1")).text
    failed = await visitor.post("/organisers/editions/1/time-stamp")
    assert (failed.status_code, "cannot be asked" in failed.text) == (409, True)
    assert "index.csv.tsr" not in _names(await visitor.get("/organisers/editions/1.zip"))
    ((_, job),) = [found for found in _background_jobs(visitor.site, visitor.app.state) if found[0] == 600]
    with pytest.raises(LetterError):  # which repeat() logs, and tries again
        await job()
    service.broken = None
    await job()
    assert (await visitor.post("/organisers/editions/1/time-stamp")).status_code == 303
    assert f"has a time stamp of {service.url}" in Html((await visitor.get("/organisers/editions/1")).text).text
    assert "index.csv.tsr" in _names(await visitor.get("/organisers/editions/1.zip"))
    assert "got a time stamp edition 1" in Html((await visitor.get("/organisers/record")).text).text


def _names(answer: object) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(answer.content)).namelist()  # type: ignore[attr-defined]  # of httpx


@on_sqlite
async def test_without_the_setting_nobody_is_asked(visitor: Visitor, time: Clock) -> None:
    await edition_of_moment(visitor)
    await visitor.organiser("olga", "organiser")
    assert "time stamp" not in (await visitor.get("/organisers/editions/1")).text
    assert (await visitor.post("/organisers/editions/1/time-stamp")).status_code == 303


@pytest.mark.parametrize("wrong", ["ftp://example.org", "example.org", "https://", "https://a:b@example.org"])
def test_the_setting_is_an_address(wrong: str) -> None:
    with pytest.raises(SettingsError, match="PETITION_TIMESTAMP_URL"):
        timestamp_url(wrong)
    assert timestamp_url("") == ""
