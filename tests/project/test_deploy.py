"""The files of docs/deploy in use: nginx before a running site, PostgreSQL with our settings, the systemd units."""

import asyncio
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from petition.core.database import queries
from petition.core.errors import SettingsError
from petition.retention import close
from tests import HAS_LOG, ROOT, postgres
from tests.adversary.flows import record_lengths
from tests.mail.delivering import until
from tests.project.conftest import DEPLOY
from tests.project.nginx import NAME, ONION, VISITOR, Nginx, circuit_address, header, request, status
from tests.relay import Relay, plain
from tests.shell import Shell, ready

ADDRESS = "anna.secret@example.net"
FORM = f"email={quote(ADDRESS)}&country=PL&consent=on"
TOKEN = "SecretTokenOfALink"


async def _link(smtp: Relay) -> str:
    await until(lambda: bool(smtp.to(ADDRESS)))
    found = re.findall(rf"https://{NAME}(/\S*/confirm/\S+)", plain(smtp.to(ADDRESS)[-1]))
    assert len(found) == 1
    return str(found[0])


async def test_one_signs_through_the_shipped_nginx_and_it_knows_nobody(nginx: Nginx, smtp: Relay) -> None:
    page = await nginx.say(request("GET", "/en/", Accept_Encoding="br"))
    assert status(page) == 200
    assert header(page, "content-encoding") == ["br"]
    assert header(page, "onion-location") == [f"http://{ONION}/en/"]
    assert status(await nginx.say(request("POST", "/en/sign", FORM))) == 303
    path = await _link(smtp)
    assert "Confirm my signature" in await nginx.say(request("GET", path))
    answer = await nginx.say(request("POST", path))
    assert (status(answer), header(answer, "location")) == (303, ["/en/thanks?country=PL"])
    assert nginx.bodies() == 0
    _knows_nothing(nginx.logs(), path.rpartition("/")[2])


def _knows_nothing(logs: bytes, *more: str) -> None:
    for trace in (VISITOR, "confirm", TOKEN, ADDRESS, quote(ADDRESS), "anna", "/en/", "HTTP/1", *more):
        assert trace.encode() not in logs, trace


async def test_every_answer_keeps_to_https_and_says_so_once(nginx: Nginx) -> None:
    for path, body in (("/en/", ""), ("/nowhere", ""), ("/en/sign", "email=" + "a" * 64_000), ("/en/manage", FORM)):
        answer = await nginx.say(request("POST" if body else "GET", path, body))
        assert header(answer, "strict-transport-security") == ["max-age=63072000; includeSubDomains"], path
        assert "nginx/" not in answer
    moved = await nginx.say(request("GET", f"/en/confirm/{TOKEN}", host="elsewhere.example"), port=nginx.clear)
    assert status(moved) == 0
    moved = await nginx.say(request("GET", f"/en/confirm/{TOKEN}"), port=nginx.clear)
    assert (status(moved), header(moved, "location")) == (308, [f"https://{NAME}/en/confirm/{TOKEN}"])


