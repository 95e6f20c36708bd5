"""Floods from many networks, none over its limit: noticed in every process within a minute; a real crowd is not one."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from petition.campaign.appeal import SHIPPED_DATA
from petition.core.database.database import Database, open_database
from petition.core.encryption import ServerKeys
from petition.core.outbox_keys import OutboxKeys
from petition.protection import flood, proof_of_work
from petition.protection.flood import REFUSED_LIMIT, START_ODDS, TOKENS_PER_REFUSAL, UNCONFIRMED_LIMIT
from petition.protection.networks import Networks
from petition.protection.proof_of_work import ProofMode
from petition.protection.rate_limits import WIDE_LIMITS, Admission, RateLimiter
from petition.protection.token_buckets import BucketRule, TokenBuckets
from tests.conftest import IDENTITY, Clock
from tests.protection.test_proof_of_work import solution

NETWORKS = Networks(SHIPPED_DATA / "networks.toml")
# By so many forms over the limit a flood has begun: by chance it has not once in ten million runs.
SURE = 16 * START_ODDS


class Server:
    """One process of the site: it knows what it has read from the database, and tells once a second what it counted."""

    def __init__(self, database: Database, server_keys: ServerKeys) -> None:
        self.database, self.limiter, self.mode = database, RateLimiter(database, server_keys, NETWORKS), ProofMode.AUTO

    async def admit(self, host: str, proof: str = "") -> Admission:
        return await self.limiter.admit_form(host, proof, self.mode, trapped=False)

    async def tick(self) -> None:
        """What a process does in the background."""
        await self.limiter.sync()
        async with self.database.reading() as c:
            self.mode = await proof_of_work.effective_mode(c)

    async def challenge(self, host: str) -> dict[str, object] | None:
        return await self.limiter.get_challenge(host, self.mode)


@pytest.fixture
async def servers(database_url: str, time: Clock, tmp_path: Path) -> AsyncIterator[list[Server]]:
    """Two processes of one site."""
    server_keys = ServerKeys("test-email-key", (str(IDENTITY.to_public()),), OutboxKeys(tmp_path / "keys"))
    async with open_database(database_url) as first, open_database(database_url) as second:
        yield [Server(database, server_keys) for database in (first, second)]


async def _tick(servers: list[Server]) -> None:
    for server in servers * 2:  # the second time each knows what the others have told
        await server.tick()


async def _flood(servers: list[Server], time: Clock, hosts: list[str], per_second: int = 137) -> int:
    """Forms with made-up mailboxes, until every process asks everybody: how many of them were taken as normal."""
    taken = 0
    for n, host in enumerate(hosts):
        taken += not (await servers[n % len(servers)].admit(host)).low_priority
        if n % per_second == 0:
            time.advance(seconds=1)
            await _tick(servers)
        if all(server.mode is ProofMode.ON for server in servers):
            return taken
    raise AssertionError("nobody was asked")


MANY_NETWORKS = {
    "a new /48 for every third form": [f"2001:db8:{n // 3:x}::{n:x}" for n in range(60 * 137)],
    "ten thousand /24": [f"{20 + n % 100}.{n // 256 % 256}.{n % 256}.9" for n in range(60 * 137)],
}


@pytest.mark.parametrize("hosts", MANY_NETWORKS.values(), ids=MANY_NETWORKS)
async def test_a_flood_from_many_networks_asks_everybody_within_a_minute(
    hosts: list[str], servers: list[Server], time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof_of_work, "TRIES_RANGE", (3, 5))
    calm = "198.51.100.7"
    assert [await server.challenge(calm) for server in servers] == [None, None]
    began = time.seconds()
    taken = await _flood(servers, time, hosts)
    assert time.seconds() - began < 60
    assert taken <= UNCONFIRMED_LIMIT.burst + SURE
    assert (await servers[1].admit(hosts[0])).low_priority
    for server in servers:
        challenge = await server.challenge(calm)
        assert challenge is not None
        admission = await server.admit(calm, solution(challenge))
        assert (admission.low_priority, admission.proof is None) == (False, False)


async def test_it_goes_on_as_long_as_the_flood_and_ends_within_an_hour(servers: list[Server], time: Clock) -> None:
    hosts = MANY_NETWORKS["ten thousand /24"]
    await _flood(servers, time, hosts)
    for minute in range(30):
        for n in range(4 * START_ODDS):
            await servers[n % 2].admit(hosts[minute * 4 * START_ODDS + n])
        time.advance(minutes=1)
        await _tick(servers)
        assert [server.mode for server in servers] == [ProofMode.ON] * 2
    for _ in range(60):
        time.advance(minutes=1)
        await _tick(servers)
        await servers[0].admit("198.51.100.7")
    assert [server.mode for server in servers] == [ProofMode.AUTO] * 2


async def _rush(servers: list[Server], time: Clock, seconds: int, per_second: int, delay: int, every: int = 2) -> int:
    """A crowd in which every second person confirms, after a delay; for how many seconds everybody had to compute."""
    computing = 0
    for second in range(seconds):
        for n in range(per_second):
            server = servers[n % len(servers)]
            await server.admit(f"{20 + n % 50}.{second % 256}.{n % 256}.9")
            if second >= delay and n % every == 0:
                server.limiter.flood.count_confirmation()
        time.advance(seconds=1)
        await _tick(servers)
        computing += servers[0].mode is ProofMode.ON
    return computing


async def test_a_crowd_that_confirms_within_a_minute_asks_nobody(servers: list[Server], time: Clock) -> None:
    assert await _rush(servers, time, seconds=240, per_second=12, delay=60) == 0


@pytest.mark.slow
async def test_a_great_rush_computes_for_minutes_and_not_all_day(servers: list[Server], time: Clock) -> None:
    """Twenty-five a second, of whom the first confirm after two minutes."""
    computing = await _rush(servers, time, seconds=960, per_second=25, delay=120)
    assert 120 < computing < 120 + proof_of_work.FLOOD_SECONDS + flood.NOTE_SECONDS
    assert servers[0].mode is ProofMode.AUTO


async def test_confirmations_of_yesterday_pay_for_no_flood_of_today(servers: list[Server], time: Clock) -> None:
    for _ in range(10 * UNCONFIRMED_LIMIT.burst):
        servers[0].limiter.flood.count_confirmation()
    await _tick(servers)
    assert await _flood(servers, time, MANY_NETWORKS["ten thousand /24"]) <= UNCONFIRMED_LIMIT.burst + SURE + 300


async def test_who_confirms_one_in_ten_hides_no_flood(servers: list[Server], time: Clock) -> None:
    assert await _rush(servers, time, seconds=120, per_second=30, delay=0, every=10) > 40


async def test_chance_decides_which_form_starts_a_flood(database: Database, time: Clock) -> None:
    """So forms of one's own up to the limit do not tell that somebody else has confirmed."""
    lengths = []
    for _ in range(4):
        watch, mode = flood.FloodWatch(database, TokenBuckets()), ProofMode.AUTO
        await database.write(proof_of_work.end_flood)
        lengths.append(0)
        while mode is ProofMode.AUTO:
            await watch.count_form()
            lengths[-1] += 1
            async with database.reading() as c:
                mode = await proof_of_work.effective_mode(c) if lengths[-1] > UNCONFIRMED_LIMIT.burst else mode
    assert len(set(lengths)) > 1, "by chance all are equal once in a hundred thousand runs"


