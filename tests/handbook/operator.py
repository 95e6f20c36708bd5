"""Somebody who follows the handbook on a booted Debian: runs its blocks, and does what the text between them says."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import choice

from pyrage import x25519

from tests import ROOT
from tests.debian import roots
from tests.debian.machine import Machine, booted
from tests.handbook import newer
from tests.handbook.blocks import Block, blocks, packages

NAME = "signatures.example"  # its emails come from there, so it has no word of the campaign
SITE, PROVIDER = "192.0.2.80", "192.0.2.25"
VISITOR = f"198.18.{choice(range(256))}.{choice(range(1, 255))}"  # drawn: the code on the disk must not have it
ELSEWHERE = Path(__file__).parent / "elsewhere"
MAILBOX = "/run/elsewhere"
# What an operator types in place of the words of the handbook.
WORDS = {
    "ADDRESS-OF-THE-CODE": "/srv/code.git",
    "YOUR.NAME": NAME,
    "-d petition.example": f"-d {NAME}",
    "PASSWORD": "lilac-anchor",
    "NICKNAME": "admin",
    "petition setup\n": "petition setup --answers /srv/answers.toml --start\n",  # without questions
    "NAME namespaces": "signer namespaces",
    "vX.Y.Z": newer.TAG,
    # The command asks for a restart in another terminal, which waits for that here.
    "petition upgrade\n": (
        "petition upgrade > /run/upgrade 2>&1 &\n"
        "until grep -q 'in another terminal' /run/upgrade || ! kill -0 $!; do sleep 0.5; done\n"
        "systemctl restart petition\nwait $! || { cat /run/upgrade; false; }\ncat /run/upgrade\n"
    ),
}
ANSWERS = f"""\
site = "https://{NAME}"
controller = "Foundation, Street 1, {NAME}"
contact = "contact@mailbox.example"
goal = 100000
deadline = 2099-11-15
destruction = 2099-12-01
alerts = "operator@mailbox.example"
ipv4 = "{SITE}"
ipv6 = "2001:db8::80"
admin_address = "organiser@{NAME}"
"""
ZONE = f"""\
server:
    local-zone: "example." static
    local-data: "{NAME}. A {SITE}"
    local-data: "mailbox.example. MX 10 mx.mailbox.example."
    local-data: "mx.mailbox.example. A {PROVIDER}"
