"""When something breaks: a page for the person, the place of the error in the log, nothing personal anywhere."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx2
import jinja2
import pytest
from starlette.types import Message, Receive, Scope, Send

from petition.core.background import repeat
from petition.core.database import writer
from petition.signing import submissions
from petition.web.http.errors import ErrorPages
from tests.conftest import Clock, Visit, Visitor
from tests.web.http.test_pages import private, whole
from tests.web.tools import Html, all_rows, campaign, in_each_language, on_sqlite, run_background_jobs

QUOTED = "550 no such user <anna@example.net> Anna Nowak"


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def broken(answer: httpx2.Response, status: int, lang: str = "en") -> None:
    """Asserts a page of ours in the visitor's language, without a word about the error inside."""
    assert answer.status_code == status
    private(answer)
    page = whole(answer, lang)
    assert not [
        word for word in ("Traceback", "Error", ".py", "anna", "Nowak", "sqlite", "select") if word in page.text
    ]


def discreet(caplog: pytest.LogCaptureFixture) -> None:
    """Asserts that the log reports an error, and names nobody. (The tests' own SMTP server and client log too.)"""
    records = [record for record in caplog.records if record.name not in ("mail.log", "httpx2")]
    assert [record for record in records if record.levelno >= logging.WARNING]
    assert not [record for record in records if record.exc_info]
    logged = " ".join(record.getMessage() for record in records)
    assert not [word for word in ("anna", "Nowak", "example.net", "Traceback") if word in logged]


@in_each_language
async def test_a_broken_handler_is_a_page(
    lang: str, time: Clock, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)

    async def sign(*_: object) -> list[Exception | None]:
        raise RuntimeError(QUOTED)

    good = submissions.sign
    monkeypatch.setattr(submissions, "sign", replace(good, run=sign))
    broken(await visitor.sign("anna@example.net", lang=lang, named="on", name="Anna Nowak"), 500, lang)
    discreet(caplog)
    assert "RuntimeError at test_errors.py:" in caplog.text
    assert await all_rows(visitor.site) == before
    monkeypatch.setattr(submissions, "sign", good)
    assert (await visitor.sign("anna@example.net")).status_code == 303, "the writer lives on"


@on_sqlite
async def test_a_broken_template_is_a_page(visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    env = visitor.site.languages["en"].jinja
    env.cache = {}
    inbox = jinja2.DictLoader({"web/public/signing/check_inbox.html": "{{ nothing.of_the_kind }}"})
    env.loader, good = jinja2.ChoiceLoader([inbox, env.loader or inbox]), env.loader
    broken(await visitor.get("/en/check-inbox"), 500)
    discreet(caplog)

    env.loader, env.cache = jinja2.DictLoader({}), {}  # now the error page is broken too
    answer = await visitor.get("/en/check-inbox")
    assert answer.status_code == 500
    assert Html(answer.text).text == "Error Something went wrong on our side."
    env.loader, env.cache = good, {}
    assert (await visitor.get("/en/check-inbox")).status_code == 200


@asynccontextmanager
async def away(url: str) -> AsyncIterator[None]:
    """The database cannot be reached for a while."""
    if url.startswith("sqlite"):
        with _file_away(Path(url.removeprefix("sqlite:///"))):
            yield
        return
    server, _, name = url.rpartition("/")
    await _rename(server, name, f"{name}_moved")
    yield
    await _rename(server, f"{name}_moved", name)


@contextmanager
def _file_away(file: Path) -> Iterator[None]:
    """Always keeps a file at the path: without one, SQLite would make a new one."""
    kept, nowhere = file.with_name("kept"), file.with_name("nowhere")
    kept.hardlink_to(file)
    nowhere.symlink_to("no-such-folder/petition.db")
    nowhere.replace(file)
    yield
    kept.replace(file)


async def _rename(server: str, old: str, new: str) -> None:
    connection = await asyncpg.connect(f"{server}/postgres")
    while True:
        await connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", old)
        with suppress(asyncpg.ObjectInUseError):  # a client has connected again between the two
            await connection.execute(f'alter database "{old}" rename to "{new}"')
            break
    await connection.close()


async def test_a_database_that_is_away_is_a_page(
    database_url: str, time: Clock, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    await visitor.sign("anna@example.net")
    link = await visitor.link("anna@example.net")
    assert (await visitor.get("/en/")).status_code == 200
    async with away(database_url):
        answer = await visitor.get(link)
        assert int(answer.headers["retry-after"]) > 0
        broken(answer, 503)
        assert (await visitor.get("/readyz")).status_code == 503
        assert (await visitor.get("/healthz")).status_code == 200
        await visitor.app.state.public_state.refresh()
        for path in ("/en/", "/en/governments", "/en/thanks?country=PL", "/tally.json", "/history.csv"):
            assert (await visitor.get(path)).status_code == 200, "public pages live on"
    discreet(caplog)
    visitor.app.state.readiness.expire()
    assert (await visitor.get("/readyz")).status_code == 200
    assert (await visitor.get(link)).status_code == 200


async def test_a_database_that_is_away_from_the_start(
    database_url: str, time: Clock, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    with suppress(Exception):  # the connection that the start has left open would still reach the file
        await visitor.site.database.write(lambda c: c._raw.close())
    async with away(database_url):
        answer = await visitor.sign("anna@example.net")
        broken(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
    discreet(caplog)
    answers = [await visitor.sign("anna@example.net") for _ in range(2)]  # the first may still use the old connection
    assert answers[-1].status_code == 303


@on_sqlite
async def test_a_database_that_is_too_busy_asks_to_come_back_soon(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 0)
    answers = await asyncio.gather(*[visitor.sign("anna@example.net") for _ in range(5)])
    for answer in [*answers, await visitor.post("/en/manage", email="anna@example.net")]:
        broken(answer, 503)
        assert answer.headers["retry-after"] == "5"
    discreet(caplog)


@on_sqlite
async def test_a_server_that_is_shutting_down_takes_nothing_more(visitor: Visitor) -> None:
    await visitor.site.database.writer.close()
    broken(await visitor.sign("anna@example.net"), 503)


@on_sqlite
async def test_what_cannot_be_at_the_desk_is_explained(time: Clock, visit: Visit, tmp_path: Path) -> None:
    visitor: Visitor = await visit(campaign=campaign(tmp_path / "campaign", archived="2026-11-22"))
    await visitor.organiser()
    for path in ("/organisers/letters/PL.pdf", "/organisers/letters.zip"):
        answer = await visitor.get(path)
        broken(answer, 409)
        assert "on our side" not in answer.text
    assert (await visitor.get("/organisers/letters/XX.pdf")).status_code == 404


async def test_what_runs_beside_the_requests_outlives_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    turns = asyncio.Semaphore(0)

    async def act() -> None:
        turns.release()
        raise RuntimeError(QUOTED)

    stopping = asyncio.Event()
    task = asyncio.create_task(repeat(0.001, act, stopping))
    for _ in range(3):
        await turns.acquire()
    stopping.set()
    await task
    discreet(caplog)


async def test_an_answer_that_breaks_half_way_is_not_begun_again(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Message] = []

    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError(QUOTED)

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await ErrorPages(breaking)({"type": "http", "path": "/", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]
    discreet(caplog)
