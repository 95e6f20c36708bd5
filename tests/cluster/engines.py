"""etcd, Patroni, HAProxy and PgBouncer with the files of docs/deploy/cluster; only paths are replaced."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError

from tests import ROOT, postgres
from tests.cluster import network
from tests.cluster.network import DATABASES, inside
from tests.core.database.test_pgbouncer import PROGRAM as PGBOUNCER

SHIPPED = ROOT / "docs" / "deploy" / "cluster"
PATRONI, PATRONICTL, ETCD = "/usr/bin/patroni", "/usr/bin/patronictl", "/usr/bin/etcd"
HAPROXY = "/usr/sbin/haproxy"
ROLE_PASSWORD = "CHANGE-petition"
HOSTS = ",".join(DATABASES.values())
URL = f"postgresql://petition:{ROLE_PASSWORD}@{HOSTS}/petition"
Popen = subprocess.Popen[bytes]


def patroni_yml(folder: Path, name: str) -> str:
    """The shipped file for one machine, with its paths in a folder."""
    text = (SHIPPED / "patroni.yml").read_text("utf-8").replace("name: db1", f"name: {name}")
    head, member, rest = text.partition("  hosts: ")
    hosts, line, rest = rest.partition("\n")
    swap = DATABASES["db1"], DATABASES[name]
    text = head.replace(*swap) + member + hosts + line + rest.replace(*swap)
    text = text.replace("/var/lib/postgresql/", f"{folder}/").replace("/var/run/postgresql", str(folder))
    return re.sub(r"/usr/lib/postgresql/\d+/bin", str(postgres.binaries()), text)


def etcd_environment(folder: Path, name: str) -> dict[str, str]:
    """The shipped file for one machine, as systemd reads it."""
    lines = re.findall(r"^(ETCD_\w+)=(.*)$", (SHIPPED / "etcd").read_text("utf-8"), flags=re.M)
    found = {key: value.replace("/var/lib/etcd", str(folder)) for key, value in lines}
    for key in [key for key in found if key.endswith("_URLS")]:
        found[key] = found[key].replace(DATABASES["db1"], DATABASES[name])
    return found | {"ETCD_NAME": name}


def haproxy_cfg(folder: Path, name: str = "haproxy.cfg") -> str:
    """A shipped file, with its paths in a folder."""
    return (SHIPPED / name).read_text("utf-8").replace("/run/haproxy", str(folder))


class DatabaseMachine:
    """One machine with etcd and Patroni, which starts PostgreSQL."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.address, self.folder = name, DATABASES[name], folder / name
        self._started: list[Popen] = []
        self.folder.mkdir()
        shutil.chown(self.folder, "postgres")
        self.folder.chmod(0o700)
        (self.folder / "patroni.yml").write_text(patroni_yml(self.folder, name), "utf-8")
        shutil.chown(self.folder / "patroni.yml", "postgres")

    def start(self) -> None:
        """Starts both and returns at once, also after a kill."""
        state = (self.folder / "petition").exists()
        more = {"ETCD_INITIAL_CLUSTER_STATE": "existing"} if state else {}
        self._run("etcd", [ETCD], etcd_environment(self.folder / "etcd", self.name) | more)
        self._run("patroni", [PATRONI, str(self.folder / "patroni.yml")], {})

    def _run(self, name: str, command: list[str], more: dict[str, str]) -> None:
        keep = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "HOME": str(self.folder)}
        with (self.folder / f"{name}.log").open("ab") as log:
            whole = [*inside(self.name, "postgres"), *command]
            started = subprocess.Popen(whole, stdout=log, stderr=log, cwd=self.folder, env=keep | more)
        self._started.append(started)

    def takes_writes(self) -> bool:
        """Whether its PostgreSQL would, asked from this machine itself."""
        words = ["psql", "-h", str(self.folder), "-U", "postgres", "-Atc", "select pg_is_in_recovery()"]
        done = subprocess.run(
            [*inside(self.name, "postgres"), *words], capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout.strip() == "f"

    def collect(self) -> None:
        """Waits for all that it started; each of them was killed."""
        for process in self._started:
            process.wait(timeout=60)


def members() -> list[dict[str, str]]:
    """What most of those know that answer: one that was cut off may still show what it saw last."""
    views: list[list[dict[str, str]]] = []
    for address in DATABASES.values():
        with (
            suppress(OSError, HTTPError, ValueError),  # it is dead, frozen or cut off: the others tell
            urllib.request.urlopen(f"http://{address}:8008/cluster", timeout=2) as answer,
        ):
            views.append(json.load(answer)["members"])
    leaders = [next((m["name"] for m in view if m["role"] == "leader"), "") for view in views]
    most = max(leaders, key=leaders.count, default="")
    return next((view for view, leader in zip(views, leaders, strict=True) if leader == most), [])


def named(role: str) -> str:
    """The machine that has a role now; empty if none."""
    return next((m["name"] for m in members() if m["role"] == role and m.get("state") in ("running", "streaming")), "")


class Proxy:
    """HAProxy of the front machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "haproxy.cfg").write_text(haproxy_cfg(folder), "utf-8")
        self._process: Popen | None = None

    def start(self) -> None:
        """Starts it and returns at once."""
        with (self.folder / "haproxy.log").open("ab") as log:
            command = [HAPROXY, "-db", "-f", str(self.folder / "haproxy.cfg")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self) -> None:
        """Ends it."""
        if self._process:
            self._process.kill()
            self._process.wait(timeout=60)

    def take_out(self, machine: str, restart: Callable[[], None]) -> None:
        """The shipped script, with a command that lets the test restart the machine."""
        drained, restarted = self.folder / "drained", self.folder / "restarted"
        wait = f"touch {drained}; until [ -e {restarted} ]; do sleep 0.1; done"
        environment = {**os.environ, "HAPROXY_SOCKET": str(self.folder / "admin.sock")}
        script = subprocess.Popen([SHIPPED / "take-out.sh", machine, "sh", "-c", wait], env=environment)
        try:
            while not drained.exists():
                assert script.poll() is None, "it could not drain the machine"
                time.sleep(0.1)
            restart()
        finally:  # else it would wait for ever
            restarted.touch()
            code = script.wait(timeout=300)
        assert code == 0
        drained.unlink()
        restarted.unlink()


class Pooler:
    """PgBouncer on an app machine, and the HAProxy that leads it to the leader."""

    def __init__(self, folder: Path, machine: str, mode: str) -> None:
        self.folder, self.machine, self.mode = folder, machine, mode
        self.leader_cfg, self.ini = folder / f"{machine}-leader.cfg", folder / f"{machine}-pgbouncer.ini"
        self.leader_cfg.write_text(haproxy_cfg(folder, "leader.cfg"), "utf-8")
        self.ini.write_text(pgbouncer_ini(folder, mode), "utf-8")
        (folder / "userlist.txt").write_text(f'"petition" "{ROLE_PASSWORD}"\n', "utf-8")
        self._proxy: Popen | None = None
        self._process: Popen | None = None

    @property
    def url(self) -> str:
        """For an app on this machine; PgBouncer before 1.21 keeps no prepared statements in transaction mode."""
        more = "?prepared_statements=false" if self.mode == "transaction" and not keeps_prepared_statements() else ""
        return f"postgresql://petition:{ROLE_PASSWORD}@127.0.0.1:6432/petition{more}"

    def start(self) -> None:
        """Starts both; returns when PgBouncer listens."""
        here, quiet = network.inside(self.machine), subprocess.DEVNULL
        if self._proxy is None:
            self._proxy = subprocess.Popen(
                [*here, HAPROXY, "-db", "-f", str(self.leader_cfg)], stdout=quiet, stderr=quiet
            )
        command = [*network.inside(self.machine, "postgres"), PGBOUNCER, str(self.ini)]
        self._process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        while ":6432" not in _listening(self.machine):
            assert self._process.poll() is None, "PgBouncer did not start"
            time.sleep(0.05)

    def is_used(self) -> bool:
        """Whether a program of this machine is connected to it."""
        words = [*network.inside(self.machine), "ss", "-Htn", "state", "established"]
        return ":6432" in subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def send(self, number: signal.Signals) -> None:
        """What it does then is in its manual: SIGHUP reloads, SIGUSR1 pauses, SIGUSR2 resumes."""
        assert self._process is not None
        self._process.send_signal(number)

    def restart(self) -> None:
        """It is killed, so all connections end in the middle of what they did; then it is started."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=60)
        self.start()

    def stop(self) -> None:
        """Ends both."""
        for process in (self._process, self._proxy):
            if process:
                process.kill()
                process.wait(timeout=60)


def _listening(machine: str) -> str:
    """All addresses on which something listens there."""
    words = [*network.inside(machine), "ss", "-Hltn"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def keeps_prepared_statements() -> bool:
    """Whether this PgBouncer knows max_prepared_statements."""
    version = subprocess.run([PGBOUNCER, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"PgBouncer (\d+)\.(\d+)", version)
    assert found
    return (int(found[1]), int(found[2])) >= (1, 21)


def pgbouncer_ini(folder: Path, mode: str) -> str:
    """The shipped file, with its paths in a folder, and without the line that its comment says to leave out."""
    text = (SHIPPED / f"pgbouncer-{mode}.ini").read_text("utf-8").replace("/etc/pgbouncer", str(folder))
    return text if keeps_prepared_statements() else re.sub(r"^max_prepared_statements.*\n", "", text, flags=re.M)
