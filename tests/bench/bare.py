"""The floor of every write: the database alone, without the site. A row with a unique key and an outbox row, synced."""

import os
import secrets
import shutil
import sqlite3
import subprocess
import time

from petition.core.database import sqlite
from tests import postgres
from tests.bench.report import Report

TOGETHER = 100
ROWS = (
    "create table bare (key text primary key, content text)",
    "create table post (key text primary key, content text)",
)
NOTE = (
    "Two rows with random keys, 600 characters in the second. *alone*: a transaction each, 32 clients of pgbench or "
    f"one of SQLite; *joined*: {TOGETHER} in one transaction, as `writer.py` does."
)


def measure(kind: str, url: str, seconds: float, report: Report) -> None:
    """Rows per second: each insert in its own transaction, and many in one transaction."""
    table = report.table("Bare inserts", NOTE, "database | alone /s | joined /s | ratio")
    alone, joined = _sqlite(url, seconds) if kind == "sqlite" else _pgbench(url, seconds)
    table.add(kind, alone, joined, joined / alone)


def _sqlite(url: str, seconds: float) -> tuple[float, float]:
    sqlite.prepare_file(url, create=True)
    connection = sqlite.connect(url)
    for row in ROWS:
        connection.execute(row)
    found = _inserted(connection, 1, seconds), _inserted(connection, TOGETHER, seconds)
    connection.close()
    return found


def _inserted(connection: sqlite3.Connection, together: int, seconds: float) -> float:
    done, begun = 0, time.perf_counter()
    while (now := time.perf_counter() - begun) < seconds:
        keys = [secrets.token_urlsafe(32) for _ in range(together)]
        connection.execute("begin immediate")
        connection.executemany("insert into bare values (?, '')", [(key,) for key in keys])
        connection.executemany("insert into post values (?, ?)", [(key, "x" * 600) for key in keys])
        connection.execute("commit")
        done += together
    return done / now


def _pgbench(url: str, seconds: float) -> tuple[float, float]:
    _run("psql", url, *[part for row in ROWS for part in ("-c", row)])
    rates = []
    for together, clients in ((1, 32), (TOGETHER, 2)):
        keys = f"select md5(random()::text || g) as key from generate_series(1, {together}) as g"
        script = f"""begin;
            with keys as materialized ({keys}), bare as (insert into bare select key, '' from keys)
            insert into post select key, repeat('x', 600) from keys; commit;"""
        options = ["-n", "-f", "-", "-M", "prepared", f"-c{clients}", "-j1", f"-T{seconds:.0f}", url]
        said = _run("pgbench", *options, stdin=script.replace("\n", " "))
        rates.append(float(said.partition("tps = ")[2].split()[0]) * together)
    return rates[0], rates[1]


def _run(program: str, *arguments: str, stdin: str = "") -> str:
    ours = postgres.binaries() / program
    command = [str(ours) if ours.exists() else shutil.which(program) or program, *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, env=os.environ)
    return done.stdout
