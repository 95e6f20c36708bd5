"""People who sign and press the button in the email they get, in their own thread. All answers are kept."""

import asyncio
import itertools
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.message import EmailMessage

import httpx2

from tests import relay
from tests.relay import Relay

SIGNERS, PRESSERS, PAUSE = 4, 4, 0.02
COUNTRIES = ("PL", "LT", "LV", "DE", "FR", "ZZ")
DOMAINS = tuple(f"mail{n}.example.net" for n in range(20))
_LINK = re.compile(r"https?://[^/\s]+(/\S*/confirm/\S+)")


class Crowd:
    """Each person has one mailbox and sends the form once. Three of four people who get an email press its button,
    again and again until the answer says that it worked.
    """

    def __init__(self, smtp: Relay, *addresses: str) -> None:
        self.typed: set[str] = set()
        self.signed: set[str] = set()  # mailboxes whose form was answered with a 303 to "look in your inbox"
        self.pressed: set[str] = set()
        self.confirmed: set[str] = set()  # mailboxes whose press was answered with a 303 to the thanks
        self.strange: list[str] = []  # answers that nobody should ever get
        self.answers: Counter[str] = Counter()
        self.pause = 0.0  # seconds; the longest time in which no form got through
        self._smtp, self._addresses = smtp, list(addresses)
        self._numbers = itertools.count()
        self._read = 0
        self._all = False
        self._last = 0.0
        self._signing, self._present = threading.Event(), threading.Event()

    @contextmanager
    def about(self) -> Iterator[None]:
        """People sign and press for as long as this lasts."""
        self._signing.set()
        self._present.set()
        with ThreadPoolExecutor(1) as apart:
            lives = apart.submit(asyncio.run, self._live())
            try:
                yield
            finally:
                self._signing.clear()
                self._present.clear()
                lives.result()

    def rest(self) -> None:
        """Sends no more forms."""
        self._signing.clear()

    def press_again(self) -> None:
        """Opens all emails again and presses, also for the people who had not pressed."""
        self._all, self._read = True, 0

    @property
    def busy(self) -> bool:
        """Whether a person still has a button to press."""
        return self._read < len(self._smtp.mails) or self.pressed != self.confirmed

    async def _live(self) -> None:
        async with httpx2.AsyncClient(timeout=15) as client:
            signers = [self._sign(client) for _ in range(SIGNERS)]
            pressers = [self._press(client) for _ in range(PRESSERS)]
            await asyncio.gather(*signers, *pressers)

    async def _sign(self, client: httpx2.AsyncClient) -> None:
        while self._signing.is_set():
            n = next(self._numbers)
            mailbox = f"p{n}@{DOMAINS[n % len(DOMAINS)]}"
            fields = {"email": mailbox, "country": COUNTRIES[n % len(COUNTRIES)], "consent": "on"}
            if n % 3 == 0:
                fields |= {"named": "on", "name": f"Person {n}", "updates": "on"}
            self.typed.add(mailbox)
            if await self.told(client, random.choice(self._addresses) + "/en/sign", fields):
                self.signed.add(mailbox)
                now = time.monotonic()
                self.pause, self._last = max(self.pause, now - (self._last or now)), now
            await asyncio.sleep(PAUSE)

    async def _press(self, client: httpx2.AsyncClient) -> None:
        while self._present.is_set():
            if (mail := self._next()) is None:
                await asyncio.sleep(PAUSE)
                continue
            mailbox, path = mail
            self.pressed.add(mailbox)
            while self._present.is_set():
                if await self.told(client, random.choice(self._addresses) + path, {}):
                    self.confirmed.add(mailbox)
                    break
                await asyncio.sleep(PAUSE * 5)

    def _next(self) -> tuple[str, str] | None:
        """The mailbox and link of the next unopened email whose owner presses, if there is one."""
        while self._read < len(self._smtp.mails):
            mail = self._smtp.mails[self._read]
            self._read += 1
            mailbox = str(mail["To"])
            if self._all or int(mailbox[1:].partition("@")[0]) % 4:
                return mailbox, link(mail)
        return None

    async def told(self, client: httpx2.AsyncClient, address: str, fields: dict[str, str]) -> bool:
        """Whether a form was answered with success. Strange is all but success, "not now", "too much", no answer."""
        try:
            answer = (await client.post(address, data=fields)).status_code
        except httpx2.TransportError:
            self.answers["no answer"] += 1
            return False
        self.answers[str(answer)] += 1
        if answer not in (303, 429, 503):
            self.strange.append(f"{answer} {address}")
        return answer == 303


def link(mail: EmailMessage) -> str:
    """The path of the link in an email."""
    return str(_LINK.findall(relay.plain(mail))[0])


def until(true: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Waits until others have done something."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.05)
