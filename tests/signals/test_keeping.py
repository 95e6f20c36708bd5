"""A cluster becomes a batch: an organiser keeps it, or the server if it looks like a machine."""

from functools import partial

import pytest

from petition.core.encryption import ServerKeys
from petition.core.errors import BatchError
from petition.signals import keeping, list_clusters
from petition.signing import batches
from petition.signing.batches import Batch
from petition.site import Site
from petition.tally import tally
from petition.tally.tally import Change
from tests.conftest import Clock
from tests.signals.test_signals import CATCH_ALL, THROW_AWAY, forms


@pytest.fixture(autouse=True)
def _no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerKeys, "remainder", lambda keys, subject: 0)


async def _signatures(site: Site) -> None:
    """Of the confirmed forms."""
    columns = "mailbox, email_hash, country, confirmed_on, named, updates, consent"
    values = "mailbox, email_hash, country, '2026-11-22', 0, 0, consent from submissions"
    await site.database.write(lambda c: c.execute(f"insert into signatures ({columns}) select {values}"))
    rows = await _rows(site, "select country, count(*) as n from signatures group by country")
    changes = [Change(str(row["country"]), "confirmed", int(str(row["n"]))) for row in rows]
    await site.database.write(partial(tally.apply_changes, changes=changes))


async def _rows(site: Site, sql: str) -> list[dict[str, object]]:
    async with site.database.reading() as c:
        return await c.execute(sql)


async def _batches(site: Site) -> list[Batch]:
    async with site.database.reading() as c:
        return await batches.list_batches(c)


async def test_a_cluster_that_looks_like_a_machine_is_kept_without_a_person(site: Site, time: Clock) -> None:
    await forms(site, 60, CATCH_ALL, countries=("PL", "DE", "LT"), quick=1, spread=True)
    await _signatures(site)
    time.advance(hours=12)
    for _ in range(2):
        await site.prune()
    (batch,) = await _batches(site)
    assert (batch.state, batch.kept_by, batch.preview.total) == ("kept", "the server", 60)
    assert batch.preview.countries == {"PL": 20, "DE": 20, "LT": 20}
    (line,) = await _rows(site, "select nickname, action from actions where action like 'kept%'")
    assert line == {"nickname": "the server", "action": "kept signatures to look at"}
    time.advance(days=2)
    await site.prune()
    assert (await _rows(site, "select count(batch) as n from signatures"))[0]["n"] == 60, "the marks of forms are gone"


async def test_an_organiser_keeps_a_cluster_once_while_its_marks_live(site: Site, time: Clock) -> None:
    await forms(site, 45, THROW_AWAY, quick=0)
    await _signatures(site)
    time.advance(hours=12)
    await site.prune()
    assert await _batches(site) == []
    async with site.database.reading() as c:
        handle = next(found.handle for found in await list_clusters(c) if found.kind == "throw-away")
    choose = partial(keeping.choose_cluster, site.database, site.server_keys, handle, "ada")
    batch, rule = await choose()
    await site.database.write(partial(batches.keep, server_keys=site.server_keys, batch=batch))
    assert rule.text == "disposable - 2026-11-22"
    assert [found.preview.total for found in await _batches(site)] == [40]
    with pytest.raises(BatchError, match="counted before"):
        await choose()
    time.advance(days=2)
    await site.prune()
    with pytest.raises(BatchError, match="forgotten"):
        await choose()
