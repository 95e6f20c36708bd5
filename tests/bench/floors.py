"""The limit that our code cannot beat: the same server, with the same settings, that does less.

`python -m tests.bench.floors FLOOR … serve …` is `petition serve` with another application in its place. `fixed`
answers everything with a given number of bytes and given headers. `nothing` is the site whose forms are read, checked,
hashed, sealed and answered, but not written.
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from petition.__main__ import main
from petition.commands import server
from petition.core.database.database import Database
from petition.web import app

COUNTRY, FIXED = "PL", "BENCH_FIXED"
Headers = Sequence[tuple[str, str]]


def command(floor: str, size: int = 0, headers: Headers = ()) -> tuple[str, ...]:
    """The words before `petition serve` that serve a floor in its place; `fixed` sends `size` bytes under `headers`."""
    return ("env", f"{FIXED}={json.dumps([size, *headers])}", sys.executable, "-m", "tests.bench.floors", floor)


def nothing() -> Starlette:
    """The site over a database that answers at once as if after a commit."""

    async def join(self: Database, act: Any, item: Any) -> Any:
        return COUNTRY if isinstance(item, str) else None  # a link secret is answered with its country

    Database.join = join  # type: ignore[method-assign]  # the purpose of this floor
    return app.from_environment()


def fixed() -> ASGIApp:
    """An application that sends as many bytes as the appeal has, and computes nothing."""
    size, *headers = json.loads(os.environ[FIXED])
    body: Message = {"type": "http.response.body", "body": bytes(size)}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    start: Message = {"type": "http.response.start", "status": 200, "headers": raw}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send(start)
            await send(body)
            return
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})

    return answer


def _serve(floor: str, arguments: list[str]) -> int:
    usual = server._config

    def instead(*given: Any) -> Any:
        config = usual(*given)
        config.app = f"tests.bench.floors:{floor}"
        return config

    server._config = instead  # type: ignore[assignment]  # passes its arguments on unchanged
    return main(arguments)


if __name__ == "__main__":
    sys.exit(_serve(sys.argv[1], sys.argv[sys.argv.index("serve") :]))
