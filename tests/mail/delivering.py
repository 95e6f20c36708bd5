"""Helpers for the tests of delivery: a deliverer as in production, a person who signs, the number of waiting emails."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from petition.core.email_addresses import EmailAddress
from petition.mail import outbox
from petition.mail.breaker import Breaker
from petition.mail.delivery import Deliverer
from petition.mail.relays import Relay, Relays
from petition.mail.replies import Reply
from petition.mail.smtp import SmtpTransport
from petition.signing import submissions
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests.relay import Answer


@asynccontextmanager
async def delivering(site: Site, url: str) -> AsyncIterator[Deliverer]:
    """One process that delivers to a relay only, without the folder of the demo."""
    transport = relays(url)
    yield Deliverer(site.database, site.server_keys, site.render_email, transport)
    await transport.close()


class AlwaysUp:
    """The part of a transport that tells of trouble, for one that never has any."""

    is_down = False

    def wait_seconds(self) -> int:
        return 0

    async def connect(self) -> None:
        """Nothing to connect to."""

    def passed_decoy(self) -> None:
        """Nothing to note."""

    async def cut(self) -> Reply:
        raise AssertionError("it is never too slow")

    async def close(self) -> None:
        """Nothing to close."""


def relays(*urls: str) -> Relays:
    """The transport of a process of its own."""
    return Relays([Relay(SmtpTransport(url), Breaker()) for url in urls])


async def sign(site: Site, name: str = "anna", language: str = "en") -> None:
    """NAME@example.org signs."""
    address = EmailAddress(f"{name}@example.org", f"{name}@example.org")
    signing = SigningRequest(address, "PL", None, False, "test", language)
    await site.database.join(submissions.sign, submissions.prepare_submission(site.server_keys, signing))


async def waiting(site: Site) -> int:
    """The number of emails that wait."""
    async with site.database.reading() as c:
        return (await outbox.queue_status(c))[0]


async def until(true: Callable[[], bool]) -> None:
    """Waits until another task has done something; two minutes, for a machine that has much else to do."""
    for _ in range(2400):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


def saying(answer: str) -> Answer:
    """A relay that always gives this answer."""
    return lambda _: answer
