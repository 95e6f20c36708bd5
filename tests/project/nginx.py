"""A real nginx: Debian's nginx.conf as the handbook edits it, and the site of docs/deploy/nginx.conf.

The tests change only names, ports, paths and a timeout.
"""

import asyncio
import re
import resource
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests import ROOT
from tests.postgres import children, free_port

NAME = "petition.example"
ONION = "p" * 55 + "d.onion"
VISITOR = "127.0.0.77"  # the address of our visitors; the tests look for it in the logs
TOR = "127.0.0.1"  # where tor's connections come from
PROGRAM = "/usr/sbin/nginx"  # Debian's path; it is on no user's PATH
SHIPPED = ROOT / "docs" / "deploy" / "nginx.conf"

DEBIANS = Path("/etc/nginx/nginx.conf")  # logs everything that the site does not switch off


class Nginx:
    """An nginx before an application on a port of this machine. With `telling` it logs as usual."""

    def __init__(self, folder: Path, application: int, *, telling: bool = False, rsa_certificate: bool = False) -> None:
        self.folder, self.telling = folder, telling
        self.clear, self.port, self.onion = free_port(), free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "logs").mkdir(parents=True)
        (folder / "bodies").mkdir()
        self.trusted = _certificate(folder, rsa.generate_private_key(65537, 2048) if rsa_certificate else None)
        paths = [
            f"{kind}_temp_path {folder}/bodies;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ]
        (folder / "site.conf").write_text("".join(paths) + self._site(application))
        (folder / "nginx.conf").write_text(_main(folder))

    def _site(self, application: int) -> str:
        text = re.sub(
            r"^ *listen \[::\].*\n", "", SHIPPED.read_text("utf-8"), flags=re.M
        )  # this machine may have no IPv6
        text = text.replace("listen 80", f"listen 127.0.0.1:{self.clear}")
        text = text.replace("listen 443", f"listen 127.0.0.1:{self.port}").replace(":8081", f":{self.onion}")
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{application}").replace("/var/www/", f"{self.folder}/")
        text = re.sub(r"/etc/letsencrypt/live/petition.example/", f"{self.folder}/", text)
        text = text.replace("client_body_timeout 15s", "client_body_timeout 1s")
        if self.telling:
            text = re.sub(r"^ *(access_log off|error_log /dev/null emerg);\n", "", text, flags=re.M)
        return text

    @contextmanager
    def running(self) -> Iterator[None]:
        """It accepts connections inside."""
        command: list[str | Path] = [
            PROGRAM,
            "-g",
            "daemon off;",
            "-p",
            self.folder,
            "-c",
            self.folder / "nginx.conf",
            "-e",
            self.folder / "logs" / "start.log",
        ]
        with (self.folder / "logs" / "output.log").open("wb") as output:
            process = self.process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            for _ in range(600):
                if (self.folder / "nginx.pid").exists():
                    break
                assert process.poll() is None, self.logs()
                sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(timeout=120)

    def logs(self) -> bytes:
        """Every byte of every log."""
        return b"".join(file.read_bytes() for file in sorted((self.folder / "logs").iterdir()))

    def bodies(self) -> int:
        """How many bodies and answers are on the disk now; nginx opens such files and deletes their names."""
        assert self.process is not None
        opened = [file for worker in children(self.process.pid) for file in Path(f"/proc/{worker}/fd").iterdir()]
        return sum(1 for file in opened if str(_target(file)).startswith(f"{self.folder}/bodies/"))

    @asynccontextmanager
    async def connected(
        self, *, port: int = 0, name: str = NAME, protocols: tuple[str, ...] = ("http/1.1",), visitor: str = VISITOR
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection of a visitor, over TLS unless another port is given."""
        context = ssl.create_default_context(cafile=str(self.trusted))
        context.set_alpn_protocols(list(protocols))
        tls: dict[str, Any] = {} if port else {"ssl": context, "server_hostname": name}
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port, local_addr=(visitor, 0), **tls)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def say_over_onion(self, text: str, circuit: int = 1) -> str:
        """As say(), through a circuit of tor, which sends such a line before each connection."""
        line = f"PROXY TCP6 {circuit_address(circuit)} ::1 {circuit & 0xFFFF} 80\r\n"
        return await self.say(line + text, port=self.onion, visitor=TOR)

    async def say(self, text: str | bytes, *, port: int = 0, visitor: str = VISITOR) -> str:
        """What the server sends for these bytes until the connection ends."""
        async with self.connected(port=port, visitor=visitor) as (reader, writer):
            writer.write(text if isinstance(text, bytes) else text.encode())
            try:
                return (await asyncio.wait_for(reader.read(), 30)).decode("latin-1")
            except ConnectionError:
                return ""


def circuit_address(circuit: int) -> str:
    """The number of a circuit as tor 0.4.9 writes it (export_hs_client_circuit_id() in its connection_edge.c)."""
    return f"fc00:dead:beef:4dad::{circuit >> 16:x}:{circuit & 0xFFFF:x}"


def copy_debians_conf(file: Path) -> str:
    """Debian's nginx.conf after the handbook's commands, also in the file."""
    file.write_text(DEBIANS.read_text("utf-8"))
    handbook = (ROOT / "docs" / "handbook.md").read_text("utf-8")
    for command in re.findall(rf"^sed -i .* {DEBIANS}$", handbook, flags=re.M):
        subprocess.run(["sh", "-c", command.replace(str(DEBIANS), str(file))], check=True)
    return file.read_text("utf-8")


def _main(folder: Path) -> str:
    """The edited nginx.conf, with its paths in a folder of the test."""
    text = re.sub(r"^user .*", "user root;", copy_debians_conf(folder / "nginx.conf"), flags=re.M)
    text = text.replace("/var/log/nginx/", f"{folder}/logs/").replace("/run/nginx.pid", f"{folder}/nginx.pid")
    text = text.replace("/etc/nginx/sites-enabled/*", f"{folder}/site.conf")
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)  # in a container root may not raise it
    return re.sub(r"(?<=^worker_rlimit_nofile )\d+", lambda n: str(min(int(n[0]), allowed)), text, flags=re.M)


def _target(file: Path) -> Path | None:
    """The path of an open file; None if it was closed just now."""
    with suppress(OSError):
        return file.readlink()
    return None


def request(method: str, path: str, body: str = "", host: str = NAME, **headers: str) -> str:
    """A request as a browser writes it, on a connection that ends with it."""
    sent = {"Host": host, "Connection": "close"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "POST":
        sent |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
        sent |= {"Sec-Fetch-Site": "same-origin"}
    return f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in sent.items()) + f"\r\n{body}"


def status(answer: str) -> int:
    """The status of an answer; 0 for no answer."""
    return int(answer.split(" ", 2)[1]) if answer.startswith("HTTP/") else 0


def header(answer: str, name: str) -> list[str]:
    """Every value of a header."""
    return re.findall(rf"^{name}: (.*)\r$", answer.partition("\r\n\r\n")[0] + "\r", flags=re.M | re.I)


def _certificate(folder: Path, rsa_key: rsa.RSAPrivateKey | None) -> Path:
    """A self-signed certificate, with another key if there is no RSA key."""
    key = rsa_key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    day = timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(datetime.now(UTC) - day).not_valid_after(datetime.now(UTC) + day)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "fullchain.pem").write_bytes(pem)
    plain = serialization.NoEncryption()
    kind = serialization.PrivateFormat.PKCS8
    (folder / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, kind, plain))
    return folder / "fullchain.pem"
