"""What a database really has: tables, columns, indexes, references and triggers, each as a fact in words.

What it should have comes from sql/migrations alone: they are applied to an empty SQLite database in memory. The tables
of both databases are the same, so this also tells what PostgreSQL should have; only its triggers are read from the text
of the migrations.
"""

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import cache

from petition.core.database.connection import Connection, Row
from petition.core.database.queries import POSTGRESQL, SQLITE, queries

Facts = frozenset[tuple[str, str]]  # (table, what it has)
CONCURRENTLY = " concurrently"  # PostgreSQL only; stands before `if exists`, so that a statement can be tried again
INDEX = "index "  # how the fact of an index begins that constrains nothing
_TABLE = "the table itself"
_PARTS = ("schema.columns", "schema.indexes", "schema.references", "schema.triggers")
_FUNCTION = re.compile(r"create (?:or replace )?function (\w+)\(.*?\$\$(.*)\$\$", re.S)
_TRIGGER = re.compile(r"create trigger (\w+) (.*?) on (\w+) (.*)execute (?:function|procedure) (\w+)\(", re.S)
_NO_TRIGGER = re.compile(r"drop trigger (?:if exists )?(\w+) on (\w+)")
# Bits of pg_trigger.tgtype, see catalog/pg_trigger.h
_EVENT_BITS = {"for each row": 1, "before": 2, "insert": 4, "delete": 8, "update": 16, "truncate": 32}


async def read_facts(c: Connection) -> Facts:
    """All facts of a database. Tables that are not ours are among them."""
    return _facts([await c.all(name) for name in _PARTS])


def expected_facts(dialect: str, shared: Sequence[str], own: Sequence[str]) -> Facts:
    """What a database has after these statements: `shared` are those for SQLite, `own` those for `dialect`."""
    return _expected(dialect, tuple(shared), tuple(own))


def disagreements(expected: Facts, real: Facts) -> tuple[list[str], list[str]]:
    """What our tables lack, and what they have but should not. An index more constrains nothing, so it may stay."""
    tables = {table for table, _ in expected}
    missing, extra = expected - real, {fact for fact in real - expected if fact[0] in tables}
    lost = {table for table, what in missing if what == _TABLE}
    lacks = [f"table {table}" for table in sorted(lost)]
    lacks += [_show(*fact) for fact in sorted(missing) if fact[0] not in lost]
    return lacks, [_show(*fact) for fact in sorted(extra) if not fact[1].startswith(INDEX)]


def _show(table: str, what: str) -> str:
    return f"{what.partition(' = ')[0]} of {table}"


@cache
def _expected(dialect: str, shared: tuple[str, ...], own: tuple[str, ...]) -> Facts:
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.row_factory = sqlite3.Row
        for statement in shared:
            empty.execute(statement.replace(CONCURRENTLY, ""))
        parts = [[dict(row) for row in empty.execute(queries(SQLITE)[name])] for name in _PARTS]
    if dialect == POSTGRESQL:
        parts[-1] = _triggers_in(own)
    return _facts(parts)


def _facts(parts: Sequence[list[Row]]) -> Facts:
    columns, indexes, references, triggers = parts
    found = [(row["table"], _TABLE) for row in columns]
    found += [(row["table"], _column(row)) for row in columns]
    found += [(row["table"], _index(row)) for row in indexes]
    found += [(row["table"], _reference(row)) for row in references]
    found += [(row["table"], _trigger(row)) for row in triggers]
    return frozenset(found)


def _column(row: Row) -> str:
    fallback = re.sub(r"::[\w ]+", "", row["fallback"] or "").lower()
    return f"column {row['name']} = {row['type']}{' not null' if row['required'] else ''} {fallback}".rstrip()


def _index(row: Row) -> str:
    columns = f"({row['columns']}){' partial' if row['partial'] else ''}"
    if row["is_key"] or row["is_unique"]:
        return f"{'primary key' if row['is_key'] else 'unique'} {columns}"
    return f"{INDEX}{row['name']} = {columns}"


def _reference(row: Row) -> str:
    return f"reference of {row['name']} to {row['other']}{' that cascades' if row['cascades'] else ''}"


def _trigger(row: Row) -> str:
    return f"trigger {row['name']} = {row['events']} {' '.join(row['text'].split())}"


def _triggers_in(statements: Sequence[str]) -> list[Row]:
    functions: dict[str, str] = {}
    triggers: dict[tuple[str, str], tuple[int, str]] = {}
    for statement in statements:
        if found := _FUNCTION.search(statement):
            functions[found[1]] = found[2]
        elif found := _TRIGGER.search(statement):
            triggers[found[1], found[3]] = _event_number(f"{found[2]} {found[4]}"), found[5]
        elif found := _NO_TRIGGER.search(statement):
            triggers.pop((found[1], found[2]), None)
    return [
        {"table": table, "name": name, "events": events, "text": functions[function]}
        for (name, table), (events, function) in triggers.items()
    ]


def _event_number(text: str) -> int:
    return sum(bit for word, bit in _EVENT_BITS.items() if word in text.lower())