async def test_it_sends_the_public_log_itself_where_the_folder_is(nginx: Nginx) -> None:
    """From the application without it, and for what is not there; a witness's form always reaches the application."""
    folder = nginx.folder / "petition-log/log"
    missing = await nginx.say(request("GET", "/log/checkpoint"))
    assert (status(missing), header(missing, "cache-control")) == (404, ["no-store"])
    for name, kind, lifetime in (
        ("checkpoint", "text/plain; charset=utf-8", "public, max-age=5"),
        ("index.json", "application/json", "public, max-age=5"),
        ("tile/entries/000.p/7", "application/octet-stream", "public, max-age=31536000, immutable"),
        (f"files/{'0' * 64}.json", "application/json", "public, max-age=3600"),
        ("before/log/tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("in the folder")
        answer = await nginx.say(request("GET", f"/log/{name}"))
        assert answer.endswith("in the folder")
        assert (header(answer, "content-type"), header(answer, "cache-control")) == ([kind], [lifetime])
        assert header(answer, "access-control-allow-origin") == ["*"]
        assert len(header(answer, "strict-transport-security")) == 1
    assert status(await nginx.say(request("GET", "/log/../../logs/start.log"))) in (400, 404)
    assert status(await nginx.say(request("POST", "/log/cosignatures", "x"))) == (422 if HAS_LOG else 404)


async def test_it_speaks_http_2_and_answers_to_no_other_name(nginx: Nginx) -> None:
    async with nginx.connected(protocols=("h2", "http/1.1")) as (_, writer):
        tls = writer.get_extra_info("ssl_object")
        assert (tls.selected_alpn_protocol(), tls.version()) == ("h2", "TLSv1.3")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with nginx.connected(name="elsewhere.example"):
            pass


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_carries_the_records_sees_one_length_for_all_answers(method: str, nginx: Nginx) -> None:
    answers = {
        "GET": [("/en/check-inbox", ""), ("/en/thanks?country=PL", ""), ("/el/manage", ""), ("/en/nowhere", "")],
        "POST": [
            ("/en/sign", FORM),
            ("/be/manage", FORM),
            ("/el/sign", "consent=on"),
            (f"/en/manage/{TOKEN}", "action=show"),
        ],
    }[method]  # how nginx takes a body takes records of its own
    plain = [await nginx.say(request(method, *asked)) for asked in answers]
    assert {status(answer) for answer in plain} == {"GET": {200, 404}, "POST": {303, 404, 422}}[method]
    assert len({len(answer) for answer in plain}) == 1
    lengths = set()
    for path, body in answers:
        tries = [await record_lengths(nginx, method, path, body.encode()) for _ in range(5)]
        assert all(length % 512 == 16 or length == 16_401 for records in tries for length in records[4:])
        lengths.add(min(sum(records) for records in tries))  # the network may cut an answer into more records
    assert len(lengths) == 1


async def test_the_onion_service_has_its_own_address(nginx: Nginx) -> None:
    page = await nginx.say_over_onion(request("GET", "/en/", host=ONION))
    assert f'<link rel="canonical" href="http://{ONION}/en/">' in page
    assert header(page, "strict-transport-security") == header(page, "onion-location") == []
    assert status(await nginx.say_over_onion(request("POST", "/en/sign", FORM, host=ONION))) == 303
    for path in ("/organisers/", "/metrics"):
        assert status(await nginx.say_over_onion(request("GET", path, host=ONION))) == 403
    assert status(await nginx.say(request("GET", "/metrics"))) == 404, "not this machine"
    forged = await nginx.say(request("GET", "/en/", host=ONION))
    assert status(forged) == 0, "its name over the public address"
    _knows_nothing(nginx.logs(), "fc00:dead")


async def _sign_over_onion(nginx: Nginx, circuit: int) -> tuple[int, list[str]]:
    answer = await nginx.say_over_onion(request("POST", "/en/sign", FORM, host=ONION), circuit)
    return status(answer), header(answer, "location")


async def test_one_attacker_at_the_onion_address_locks_nobody_out(nginx: Nginx) -> None:
    """Nobody has JavaScript. Somebody with one circuit uses up the share of that circuit alone."""
    attacker = [await _sign_over_onion(nginx, 0x1_0007) for _ in range(25)]
    assert [code for code, _ in attacker] == [303] * 20 + [429] * 5
    assert attacker[10] == (303, ["/en/check-inbox?mail=late#main"])
    for circuit in (0x1_0008, 0x2_0007, 7):
        assert await _sign_over_onion(nginx, circuit) == (303, ["/en/check-inbox#main"])


async def test_nobody_on_the_open_web_passes_for_a_circuit(nginx: Nginx) -> None:
    """Every way to name an address; each new circuit would have its own share."""
    own = request("GET", "/en/").replace("\r\n\r\n", f"\r\nX-Forwarded-For: {circuit_address(9)}\r\n\r\n")
    assert status(await nginx.say(own)) == 200
    line = f"PROXY TCP6 {circuit_address(9)} ::1 9 80\r\n"
    assert status(await nginx.say(line + request("GET", "/en/"))) == 400, "no such line is understood there"
    assert status(await nginx.say(line + request("GET", "/en/"), port=nginx.clear)) == 400
    assert await nginx.say(request("GET", "/en/", host=ONION), port=nginx.onion) == "", "without tor"


@asynccontextmanager
async def _echo() -> AsyncIterator[int]:
    """An application that sends each request back as its answer; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(head) + head)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


FORGED = {
    "X_Forwarded_For": "203.0.113.7, fc00:dead:beef:4dad::1:1",
    "X_Forwarded_Proto": "gopher",
    "X_Forwarded_Host": "elsewhere.example",
    "X_Real_IP": "203.0.113.7",
    "Forwarded": "for=203.0.113.7",
    "Via": "1.1 elsewhere.example",
}


async def test_what_a_visitor_says_of_themselves_is_replaced(tmp_path: Path) -> None:
    async with _echo() as port:
        nginx = Nginx(tmp_path / "nginx", port)
        with nginx.running():
            kept = {"Origin": f"https://{NAME}", "Sec_Fetch_Site": "same-origin"}
            public = (await nginx.say(request("GET", "/en/", **FORGED, **kept))).partition("\r\n\r\n")[2]
            onion = request("GET", "/en/", host=ONION, **FORGED)
            onion = (await nginx.say_over_onion(onion, circuit=0x1_002A)).partition("\r\n\r\n")[2]
    circuit = "fc00:dead:beef:4dad::1:2a"
    for told, host, address, scheme in ((public, NAME, VISITOR, "https"), (onion, ONION, circuit, "http")):
        assert header(told, "host") == [host]
        assert header(told, "x-forwarded-for") == [address]
        assert header(told, "x-forwarded-proto") == [scheme]
        for name in ("x-forwarded-host", "x-real-ip", "forwarded", "via"):
            assert header(told, name) == []
        assert not re.search("203.0.113.7|4dad::1:1|elsewhere|gopher", told)
    assert header(public, "origin") == [f"https://{NAME}"]
    assert header(public, "sec-fetch-site") == ["same-origin"]


async def _provoke(nginx: Nginx) -> list[int]:
    """Sends everything that makes nginx write an error. Returns the answers."""
    link = f"/en/confirm/{TOKEN}"
    odd = [
        request("POST", link, "email=" + "a" * 70_000),
        f"GET {link} HTTP/9.9\r\n\r\n",
        f"G@T {link} HTTP/1.1\r\n\r\n",
        f"GET {link} HTTP/1.1\r\nHost: {NAME}\r\nHost: {NAME}\r\n\r\n",
        f"GET {link} HTTP/1.1\r\nHost: {NAME}\r\nCookie: {'a' * 40_000}\r\n\r\n",
        f"GET {link}{'a' * 40_000} HTTP/1.1\r\nHost: {NAME}\r\n\r\n",
        f"GET {link}%00%zz HTTP/1.1\r\nHost: {NAME}\r\n\r\n",
        f"{TOKEN} {VISITOR}\r\n\r\n",
        request("POST", link, "").replace("Content-Length: 0", "Transfer-Encoding: chunked") + f"zz\r\n{FORM}",
        request("GET", link),  # while the application is down: 502
        request("POST", link, FORM),
    ]
    answers = [status(await nginx.say(text)) for text in odd]
    answers.append(status(await nginx.say(request("GET", link), port=nginx.port)))  # no TLS on the TLS port
    answers.append(status(await nginx.say(request("POST", link, FORM)[:-10])))  # the rest never comes
    async with nginx.connected() as (_, writer):
        writer.write(request("POST", link, FORM)[:-10].encode())  # closes in the middle
        await writer.drain()
    await nginx.say(b"\x16\x03\x01" + TOKEN.encode(), port=nginx.port)  # neither HTTP nor TLS
    return answers


async def test_no_error_writes_down_who_came_and_what_for(tmp_path: Path) -> None:
    """With the application down. The same nginx without those two lines logs all of it."""
    nginx = Nginx(tmp_path / "nginx", postgres.free_port())
    with nginx.running():
        answers = await _provoke(nginx)
    assert set(answers) >= {0, 400, 413, 414, 502}, answers
    _knows_nothing(nginx.logs())
    telling = Nginx(tmp_path / "telling", postgres.free_port(), telling=True)
    with telling.running():
        await _provoke(telling)
    for trace in (VISITOR, TOKEN, "confirm", "HTTP/1"):
        assert trace.encode() in telling.logs(), trace


async def test_a_body_never_reaches_the_disk(tmp_path: Path) -> None:
    """The longest body that the application accepts; nginx holds it while it waits for the last bytes."""
    nginx = Nginx(tmp_path / "nginx", postgres.free_port())
    with nginx.running():
        assert await _held(nginx) == 0
    small = Nginx(tmp_path / "small", postgres.free_port())
    site = tmp_path / "small" / "site.conf"
    site.write_text(site.read_text().replace("client_body_buffer_size 64k;", ""))
    with small.running():
        assert await _held(small) > 0, "as nginx does by itself"


async def _held(nginx: Nginx) -> int:
    """The number of bodies on the disk during the request."""
    answer = asyncio.create_task(nginx.say(request("POST", "/en/sign", "email=" + "a" * 31_994)[:-5]))
    most = 0
    while not answer.done():
        most = max(most, nginx.bodies())
        await asyncio.sleep(0.02)
    assert answer.result() == ""
    return most


def _listening(name: str) -> list[str]:
    """The ports on this machine that a file of docs/deploy names."""
    return re.findall(r"127\.0\.0\.1:(\d+)", (DEPLOY / name).read_text("utf-8"))


def test_the_files_agree_with_each_other_and_with_the_application() -> None:
    from petition.web.http.security import MAX_TEXT_BODY_BYTES

    site = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert set(_listening("nginx.conf")) == {*_listening("petition.socket"), *_listening("torrc")}
    assert set(re.findall(r"client_max_body_size (\d+);", site)) == {str(MAX_TEXT_BODY_BYTES)}
    assert site.count("access_log off;") == site.count("error_log /dev/null emerg;") == site.count("\nserver {")
    assert "$proxy_add_x_forwarded_for" not in site
    assert "\nHiddenServiceExportCircuitID haproxy\n" in (DEPLOY / "torrc").read_text("utf-8")
    assert len(re.findall(r"listen .* proxy_protocol;", site)) == site.count("real_ip_header proxy_protocol;") == 1
    script = (DEPLOY / "petition").read_text("utf-8")
    for unit in UNITS:
        text = (DEPLOY / unit).read_text("utf-8")
        named = re.findall(r"Environment=PETITION_(\w+)_FILE=%d/(\w+)", text)
        assert [name.lower() for name, _ in named] == [file for _, file in named]
        assert [file for _, file in named] == re.findall(r"LoadCredential=(\w+):/etc/petition/secrets/\1\n", text)
        assert [name for name, _ in named] == re.findall(r"^PETITION_(\w+)_FILE=\$secrets", script, re.M)
    assert subprocess.run(["sh", "-n", DEPLOY / "petition"], check=False).returncode == 0


def test_units_are_started_again_for_ever_and_failures_are_told() -> None:
    """systemd gives up after five failures in ten seconds, which is how long a database may be away."""
    for unit in RUNNING:
        text = (DEPLOY / unit).read_text("utf-8")
        assert "\nOnFailure=petition-alert@%n.service\n" in text
        assert ("\nStartLimitIntervalSec=0\n" in text) == ("\nRestart=" in text), unit


def test_every_unit_tells_that_it_failed() -> None:
    """A socket, a timer or a path that failed starts nothing any more. Only what tells it has nobody to tell."""
    units = [file for file in DEPLOY.rglob("*") if file.suffix in {".service", ".socket", ".timer", ".path"}]
    silent = {file.name for file in units if "\nOnFailure=petition-alert@%n.service\n" not in file.read_text("utf-8")}
    assert silent == {"petition-alert@.service"}


def test_the_command_for_root_hands_on_settings_alone(tmp_path: Path) -> None:
    from petition.core import settings

    (tmp_path / "env").write_text("PETITION_MODE=demo\n")
    for name, text in (("setpriv", 'shift 3; exec "$@"'), ("program", "env")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    own = {"ENV": tmp_path / "env", "SECRETS": tmp_path, "USER": "nobody", "PROGRAM": tmp_path / "program"}
    environ = {f"PETITION_{name}": str(value) for name, value in own.items()} | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    output = subprocess.run(["sh", DEPLOY / "petition"], env=environ, capture_output=True, text=True, check=True).stdout
    seen = dict(line.split("=", 1) for line in output.splitlines())
    assert seen["PETITION_SECRET_KEY_FILE"] == str(tmp_path / "secret_key")
    with pytest.raises(SettingsError, match=r"PETITION_\w+_FILE names a file"):
        settings.from_environment(seen)  # does not say: "PETITION_ENV is not a setting"


@pytest.mark.parametrize(
    ("words", "as_root"),
    [
        ("doctor --traces", True),
        ("doctor --json --traces", True),
        ("doctor", False),
        ("organiser doctor --traces", False),
    ],
)
def test_only_the_search_for_traces_stays_root(words: str, as_root: bool, tmp_path: Path) -> None:
    (tmp_path / "env").touch()
    for name in ("setpriv", "program"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} $HOME\n")
        (tmp_path / name).chmod(0o755)
    own = {"ENV": tmp_path / "env", "SECRETS": tmp_path, "PROGRAM": tmp_path / "program"}
    environ = {f"PETITION_{name}": str(value) for name, value in own.items()} | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    command: list[str | Path] = ["sh", DEPLOY / "petition", *words.split()]
    output = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    assert output == f"{'program' if as_root else 'setpriv'} /var/lib/petition\n"


@pytest.mark.parametrize("opens", [True, False])
def test_a_sealed_key_is_opened_at_the_start_until_it_is_destroyed(opens: bool, tmp_path: Path) -> None:
    """With a stand-in for systemd-creds: the real one needs the key of the machine."""
    unit = (DEPLOY / "petition-key.service").read_text("utf-8")
    (line,) = re.findall(r"^ExecStart=/bin/sh -c '(.*)'$", unit, re.M)
    line = line.replace("$$", "$").replace("-o petition -g petition", "")
    line = line.replace("/var/lib/petition-keys", str(tmp_path)).replace("/run/petition-keys", str(tmp_path))
    sealed, opened = tmp_path / "email_key.sealed", tmp_path / "email_key"
    (tmp_path / "systemd-creds").write_text(f"#!/bin/sh\n{'cat' if opens else 'false'} $3\n")
    (tmp_path / "systemd-creds").chmod(0o755)
    start = partial(subprocess.run, ["sh", "-c", line], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    assert start(stderr=subprocess.DEVNULL).returncode != 0, "there is no key"
    sealed.write_text("k" * 64)
    assert (start().returncode == 0) == opens
    assert not opens or (opened.read_text(), opened.stat().st_mode & 0o777) == ("k" * 64, 0o600)
    close.replace_key(sealed)
    assert start().returncode == 0
    assert close.is_key_replaced(opened)


@pytest.mark.parametrize(("signer", "installed"), [("known", True), ("other", False), (None, False)])
def test_a_version_is_installed_only_if_a_known_person_signed_it(
    signer: str | None, installed: bool, tmp_path: Path
) -> None:
    """The handbook's own commands. A stranger's signature is good too, but nobody knows the name."""
    handbook = (ROOT / "docs" / "handbook.md").read_text("utf-8")
    (line, setting) = re.findall(r"^echo '(NAME .*)' >> .*\ngit -C \S+ (config .*)$", handbook, re.M)[0]
    (command,) = re.findall(r"^(git verify-tag \S+ && git checkout .*) && make install", handbook, re.M)

    def run(*words: str | Path) -> int:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "gpg.format=ssh")
        return subprocess.run(["git", "-C", tmp_path, *who, *words], capture_output=True, check=False).returncode

    for name in ("known", "other"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    public = " ".join((tmp_path / "known.pub").read_text("ascii").split()[:2])
    (tmp_path / "signers").write_text(line.replace("ssh-ed25519 AAAA…", public) + "\n", "utf-8")
    signing = ("-c", f"user.signingkey={tmp_path / signer}", "tag", "-s") if signer else ("tag", "-a")
    git = (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"], [*signing, "-m", "x", "vX.Y.Z"])
    assert [run(*words) for words in git] == [0, 0, 0]
    assert run(*setting.replace("/etc/petition", str(tmp_path)).split()) == 0
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode == 0) == installed


def test_the_handbook_uses_every_file_and_no_other() -> None:
    used = set(re.findall(r"docs/deploy/([\w.*@/-]+\w)", (ROOT / "docs" / "handbook.md").read_text("utf-8")))
    there = {file for pattern in used for file in DEPLOY.glob(pattern)}
    own_guide = {*(DEPLOY / "cluster").glob("*"), *(DEPLOY / "monitoring").glob("*")}  # with a README for handbook
    assert there == {file for file in DEPLOY.rglob("*") if file.is_file()} - own_guide
    assert [pattern for pattern in used if not list(DEPLOY.glob(pattern))] == []


RUNNING = ("petition.service", "petition-deliver@.service", "petition-backup.service", "petition-bounce.service")
UNITS = (*RUNNING, "petition-alert@.service")
HARD = {
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "NoNewPrivileges=yes",
    "LimitCORE=0",
    "MemorySwapMax=0",
    "UMask=0077",
    "CapabilityBoundingSet=",
    "SystemCallFilter=@system-service",
    "User=petition",
    "IPAddressDeny=any",
    "IPAddressAllow=localhost",
    "MemoryDenyWriteExecute=yes",
    "ProcSubset=pid",
    "PrivateUsers=yes",
    "SystemCallFilter=~@privileged @resources",
}


ONLY_THIS_MACHINE = {"IPAddressDeny=any", "IPAddressAllow=localhost"}


@pytest.mark.parametrize("unit", [*UNITS, "petition-probe.service"])
def test_a_unit_is_hardened(unit: str, tmp_path: Path) -> None:
    text = (DEPLOY / unit).read_text("utf-8")
    opens_the_public_address = unit == "petition-probe.service"
    assert HARD - set(text.splitlines()) == (ONLY_THIS_MACHINE if opens_the_public_address else set())
    for file in DEPLOY.glob("petition*.*"):  # as on a machine where the program is installed
        program = file.read_text("utf-8").replace("/opt/petition/.venv/bin/petition", "/bin/true")
        (tmp_path / file.name).write_text(program)
    done = _analyze("verify", str(tmp_path / unit))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    threshold = 13 if opens_the_public_address else 11  # points of 100; fewer are safer
    done = _analyze("security", "--offline=true", f"--threshold={threshold}", str(tmp_path / unit))
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("tor") is None, reason="the tests install no tor: it would connect to its network")
def test_tor_understands_the_shipped_file(tmp_path: Path) -> None:
    file = tmp_path / "torrc"
    file.write_text((DEPLOY / "torrc").read_text("utf-8").replace("/var/lib/tor/", f"{tmp_path}/"))
    command = ["tor", "--verify-config", "--DataDirectory", str(tmp_path / "data"), "-f", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "Configuration was valid" in done.stdout) == (0, True), done.stdout


def _calls(group: str) -> set[str]:
    """The system calls in one of systemd's groups."""
    lines = _analyze("syscall-filter", group).stdout.splitlines()[1:]
    named = [line.split()[0] for line in lines if line.strip() and not line.strip().startswith("#")]
    return {call for name in named for call in (_calls(name) if name.startswith("@") else {name})}


@pytest.mark.slow
def test_the_units_allow_every_system_call_of_the_service(shell: Shell, tmp_path: Path) -> None:
    port = postgres.free_port()
    serve = [sys.executable, "-m", "petition", "serve", "--port", str(port)]
    traced = subprocess.Popen(["strace", "-f", "-c", "-o", tmp_path / "calls", *serve], cwd=ROOT, env=shell.environment)
    ready(f"http://127.0.0.1:{port}", traced)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/en/sign", FORM.encode()) as answer:
        assert answer.status == 200
    for server in postgres.children(traced.pid):
        os.kill(server, signal.SIGTERM)
    assert traced.wait(timeout=120) in (0, -signal.SIGTERM)  # as its server ends
    rows = [line.split() for line in (tmp_path / "calls").read_text("utf-8").splitlines()]
    made = {row[-1] for row in rows if row and re.fullmatch(r"[\d.]+", row[0])} - {"total"}
    assert len(made) > 40
    of_root = {"fchown"}  # SQLite calls it when it runs as root
    assert made - (_calls("@system-service") - _calls("@privileged") - _calls("@resources")) <= of_root


def test_the_other_units_are_read_without_complaint() -> None:
    units = ("petition.socket", "petition-backup.timer", "petition-bounce.path", "petition-key.service")
    for name in (*units, "petition-probe.timer"):
        done = _analyze("verify", "--recursive-errors=no", str(DEPLOY / name))
        assert (done.returncode, done.stderr) == (0, "")


def _analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


ODD = (  # errors, each with the address in it
    "insert into people (address) values ($1)",
    "select cast($1::text as integer)",
    "select * from nobody where address = $1",
    f"select nonsense('{ADDRESS}')",
    f"set statement_timeout = 20; select pg_sleep(5), '{ADDRESS}'",
    f"create index on people (address); analyze people; -- {ADDRESS}",
)


@pytest.mark.parametrize("shipped", [True, False])
async def test_postgresql_writes_no_value_into_its_log(shipped: bool) -> None:
    """Without our file it does."""
    with postgres.folder() as folder:
        server = postgres.Server(folder, "-c", "logging_collector=on", "-c", f"log_directory={folder}/log")
        server.make()
        if shipped:
            with (server.data / "postgresql.conf").open("a", encoding="utf-8") as conf:
                conf.write((DEPLOY / "postgresql.conf").read_text("utf-8"))
        server.start()
        await _quarrel(f"{server.url}/postgres")
        assert (await _memory(f"{server.url}/postgres") == []) == shipped, "as the doctor asks"
        server.stop()
        logs = b"".join(file.read_bytes() for file in (folder / "log").iterdir())
    assert b"shut down" in logs
    for trace in (ADDRESS, "insert into", "127.0.0.1:"):
        assert (trace.encode() in logs) == (not shipped and trace != "127.0.0.1:"), trace


async def _memory(url: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(queries.queries("postgresql")["vacuum.settings"]))
    finally:
        await connection.close()


async def _quarrel(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("create table people (address text primary key)")
    await connection.execute("insert into people values ($1)", ADDRESS)
    failed = 0
    for statement in ODD:
        with suppress(asyncpg.PostgresError):
            if "$1" in statement:
                await connection.execute(statement, ADDRESS)
            else:
                await connection.execute(statement)
            failed -= 1
        failed += 1
    await connection.close()
    assert failed == len(ODD) - 1
