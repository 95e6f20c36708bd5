"""Campaigns in one process, each with an inbox of its own; what is sent and answered is kept, to be compared."""

import asyncio
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from pyrage import x25519

from tests import ROOT, relay
from tests.chaos.reckoning import ask
from tests.conftest import administer
from tests.postgres import free_port
from tests.relay import Relay
from tests.shell import Shell, serving, wait_for
from tests.web import tools

HOSTS = {"alder": "localhost", "birch": "127.0.0.1", "cedar": "[::1]"}  # a demo answers to no other names


def write_settings(folder: Path, name: str, port: int, smtp_url: str = "", **more: str) -> dict[str, str]:
    """sites/NAME.env and what it says; an empty value leaves a line out."""
    values = {
        "PETITION_BASE_URL": f"http://{HOSTS.get(name)}:{port}",
        "PETITION_VAR": str(folder / "var" / name),
        "PETITION_SMTP_URL": smtp_url,
        "PETITION_METRICS_TOKEN": f"metrics-of-{name}-{secrets.token_hex(16)}",
        "PETITION_BOUNCE_TOKEN": secrets.token_hex(20),
        "PETITION_LETTERS_KEY": secrets.token_hex(20),
    } | more
    sites = folder / "sites"
    sites.mkdir(exist_ok=True)
    (sites / f"{name}.env").write_text("".join(f"{k}={v}\n" for k, v in values.items() if v))
    return values


def write_production(folder: Path, name: str, smtp_url: str, **more: str) -> dict[str, str]:
    """The same of a campaign in production, as https://NAME.example, with a text in one language."""
    campaign = folder / "campaigns" / name
    if not campaign.exists():
        campaign.parent.mkdir(exist_ok=True)
        tools.campaign(campaign, deadline="2090-01-01", destruction="2091-01-01")
        for text in ("appeal/en.md", "letters/en.md"):
            (campaign / text).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / "templates" / text, campaign / text)
        toml = campaign / "campaign.toml"
        toml.write_text(re.sub("^id = .*", f'id = "{name}"', toml.read_text("utf-8"), flags=re.M), "utf-8")
    values = {
        "PETITION_MODE": "production",
        "PETITION_BASE_URL": f"https://{name}.example",
        "PETITION_CAMPAIGN": str(campaign),
        "PETITION_DATABASE_URL": f"sqlite:///{folder}/var/{name}/petition.db",
        "PETITION_OUTBOX_KEYS": str(folder / "keys" / name),
        "PETITION_RECIPIENTS": str(x25519.Identity.generate().to_public()),
        "PETITION_MAIL_FROM": f"links@{name}.example",
    }
    keys = [f"PETITION_{key}_KEY" for key in ("SECRET", "EMAIL", "DESK")]
    return write_settings(folder, name, 0, smtp_url, **values | {key: secrets.token_hex(20) for key in keys} | more)


def shell_for(folder: Path) -> Shell:
    shell = Shell(folder, PETITION_SITES=str(folder / "sites"))
    del shell.environment["PETITION_VAR"]
    return shell


@dataclass
class Person:
    """A browser that knows one campaign, and the inbox to it."""

    name: str
    address: str
    settings: dict[str, str]
    smtp: Relay
    client: httpx2.Client
    shell: Shell
    answers: list[bytes] = field(default_factory=list)

    @property
    def base(self) -> str:
        return self.settings["PETITION_BASE_URL"]

    @property
    def is_demo(self) -> bool:
        return "PETITION_MODE" not in self.settings

    @property
    def var(self) -> Path:
        return Path(self.settings["PETITION_VAR"])

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc

    def ask(self, method: str, path: str, **options: object) -> httpx2.Response:
        headers = {"Host": self.host, "Sec-Fetch-Site": "same-origin"} | dict(options.pop("headers", {}))  # type: ignore[call-overload]  # of a test
        answer = self.client.request(method, self.address + path, headers=headers, **options)  # type: ignore[arg-type]  # as above
        self.answers.append(answer.content + repr(answer.headers.multi_items()).encode())
        return answer

    def link(self, email: str, kind: str = "confirm") -> str:
        wait_for(lambda: bool(self._links(email, kind)))
        return self._links(email, kind)[-1]

    def _links(self, email: str, kind: str) -> list[str]:
        pattern = rf"{re.escape(self.base)}(/\S*/{kind}/\S+)"
        return [link for mail in self.smtp.to(email) for link in re.findall(pattern, relay.plain(mail))]

    def sign(self, email: str, **fields: str) -> str:
        """The path of the emailed link."""
        data = {"email": email, "country": "PL", "consent": "on"} | fields
        assert self.ask("POST", "/en/sign", data=data).status_code == 303
        return self.link(email)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Of its database."""
        default = f"sqlite:///{self.var}/petition.db"
        return ask(self.settings.get("PETITION_DATABASE_URL", default), query)

    def values(self, query: str) -> list[str]:
        return [str(row["value"]) for row in self.rows(query)]

    def tables(self) -> set[str]:
        if "postgresql" in self.settings.get("PETITION_DATABASE_URL", ""):
            return set(self.values("select tablename as value from pg_tables where schemaname = 'public'"))
        return set(self.values("select name as value from sqlite_master where type = 'table'"))

    def confirmed(self) -> int:
        return int(self.rows("select count(*) as n from signatures")[0]["n"])


@contextmanager
def people(shell: Shell, settings: dict[str, dict[str, str]], relays: dict[str, Relay]) -> Iterator[dict[str, Person]]:
    """One for each campaign of a running `petition serve`."""
    with serving(shell) as (address, _), ExitStack() as stack:
        yield {
            name: Person(name, address, own, relays[name], stack.enter_context(httpx2.Client()), shell)
            for name, own in settings.items()
        }


@pytest.fixture(scope="module", params=["demo", pytest.param("production", marks=pytest.mark.slow)])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Person, Person]]:
    """Two demos on SQLite; or in production, each with a database of one PostgreSQL and an onion address."""
    folder, names = tmp_path_factory.mktemp("both"), ("alder", "birch")
    with ExitStack() as stack:
        relays = {name: stack.enter_context(relay.running()) for name in names}
        if request.param == "demo":
            port = free_port()
            settings = {name: write_settings(folder, name, port, smtp.url) for name, smtp in relays.items()}
        else:
            server = request.getfixturevalue("postgresql_server")
            settings = {name: _with_postgresql(folder, name, smtp.url, server) for name, smtp in relays.items()}
        found = stack.enter_context(people(shell_for(folder), settings, relays))
        yield found["alder"], found["birch"]


def _with_postgresql(folder: Path, name: str, smtp_url: str, server: str) -> dict[str, str]:
    database = f"{name}_{secrets.token_hex(4)}"
    asyncio.run(administer(server, f"create database {database}"))
    onion = f"http://{name * 11}d.onion"
    return write_production(
        folder, name, smtp_url, PETITION_DATABASE_URL=f"{server}/{database}", PETITION_ONION_URL=onion
    )
