"""The rights that PostgreSQL needs to delete old versions of rows: test_seizure.py looks at every byte."""

import pytest

from petition.core.database import vacuum
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from tests.web.tools import on_postgresql


class _EnoughError(Exception):
    """Ends the transaction, so that the role is reset."""


@on_postgresql
async def test_a_role_that_may_not_renew_the_log_is_told_so(database: Database) -> None:
    found = []

    async def of_nobody(c: Connection) -> None:
        await c.execute("create role petition_nobody")
        await c.execute("set local role petition_nobody")
        found.append(await vacuum.retention_warning(c))
        raise _EnoughError

    with pytest.raises(_EnoughError):
        await database.write(of_nobody)
    assert "our role may not call pg_switch_wal(), our role is not in pg_checkpoint): see the handbook" in found[0]
