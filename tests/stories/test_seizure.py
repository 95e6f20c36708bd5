"""Nothing to seize: a thousand people sign; then every byte is searched for them, and every ciphertext is tried."""

import asyncio
import json
import logging
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from random import Random

import httpx2
import pytest
import uvicorn
from pyrage import x25519

from petition.commands import server
from petition.core import settings as settings_
from petition.core.settings import Settings
from petition.retention import backup
from petition.site import Site
from petition.site import open_site as site_opened
from petition.web.app import create_app
from tests import postgres
from tests.adversary.joins import copy_tables, find_joins, log_line
from tests.conftest import Clock, Visitor
from tests.mail.delivering import until
from tests.postgres import Server
from tests.relay import Relay, plain
from tests.stories import seizing
from tests.stories.seizing import FATES, Person
from tests.web.tools import campaign

pytestmark = pytest.mark.slow
PEOPLE = 1000
STUCK, UNREAD = 30, 30  # people whose email the relay does not accept; people who have not pressed the button yet
BASE = "https://petition.example"
# The settings that the handbook asks of the operator's PostgreSQL.
DEMANDED = ("-c", "wal_recycle=off", "-c", "archive_mode=off")
LOGGED = ("-c", "logging_collector=on", "-c", "log_statement=none")
RECIPIENTS = [x25519.Identity.generate() for _ in range(2)]


class Theatre:
    """The server, its disk, the people, and a reader who has copied every ciphertext that was ever written."""

    def __init__(self, visitor: Visitor, folder: Path, server: Server | None, smtp: Relay) -> None:
        self.visitor, self.folder, self.server, self.smtp = visitor, folder, server, smtp
        self.disk = [folder, server.data] if server else [folder]
        self.seen: dict[str, set[str]] = {"mail": set(), "name": set(), "contact": set()}
        self._read = 0
        self._links: dict[str, list[str]] = {}

    @property
    def site(self) -> Site:
        """The site on this machine."""
        return self.visitor.site

    async def watch(self) -> None:
        """Copies the ciphertexts that are there now."""
        async with self.site.database.reading() as c:
            for kind, sql in (
                ("mail", "select encrypted as text from outbox"),
                ("name", "select name as text from submissions where name is not null"),
                ("contact", "select sealed as text from submissions where sealed is not null and sealed <> ''"),
                ("contact", "select sealed as text from contacts"),
            ):
                self.seen[kind] |= {row["text"] for row in await c.execute(sql)}

    async def deliver(self) -> None:
        """Delivers all emails that are due."""
        await self.watch()
        await self.visitor.deliver()
        for mail in self.smtp.mails[self._read :]:
            self._links.setdefault(str(mail["To"]), []).append(plain(mail))
        self._read = len(self.smtp.mails)

    def link(self, person: Person, kind: str) -> str:
        """The path of a link in the newest email to a person."""
        (found,) = re.findall(rf"{BASE}(/\S*/{kind}/\S+)", self._links[person.exact][-1])
        return str(found)

    async def sign(self, person: Person, name: str, email: str = "") -> None:
        """Fills in the form."""
        fields = {"named": "on", "name": name} if person.fate in NAMED else {}
        updates = {"updates": "on"} if person.fate in NEWS else {}
        email = email or person.typed
        answer = await self.visitor.sign(email, "LT", sure=email.lower(), **fields, **updates)
        assert answer.status_code == 303, (answer.status_code, email, answer.text)

    async def press(self, person: Person, kind: str = "confirm", action: str = "") -> None:
        """Opens the newest email and presses the button."""
        answer = await self.visitor.post(self.link(person, kind), **({"action": action} if action else {}))
        assert answer.status_code == (200 if kind != "confirm" and action in ("", "show") else 303), answer.text

    async def night(self, nights: int, time: Clock) -> None:
        """Lets days pass, with a pruning each."""
        for _ in range(nights):
            await self.watch()
            time.advance(days=1)
            await self.site.prune()
            await self.watch()


NAMED = ("named", "unnamed", "withdrawn", "changed", "silent", "stuck", "unread")
NEWS = ("news", "withdrawn", "erased", "quiet", "silent")


