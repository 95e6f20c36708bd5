"""The site to measure: production mode behind a trusted proxy, over one database; and its floors, each a server."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from petition.commands import demo_data
from petition.core import settings
from petition.core.database import vacuum
from petition.core.database.queries import POSTGRESQL
from petition.core.tokens import Purpose
from petition.mail.outbox import DECOY_TEMPLATE
from petition.site import Site, open_site
from tests import postgres
from tests.bench.floors import Headers, command
from tests.chaos.machines import Machine, Web
from tests.conftest import IDENTITY
from tests.shell import Shell
from tests.web.tools import campaign


class Stage:
    def __init__(self, folder: Path, url: str, smtp_url: str = "smtp://127.0.0.1:1?tls=no") -> None:
        self.folder = folder
        self.workers = 1 if url.startswith("sqlite") else 2
        self.shell = Shell(
            folder,
            PETITION_MODE="production",
            PETITION_DATABASE_URL=url,
            PETITION_BASE_URL="https://petition.example",
            PETITION_CAMPAIGN=str(campaign(folder / "campaign")),
            PETITION_SECRET_KEY=secrets.token_urlsafe(32),
            PETITION_DESK_KEY=secrets.token_urlsafe(32),
            PETITION_EMAIL_KEY=secrets.token_urlsafe(32),
            PETITION_RECIPIENTS=str(IDENTITY.to_public()),
            PETITION_SMTP_URL=smtp_url,
            PETITION_MAIL_FROM="links@petition.example",
            PETITION_OUTBOX_KEYS=str(folder / "keys"),
            PETITION_TRUSTED_PROXIES="127.0.0.1",
        )

    @asynccontextmanager
    async def site(self) -> AsyncIterator[Site]:
        """The site without its web, in this process."""
        async with open_site(settings.from_environment(self.shell.environment), migrate=True) as site:
            yield site

    @contextmanager
    def serving(
        self, floor: str = "", size: int = 0, headers: Headers = (), program: str = "petition"
    ) -> Iterator[Web]:
        """`petition serve` without delivery, or one of its floors (see floors.py) in its place."""
        under = command(floor, size, headers) if floor else ()
        web = Web(self.shell, "--no-deliver", "--workers", str(self.workers), under=under, program=program)
        with _running(web):
            yield web

    @contextmanager
    def delivering(self) -> Iterator[Machine]:
        with _running(deliverer := Machine(self.shell, "deliver")):
            yield deliverer

    def fill(self, signatures: int) -> None:
        """Fills the database as `petition demo` does, in any mode."""
        asyncio.run(self._fill(signatures))

    async def _fill(self, signatures: int) -> None:
        async with self.site() as site:
            with tqdm(total=signatures, unit="signature", disable=None) as bar:
                await demo_data.fill_database(site.database, signatures, bar.update)
            await site.take_snapshot()
            if site.database.dialect == POSTGRESQL:
                await vacuum.vacuum_tables(
                    site.database, full=()
                )  # on PostgreSQL autovacuum would do it, during the measurement

    def ask(self, statement: str) -> int:
        """The value in column `n` of a statement's first row."""
        return int(asyncio.run(self.run(statement))[0]["n"])

    async def run(self, statement: str) -> list[dict[str, Any]]:
        async with self.site() as site:
            return await site.database.write(lambda c: c.execute(statement))

    def tokens(self) -> list[str]:
        """Tokens of all links in the outbox, which is empty afterwards: nobody delivers here."""
        return asyncio.run(self._tokens())

    async def _tokens(self) -> list[str]:
        async with self.site() as site:
            rows = await site.database.write(
                lambda c: c.execute("delete from outbox returning template, key_name, encrypted")
            )
            contents = [
                site.server_keys.outbox.decrypt(row["key_name"], row["encrypted"])
                for row in rows
                if row["template"] != DECOY_TEMPLATE
            ]
            return [site.signer.make_token(Purpose.CONFIRM, json.loads(one)[1]) for one in contents]


@contextmanager
def _running(machine: Machine) -> Iterator[None]:
    try:
        machine.start()
        yield
    finally:
        machine.stop()  # stop, never kill: its workers would stay behind


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database, `sqlite` or `postgresql` with default settings."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/petition.db"
        return
    with postgres.server() as server:
        yield f"{server.url}/postgres"


def processes(machine: Machine) -> list[int]:
    """The process ids of a server and its workers."""
    assert machine.process is not None
    pid = machine.process.pid
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def cpu(machine: Machine) -> float:
    """Seconds of CPU that its processes have used so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in processes(machine)]
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def memory(machine: Machine) -> float:
    """Megabytes in memory of its largest process."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in processes(machine)]
    return max(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
