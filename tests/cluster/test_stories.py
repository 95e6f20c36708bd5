"""What breaks in a cluster, one after the other, while people sign: nothing acknowledged is lost, nothing doubled."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from tests import ROOT, postgres
from tests.chaos.crowd import until
from tests.cluster import engines, network
from tests.cluster.whole import App, Cluster
from tests.relay import ACCEPTED

Story = Callable[[str], AbstractContextManager[Cluster]]
pytestmark = pytest.mark.slow
NOT_RUN = "written, but never run to its end"


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


@pytest.mark.skip(reason=NOT_RUN)
def test_leader_cut_off(story: Story) -> None:
    with story("network of the leader cut, then back") as cluster:
        leader = engines.named("leader")
        with network.cut(leader):
            until(lambda: _another(leader), "another leader")
            cluster.recovered()
        cluster.whole()


@pytest.mark.skip(reason=NOT_RUN)
def test_app_machine_cut_off(story: Story) -> None:
    with story("network of one app machine cut") as cluster, network.cut("app1"):
        time.sleep(20)
        cluster.recovered()


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


@pytest.mark.skip(reason=NOT_RUN)
def test_clock_ahead(story: Story) -> None:
    """One app machine is ten minutes ahead of the others."""
    with story("clock of one app machine 10 minutes ahead") as cluster:
        app = cluster.apps["app2"]
        cluster.proxy.take_out(app.name, lambda: _ahead(app))
        time.sleep(20)
        cluster.recovered()
        cluster.proxy.take_out(app.name, lambda: _right(app))


def _ahead(app: App) -> None:
    app.stop()
    app.turn_clock(600)
    app.start()


def _right(app: App) -> None:
    app.stop()
    app.turn_clock(0)
    app.start()


@pytest.mark.skip(reason=NOT_RUN)
def test_pgbouncer_restarted(story: Story) -> None:
    """One machine in session mode, one in transaction mode, the third without."""
    with story("PgBouncer of two app machines restarted") as cluster, postgres.folder() as folder:
        folder.chmod(0o755)
        poolers = [engines.Pooler(folder, name, mode) for name, mode in (("app1", "session"), ("app2", "transaction"))]
        for pooler in poolers:
            pooler.start()
            _use(cluster, pooler.machine, pooler.url)
        cluster.recovered()
        for pooler in poolers:
            pooler.restart()
        cluster.recovered()
        for pooler in poolers:
            _use(cluster, pooler.machine, engines.URL)
            pooler.stop()


def _use(cluster: Cluster, name: str, url: str) -> None:
    app = cluster.apps[name]
    app.use_database(url)
    cluster.proxy.take_out(name, lambda: _restart(app))


@pytest.mark.skip(reason=NOT_RUN)
def test_app_machine_dies_with_its_keys(story: Story) -> None:
    """What waits in its outbox is sent by the others."""
    with story("app machine killed, its keys gone") as cluster:
        app = cluster.apps["app3"]
        cluster.smtp.mail = lambda _: "451 4.3.0 later"
        time.sleep(5)
        network.send(app.name, signal.SIGKILL)
        assert app.process is not None
        app.process.wait(timeout=60)
        shutil.rmtree(app.shell.folder / "keys")
        cluster.smtp.mail = lambda _: ACCEPTED
        cluster.recovered()
        app.start()
