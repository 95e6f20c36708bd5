"""The order in which transactions take tables, written down for a test."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from petition.core.database.connection import LOCKS, Connection, Row

_WRITTEN = re.compile(r"\b(?:insert into|delete from|update|lock table) (\w+)((?:, \w+)*)")
_CHOSEN = re.compile(r"\bfrom (\w+)")


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The tables of each transaction, in the order in which it first took a row of them, or the whole table."""
    found: list[list[str]] = []
    under_way: dict[Connection, list[str]] = {}
    execute = Connection.execute

    async def executed(c: Connection, sql: str, *given: Any, **options: Any) -> list[Row]:
        if sql.startswith("begin"):
            found.append(under_way.setdefault(c, []))
        elif sql in ("commit", "rollback"):
            under_way.pop(c, None)
        elif c in under_way:
            under_way[c] += [table for table in taken(sql) if table not in under_way[c]]
        return await execute(c, sql, *given, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "execute", executed)
        yield found


def taken(sql: str) -> list[str]:
    """The tables whose rows a statement locks."""
    written = [table for one, more in _WRITTEN.findall(sql) for table in [one, *more.split(", ")[1:]]]
    chosen = _CHOSEN.findall(sql) if "for update" in sql else []
    return [table for table in dict.fromkeys([*written, *chosen]) if table in LOCKS]
