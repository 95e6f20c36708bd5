"""Runs the web server: migrates, in demo mode prints the addresses, then starts uvicorn."""

import asyncio
import os
import resource
import socket
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from petition.campaign.appeal import Appeal
from petition.commands import preflight, unused_database, waiting
from petition.commands.doctor import postgresql
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
APP = "petition.web.app:from_environment"
_DEMO = "demo"
_DEMO_ADDRESS = "organiser@example.org"


def run_server(settings: Settings, host: str, port: int, workers: int, *, deliver: bool) -> int:
    """Serves until stopped; the exit code.

    Raises SettingsError for several workers on SQLite, PetitionError for a file or a database that cannot be used.
    """
    if workers > 1 and settings.database_url.startswith("sqlite"):
        raise SettingsError("SQLite takes one worker; several need PostgreSQL.")
    check_campaigns([settings])
    inherited = _inherited_socket()
    asyncio.run(_prepare_when_there(settings, workers + 1, partial(waiting.not_ready, host, port, inherited)))
    return serve(settings, host, port, workers, deliver=deliver, inherited=inherited)


def check_campaigns(several: Iterable[Settings]) -> None:
    """Raises PetitionError for a text that cannot be used."""
    with ProcessPoolExecutor(1) as process:  # composing every letter takes memory, which ends with this process
        for settings in several:
            process.submit(_check_campaign, settings.campaign).result()


def serve(
    settings: Settings,
    host: str,
    port: int,
    workers: int,
    *,
    deliver: bool,
    app: str = APP,
    inherited: socket.socket | None = None,
) -> int:
    """Serves until stopped, and what uvicorn must know comes from `settings`; the exit code."""
    os.environ[DELIVER_VARIABLE] = "yes" if deliver else "no"
    _raise_file_limit()
    return _serve(_config(settings, host, port, workers, app), inherited or _inherited_socket())


def _check_campaign(campaign: Path | None) -> None:
    preflight.check_texts(Appeal(campaign))


def _config(settings: Settings, host: str, port: int, workers: int, app: str = APP) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,  # a log of visitors is a list of names
        log_config=None,  # only core/safe_logging writes logs
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies),
        timeout_graceful_shutdown=20,
        lifespan="on",
        http=PatientProtocol,
    )


def _serve(config: uvicorn.Config, inherited: socket.socket | None) -> int:
    """As uvicorn.run(), but also on a socket that systemd holds, so that no connection is refused during a restart."""
    server = uvicorn.Server(config)
    if config.workers > 1:
        Workers(config, sockets=[inherited or config.bind_socket()]).run()
        return 0
    server.run(sockets=[inherited] if inherited else None)
    return 0 if server.started else STARTUP_FAILURE


class Workers(Multiprocess):
    """Starts a worker again if it fails to start, for instance without the database, while the others serve.

    uvicorn would stop them all. Lasting errors were found before the first worker was started.
    """

    def keep_subprocess_alive(self) -> None:
        if self.should_exit.is_set():
            return
        super().keep_subprocess_alive()
        self.should_exit.clear()
        for n, process in enumerate(self.processes):
            if process.exitcode == STARTUP_FAILURE:
                self.processes[n] = Process(self.config, self.sockets)
                self.processes[n].start()


class PatientProtocol(HttpToolsProtocol):
    """When the server stops, a connection that was just accepted gets a moment for its request to arrive."""

    def shutdown(self) -> None:
        if getattr(self, "cycle", None) is None:  # no request has come yet
            self.loop.call_later(REQUEST_GRACE_SECONDS, super().shutdown)
        else:
            super().shutdown()


def _inherited_socket() -> socket.socket | None:
    """File descriptor 3, if systemd says that it is for this process: see sd_listen_fds(3)."""
    ours = os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1"
    return socket.socket(fileno=3) if ours else None


def _raise_file_limit() -> None:
    """As many open connections as the machine allows: 10,000 idle ones must not block visitors."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


async def _prepare_when_there(settings: Settings, processes: int, answering: waiting.Answering) -> None:
    await waiting.await_database(settings.database_url, answering)
    await prepare(settings, processes)


async def prepare(settings: Settings, processes: int) -> None:
    """`processes`: of this machine that open the database, with one for a command or a deliverer."""
    async with open_site(settings, migrate=True) as site:
        if sentence := await unused_database.find_unused(settings, site.database):
            print(f"Warning: {sentence}.", file=sys.stderr, flush=True)
        if sentence := await postgresql.say_shortage(site.database, processes):
            print(f"Warning: {sentence}", file=sys.stderr, flush=True)
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
    """The secret of a login link for the demo organiser, who is added on the first start."""
    if all(row["nickname"] != _DEMO for row in await accounts.list_organisers(c)):
        email = EmailAddress(_DEMO_ADDRESS, _DEMO_ADDRESS)
        await accounts.add_organiser(c, site.server_keys, _DEMO, email, Role.ADMIN)
    return await accounts.make_login_link(c, site.server_keys, _DEMO)