@pytest.fixture(params=["sqlite", "postgresql"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Server | None]]:
    """The URL of an empty database, and its PostgreSQL server if it has one."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'disk' / 'data' / 'petition.db'}", None
        return
    with postgres.server(*DEMANDED, *LOGGED) as made:
        yield f"{made.url}/postgres", made


@pytest.fixture
async def theatre(
    machine: tuple[str, Server | None], tmp_path: Path, smtp: Relay, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Theatre]:
    """The site in production, over real HTTP, with all possible logs on its disk."""
    disk = tmp_path / "disk"
    for name in ("keys", "secrets", "tmp", "log", "backups"):
        (disk / name).mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(disk / "tmp"))
    given = settings_.from_environment(_environment(machine[0], disk, smtp, campaign(tmp_path / "campaign")))
    async with site_opened(given, migrate=True):
        pass
    with _logging(disk / "log"):
        async with _served(given) as visitor:
            visitor.smtp = smtp
            yield Theatre(visitor, disk, machine[1], smtp)


def _environment(url: str, disk: Path, smtp: Relay, texts: Path) -> dict[str, str]:
    for name in ("SECRET_KEY", "EMAIL_KEY", "DESK_KEY"):
        (disk / "secrets" / name).write_text(f"the {name} of a server that is going to be seized")
    return {
        "PETITION_MODE": "production",
        "PETITION_DATABASE_URL": url,
        "PETITION_BASE_URL": BASE,
        "PETITION_CAMPAIGN": str(texts),
        "PETITION_SECRET_KEY_FILE": str(disk / "secrets" / "SECRET_KEY"),
        "PETITION_DESK_KEY_FILE": str(disk / "secrets" / "DESK_KEY"),
        "PETITION_EMAIL_KEY_FILE": str(disk / "secrets" / "EMAIL_KEY"),
        "PETITION_RECIPIENTS": ",".join(str(identity.to_public()) for identity in RECIPIENTS),
        "PETITION_OUTBOX_KEYS": str(disk / "keys"),
        "PETITION_SMTP_URL": smtp.url,
        "PETITION_MAIL_FROM": "links@example.org",
        "PETITION_VAR": str(disk / "var"),
    }


@contextmanager
def _logging(folder: Path) -> Iterator[None]:
    """Sends each log record of the server to a file. The relay and the visitors are other machines."""
    handler = logging.FileHandler(folder / "log")
    handler.addFilter(lambda record: not record.name.startswith(("mail.", "httpx2", "httpcore2")))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


@asynccontextmanager
async def _served(given: Settings) -> AsyncIterator[Visitor]:
    """The application under uvicorn as `petition serve` starts it, in this process, whose clock the test can set."""
    port = postgres.free_port()
    app, config = create_app(given), server._config(given, "127.0.0.1", port, 1)
    config.app, config.factory = app, False
    web = uvicorn.Server(config)
    running = asyncio.create_task(web._serve())
    await until(lambda: web.started)
    # A connection for each request: under load the server may close an idle one in the moment it is used again.
    fresh = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120, limits=fresh) as client:
        yield Visitor(client, app, Relay())
    web.should_exit = True
    await running


async def all_of(people: list[Person], act: Callable[[Person], Awaitable[None]]) -> None:
    """Acts for all people, forty at a time."""
    for n in range(0, len(people), 40):
        await asyncio.gather(*[act(person) for person in people[n : n + 40]])


def of(people: list[Person], *fates: str) -> list[Person]:
    """The people with one of these fates."""
    return [person for person in people if person.fate in fates]


async def lives(theatre: Theatre, people: list[Person], time: Clock) -> None:
    """Everybody signs, and acts according to their fate."""
    await all_of(people, lambda p: theatre.sign(p, p.name))
    await theatre.deliver()
    await all_of([p for p in people if p.fate != "silent"], theatre.press)
    await theatre.watch()
    await backup.write_backup(theatre.site.database, theatre.site.settings, theatre.folder / "backups" / "first")
    await theatre.night(1, time)
    await all_of(of(people, "changed"), lambda p: theatre.sign(p, p.second))
    await all_of(of(people, "twice"), lambda p: theatre.sign(p, p.name, p.exact.upper()))
    asking = of(people, "unnamed", "withdrawn", "quiet")
    await all_of(asking, lambda p: _posted(theatre.visitor.post("/en/manage", email=p.typed)))
    await theatre.deliver()
    await all_of(of(people, "changed"), theatre.press)
    for fate, action in (("unnamed", "unname"), ("withdrawn", "withdraw"), ("quiet", "stop_updates")):
        await all_of(of(people, fate), partial(theatre.press, kind="manage", action=action))
    await all_of(of(people, "erased"), partial(theatre.press, kind="never-write", action="withdraw_never"))


async def _posted(answer: Awaitable[httpx2.Response]) -> None:
    assert (await answer).status_code == 303


async def test_what_a_seizer_finds_and_opens(theatre: Theatre, time: Clock, tmp_path: Path) -> None:
    random = Random(20261122)
    people = seizing.crowd(random, [FATES[n % len(FATES)] for n in range(PEOPLE - STUCK - UNREAD)])
    await lives(theatre, people, time)
    await theatre.night(16, time)
    (theatre.folder / "backups" / "first").unlink()  # after seven days
    unread = seizing.crowd(random, ["unread"] * UNREAD)
    await all_of(unread, lambda p: theatre.sign(p, p.name))
    await theatre.deliver()
    stuck = seizing.crowd(random, ["stuck"] * STUCK)
    theatre.smtp.rcpt = lambda _: "451 4.3.0 later"
    await all_of(stuck, lambda p: theatre.sign(p, p.name))
    await theatre.deliver()
    await theatre.night(3, time)
    await backup.write_backup(theatre.site.database, theatre.site.settings, theatre.folder / "backups" / "last")

    everybody = people + unread + stuck
    await _nothing_lies_open(theatre, everybody, tmp_path)
    await _no_mail_log_leads_to_a_row(theatre)
    await _only_what_must_opens(theatre, stuck)


async def _nothing_lies_open(theatre: Theatre, people: list[Person], tmp_path: Path) -> None:
    printed = [person.printed for person in people if person.printed]
    traces = {trace for person in people for trace in person.traces()}
    with seizing.frozen(theatre.server):
        found = await asyncio.to_thread(seizing.search, theatre.disk, traces, tmp_path)
        allowed = await asyncio.to_thread(seizing.search, theatre.disk, printed, tmp_path)
    places = dict(Counter(Path(file).name for file, _ in found.hits))
    _tell(theatre, f"{len(people)} people, {len(traces)} texts, {found.searched} bytes searched, hits: {places or 0}")
    assert {text for _, text in allowed.hits} == set(printed), "names to be printed are there: the search does find"
    assert found.hits == []


async def _no_mail_log_leads_to_a_row(theatre: Theatre) -> None:
    """The seizer also has the logs of all mail servers: recipient and Message-ID of every email that ever left."""
    tables = await copy_tables(theatre.site.database)
    lines = [log_line(mail) for mail in theatre.smtp.mails]
    found = await asyncio.to_thread(find_joins, lines, tables, quick=True)
    _tell(theatre, f"{len(lines)} emails in logs joined with {sum(map(len, tables.values()))} rows: {found or 0} joins")
    assert len(lines) > PEOPLE
    assert found == set()


async def _only_what_must_opens(theatre: Theatre, stuck: list[Person]) -> None:
    """Tries every file that could be a key, every secret, and every link secret that these open."""
    secrets = [file.read_text() for file in (theatre.folder / "secrets").iterdir()]
    keys = await asyncio.to_thread(seizing.keys_on, theatre.disk, secrets)
    mails = [text for sealed in sorted(theatre.seen["mail"]) if (text := seizing.opened(sealed, keys))]
    link_secrets = {json.loads(text)[1] for text in mails}
    keys += [key for link in link_secrets for secret in secrets for key in seizing.name_keys(secret, link)]
    names = {text for hidden in theatre.seen["name"] if (text := seizing.opened(hidden, keys))}
    contacts = {text for sealed in theatre.seen["contact"] if (text := seizing.opened(sealed, keys))}
    tried = {kind: len(texts) for kind, texts in theatre.seen.items()}
    _tell(theatre, f"{sum(tried.values())} ciphertexts tried {tried} with {len(keys)} keys")
    _tell(
        theatre,
        f"opened: {len(set(mails))} mails that wait, {len(names)} names in their forms, {len(contacts)} contacts",
    )
    assert {json.loads(text)[0] for text in mails} == {person.exact for person in stuck}
    assert names == {person.name for person in stuck}
    assert contacts == set()


def _tell(theatre: Theatre, figures: str) -> None:
    """Prints figures: `pytest -rP` shows them and docs/threat-model.md quotes them."""
    sys.stdout.write(f"{theatre.site.database.dialect}: {figures}\n")


def test_the_search_finds_whatever_is_there(tmp_path: Path) -> None:
    (person,) = seizing.crowd(Random(7), ["plain"])
    for n, form in enumerate(sorted({form for trace in person.traces() for form in seizing.written(trace)})):
        disk = tmp_path / "disk" / str(n)
        disk.mkdir(parents=True)
        (disk / "file").write_bytes(b"\0\xff\n before " + form + b" behind \n\0")
    found = seizing.search([tmp_path / "disk"], person.traces(), tmp_path)
    assert {Path(file).parent.name for file, _ in found.hits} == {str(m) for m in range(n + 1)}
