"""Checks a PostgreSQL: whether it takes as many connections as we may open, and what our role may do there."""

import re
from pathlib import Path

from petition.commands.doctor.finding import Finding
from petition.core.database.connection import Connection, Row
from petition.core.database.database import CONNECTIONS, Database, connect_once, open_database
from petition.core.database.queries import POSTGRESQL
from petition.core.database.standby import ANOTHER, NOT_A_STANDBY, current_place, why_not, with_any_standby
from petition.core.errors import PetitionError
from petition.core.settings import Settings

ROOT = Path("/")
ENVIRONMENT = "etc/petition/petition.env"


async def check_postgresql(settings: Settings, root: Path = ROOT) -> list[Finding]:
    """A database that cannot be read is another check's business."""
    if settings.database_url.startswith("sqlite"):
        return []
    try:
        async with open_database(settings.database_url) as database, database.reading() as c:
            limits = await c.one("database.limits") or {}
            return [await check_connections(c, processes_here(root)), _check_role(bool(limits["is_superuser"]))]
    except PetitionError:
        return []


async def say_shortage(database: Database, processes: int) -> str:
    """For the start of a process: a sentence if PostgreSQL takes fewer connections than we may open; else empty."""
    if database.dialect != POSTGRESQL:
        return ""
    async with database.reading() as c:
        found = await check_connections(c, processes)
    return found.what and f"{found.what}, and {found.why}: {found.command}."


async def check_connections(c: Connection, processes: int) -> Finding:
    """`processes`: of one machine; each of the machines that share the outbox has as many."""
    limits, machines = await c.one("database.limits") or {}, await c.all("machines.all")
    return _compare_connections(int(limits["connections"]), max(1, len(machines)) * processes)


async def check_standby(settings: Settings) -> list[Finding]:
    """Whether PETITION_STANDBY_URL leads to a standby of our database that keeps up."""
    if not settings.standby_url:
        return []
    try:
        async with connect_once(settings.database_url) as c:
            place = await current_place(c)
    except PetitionError:
        return []
    return [_say_standby(await _look_at_standby(settings.standby_url, place))]


async def _look_at_standby(url: str, place: Row) -> str:
    try:
        async with connect_once(with_any_standby(url)) as c:
            return await why_not(c, place)
    except PetitionError as error:
        return str(error)


def _say_standby(reason: str) -> Finding:
    is_wrong = reason in (NOT_A_STANDBY, ANOTHER)
    return Finding(
        "standby",
        f"the server of PETITION_STANDBY_URL is not read: {reason}" if is_wrong else "",
        f"it is not read now: {reason}" if reason and not is_wrong else "",
        why="the desk and backups read the primary",
        command="set PETITION_STANDBY_URL to a hot standby of the same database" if is_wrong else "",
    )


def _compare_connections(available: int, processes: int) -> Finding:
    needed = processes * CONNECTIONS
    return Finding(
        "connections of PostgreSQL",
        f"PostgreSQL takes {available} connections, and {processes} processes may open {needed}"
        if available < needed
        else "",
        why="in a rush some visitors would get an error",
        command=f"set max_connections = {needed + 10} in postgresql.conf, then systemctl restart postgresql",
    )


def _check_role(is_superuser: bool) -> Finding:
    return Finding(
        "role in PostgreSQL",
        "our role is a superuser" if is_superuser else "",
        why="a mistake of ours, or a stolen password, could then read files and run programs on that machine",
        command="alter role petition nosuperuser nocreatedb nocreaterole (as the role postgres)",
    )


def processes_here(root: Path = ROOT) -> int:
    """The web workers of this machine, and a command or a deliverer."""
    return _workers(root) + 1


def _workers(root: Path) -> int:
    """As the unit reads it."""
    try:
        text = (root / ENVIRONMENT).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return 1
    found = re.findall(r"^WORKERS=[\"']?(\d+)", text, flags=re.M)
    return int(found[-1]) if found else 1
