"""PostgreSQL keeps a plan it made while a table was empty: a query that has a row's key must still use the key.

On the day of the launch the tables are empty, vacuumed and tiny: then it looks cheapest to read all of them. If such a
plan was kept for an hour in which a million people sign, the site would stop.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from petition.core.database import vacuum
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.database.queries import POSTGRESQL, numbered_parameters, queries
from tests.web.tools import on_postgresql

GROWING = {"signatures", "names", "contacts", "submissions", "links", "email_counts", "never_write", "outbox"}
# What runs while a person waits for an answer, and once for each email.
BY_KEY = (
    *(
        "submissions.get",
        "submissions.get_recipient",
        "submissions.cancel_of_mailbox",
        "submissions.lock_waiting",
        "signatures.delete",
        "printed_names.delete",
        "contacts.delete",
    ),
    *("submissions.mark_confirmed", "submissions.delete_of_mailbox", "never_write.delete_withdrawals"),
)
WAITED_FOR = (
    *BY_KEY,
    *(
        "mail_quota.sent_counts",
        "links.get",
        "links.redeem",
        "links.delete_of_mailbox",
        "organisers.find_recipient",
        "outbox.renew_claim",
        "outbox.delete",
        "outbox.delete_sent",
        "outbox.retry_later",
    ),
    *(
        "manage.get_signature",
        "manage.stored_data",
        "manage.unname",
        "printed_names.delete_of_mailbox",
        "manage.stop_updates",
        "contacts.find_by_unsubscribe_hash",
    ),
)


@on_postgresql
@pytest.mark.parametrize("name", WAITED_FOR)
async def test_a_plan_made_for_an_empty_table_goes_by_the_key(database: Database, name: str) -> None:
    await vacuum.vacuum_tables(database, full=())
    plan = await database.write(lambda c: _plan(c, queries(POSTGRESQL)[name]))
    nodes = [node for node in _nodes(plan) if node["Node Type"] != "ModifyTable"]
    read = [node for node in nodes if node.get("Relation Name") in GROWING]
    assert read
    assert [
        node
        for node in read
        if not re.search("mailbox|quota_key|email_hash|id|unsubscribe_hash", node.get("Index Cond", ""))
    ] == []


async def _plan(c: Connection, sql: str) -> dict[str, Any]:
    """The generic plan for any values: a prepared statement gets it after a few calls."""
    text, names = numbered_parameters(sql)
    await c.execute("set local plan_cache_mode = force_generic_plan")
    await c.execute(f"prepare kept as {text}")
    values = f"({', '.join(['null'] * len(names))})" if names else ""
    (row,) = await c.execute(f"explain (format json) execute kept {values}")
    await c.execute("deallocate kept")
    plan: dict[str, Any] = json.loads(row["QUERY PLAN"])[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
