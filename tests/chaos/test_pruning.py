"""People sign and confirm at two servers that both prune without a pause: no deadlock, and nobody is refused."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from petition.signing import submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests import postgres
from tests.bench.crowd import COUNTRIES
from tests.bench.load import offer
from tests.bench.stage import Stage
from tests.chaos.conftest import Tell
from tests.chaos.machines import Web
from tests.chaos.reckoning import Reckoning

RATE, SECONDS = 75, 8  # per second of signing, and of confirming, at each server
PEOPLE = RATE * SECONDS
DEADLOCKS = "select sum(deadlocks)::int from pg_stat_database"


def test_whoever_signs_while_rows_are_rewritten_is_served(tmp_path: Path, tell: Tell) -> None:
    with postgres.server() as server:
        stage = Stage(tmp_path, f"{server.url}/postgres")
        stage.workers = 1  # of each server: with two, chance decides which one gets the people
        with (
            stage.serving(program="tests.chaos.pruning") as here,
            stage.serving(program="tests.chaos.pruning") as there,
        ):
            asyncio.run(_signed(stage, 2 * PEOPLE))
            waiting = stage.tokens()
            crowds = [(here, "here", waiting[:PEOPLE]), (there, "there", waiting[PEOPLE:])]
            with ThreadPoolExecutor(2) as at_once:
                p99 = max(at_once.map(lambda crowd: _served(tmp_path, *crowd), crowds))
        assert server.ask(DEADLOCKS) == 0
        assert "cannot be used" not in here.said() + there.said(), "no pruning was given up"
        assert "All numbers agree." in stage.shell.fine("audit")
        signed = stage.ask("select sum(n)::int as n from journal")
    assert signed == 2 * PEOPLE
    tell("pruned without a pause", f"p99 of confirming {p99:.0f} ms", Reckoning(2 * PEOPLE, signed))


def _served(folder: Path, web: Web, name: str, tokens: list[str]) -> float:
    """The time in which 99 of 100 people could confirm (ms). Raises RuntimeError if a form was refused."""
    file = folder / f"tokens-{name}"
    file.write_text("\n".join(tokens), "utf-8")
    found, _ = offer(web.address, "sign,confirm", name, RATE, SECONDS, file)
    assert [load.answers for load in found.values()] == [PEOPLE, PEOPLE]
    return found["confirm"].p99


async def _signed(stage: Stage, n: int) -> None:
    """Stores so many submissions that wait for their button."""
    async with stage.site() as site:
        await asyncio.gather(*[_sign(site, k) for k in range(n)])


async def _sign(site: Site, n: int) -> None:
    address = site.email_providers.parse(f"early{n}@example.net")
    assert address is not None
    name = f"Person {n}" if n % 3 else None
    signing = SigningRequest(address, COUNTRIES[n % len(COUNTRIES)], name, n % 3 == 0, "test", "en")
    await site.database.join(submissions.sign, submissions.prepare_submission(site.server_keys, signing))
