"""A crowd in Python: at a fixed rate, or at saturation if wrk is missing. It uses up to half a core.

At a fixed rate each person has a start time that is set before the first request. They send at that time, even if the
answers to others are slow, and their wait is counted from it. So if a server stops for a second, that second is in the
figures of all who came during it ("coordinated omission" would leave them out).
"""

import argparse
import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import uvloop

COUNTRIES = ("PL", "DE", "LT", "ZZ", "FR", "LV", "NL", "CZ", "IT", "SE")
FORM = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"
FORMS = {
    "sign": ("/en/sign", "&country={}&consent=on"),
    "manage": ("/en/manage", ""),
    "login": ("/organisers/login", ""),
}
KEPT = 3  # seconds; the server closes a connection that is silent for five
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def mailbox(run: str, n: int) -> str:
    """The address of a person who is new to the site."""
    return f"{run}{n}@m{n % 1000}.example.net"


def raw(act: str, run: str, n: int, tokens: Iterator[str]) -> bytes:
    """The bytes of one request; the same as in visitors.lua."""
    method, body = "POST", ""
    if act in FORMS:
        path, typed = FORMS[act]
        body = f"email={mailbox(run, n).replace('@', '%40')}{typed.format(COUNTRIES[n % len(COUNTRIES)])}"
    elif act == "confirm":
        path = f"/en/confirm/{next(tokens)}"
    else:
        method, path = "GET", {"tally": "/tally.json", "appeal": "/en/"}[act]
    form = f"{FORM}Content-Length: {len(body)}\r\n" if method == "POST" else ""
    network = f"X-Forwarded-For: 10.{n // 250 % 4}.{n % 250}.{n // 1000 % 250}\r\nX-Forwarded-Proto: https\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: petition.example\r\nAccept-Encoding: gzip, br\r\n"
    return f"{head}{network}{form}\r\n{body}".encode()


class Crowd:
    """Sends requests; stores the time of each kind of answer (milliseconds) and which requests got none."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.removeprefix("http://").partition(":")
        self._port = int(port)
        self._free: list[tuple[float, Line]] = []  # (free since when, connection)
        self.times: dict[str, list[float]] = defaultdict(list)
        self.refused = self.lost = 0

    async def ask(self, act: str, request: bytes, since: float) -> None:
        """Sends one request over a free connection or a new one."""
        loop = asyncio.get_running_loop()
        last, line = self._free.pop() if self._free else (0.0, None)
        if line is None or loop.time() - last > KEPT:
            line = await asyncio.open_connection(self._host, self._port)
        try:
            line[1].write(request)
            head = (await line[0].readuntil(b"\r\n\r\n")).lower()
            await line[0].readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0))
        except (OSError, asyncio.IncompleteReadError):
            self.lost += 1
            return
        now = loop.time()
        self.times[act].append((now - since) * 1000)
        self.refused += head[9:10] not in b"23"
        self._free.append((now, line))


async def offered(crowd: Crowd, acts: list[str], run: str, rate: float, seconds: float, tokens: Iterator[str]) -> float:
    """Sends `rate` of each act per second. Returns the time of the first, in seconds since 1970."""
    loop, begun = asyncio.get_running_loop(), time.time() + 0.5
    start = loop.time() + 0.5
    under_way = set()
    for due, act, n in schedule(acts, run, rate, seconds):
        request = raw(act, run, n, tokens)
        if (wait := start + due - loop.time()) > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(crowd.ask(act, request, start + due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return begun


def schedule(acts: list[str], run: str, rate: float, seconds: float) -> list[tuple[float, str, int]]:
    """(second, act, n) for each request. People act independently, so the times are random; `run` is the seed."""
    chance = random.Random(run)
    return sorted((chance.uniform(0, seconds), act, n) for act in acts for n in range(int(rate * seconds)))


async def saturated(
    crowd: Crowd, acts: list[str], run: str, connections: int, seconds: float, tokens: Iterator[str]
) -> None:
    """Sends as many requests as `connections` people can who never pause."""
    numbers, loop = count(1), asyncio.get_running_loop()
    end = loop.time() + seconds

    async def one() -> None:
        while (now := loop.time()) < end:
            n = next(numbers)
            act = acts[n % len(acts)]
            await crowd.ask(act, raw(act, run, n, tokens), now)

    await asyncio.gather(*[one() for _ in range(connections)])


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("acts")
    parser.add_argument("run")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--tokens", type=Path)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--connections", type=int)
    given = parser.parse_args()
    crowd, acts = Crowd(given.address), given.acts.split(",")
    tokens = iter(given.tokens.read_text().split() if given.tokens else ())
    begun = 0.0
    if given.rate:
        begun = await offered(crowd, acts, given.run, given.rate, given.seconds, tokens)
    else:
        await saturated(crowd, acts, given.run, given.connections, given.seconds, tokens)
    print(json.dumps({"times": crowd.times, "refused": crowd.refused, "lost": crowd.lost, "begun": begun}))


if __name__ == "__main__":
    uvloop.run(_main())
