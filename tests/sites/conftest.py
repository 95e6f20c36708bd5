"""Campaigns in one process, each with an inbox of its own; what is sent and answered is kept, to be compared."""

import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests import relay
from tests.postgres import free_port
from tests.relay import Relay
from tests.shell import Shell, serving, wait_for

HOSTS = {"alder": "localhost", "birch": "127.0.0.1", "cedar": "[::1]"}  # a demo answers to no other names


def write_settings(folder: Path, name: str, port: int, smtp_url: str = "", **more: str) -> dict[str, str]:
    """sites/NAME.env and what it says; an empty value leaves a line out."""
    values = {
        "PETITION_BASE_URL": f"http://{HOSTS[name]}:{port}",
        "PETITION_VAR": str(folder / "var" / name),
        "PETITION_SMTP_URL": smtp_url,
        "PETITION_METRICS_TOKEN": f"metrics-of-{name}-{secrets.token_hex(16)}",
        "PETITION_LETTERS_KEY": secrets.token_hex(20),
    } | more
    sites = folder / "sites"
    sites.mkdir(exist_ok=True)
    (sites / f"{name}.env").write_text("".join(f"{k}={v}\n" for k, v in values.items() if v))
    return values


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
    answers: list[bytes] = field(default_factory=list)

    @property
    def host(self) -> str:
        return urlsplit(self.settings["PETITION_BASE_URL"]).netloc

    def ask(self, method: str, path: str, **options: object) -> httpx2.Response:
        headers = {"Host": self.host, "Sec-Fetch-Site": "same-origin"} | dict(options.pop("headers", {}))  # type: ignore[call-overload]  # of a test
        answer = self.client.request(method, self.address + path, headers=headers, **options)  # type: ignore[arg-type]  # as above
        self.answers.append(answer.content + repr(answer.headers.multi_items()).encode())
        return answer

    def link(self, email: str, kind: str = "confirm") -> str:
        wait_for(lambda: bool(self._links(email, kind)))
        return self._links(email, kind)[-1]

    def _links(self, email: str, kind: str) -> list[str]:
        pattern = rf"http://{re.escape(self.host)}(/\S*/{kind}/\S+)"
        return [link for mail in self.smtp.to(email) for link in re.findall(pattern, relay.plain(mail))]

    def sign(self, email: str, **fields: str) -> str:
        """The path of the emailed link."""
        data = {"email": email, "country": "PL", "consent": "on"} | fields
        assert self.ask("POST", "/en/sign", data=data).status_code == 303
        return self.link(email)

    def confirmed(self) -> int:
        with sqlite3.connect(Path(self.settings["PETITION_VAR"]) / "petition.db") as database:
            return int(database.execute("select count(*) from signatures").fetchone()[0])


@contextmanager
def people(folder: Path, names: tuple[str, ...]) -> Iterator[dict[str, Person]]:
    """One for each campaign of a running `petition serve`."""
    with ExitStack() as stack:
        relays = {name: stack.enter_context(relay.running()) for name in names}
        port = free_port()
        settings = {name: write_settings(folder, name, port, relays[name].url) for name in names}
        address, _ = stack.enter_context(serving(shell_for(folder)))
        yield {
            name: Person(name, address, settings[name], relays[name], stack.enter_context(httpx2.Client()))
            for name in names
        }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("both")


@pytest.fixture(scope="module")
def both(folder: Path) -> Iterator[tuple[Person, Person]]:
    with people(folder, ("alder", "birch")) as found:
        yield found["alder"], found["birch"]
