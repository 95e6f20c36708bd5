"""A stranger watches their own mailboxes: when their emails arrive does not tell what else was mailed.

They fill in the form for their first mailbox, for somebody else, and for their second mailbox, all at once. If somebody
else may get no more email (they signed today, or want none), decoys stand in the outbox instead of emails.
"""

import asyncio
import math
import random
import sys
from functools import partial
from weakref import WeakKeyDictionary

import pytest

from petition.core import clock
from petition.core.email_addresses import EmailAddress
from petition.mail import outbox, outbox_ids
from petition.mail.compose import RenderedEmail
from petition.mail.delivery import Deliverer
from petition.signing import submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests.adversary.distinguisher import Observation, distinguish
from tests.conftest import Clock
from tests.mail.delivering import AlwaysUp
from tests.web.tools import on_sqlite

SEND_SECONDS = 0.02
PROBES = ("first", "second")


class Inbox(AlwaysUp):
    """A mail server that takes a while for each email, on the clock of the test. It notes what comes for the probes."""

    def __init__(self, time: Clock) -> None:
        self._time = time
        self.events: list[tuple[float, str, int]] = []

    async def send(self, message: RenderedEmail) -> None:
        self.take()
        probe = message.to.partition("-")[0]
        if probe in PROBES:
            self.events.append((self._time.seconds(), probe, len(message.content)))

    def take(self) -> None:
        self._time.advance(seconds=SEND_SECONDS)


class Attack:
    """A stranger, the person whom they ask about, and a site whose clock the test moves."""

    def __init__(self, site: Site, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        self._site, self._time, self._monkeypatch = site, time, monkeypatch

    async def observe(self, name: str, *, signed: bool, crowd: int = 0, seed: int | None = None) -> Observation:
        """The two emails of the stranger, by seconds since the forms; `signed`: the person has used up the quota."""
        person, others = f"person-{name}@example.org", [f"other-{name}-{n}@example.org" for n in range(crowd)]
        if signed:
            await self._sign([person] * 3)
            await self._site.database.write(outbox.delete_all)
        if seed is not None:
            self._monkeypatch.setattr(outbox, "secrets", Chance(seed))
            self._monkeypatch.setattr(outbox_ids, "secrets", Chance(seed))
            self._monkeypatch.setattr(outbox_ids, "_prefixes", WeakKeyDictionary())
        begun, inbox = clock.epoch(), Inbox(self._time)
        self._time.moment = clock.from_epoch(begun)
        await self._sign([f"first-{name}@example.org", *[person] * 3, *others, f"second-{name}@example.org"])
        await self._deliver(inbox)
        return [(moment - begun, kind, length) for moment, kind, length in inbox.events]

    async def _sign(self, addresses: list[str]) -> None:
        requests = [SigningRequest(EmailAddress(one, one), "PL", None, False, "test", "en") for one in addresses]
        forms = [submissions.prepare_submission(self._site.server_keys, request) for request in requests]
        await self._site.database.write(partial(submissions.sign, items=forms))

    async def _deliver(self, inbox: Inbox) -> None:
        """Looks into the outbox once a second, as a deliverer does."""
        deliverer = Deliverer(self._site.database, self._site.server_keys, self._site.render_email, inbox)

        async def sleep(_: float) -> None:
            inbox.take()

        with self._monkeypatch.context() as patch:
            patch.setattr(asyncio, "sleep", sleep)
            for _ in range(outbox.MAX_DELAY_SECONDS + 2):
                while await deliverer.deliver_batch():
                    pass
                self._time.moment = clock.from_epoch(math.floor(self._time.seconds()) + 1)


class Chance:
    """Draws as `secrets` does, but the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.randbelow = self._random.randrange

    def token_hex(self, length: int) -> str:
        return self._random.randbytes(length).hex()


@pytest.fixture
def attack(site: Site, time: Clock, monkeypatch: pytest.MonkeyPatch) -> Attack:
    monkeypatch.setattr(outbox, "MAX_DELAY_SECONDS", 5)
    return Attack(site, time, monkeypatch)


@pytest.mark.parametrize("crowd", [0, 60])
async def test_emails_of_a_stranger_come_at_the_same_moments_in_both_worlds(crowd: int, attack: Attack) -> None:
    """With the same random delays and order they are equal to the last digit: nothing else is in these times."""
    for seed in range(3):
        seen = [
            await attack.observe(f"{seed}{signed:d}", signed=signed, crowd=crowd, seed=seed) for signed in (False, True)
        ]
        assert len(seen[0]) == 2
        assert [event[:2] for event in seen[0]] == [event[:2] for event in seen[1]]


async def _verdict(attack: Attack, n: int, seed: int | None = None) -> float:
    """With a seed, each observation has random numbers of its own that follow from it."""
    worlds = [
        [
            await attack.observe(f"{k}{signed:d}", signed=signed, seed=None if seed is None else seed + 2 * k + signed)
            for k in range(n)
        ]
        for signed in (False, True)
    ]
    verdict = distinguish(*worlds)
    sys.stdout.write(f"own emails: {verdict.feature}, AUC {verdict.auc:.3f}, n {verdict.n} of each, seed {seed}\n")
    return verdict.auc


@on_sqlite
@pytest.mark.slow
async def test_the_times_of_ones_own_emails_tell_nothing(attack: Attack) -> None:
    assert 0.45 <= await _verdict(attack, 2000, seed=20261130) <= 0.55


@on_sqlite
async def test_decoys_that_take_no_time_would_be_noticed(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it was: emails in the order of the forms and without a delay, decoys deleted on the way."""
    ids = iter(range(10**6))

    async def nothing(_: Deliverer) -> None: ...

    monkeypatch.setattr(outbox, "MAX_DELAY_SECONDS", 0)
    monkeypatch.setattr(Chance, "token_hex", lambda *_: f"{next(ids):032x}")
    monkeypatch.setattr(outbox, "secrets", Chance(0))
    monkeypatch.setattr(Deliverer, "_pass_decoy", nothing)
    assert abs(await _verdict(attack, 20) - 0.5) > 0.4
