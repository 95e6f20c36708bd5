"""What breaks in a cluster, one after the other, while people sign: nothing acknowledged is lost, nothing doubled."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import httpx2
import pytest

from tests import ROOT, postgres
from tests.chaos.crowd import until
from tests.chaos.reckoning import ask
from tests.cluster import engines, network
from tests.cluster.whole import App, Cluster
from tests.relay import ACCEPTED

Story = Callable[[str], AbstractContextManager[Cluster]]
pytestmark = pytest.mark.slow
AS_NGINX = {"Host": "petition.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.1"}


def _another(before: str) -> bool:
    return engines.named("leader") not in ("", before)


def test_leader_killed(story: Story) -> None:
    with story("leader killed, with its etcd") as cluster:
        leader = engines.named("leader")
        network.send(leader, signal.SIGKILL)
        until(lambda: _another(leader), "another leader")
        cluster.recovered()
        cluster.databases[leader].start()
        cluster.whole()


def test_leader_frozen(story: Story) -> None:
    with story("leader frozen, then continued") as cluster:
        leader = engines.named("leader")
        network.send(leader, signal.SIGSTOP)
        until(lambda: _another(leader), "another leader")
        cluster.recovered()
        network.send(leader, signal.SIGCONT)
        cluster.whole()
        assert engines.named("leader") != leader


def test_standby_lost(story: Story) -> None:
    with story("synchronous standby killed") as cluster:
        standby = engines.named("sync_standby")
        network.send(standby, signal.SIGKILL)
        cluster.recovered()
        cluster.databases[standby].start()
        cluster.whole()


def test_etcd_member_lost(story: Story) -> None:
    with story("network of a machine with etcd and a replica cut") as cluster:
        roles = (engines.named("leader"), engines.named("sync_standby"))
        third = next(name for name in cluster.databases if name not in roles)
        with network.cut(third):
            time.sleep(30)
            cluster.recovered()
        cluster.whole()


def test_leader_cut_off(story: Story) -> None:
    """It must step down by itself: it would take signatures that get lost."""
    with story("network of the leader cut, then back") as cluster:
        leader = engines.named("leader")
        old = cluster.databases[leader]
        with network.cut(leader):
            until(lambda: _another(leader), "another leader")
            until(lambda: not old.takes_writes(), "the end of the old leader")
            cluster.recovered()
        cluster.whole()
        assert engines.named("leader") != leader
        assert [name for name, machine in cluster.databases.items() if machine.takes_writes()] == [
            engines.named("leader")
        ]


def test_app_machine_cut_off(story: Story) -> None:
    with story("network of one app machine cut, then back") as cluster:
        with network.cut("app1"):
            time.sleep(20)
            cluster.recovered()
            assert not cluster.apps["app1"].is_ready()
        cluster.all_ready()


def test_rolling_restart(story: Story) -> None:
    with story("rolling restart, drained") as cluster:
        _roll(cluster, ROOT)
        _nobody_refused(cluster)


def test_rolling_upgrade(story: Story, tmp_path: Path) -> None:
    """From the last commit to the tree as it is."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", tmp_path], input=archive, check=True)
    with story("rolling upgrade, drained, and back before") as cluster:
        _roll(cluster, tmp_path)
        _roll(cluster, ROOT)
        _nobody_refused(cluster)


def _roll(cluster: Cluster, version: Path) -> None:
    for app in cluster.apps.values():
        app.shell.cwd = version
        cluster.proxy.take_out(app.name, partial(_restart, app))


def _restart(app: App) -> None:
    app.stop()
    app.start()


def _nobody_refused(cluster: Cluster) -> None:
    assert set(cluster.crowd.answers) <= {"303", "429"}, cluster.crowd.answers


def test_clock_ahead(story: Story) -> None:
    """Links work, what is published only grows, and the doctors of that machine and of another say what is wrong."""
    with story("clock of one app machine 10 minutes ahead") as cluster:
        app, seen = cluster.apps["app2"], Published(cluster)
        seen.look()
        # Nothing was published yet, if this is the first story: it is, at the next ten minutes, which app2 sees first.
        ask(engines.URL, "update site_state set value = '1' where name = 'first_release_count'")
        cluster.proxy.take_out(app.name, lambda: _turn_clock(app, 600))
        until(lambda: "(or its clock is wrong)" in cluster.apps["app1"].doctor(), "a warning of another machine")
        assert re.search(r"this machine's is (59|60)\d seconds ahead of", app.doctor())
        until(lambda: seen.look() > 0, "a release", 900)
        for _ in range(20):
            seen.look()
            cluster.recovered()
        cluster.proxy.take_out(app.name, lambda: _turn_clock(app, 0))
        seen.look()
        assert "clock of the database: this" not in app.doctor()


class Published:
    """What strangers see of the numbers, at every machine that serves."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._last = cluster, dict.fromkeys(cluster.apps, ("", 0))

    def look(self) -> int:
        """The least total of all machines; at none has it gone back."""
        for app in self._cluster.apps.values():
            told = httpx2.get(f"{app.address}/tally.json", headers=AS_NGINX, timeout=15).json()
            new = (told["as_of"], told["confirmed"])
            assert new >= self._last[app.name]
            assert new[1] >= self._last[app.name][1]
            self._last[app.name] = new
        return min(total for _, total in self._last.values())


def _turn_clock(app: App, seconds: int) -> None:
    app.stop()
    app.turn_clock(seconds)
    app.start()


def test_pgbouncer_restarted(story: Story) -> None:
    """One machine in session mode, one in transaction mode, the third without. In session mode a pause never ends."""
    with story("PgBouncer of two app machines paused, reloaded, killed") as cluster, postgres.folder() as folder:
        folder.chmod(0o755)
        session, transaction = poolers = [
            engines.Pooler(folder, name, mode) for name, mode in (("app1", "session"), ("app2", "transaction"))
        ]
        for pooler in poolers:
            pooler.start()
            _use(cluster, pooler.machine, pooler.url)
            assert pooler.is_used()
        for number in (signal.SIGUSR1, signal.SIGUSR2):  # pause, resume
            transaction.send(number)
            cluster.recovered()
        for pooler in poolers:
            pooler.send(signal.SIGHUP)  # reload
        cluster.all_ready()
        for pooler in (session, transaction):
            pooler.restart()
            cluster.all_ready()
        for pooler in poolers:
            _use(cluster, pooler.machine, engines.URL)
            pooler.stop()


def _use(cluster: Cluster, name: str, url: str) -> None:
    app = cluster.apps[name]
    app.use_database(url)
    cluster.proxy.take_out(name, lambda: _restart(app))


def test_app_machine_dies_with_its_keys(story: Story) -> None:
    """What waits in its outbox is sent by the others, and the doctor of another machine says that it is away."""
    with story("app machine killed, its keys gone") as cluster:
        app, other = cluster.apps["app3"], cluster.apps["app1"]
        handle = app.handle
        cluster.smtp.mail = lambda _: "451 4.3.0 later"
        until(lambda: cluster.waiting(handle) > 20, "emails under its keys")
        network.send(app.name, signal.SIGKILL)
        app.collect()
        waited = cluster.waiting(handle)
        shutil.rmtree(app.keys)
        cluster.smtp.mail = lambda _: ACCEPTED
        cluster.recovered()
        assert waited > 20
        until(lambda: f"Machine {handle} was last seen" in other.doctor(), "a warning of another machine", 900)
        until(lambda: not cluster.waiting(handle), "the emails of the dead machine", 900)
        app.start()
        cluster.all_ready()
        assert app.handle != handle
