"""After any error and at any log level, the log names nobody. No process writes its memory to the disk."""

import asyncio
import gc
import io
import logging
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import jinja2
import pytest

from petition.core import safe_logging
from petition.core.database.connection import Connection
from petition.core.errors import DatabaseError
from petition.signing import submissions
from tests import ROOT
from tests.chaos.machines import Machine
from tests.conftest import Visitor
from tests.mail.delivering import until
from tests.postgres import children
from tests.relay import Relay
from tests.shell import Shell, serving

ADDRESS, NAME = "anna.quispel@example.net", "Anna Zorro"
QUOTED = f"what was typed: {ADDRESS}, {NAME}"
_OTHER_MACHINES = ("mail.", "httpx2", "httpcore2")  # the relay, the visitor's browser


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that our processes would log at the lowest level."""
    said, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(said), root.level
    handler.setFormatter(safe_logging.RedactingFormatter(safe_logging.LOG_FORMAT))
    handler.addFilter(lambda record: not record.name.startswith(_OTHER_MACHINES))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield said
    root.setLevel(level)
    root.removeHandler(handler)


async def _relay_refuses(visitor: Visitor, _: pytest.MonkeyPatch) -> None:
    visitor.smtp.rcpt = lambda _: f"550 5.1.1 <{ADDRESS}> is unknown here"
    await visitor.deliver()


async def _relay_delays(visitor: Visitor, _: pytest.MonkeyPatch) -> None:
    visitor.smtp.data = lambda _: f"451 4.7.1 not now for <{ADDRESS}>"
    await visitor.deliver()


async def _mail_cannot_be_written(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    env = visitor.site.languages["en"].jinja
    env.cache = {}
    broken = jinja2.DictLoader({"mail/confirm/subject.txt": "{{ link.of.no.kind(0) }}"})
    monkeypatch.setattr(env, "loader", jinja2.ChoiceLoader([broken, env.loader or broken]))
    await visitor.deliver()


async def _driver_quotes_its_values(visitor: Visitor, _: pytest.MonkeyPatch) -> None:
    async def put(c: Connection) -> None:
        sql = "insert into site_state (name, value) values (:name, :value)"
        await c.execute(sql, {"name": ADDRESS, "value": NAME})

    await visitor.site.database.write(put)
    with pytest.raises(DatabaseError) as caught:
        await visitor.site.database.write(put)
    logging.getLogger("test").error("%s", caught.value, exc_info=caught.value)


async def _table_is_gone(visitor: Visitor, _: pytest.MonkeyPatch) -> None:
    await visitor.site.database.write(lambda c: c.execute("drop table submissions"))
    assert (await visitor.sign(ADDRESS, named="on", name=NAME)).status_code == 503


async def _handler_has_a_bug(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    async def bug(*_: object, **__: object) -> None:
        raise RuntimeError(QUOTED)

    link = await visitor.link(ADDRESS)
    monkeypatch.setattr(submissions, "get_submission", bug)
    assert (await visitor.get(link)).status_code == 500


async def _task_is_forgotten(_: Visitor, __: pytest.MonkeyPatch) -> None:
    async def bug(address: str) -> None:
        raise RuntimeError(f"{QUOTED} {address}")

    task = asyncio.create_task(bug(ADDRESS))
    await until(task.done)
    del task
    gc.collect()


async def _library_logs_it(_: Visitor, __: pytest.MonkeyPatch) -> None:
    logging.getLogger("test").error("a library says", exc_info=RuntimeError(QUOTED))


LAYERS = (
    _relay_refuses,
    _relay_delays,
    _mail_cannot_be_written,
    _driver_quotes_its_values,
    _table_is_gone,
    _handler_has_a_bug,
    _task_is_forgotten,
    _library_logs_it,
)


@pytest.mark.parametrize("layer", LAYERS)
async def test_an_error_in_any_layer_tells_of_nobody(
    layer: Callable[[Visitor, pytest.MonkeyPatch], Awaitable[None]],
    visitor: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    assert (await visitor.sign(ADDRESS, named="on", name=NAME)).status_code == 303
    await layer(visitor, monkeypatch)
    said = log.getvalue()
    assert layer is _relay_refuses or re.search("^(WARNING|ERROR) ", said, re.M), "a refusal is counted, not logged"
    told = [word for word in ("quispel", "Zorro", "what was typed", "Traceback") if word in said]
    assert told == [], said
    await visitor.deliver()
    tokens = {token for mail in visitor.smtp.mails for token in re.findall(r"/confirm/(\S{20})", str(mail))}
    assert [token for token in tokens if token in said] == []


def test_whoever_asks_drivers_alone_is_told_no_values_either() -> None:
    assert not logging.getLogger("aiosqlite").isEnabledFor(logging.INFO)
    assert not logging.getLogger("databases").isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    "how",
    [
        "raise RuntimeError({q!r})",
        "import threading; threading.Thread(target=lambda: int({q!r})).start()",
        "class Gone:\n    def __del__(self): int({q!r})\ndel Gone",
        "import logging; logging.exception('a library says', exc_info=ValueError({q!r}))",
    ],
)
def test_an_error_nobody_handles_tells_its_kind_and_place(how: str) -> None:
    code = f"from petition.core import safe_logging\nsafe_logging.install()\n{how.format(q=QUOTED)}\n"
    if "__del__" in how:
        code = code.replace("del Gone", "Gone()")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Error" in done.stderr
    assert "quispel" not in done.stderr
    assert "Traceback" not in done.stderr


def _dumps(process: int) -> bool:
    """Whether a process would write a core dump: reads its limits in /proc."""
    limits = Path(f"/proc/{process}/limits").read_text("utf-8")
    return re.search(r"^Max core file size\s+0\s+0\s", limits, re.M) is None


def test_a_server_leaves_no_core(tmp_path: Path) -> None:
    with serving(Shell(tmp_path)) as (_, server):
        assert not _dumps(server.pid)


def test_neither_do_its_workers(tmp_path: Path, postgresql_server: str, empty_database_url: str) -> None:
    if empty_database_url.startswith("sqlite"):
        return
    shell = Shell(tmp_path, PETITION_DATABASE_URL=empty_database_url)
    with serving(shell, "--workers", "2") as (_, server):
        workers = children(server.pid)
        assert len(workers) >= 2
        assert not [worker for worker in workers if _dumps(worker)]


def test_a_deliverer_leaves_no_core(tmp_path: Path, smtp: Relay) -> None:
    shell = Shell(tmp_path, PETITION_SMTP_URL=smtp.url)
    shell.fine("migrate")
    deliverer = Machine(shell, "deliver")
    deliverer.start()
    assert deliverer.process is not None
    asyncio.run(until(lambda: not _dumps(deliverer.process.pid)))  # type: ignore[union-attr]  # it was started
    deliverer.stop()


def test_no_process_can_be_read_by_another_of_its_account() -> None:
    code = "from petition.core import safe_logging; safe_logging.install()"
    code += "; import ctypes; print(ctypes.CDLL(None).prctl(3))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"  # PR_GET_DUMPABLE
