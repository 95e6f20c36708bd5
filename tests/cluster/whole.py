"""The whole: three database machines, three app machines, the front with HAProxy, the relay and the people."""

import signal
import subprocess
import time
from pathlib import Path

import httpx2

from tests.chaos.crowd import Crowd, until
from tests.chaos.machines import Machine
from tests.chaos.reckoning import Reckoning, ask, reckon
from tests.cluster import engines, network
from tests.cluster.engines import DatabaseMachine, Proxy
from tests.cluster.network import APPS, DATABASES, FRONT
from tests.relay import Relay
from tests.shell import Shell, production_settings, ready

RELAY = 2525
EMAIL_KEY = "e" * 40
SAME = {
    "PETITION_MODE": "production",
    "PETITION_BASE_URL": "https://petition.example",
    "PETITION_TRUSTED_PROXIES": FRONT,
    "PETITION_DATABASE_URL": engines.URL,
}


class People(Crowd):
    """Each request comes from another network, as nginx says it."""

    sent = 0

    async def told(self, client: httpx2.AsyncClient, address: str, fields: dict[str, str]) -> bool:
        self.sent += 1
        network = f"{20 + self.sent % 100}.{self.sent // 100 % 250}.0.1"
        client.headers.update({"Host": "petition.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": network})
        return await super().told(client, address, fields)


class App(Machine):
    """One app machine: it serves and delivers. A program stands for its Postfix, since Petition sends without TLS to
    its own machine only.
    """

    def __init__(self, name: str, shell: Shell, relay: int) -> None:
        listen = f"TCP-LISTEN:{RELAY},bind=127.0.0.1,fork,reuseaddr"
        self._relay = [*network.inside(name), "socat", listen, f"TCP:{FRONT}:{relay}"]
        self._postfix: subprocess.Popen[bytes] | None = None
        self.name, self.address = name, f"http://{APPS[name]}:8000"
        under = network.inside(name)
        super().__init__(shell, "serve", "--host", APPS[name], "--port", "8000", under=under)

    def start(self) -> None:
        """Returns when it is ready."""
        if self._postfix is None or self._postfix.poll() is not None:
            self._postfix = subprocess.Popen(self._relay, stderr=subprocess.DEVNULL)
        self.begin()
        assert self.process is not None
        ready(self.address, self.process)

    def is_ready(self) -> bool:
        """Whether it would be given requests."""
        try:
            return httpx2.get(f"{self.address}/readyz", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False

    def turn_clock(self, seconds: int) -> None:
        """From its next start its clock is so much ahead, for its commands too. What measures spans is right."""
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
        wrong = {"LD_PRELOAD": str(library), "FAKETIME": f"+{seconds}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        for environment in (self._environment, self.shell.environment):
            for name, value in wrong.items():
                environment[name] = value
                if not seconds:
                    del environment[name]

    @property
    def keys(self) -> Path:
        """Its folder of outbox keys."""
        return Path(self.shell.environment["PETITION_OUTBOX_KEYS"])

    @property
    def handle(self) -> str:
        """Its name in the database."""
        return (self.keys / "machine").read_text("ascii")

    def doctor(self) -> str:
        """All that it says, well or not: this installation lacks much that a real one has."""
        return self.shell.run("doctor").stdout

    def use_database(self, url: str) -> None:
        """From its next start it takes this way to the database."""
        self._environment["PETITION_DATABASE_URL"] = url

    def collect(self) -> None:
        """Waits for all that it started; each of them was killed."""
        for process in (self.process, self._postfix):
            if process:
                process.wait(timeout=60)


class Cluster:
    """start() makes all of it; the people are on the front machine."""

    def __init__(self, databases: Path, folder: Path, smtp: Relay, campaign: Path) -> None:
        self.folder, self.smtp, self.campaign = folder, smtp, campaign
        self.databases = {name: DatabaseMachine(databases, name) for name in DATABASES}
        self.apps = {name: App(name, self.shell(name), smtp.port) for name in APPS}
        self.proxy = Proxy(folder)
        self.crowd = People(smtp, "http://127.0.0.1:8000")
        self.twice = 0  # emails that came again, with the same Message-ID

    def shell(self, name: str) -> Shell:
        """A person at an app machine."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        mail = f"smtp://127.0.0.1:{RELAY}?tls=no"
        own = {"PETITION_OUTBOX_KEYS": str(folder / "keys"), "PETITION_CAMPAIGN": str(self.campaign)}
        return Shell(folder, **production_settings(folder) | SAME | own | {"PETITION_SMTP_URL": mail})

    def start(self) -> None:
        """Returns when it takes forms."""
        for machine in self.databases.values():
            machine.start()
        until(lambda: bool(engines.named("sync_standby")), "a leader with a synchronous standby", 300)
        self._make_database()
        for app in self.apps.values():
            app.start()
        self.proxy.start()

    def _make_database(self) -> None:
        """As the README says it."""
        leader = self.databases[engines.named("leader")]
        for statement in (
            f"create role petition login password '{engines.ROLE_PASSWORD}'",
            "create database petition owner petition",
        ):
            words = ["psql", "-h", str(leader.folder), "-U", "postgres", "-c", statement]
            subprocess.run([*network.inside(leader.name, "postgres"), *words], check=True, capture_output=True)

    def whole(self) -> None:
        """Waits until a leader has its synchronous standby and the third follows."""
        until(lambda: len([m for m in engines.members() if m["state"] in ("running", "streaming")]) == 3, "three", 300)
        until(lambda: bool(engines.named("leader")) and bool(engines.named("sync_standby")), "both roles", 300)

    def recovered(self) -> None:
        """Waits until a person can sign again and an email arrives."""
        signed, mails = len(self.crowd.signed), len(self.smtp.mails)
        until(lambda: len(self.crowd.signed) > signed + 5, "signing again", 300)
        until(lambda: len(self.smtp.mails) > mails + 5, "mail again", 300)

    def all_ready(self) -> None:
        """Waits until every app machine says that it reaches the database, and people are served."""
        for app in self.apps.values():
            until(app.is_ready, f"{app.name} ready", 300)
        self.recovered()

    def waiting(self, handle: str) -> int:
        """How many emails wait under the keys of a machine."""
        return len(ask(engines.URL, f"select id from outbox where key_name like '%-{handle}-%'"))

    def settle(self) -> None:
        """Waits until each email was sent and answered."""
        self.crowd.rest()
        time.sleep(1)
        until(self._nothing_waits, "the last mail", 900)
        until(lambda: not self.crowd.busy, "the last button", 300)

    def _nothing_waits(self) -> bool:
        """What waits is due now. No claim is ended: then an email that is just leaving would come twice."""
        time.sleep(2)
        return not ask(engines.URL, "update outbox set due_at = 0 returning id")

    def reckoning(self) -> Reckoning:
        """Compares what was answered, stored and mailed since the beginning; the audit must agree."""
        assert self.crowd.strange == []
        found = reckon(engines.URL, EMAIL_KEY, self.crowd, self.smtp)
        assert (found.lost, found.doubled) == ([], [])
        assert "All numbers agree." in self.apps["app2"].shell.fine("audit")
        return found

    def close(self) -> None:
        """Kills all that is left."""
        self.proxy.stop()
        for name in DATABASES:
            network.send(name, signal.SIGCONT)
        network.disconnect()
        for machine in self.databases.values():
            machine.collect()
        for app in self.apps.values():
            app.collect()
