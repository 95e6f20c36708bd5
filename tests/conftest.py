"""Fixtures for all tests: both real databases, a real SMTP server, a clock to set, a client for pages."""

import asyncio
import os
import pickle
import re
import secrets
import shutil
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import hypothesis
import pytest
from pyrage import x25519
from starlette.applications import Starlette

from petition.campaign import appeal
from petition.campaign.appeal import Appeal
from petition.core import clock, email_addresses, time_sync
from petition.core.database import database as db
from petition.core.database import migrations
from petition.core.database.database import Database
from petition.core.languages import LOCALE_FOLDER
from petition.core.log_keys import make_log_key
from petition.core.mistyped_domains import MistypedDomains
from petition.core.settings import Mode, Settings
from petition.mail import outbox
from petition.site import Site, open_site
from petition.tally import releases
from petition.web import prerender
from petition.web.app import create_app
from petition.web.desk import overview_figures
from petition.web.http import prerendered
from tests import long_tests, postgres, relay
from tests.relay import Relay

# Machines are shared: no test fails because one example took long.
hypothesis.settings.register_profile("shared machine", deadline=None)
hypothesis.settings.load_profile("shared machine")


if memory := postgres.memory():  # SQLite waits for the disk at each commit
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def pytest_addoption(parser: pytest.Parser) -> None:
    """--postgresql: only the tests that use a PostgreSQL server, to run them with another version."""
    parser.addoption("--postgresql", action="store_true", help="only the tests that need a PostgreSQL server")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what --postgresql does not ask for. The slow tests go first, so that none is left for the end."""
    long = long_tests.read()
    for item in items:
        if item.nodeid.partition("[")[0] in long:
            item.add_marker("long")
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, item.get_closest_marker("long") is None))
    if config.getoption("--postgresql"):
        items[:] = [item for item in items if _needs_postgresql(item)]


def _needs_postgresql(item: pytest.Item) -> bool:
    fixtures: set[str] = set(getattr(item, "fixturenames", ()))
    given = getattr(getattr(item, "callspec", None), "params", {})
    return "postgresql" in given.values() or bool(fixtures & {"postgresql_server", "postgresql_settings"})


# The languages that most tests need; the pages of all 27 languages take longer than the rest of a test.
FEW = {"en", "be", "pl"}


@pytest.fixture(autouse=True)
def _few_languages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site has FEW and the language of the test, those marked `speaks`, or all if marked `all_languages`."""
    few = FEW | {code for mark in request.node.iter_markers("speaks") for code in mark.args}
    few |= {getattr(request.node, "callspec", None) and request.node.callspec.params.get("lang")}
    if request.node.get_closest_marker("all_languages") is None:
        every = Appeal.languages
        monkeypatch.setattr(Appeal, "languages", lambda appeal: [c for c in every(appeal) if c not in SPOKEN - few])