"""


@dataclass
class Operator:
    """One who types at a machine; `seconds` is how long each step took."""

    machine: Machine
    code: Path
    where: str = "/root"
    seconds: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=lambda: dict(WORDS))

    def run(self, block: Block, stdin: str = "", may_fail: bool = False) -> str:
        """Runs a block as it stands where the last one ended. It stops at a line that fails, unless it may."""
        text = block.text
        for word, typed in self.words.items():
            text = text.replace(word, typed)
        if not may_fail:
            text = re.sub(r"(?<!\\)\n", "\n[ $? -eq 0 ] || exit 1\n", text)
        before = time.monotonic()
        script = f"cd {self.where}\nset +e -o pipefail\n{text}\npwd > /run/where"
        output = self.machine.fine(script, stdin, timeout=600)
        self.seconds[block.step] = self.seconds.get(block.step, 0) + time.monotonic() - before
        self.where = self.machine.fine("cat /run/where").strip()
        return output

    def answer(self) -> None:
        """The answers of `petition setup`, with the keys of two organisers."""
        identities = [x25519.Identity.generate() for _ in range(2)]
        first, second = (str(one.to_public()) for one in identities)
        self.machine.write("/srv/petition.key", f"{identities[0]}\n", 0o600)
        self.machine.write("/srv/answers.toml", f'{ANSWERS}first_key = "{first}"\nsecond_key = "{second}"\n')

    def ask_the_dns_itself(self) -> None:
        """resolv.conf as the handbook says."""
        self.machine.fine("rm -f /etc/resolv.conf; echo nameserver 127.0.0.1 > /etc/resolv.conf")

    def publish(self, printed: str) -> None:
        """What setup printed, in a zone of the machine's own resolver. OpenDKIM would ask the root servers."""
        lines = [
            ZONE,
            '    local-zone: "192.in-addr.arpa." transparent\n    local-zone: "2.0.192.in-addr.arpa." static\n',
        ]
        for name, kind, value in re.findall(r"^(\S+)\. ([A-Z]+) (.*?)    \(", printed, re.M):
            pieces = re.findall(".{1,200}", value) if kind == "TXT" else []
            text = " ".join(f'"{piece}"' for piece in pieces) or value
            lines += [f"    local-data: '{name}. {kind} {text}'\n"] if kind != "A" else []
        self.machine.write("/etc/unbound/unbound.conf.d/elsewhere.conf", "".join(lines))
        self.machine.fine("systemctl restart unbound; echo 'Nameservers 127.0.0.1' >> /etc/opendkim.conf")

    def count(self) -> int:
        """How many have signed, in the database that the service is told to use."""
        url = self.machine.fine("cat /etc/petition/secrets/database_url").strip()
        counted, file = "select count(*) from signatures", url.removeprefix("sqlite:///")
        sqlite = f"import sqlite3; print(*sqlite3.connect('{file}').execute('{counted}').fetchone())"
        asks = f"psql -qtA '{url}' -c '{counted}'" if url.startswith("postgresql") else f'python3 -c "{sqlite}"'
        return int(self.machine.fine(asks))

    def restore(self, file: str) -> None:
        """The backup comes back, opened with the key of an organiser, whose own machine is this one here."""
        key = re.findall(r"age1\w+", self.machine.fine("petition restore --new-key"))[0]
        program, resealed = "/opt/petition/.venv/bin/petition", "/var/lib/petition/back.resealed"
        reseal = f"{program} reseal {file} --identity /srv/petition.key --to {key} --output {resealed}"
        self.machine.fine(f"{reseal}\nchown petition {resealed}\npetition restore {resealed} --organisers --yes")
        self.machine.fine(f"rm {resealed}; petition audit; systemctl start petition.socket petition")

    def sign(self, email: str) -> str:
        """Signs over https and presses the button; returns the path of the emailed link."""
        certificate = f"/etc/letsencrypt/live/{NAME}/fullchain.pem"
        words = f"{NAME} {VISITOR} {email} {MAILBOX} {certificate}"
        return self.machine.fine(f"python3 /mnt/elsewhere/visitor.py {words}").strip()


@contextmanager
def operator(debian: int, folder: Path) -> Iterator[Operator]:
    """Somebody at a fresh machine, which finds the code, Debian's packages and those of Python on itself."""
    tar, code = roots.root(debian, fetched=packages(blocks())), published(folder)
    shown = {code: "/srv/code.git", roots.wheels(debian): "/srv/wheels", ELSEWHERE: "/mnt/elsewhere"}
    with booted(tar, shown) as machine:
        machine.write("/etc/pip.conf", "[global]\nno-index = true\nfind-links = /srv/wheels\n")
        machine.write("/etc/unbound/unbound.conf.d/elsewhere.conf", ZONE)
        machine.write("/usr/local/bin/certbot", (ELSEWHERE / "certbot").read_text("utf-8"), 0o755)
        addresses = "; ".join(f"ip address add {one}/32 dev lo" for one in (SITE, VISITOR, PROVIDER))
        machine.fine(f"ip link set lo up; {addresses}; hostname {NAME}; echo 127.0.0.1 {NAME} >> /etc/hosts")
        yield Operator(machine, code)


def receive_emails(machine: Machine) -> None:
    """Starts the provider's mail server. A fresh Debian has no Python before the first step."""
    run = f"systemd-run --quiet --unit=elsewhere python3 /mnt/elsewhere/mail_server.py {PROVIDER} {MAILBOX}"
    machine.fine(f"install -d {MAILBOX}\n{run}")


def published(folder: Path) -> Path:
    """The code as it is here, changes included, as a repository that is cloned from."""
    git = ["git", "-C", str(ROOT)]
    changed = subprocess.run([*git, "stash", "create"], capture_output=True, text=True, check=True).stdout.strip()
    made = folder / "code.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", made], check=True)
    subprocess.run([*git, "push", "--quiet", made, f"{changed or 'HEAD'}:refs/heads/main"], check=True)
    return made