async def test_organisers_who_ask_nobody_start_no_flood(servers: list[Server], time: Clock) -> None:
    servers[0].mode = ProofMode.OFF
    for host in MANY_NETWORKS["ten thousand /24"][: UNCONFIRMED_LIMIT.burst + SURE]:
        await servers[0].admit(host)
    await _tick(servers)
    assert [server.mode for server in servers] == [ProofMode.AUTO] * 2


async def _refuse(database: Database, times: int, code: str = "5.1.1") -> None:
    for _ in range(times):
        await database.write(partial(flood.count_refusal, code=code))


ENOUGH = REFUSED_LIMIT.burst // TOKENS_PER_REFUSAL


async def test_mailboxes_that_do_not_exist_ask_everybody(servers: list[Server], time: Clock) -> None:
    await _refuse(servers[0].database, ENOUGH - 1)
    await _tick(servers)
    assert [server.mode for server in servers] == [ProofMode.AUTO] * 2
    await _refuse(servers[1].database, 1)
    await _tick(servers)
    assert [server.mode for server in servers] == [ProofMode.ON] * 2
    await _refuse(servers[1].database, 3 * ENOUGH)
    for _ in range(60):
        time.advance(minutes=1)
        await _refuse(servers[0].database, 1)
    await _tick(servers)
    assert [server.mode for server in servers] == [ProofMode.AUTO] * 2, "it ends within an hour"


@pytest.mark.parametrize("code", ["5.7.1", "5.2.2", "5.0.0", "unreadable"])
async def test_other_refusals_ask_nobody(code: str, servers: list[Server], time: Clock) -> None:
    await _refuse(servers[0].database, 2 * ENOUGH, code)
    await _tick(servers)
    assert servers[0].mode is ProofMode.AUTO


async def test_mistyped_addresses_of_a_crowd_that_confirms_ask_nobody(servers: list[Server], time: Clock) -> None:
    for _ in range(2 * ENOUGH // 10):
        for _ in range(10 * (TOKENS_PER_REFUSAL + 1)):
            servers[1].limiter.flood.count_confirmation()
        await _refuse(servers[0].database, 10)
        await _tick(servers)
    assert servers[0].mode is ProofMode.AUTO


async def test_who_has_thousands_of_networks_has_one_share(
    servers: list[Server], time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WIDE_LIMITS, "sign", BucketRule("wide", 100, 200, "fast"))
    for host in ("2001:db8:{:x}::1", "20.7.{}.9"):
        admitted = [await servers[0].admit(host.format(n)) for n in range(101)]
        assert [admission.low_priority for admission in admitted] == [False] * 100 + [True]
    assert not (await servers[0].admit("198.51.100.7")).low_priority


async def test_who_is_over_the_share_of_a_wide_block_signs_with_a_proof(
    servers: list[Server], time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof_of_work, "TRIES_RANGE", (3, 5))
    monkeypatch.setitem(WIDE_LIMITS, "sign", BucketRule("wide", 10, 20, "fast"))
    for n in range(10):
        assert not (await servers[0].admit(f"20.7.{n}.9")).low_priority
    assert (await servers[0].admit("20.7.200.9")).low_priority
    challenge = await servers[0].challenge("20.7.200.9")
    assert challenge is not None
    assert (await servers[0].admit("20.7.200.9", solution(challenge))).proof
