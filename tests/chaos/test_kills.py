"""Kill -9 at random moments under load, again and again, on the same data: what was acknowledged is stored once."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from petition.mail.delivery_pool import MAX_DELIVERERS
from tests import postgres
from tests.chaos.conftest import Staging, Tell
from tests.chaos.machines import Backend, Worker
from tests.chaos.stage import Stage


class Victim(Protocol):
    """A process that can be killed and started again."""

    def begin(self) -> None: ...
    def start(self) -> None: ...
    def kill(self) -> None: ...


Struck = tuple[Stage, dict[str, Victim]]


@pytest.fixture(params=["sqlite", "postgresql"])
def struck(request: pytest.FixtureRequest, staged: Staging, tmp_path: Path) -> Iterator[Struck]:
    """A site on each database, and which processes can be killed, in the order in which they need each other."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            stage = staged(f"sqlite:///{tmp_path}/petition.db")
            yield stage, {"web": stage.web, "deliverer": stage.deliverer}
        else:
            server = stack.enter_context(postgres.server())
            stage = staged(f"{server.url}/postgres", workers=2)
            victims: dict[str, Victim] = {"postgresql": server, "backend": Backend(server)}
            yield stage, {**victims, "web": stage.web, "worker": Worker(stage.web), "deliverer": stage.deliverer}


def test_whatever_dies_nothing_acknowledged_is_lost_or_doubled(
    struck: Struck, kills: int, chance: random.Random, tell: Tell
) -> None:
    stage, victims = struck
    deaths: Counter[str] = Counter()
    with stage.crowd.about():
        stage.recovered()
        while deaths.total() < kills:
            time.sleep(chance.uniform(0, 0.5))
            several = chance.sample(sorted(victims), chance.randint(1, len(victims)))
            deaths.update(_blow({name: victims[name] for name in victims if name in several}, chance))
            stage.recovered()
        stage.settle()
    found = stage.reckoning()
    # The only case that allows a second copy: the deliverer was killed between the relay's yes and its own commit.
    assert found.twice <= MAX_DELIVERERS * deaths["deliverer"]
    tell(f"killed on {stage.dialect}", ", ".join(f"{name} {n}" for name, n in sorted(deaths.items())), found)


def _blow(victims: dict[str, Victim], chance: random.Random) -> list[str]:
    """Kills all at once; sometimes one of them again while it starts. Returns the names."""
    for whole, part in (("postgresql", "backend"), ("web", "worker")):
        if victims.keys() >= {whole, part}:
            del victims[chance.choice([whole, part])]
    for victim in victims.values():
        victim.kill()
    dead = list(victims)
    for name, victim in victims.items():
        if chance.random() < 0.2:
            victim.begin()
            time.sleep(chance.uniform(0, 1.5))
            victim.kill()
            dead.append(name)
        victim.start()
    return dead
