"""Daily keys: one for all processes, destroyed after two days together with every tag that was made with it."""

import asyncio

from petition.core.database.connection import Row
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import ServerKeys
from petition.protection.daily_keys import DailyKeys
from petition.protection.rate_limits import Admission
from petition.signing import submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests.conftest import Clock


async def _tagged(site: Site, name: str, tag: str) -> None:
    address = EmailAddress(f"{name}@example.org", f"{name}@example.org")
    signing = SigningRequest(address, "PL", None, False, "test", "en")
    await site.database.join(
        submissions.sign, submissions.prepare_submission(site.server_keys, signing, Admission(tag))
    )


async def _all(site: Site, columns: str) -> list[Row]:
    async with site.database.reading() as c:
        return await c.execute(f"select {columns}")


async def test_all_processes_have_one_key_and_each_day_another(site: Site, time: Clock) -> None:
    processes = [DailyKeys(site.database, site.server_keys) for _ in range(5)]
    today = await asyncio.gather(*[process.get_today() for process in processes])
    assert len(set(today)) == 1
    time.advance(days=1)
    assert (await processes[0].get_today()).secret != today[0].secret


async def test_tags_of_two_purposes_or_days_cannot_be_compared(site: Site, time: Clock) -> None:
    keys = DailyKeys(site.database, site.server_keys)
    key = await keys.get_today()
    tags = {key.tag("network", "203.0.113.0/24"), key.tag("sign network", "203.0.113.0/24")}
    time.advance(days=1)
    tags.add((await keys.get_today()).tag("network", "203.0.113.0/24"))
    assert len(tags) == 3


async def test_a_key_is_made_of_what_the_database_has_and_what_it_has_not(site: Site, time: Clock) -> None:
    key = await DailyKeys(site.database, site.server_keys).get_today()
    (row,) = await _all(site, "* from daily_keys")
    assert key.secret == site.server_keys.daily_key(row["random"])
    assert key.secret.hex() not in str(row)
    elsewhere = DailyKeys(site.database, ServerKeys("another key of addresses", (), site.server_keys.outbox))
    assert (await elsewhere.get_today()).secret != key.secret


async def test_a_key_dies_after_two_days_and_its_tags_with_it(site: Site, time: Clock) -> None:
    """The clock is at noon: the first pruning on the 24th deletes the key of the 22nd."""
    keys = DailyKeys(site.database, site.server_keys)
    for name in ("anna", "boris"):
        await _tagged(site, name, (await keys.get_today()).tag("network", "203.0.113.0/24"))
        time.advance(days=1)
    time.advance(seconds=-12 * 3600 - 1)  # the last second of the 23rd
    await site.prune()
    assert len(await _all(site, "* from daily_keys")) == 2
    time.advance(seconds=1)
    await site.prune()
    assert [row["day"] for row in await _all(site, "day from daily_keys")] == ["2026-11-23"]
    assert [row["network"] is None for row in await _all(site, "network from submissions order by expires_at")] == [
        True,
        False,
    ]


async def test_no_backup_has_a_key_or_a_tag(site: Site, time: Clock) -> None:
    from petition.retention import backup

    keys = DailyKeys(site.database, site.server_keys)
    await _tagged(site, "anna", (await keys.get_today()).tag("network", "203.0.113.0/24"))
    async with site.database.reading() as c:
        chunks = [chunk async for chunk in backup._read_tables(c)]
    assert "daily_keys" not in dict(chunks)
    assert "token_buckets" not in dict(chunks)
    assert ["network" in row for table, rows in chunks for row in rows if table == "submissions"] == [False]