@pytest.fixture(autouse=True, scope="session")
def _texts_parsed_once() -> Iterator[None]:
    """What a text says does not change from test to test: each is read once in a process, as are the email domains.

    Nor does what a page becomes when it is compressed.
    """
    loads = tomllib.loads
    parsed = lru_cache(maxsize=100)(lambda text: pickle.dumps(loads(text)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tomllib, "loads", lambda text: pickle.loads(parsed(text)))
        for name in ("render", "renderInline"):
            patch.setattr(appeal._MARKDOWN, name, lru_cache(maxsize=1000)(getattr(appeal._MARKDOWN, name)))
        patch.setattr(appeal._JINJA, "from_string", lru_cache(maxsize=1000)(appeal._JINJA.from_string))
        mistyped = lru_cache(maxsize=100)(MistypedDomains)
        patch.setattr(email_addresses, "MistypedDomains", lambda listed: mistyped(tuple(listed)))
        patch.setattr(prerender, "encode_body", lru_cache(maxsize=2000)(prerendered.encode_body))
        yield


@pytest.fixture(autouse=True)
def _no_mail_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Emails are due at once, except in the tests of their delays."""
    monkeypatch.setattr(outbox, "MAX_DELAY_SECONDS", 0)


@pytest.fixture(autouse=True)
def _no_doubtful_sources(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """To find them the overview writes all letters, which takes seconds: only in a test marked `doubtful_sources`."""
    if request.node.get_closest_marker("doubtful_sources") is None:
        monkeypatch.setattr(overview_figures, "_stale_ids", lambda _: frozenset())


@pytest.fixture(autouse=True)
def _time_first(request: pytest.FixtureRequest) -> None:
    """A test that stops the clock stops it before its site starts."""
    if "time" in request.fixturenames:
        request.getfixturevalue("time")


@pytest.fixture(autouse=True)
def _no_remainder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are rounded down to tens and no more, except in a test marked `secret_remainder`."""
    if request.node.get_closest_marker("secret_remainder") is None:
        monkeypatch.setattr(releases, "draw_remainder", lambda: 0)


SPOKEN = {folder.name for folder in LOCALE_FOLDER.iterdir() if folder.is_dir()}
MIDDAY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    """The clock of the code under test; it stops until the test moves it."""

    def __init__(self) -> None:
        self.moment = MIDDAY
        self.running = 0.0  # seconds; a test that sets `moment` makes the clock jump

    def seconds(self) -> float:
        """Seconds since 1970."""
        return self.moment.timestamp()

    def advance(self, **span: float) -> None:
        """advance(days=2), advance(minutes=1) …"""
        self.moment += timedelta(**span)
        self.running += timedelta(**span).total_seconds()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that the test moves. The signer of links has its own clock, which follows it."""
    stopped = Clock()
    monkeypatch.setattr(clock, "time_source", stopped.seconds)
    monkeypatch.setattr(clock, "running_source", lambda: stopped.running)
    monkeypatch.setattr("itsdangerous.timed.time.time", stopped.seconds)
    return stopped


@pytest.fixture
def right_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is synchronised, whatever that of the machine is."""
    monkeypatch.setattr(time_sync, "is_synchronised", lambda: True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL server with a migrated database `template_petition`."""
    with postgres.running() as url:
        with ThreadPoolExecutor(1) as apart:  # the test may already run an event loop
            apart.submit(asyncio.run, administer(url, "create database template_petition")).result()
            apart.submit(asyncio.run, _migrated(f"{url}/template_petition")).result()
        yield url


async def administer(url: str, statement: str) -> None:
    """Runs a statement as the server's owner."""
    connection = await asyncpg.connect(f"{url}/postgres")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "petition.db"
    with ThreadPoolExecutor(1) as apart:  # the test may already run an event loop
        apart.submit(asyncio.run, _migrated(f"sqlite:///{file}")).result()
    return file


async def _migrated(url: str) -> None:
    async with db.open_database(url, create=True) as database:
        await migrations.migrate(database, Mode.DEMO)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """An empty, migrated database of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "petition.db")
        yield f"sqlite:///{tmp_path / 'petition.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"test_{secrets.token_hex(6)}"
    await administer(server, f"create database {name} template template_petition")
    yield f"{server}/{name}"
    await administer(server, f"drop database {name} with (force)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'petition.db'}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with db.open_database(database_url) as found:
        yield found


@pytest.fixture
def smtp() -> Iterator[Relay]:
    with relay.running() as found:
        yield found


IDENTITY = x25519.Identity.generate()
LOG_KEY = make_log_key("demo.localhost/log")


@pytest.fixture
def settings(database_url: str, tmp_path: Path, smtp: Relay) -> Settings:
    """Demo settings over the test's own database, folder and relay."""
    return make_settings(database_url, tmp_path, smtp.url)


def make_settings(database_url: str, folder: Path, smtp_url: str = "", **other: Any) -> Settings:
    """Settings for a test; `other` replaces some of them."""
    made = Settings(
        mode=Mode.DEMO,
        database_url=database_url,
        base_url="http://127.0.0.1:8000",
        onion_url="",
        campaign=None,
        secret_keys=("test-secret-key-of-thirty-two-characters",),
        desk_keys=("test-desk-key-of-thirty-two-characters",),
        letters_key="test-letters-key-of-thirty-two-characters",
        log_keys=(),  # tests of the log have LOG_KEY
        timestamp_url="",
        email_key="test-email-key-of-thirty-two-characters",
        email_key_file=None,
        sealed_email_key=None,
        recipients=(str(IDENTITY.to_public()),),
        metrics_token="",
        bounce_token="",
        smtp_urls=(smtp_url,) if smtp_url else (),
        alerts_to="",
        mail_from="Links <links@example.org>",
        trusted_proxies=(),
        probe_email="",
        probe_maildir=None,
        sites=None,
        standby_url="",
        outbox_keys=folder / "outbox-keys",
        var=folder / "var",
    )
    return replace(made, **other)


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    """The site without its web."""
    async with open_site(settings) as found:
        yield found


@dataclass
class Visitor:
    """A person with a browser, who can also read the emails that arrive for them."""

    client: httpx2.AsyncClient
    app: Starlette
    smtp: Relay

    @property
    def site(self) -> Site:
        found: Site = self.app.state.site
        return found

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        """Opens a page, without following redirects."""
        return await self.client.get(path, **options)

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        """Sends a form as a browser on our own page does."""
        return await self.client.post(path, data=fields, headers={"Sec-Fetch-Site": "same-origin"})

    async def choose(self, path: str, action: str) -> httpx2.Response:
        """Presses a button at an emailed link, and opens the page that says what was done."""
        answer = await self.post(path, action=action)
        assert answer.status_code == 303
        return await self.get(path + answer.headers["location"])

    async def sign(self, email: str, country: str = "PL", lang: str = "en", **fields: str) -> httpx2.Response:
        """Sends the form with the consent ticked."""
        return await self.post(f"/{lang}/sign", email=email, country=country, consent="on", **fields)

    async def deliver(self) -> None:
        """Delivers every email in the outbox that is due."""
        deliverer = self.site.make_deliverer()
        try:
            while await deliverer.deliver_batch():
                pass
        finally:
            await deliverer._transport.close()  # with a relay in trouble nothing else does

    async def link(self, address: str, kind: str = "confirm", base: str = "http://127.0.0.1:8000") -> str:
        """The path of the link in the newest email to an address."""
        await self.deliver()
        text = relay.plain(self.smtp.to(address)[-1])
        found = re.findall(rf"{re.escape(base)}(/\S*/{kind}/\S+)", text)
        assert len(found) == 1, text
        return str(found[0])

    async def confirmed(self, email: str, country: str = "PL", lang: str = "en", **fields: str) -> str:
        """Signs, opens the email and presses the button. Returns the path of the link."""
        assert (await self.sign(email, country, lang, **fields)).status_code == 303
        path = await self.link(email)
        assert (await self.post(path)).status_code == 303
        return path

    async def published(self) -> dict[str, Any]:
        """Releases what is due and returns what /tally.json says."""
        await self.site.take_snapshot()
        await self.app.state.public_state.refresh()
        found: dict[str, Any] = (await self.get("/tally.json")).json()
        return found

    async def organiser(
        self, nickname: str = "marta", role: str = "admin", base: str = "http://127.0.0.1:8000"
    ) -> None:
        """Logs in as a new organiser with an emailed link."""
        await add_organiser(self.site, nickname, role)
        assert (await self.post("/organisers/login", email=f"{nickname}@example.org")).status_code == 200
        assert (await self.post(await self.link(f"{nickname}@example.org", "login", base))).status_code == 303


async def add_organiser(site: Site, nickname: str, role: str = "organiser") -> None:
    """Adds an organiser with the address NICKNAME@example.org."""
    from petition.organisers import accounts
    from petition.organisers.accounts import Role

    address = site.email_providers.parse(f"{nickname}@example.org")
    assert address is not None
    await site.database.write(
        lambda c: accounts.add_organiser(c, site.server_keys, nickname, address, Role[role.upper()])
    )


Visit = Callable[..., Any]


@asynccontextmanager
async def visiting(settings: Settings, smtp: Relay) -> AsyncIterator[Visitor]:
    """A visitor of a running application."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            yield Visitor(client, app, smtp)


@pytest.fixture
async def visitor(settings: Settings, smtp: Relay) -> AsyncIterator[Visitor]:
    async with visiting(settings, smtp) as found:
        yield found


@pytest.fixture
async def visit(smtp: Relay, settings: Settings) -> AsyncIterator[Visit]:
    """visit(campaign=folder): a visitor of a site with other settings over the same database."""
    async with AsyncExitStack() as stack:

        async def open_(**other: Any) -> Visitor:
            return await stack.enter_async_context(visiting(replace(settings, **other), smtp))

        yield open_


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"test_{secrets.token_hex(6)}"
    await administer(server, f"create database {name} template template0")
    yield f"{server}/{name}"
    await administer(server, f"drop database {name} with (force)")


@pytest.fixture
async def postgresql_settings(postgresql_server: str, tmp_path: Path, smtp: Relay) -> AsyncIterator[Settings]:
    """Settings over a migrated PostgreSQL, for tests of several servers."""
    name = f"test_{secrets.token_hex(6)}"
    await administer(postgresql_server, f"create database {name} template template_petition")
    yield make_settings(f"{postgresql_server}/{name}", tmp_path, smtp.url)
    await administer(postgresql_server, f"drop database {name} with (force)")
