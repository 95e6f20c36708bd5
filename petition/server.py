"""Runs the web server: migrates, says where things are in demo mode, then hands over to uvicorn."""

import asyncio
import os
from functools import partial

import uvicorn

from petition import organisers, proofs
from petition.addresses import Address
from petition.app import DELIVERING
from petition.appeal import Appeal
from petition.db import Connection
from petition.errors import SettingsError
from petition.organisers import Role
from petition.settings import Settings
from petition.site import Site, opened
from petition.tokens import Purpose

_DEMO = "demo"
_DEMO_ADDRESS = "organiser@example.org"


def run(settings: Settings, host: str, port: int, workers: int, *, deliver: bool) -> int:
    """Serves until stopped; the exit code.

    Raises SettingsError for what this machine may not do, DataError for a file of the campaign that cannot be used.
    """
    if workers > 1 and settings.database_url.startswith("sqlite"):
        raise SettingsError("SQLite takes one worker; several need PostgreSQL.")
    proofs.read(Appeal(settings.campaign))
    asyncio.run(_prepare(settings))
    os.environ[DELIVERING] = "yes" if deliver else "no"
    uvicorn.run(
        "petition.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,  # a log of visitors is a list of names
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        timeout_graceful_shutdown=20,
        lifespan="on",
    )
    return 0


async def _prepare(settings: Settings) -> None:
    async with opened(settings, migrate=True) as site:
        await site.publish()
        if settings.demo:
            number = await site.database.write(partial(_demo_link, site=site))
            base = settings.base_url
            print(f"The site:          {base}/")
            print(f"Mail it “sent”:    {base}/dev/outbox")
            print(f"Organisers' login: {base}/organisers/login/{site.signer.make(Purpose.LOGIN, number)}", flush=True)


async def _demo_link(c: Connection, *, site: Site) -> str:
    """A login link for the demo organiser, who is made on the first start."""
    if all(row["nickname"] != _DEMO for row in await organisers.listed(c)):
        address = Address(_DEMO_ADDRESS, _DEMO_ADDRESS)
        await organisers.add(c, site.vault, _DEMO, address, Role.ADMIN)
    return await organisers.link(c, _DEMO)
