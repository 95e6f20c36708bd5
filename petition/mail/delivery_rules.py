"""What others decide about deliveries, so that email knows neither rate limits nor signing."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from petition.core.counters import Counter
from petition.core.database.connection import Connection
from petition.core.repeated_errors import RepeatedErrors
from petition.mail.outbox import ClaimedEmail


async def _always(_: ClaimedEmail) -> bool:
    return True


async def _ignore(_: Connection, __: str) -> None:
    pass


# Runs in the transaction in which emails are dropped, before them: on_unreadable(c, ids=…), with the ids of their
# submissions or links.
OnUnreadable = Callable[..., Awaitable[object]]


def _count_nothing(_: Counter, __: str) -> None:
    pass


async def ignore_unreadable(_: Connection, *, ids: list[str]) -> None:
    pass


def _log_of_delivery() -> RepeatedErrors:
    return RepeatedErrors(logging.getLogger("petition.mail.delivery"))


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """What others decide: whether an email may be sent now, and what follows if it never arrives.

    `on_refused` runs in the transaction that records the refusal; it gets the enhanced status code. `count` gets what
    became of an email, once it is recorded. All deliverers of a process share these, so that the log says of `errors`
    once what goes wrong, and not once for each of them.
    """

    may_send: Callable[[ClaimedEmail], Awaitable[bool]] = _always
    on_refused: Callable[[Connection, str], Awaitable[None]] = _ignore
    on_unreadable: OnUnreadable = ignore_unreadable
    count: Callable[[Counter, str], None] = _count_nothing
    errors: RepeatedErrors = field(default_factory=_log_of_delivery)
