"""A real Postfix and OpenDKIM with the files of docs/deploy/postfix, and the servers that they hand emails to.

The tests change only paths, ports and times, and send everything to one server on this machine.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aiosmtpd.smtp import Envelope
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests import ROOT
from tests.postgres import free_port
from tests.relay import ACCEPTED, Relay
from tests.shell import wait_for

SHIPPED = ROOT / "docs" / "deploy" / "postfix"
NOBODY = 65534  # whose mailbox it is here: the tests create no account
SOON = dict.fromkeys(("queue_run_delay", "minimal_backoff_time", "maximal_backoff_time"), "1s")


class Postfix:
    """A Postfix with folders of its own, that hands every email to `world`; `settings` replace those of main.cf."""

    def __init__(self, folder: Path, world: int, **settings: str) -> None:
        self.folder, self.port, self.milter = folder, free_port(), free_port()
        self.conf, self.spool, self.returns = folder / "conf", folder / "spool", folder / "petition-returns"
        for made in (self.conf, self.spool, folder / "data", self.returns):
            made.mkdir()
        shutil.chown(folder / "data", "postfix")
        for made in (self.returns, *(self.returns / box for box in ("new", "cur", "tmp"))):
            made.mkdir(exist_ok=True)
            os.chown(made, NOBODY, NOBODY)
        here = {"virtual_mailbox_base": str(folder), "smtpd_milters": f"inet:127.0.0.1:{self.milter}"}
        here |= {f"virtual_{kind}_maps": f"static:{NOBODY}" for kind in ("uid", "gid")}
        own = {"queue_directory": self.spool, "data_directory": folder / "data", "relayhost": f"[127.0.0.1]:{world}"}
        main = _replaced((SHIPPED / "main.cf").read_text("utf-8"), here | settings)
        (self.conf / "main.cf").write_text(main + "".join(f"{name} = {value}\n" for name, value in own.items()))
        master = (SHIPPED / "master.cf").read_text("utf-8")
        (self.conf / "master.cf").write_text(re.sub(r"^smtp( +inet)", rf"{self.port}\1", master, flags=re.M))
        shutil.copy(SHIPPED / "report_checks", self.conf)

    @contextmanager
    def running(self, *under: str) -> Iterator[None]:
        """It accepts emails inside; `under` is a command that watches it. At the end it stops, however it was left."""
        assert os.geteuid() == 0, "Postfix starts as root only: run this test as root."
        process = subprocess.Popen([*under, "postfix", "-c", self.conf, "start-fg"], stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: process.poll() is not None or self.accepts())
            assert process.poll() is None
            yield
        finally:
            with suppress(OSError, ValueError):
                os.kill(self._master(), signal.SIGTERM)
            process.wait(timeout=120)

    def kill(self) -> None:
        """Kills all its processes at once, as a crash does."""
        os.killpg(os.getpgid(self._master()), signal.SIGKILL)
        wait_for(lambda: not self.accepts())

    def _master(self) -> int:
        return int((self.spool / "pid" / "master.pid").read_text())

    def accepts(self) -> bool:
        """Whether somebody listens on its port."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False

    def run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        """A command of Postfix, about this one."""
        environment = {**os.environ, "MAIL_CONFIG": str(self.conf)}
        return subprocess.run(command, env=environment, input="", capture_output=True, text=True, check=False)

    def queued(self) -> int:
        """How many emails are in the spool. It looks twice where an email may go back to."""
        boxes = ("incoming", "active", "deferred", "active", "deferred")
        return len({file.name for box in boxes for file in files_in(self.spool / box)})

    def reports(self) -> list[str]:
        """What lies in the mailbox of the application."""
        return [file.read_text("ascii") for file in files_in(self.returns / "new")]


def files_in(folder: Path) -> list[Path]:
    """The files below a folder, of which some may go during the look."""
    return [Path(path) / name for path, _, names in os.walk(folder) for name in names]


def _replaced(text: str, settings: dict[str, str]) -> str:
    for name, value in settings.items():
        text, n = re.subn(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.M)
        assert n == 1, name
    return text


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that Postfix's own user may enter; it cannot enter pytest's."""
    made = Path(tempfile.mkdtemp(prefix="petition-postfix-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made)


class Signer:
    """An OpenDKIM with the shipped settings and a key of its own, and another that reads its signatures."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        folder.mkdir()
        key = rsa.generate_private_key(65537, 2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
        (folder / "petition.private").write_bytes(pem)
        (folder / "public").write_text(f"petition._domainkey.petition.example v=DKIM1; k=rsa; p={public}\n")
        text = (SHIPPED / "opendkim.conf").read_text("utf-8")
        for shipped in ("/etc/dkimkeys", "/run/opendkim"):
            text = text.replace(shipped, str(folder))
        text = re.sub(r"^(Socket inet):\d+", rf"\1:{port}", text, flags=re.M)
        anywhere = "RequireSafeKeys no\n"  # anybody may write to /tmp, but not to these files
        (folder / "sign.conf").write_text(text + anywhere)
        reader = f"Syslog no\nMode v\nTestPublicKeys {folder}/public\n{anywhere}"
        (folder / "verify.conf").write_text(reader)
        for file in (folder, *folder.iterdir()):
            shutil.chown(file, "opendkim")
        self._port = port

    @contextmanager
    def running(self) -> Iterator[None]:
        """It signs inside."""
        process = subprocess.Popen(["opendkim", "-f", "-x", self.folder / "sign.conf"])
        try:
            wait_for(self._listens)
            yield
        finally:
            process.terminate()
            process.wait(timeout=120)

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port)):
            return True
        return False

    def verifies(self, content: bytes) -> bool:
        """Whether an email has a good signature of ours."""
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(content)
            command = ["opendkim", "-v", "-x", str(self.folder / "verify.conf"), "-t", file.name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        output = done.stdout + done.stderr
        assert ("succeeded" in output) != ("failed" in output), output
        return "succeeded" in output


class World(Relay):
    """Every server that our emails go to: refuses `gone@…`, is not ready for `later@…`, and accepts all others."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[str, list[bytes]] = {}  # what was sent to each address, accepted or not
        self.is_ready = True
        self.data = self._answer

    def _answer(self, envelope: Envelope) -> str:
        (address,) = envelope.rcpt_tos
        assert isinstance(envelope.content, bytes)
        self.contents.setdefault(address, []).append(envelope.content)
        if address.startswith("gone"):
            return f"550 5.1.1 <{address}>: nobody has this mailbox"
        if address.startswith("later") or not self.is_ready:
            return f"451 4.7.1 <{address}>: come back later"
        return ACCEPTED
