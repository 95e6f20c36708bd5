"""All transactions take tables in one order, whole tables first: no two wait for each other in a circle."""

from functools import partial

import pytest

from petition.core.database.connection import LOCKS, Connection
from petition.core.database.database import Database
from petition.core.settings import Settings
from petition.core.tokens import Purpose
from petition.mail.bounce_reports import BOUNCED
from petition.organisers import accounts, sessions
from petition.retention import destroy
from petition.retention.destroy import Scope
from petition.signing import manage, quarantine
from petition.signing.batch_rules import DISPOSABLE, Rule
from tests.conftest import Visitor, visiting
from tests.core.database import locking
from tests.relay import Relay
from tests.signing.crowds import crowd, set_aside_all, undone


async def test_every_table_has_its_place(database: Database) -> None:
    async with database.reading() as c:
        assert {row["name"] for row in await c.all("database.tables")} == set(LOCKS)


async def test_the_order_is_kept(postgresql_settings: Settings, smtp: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    with locking.noted(monkeypatch) as transactions:
        async with visiting(postgresql_settings, smtp) as visitor:
            await _people(visitor)
            await _batch(visitor)
            await _desk(visitor)
            await visitor.site.prune()
        for what in Scope:
            await destroy.destroy_scope(postgresql_settings, what)
    assert [tables for tables in transactions if tables != sorted(tables, key=LOCKS.index)] == []
    seen = {table for tables in transactions for table in tables}
    of_the_log = {table for table in LOCKS if table.startswith("log_")}  # tests/log/test_rivals.py
    assert set(LOCKS) - seen <= {"refusals", "correspondence", "answer_summaries"} | of_the_log


async def _people(visitor: Visitor) -> None:
    """Everything that can happen to a signature."""
    write, chosen = visitor.site.database.write, {"named": "on", "name": "Anna", "updates": "on"}
    for _ in range(2):
        await visitor.confirmed("anna@example.net", **chosen)
    for action in ("unname", "stop_updates", "withdraw"):
        await visitor.post("/en/manage", email="anna@example.net")
        await visitor.post(await visitor.link("anna@example.net", "manage"), action=action)
    other = await visitor.confirmed("jan@example.net", **chosen)
    await write(partial(manage.never_write, link_id=_link_id(visitor, other)))
    third = await visitor.confirmed("eva@example.net", **chosen)
    await write(partial(manage.withdraw_never, link_id=_link_id(visitor, third)))
    await visitor.sign("ola@example.net")
    waits = _link_id(visitor, await visitor.link("ola@example.net"))
    await write(partial(quarantine.hold_submissions, ids=[waits], reason=BOUNCED))
    await write(partial(quarantine.release_submissions, reason=BOUNCED))


async def _batch(visitor: Visitor) -> None:
    """Signatures are set aside, restored, and set aside again."""
    await crowd(visitor.site, "bot", 40, named=True)
    await undone(visitor.site, await set_aside_all(visitor.site, Rule(DISPOSABLE)))
    await set_aside_all(visitor.site, Rule(DISPOSABLE, country="DE"))


async def _desk(visitor: Visitor) -> None:
    """An organiser logs in, invites, changes, resets and removes another, has the factors reset and is removed."""
    await visitor.organiser()
    await visitor.post("/organisers/people", nickname="olga", email="olga@example.org", role="organiser")
    await visitor.post("/organisers/people/olga/link", shown="organiser")
    await visitor.post("/organisers/people/olga/role", shown="organiser", role="admin")
    for change in ("reset", "remove"):
        await visitor.post(f"/organisers/people/olga/{change}", shown="admin", sure="on")
    write = visitor.site.database.write
    for name, value in (("mailboxes", "warn"), ("figures", "frozen"), ("proof", "on"), ("signing", "")):
        await visitor.post(f"/organisers/switches/{name}", value=value, reason="why", version="0", sure="on")
    await write(partial(sessions.end_all_sessions, nickname="marta"))
    await write(partial(accounts.reset_factors, nickname="marta"))
    await write(partial(accounts.remove_organiser, nickname="marta"))


def _link_id(visitor: Visitor, path: str) -> str:
    return visitor.site.read_link(Purpose.CONFIRM, path.rpartition("/")[2]).row_id


async def test_whole_tables_are_locked_in_the_order_whatever_is_asked(
    postgresql_settings: Settings, smtp: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def job(c: Connection) -> None:
        await c.run("state.delete", name="nothing")

    with locking.noted(monkeypatch) as transactions:
        async with visiting(postgresql_settings, smtp) as visitor:
            await visitor.site.database.own_transaction(job, locking=("names", "signatures", "submissions"))
    assert ["submissions", "signatures", "names", "site_state"] in transactions
