"""Runs the web server: migrates, says where things are in demo mode, then hands over to uvicorn."""

import asyncio
import os
import resource
import socket
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from petition.campaign.appeal import Appeal
from petition.commands import preflight
from petition.core.database.connection import Connection
from petition.core.email_addresses import EmailAddress
from petition.core.errors import SettingsError
from petition.core.settings import Settings
from petition.core.tokens import Purpose
from petition.organisers import accounts, public_keys
from petition.organisers.accounts import Role
from petition.site import Site, open_site
from petition.web.app import DELIVER_VARIABLE

REQUEST_GRACE_SECONDS = 1.0
_DEMO = "demo"
_DEMO_ADDRESS = "organiser@example.org"


def run_server(settings: Settings, host: str, port: int, workers: int, *, deliver: bool) -> int:
    """Serves until stopped; the exit code.

    Raises SettingsError for what this machine may not do, DataError for a file of the campaign that cannot be used.
    """
    if workers > 1 and settings.database_url.startswith("sqlite"):
        raise SettingsError("SQLite takes one worker; several need PostgreSQL.")
    with ProcessPoolExecutor(1) as process:  # what composing every letter leaves in memory must not stay
        process.submit(_check_campaign, settings.campaign).result()
    asyncio.run(_prepare(settings))
    os.environ[DELIVER_VARIABLE] = "yes" if deliver else "no"
    _raise_file_limit()
    return _serve(_config(settings, host, port, workers))


def _check_campaign(campaign: Path | None) -> None:
    preflight.check_texts(Appeal(campaign))


def _config(settings: Settings, host: str, port: int, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        "petition.web.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,  # a log of visitors is a list of names
        log_config=None,  # nor is anything said but through our own log, see safe_logging
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        timeout_graceful_shutdown=20,
        lifespan="on",
        http=PatientProtocol,
    )


def _serve(config: uvicorn.Config) -> int:
    """As uvicorn.run does, but also over a socket that systemd holds for us, so that a restart refuses nobody."""
    server, inherited = uvicorn.Server(config), _inherited_socket()
    if config.workers > 1:
        Workers(config, sockets=[inherited or config.bind_socket()]).run()
        return 0
    server.run(sockets=[inherited] if inherited else None)
    return 0 if server.started else STARTUP_FAILURE


class Workers(Multiprocess):
    """One that does not come up, since the database is away at this moment, is started again while the others serve.

    uvicorn would end them all. What is wrong for good was found before the first of them was started.
    """

    def keep_subprocess_alive(self) -> None:
        """As always, and with a successor for each that did not come up."""
        if self.should_exit.is_set():
            return
        super().keep_subprocess_alive()
        self.should_exit.clear()
        for n, process in enumerate(self.processes):
            if process.exitcode == STARTUP_FAILURE:
                self.processes[n] = Process(self.config, self.sockets)
                self.processes[n].start()


class PatientProtocol(HttpToolsProtocol):
    """Told to stop, it gives a connection that has just been accepted a moment for its request to arrive."""

    def shutdown(self) -> None:
        """As always, but later for a connection that has brought nothing yet."""
        if getattr(self, "cycle", None) is None:  # as it is until a request has come
            self.loop.call_later(REQUEST_GRACE_SECONDS, super().shutdown)
        else:
            super().shutdown()


def _inherited_socket() -> socket.socket | None:
    """See sd_listen_fds(3): file descriptor 3, if the environment says that it is meant for this process."""
    ours = os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1"
    return socket.socket(fileno=3) if ours else None


def _raise_file_limit() -> None:
    """As many open connections as the machine allows: ten thousand idle ones must lock nobody out."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


async def _prepare(settings: Settings) -> None:
    async with open_site(settings, migrate=True) as site:
        await site.take_snapshot()
        await site.database.write(partial(public_keys.log_changes, recipients=settings.recipients))
        if settings.demo:
            secret = await site.database.write(partial(_demo_link, site=site))
            base = settings.base_url
            print(f"The site:          {base}/")
            print(f"Mail it “sent”:    {base}/dev/outbox")
            print(
                f"Organisers' login: {base}/organisers/login/{site.signer.make_token(Purpose.LOGIN, secret)}",
                flush=True,
            )


async def _demo_link(c: Connection, *, site: Site) -> str:
    """A login link for the demo organiser, who is made on the first start."""
    if all(row["nickname"] != _DEMO for row in await accounts.list_organisers(c)):
        email = EmailAddress(_DEMO_ADDRESS, _DEMO_ADDRESS)
        await accounts.add_organiser(c, site.server_keys, _DEMO, email, Role.ADMIN)
    return await accounts.make_login_link(c, _DEMO)
