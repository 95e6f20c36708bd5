"""The primary is killed, its synchronous standby takes over: nobody restarts the site, nothing acknowledged is lost."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests import postgres
from tests.chaos.conftest import Staging, Tell
from tests.chaos.crowd import until
from tests.postgres import Server


@pytest.fixture
def pair() -> Iterator[list[Server]]:
    """Two servers; the first is running. At the end both are stopped."""
    with ExitStack() as stack:
        servers = [Server(stack.enter_context(postgres.folder())) for _ in range(2)]
        for one in servers:
            stack.callback(one.stop)
        servers[0].make()
        servers[0].start()
        yield servers


def test_the_standby_takes_over(
    staged: Staging, pair: list[Server], kills: int, chance: random.Random, tell: Tell
) -> None:
    primary, standby = pair
    hosts = ",".join(f"127.0.0.1:{one.port}" for one in pair)
    _stand_by(standby, primary)
    stage = staged(f"postgresql://petition@{hosts}/postgres")
    rounds = 1 + kills // 20
    with stage.crowd.about():
        for n in range(rounds):
            stage.recovered()
            time.sleep(chance.uniform(0.2, 0.7))
            primary.kill()
            time.sleep(chance.uniform(0, 0.5))  # until a process has noticed
            standby.ask("select pg_promote()")
            stage.recovered()
            primary, standby = standby, primary
            if n + 1 < rounds:
                _stand_by(standby, primary)
        stage.settle()
    found = stage.reckoning()
    assert found.twice == 0
    tell("synchronous standby takes over", f"primary {rounds}", found)


def _stand_by(standby: Server, primary: Server) -> None:
    """From now on the primary answers a commit only when it is also on the standby's disk."""
    standby.follow(primary)
    standby.start()
    primary.ask("alter system set synchronous_standby_names = '*'")
    primary.ask("select pg_reload_conf()")
    until(lambda: primary.ask("select sync_state from pg_stat_replication") == "sync", "following")
