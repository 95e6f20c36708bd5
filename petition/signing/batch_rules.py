"""Rules by which confirmed signatures are chosen: by marks that their forms still have, never by person.

Only days that are over are counted, and each rule once a day. So an organiser who adds forms of their own learns
nothing of one more. In demo mode today counts too, so that one sees it work.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from petition.core import clock
from petition.core.clock import DAY
from petition.core.database.connection import Connection
from petition.core.encryption import ServerKeys
from petition.core.errors import BatchError
from petition.core.languages import N_
from petition.signing import submissions
from petition.tally.rounding import UNSTATED_COUNTRY, round_down

NETWORK, DISPOSABLE, COUNTRY_AND_DAY = "network", "disposable", "day"
KINDS = (NETWORK, DISPOSABLE, COUNTRY_AND_DAY)
LEAST = 30  # signatures in a batch, after a secret number from 0 to 9 was taken off
LISTED_NETWORKS = 5  # that the desk shows
MATCHED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Rule:
    """`value`: the tag of a network. `country` and `day` (ISO) may be empty."""

    kind: str
    value: str = ""
    country: str = ""
    day: str = ""

    @property
    def text(self) -> str:
        """As it is kept: a kind, a country, a day; no tag."""
        return f"{self.kind} {self.country or '-'} {self.day or '-'}"


@dataclass(frozen=True, slots=True)
class Period:
    """Which signatures a rule may see: those confirmed until a day. `name` is another one when it may count again."""

    until: str
    name: str


def closed_period(*, demo: bool) -> Period:
    if demo:
        return Period(clock.today().isoformat(), clock.iso(clock.now()))
    yesterday = (clock.today() - timedelta(1)).isoformat()
    return Period(yesterday, yesterday)


def hash_rule(server_keys: ServerKeys, rule: Rule, period: Period) -> str:
    return server_keys.rule_hash(f"{rule.text} {rule.value} {period.name}")


def show_count(server_keys: ServerKeys, subject: str, n: int) -> int:
    """In tens, after the secret number of this count was taken off: never above the count, at most 18 below it."""
    return round_down(max(n - server_keys.remainder(subject), 0))


async def list_networks(c: Connection, server_keys: ServerKeys, *, demo: bool) -> list[tuple[str, int]]:
    """(handle, number in tens) of the networks with enough signatures for a batch. The handle is not the tag."""
    period, found = closed_period(demo=demo), []
    for tag, n in await _networks(c, period):
        shown = show_count(server_keys, hash_rule(server_keys, Rule(NETWORK, tag), period), n)
        found += [(_handle(tag), shown)] if shown >= LEAST else []
    return sorted(found, key=lambda item: (-item[1], item[0]))


async def _networks(c: Connection, period: Period) -> list[tuple[str, int]]:
    since = submissions.start_of_today() - DAY + submissions.SUBMISSION_LIFETIME
    rows = await c.all("batches.networks", since=since, until=period.until, least=LEAST, limit=LISTED_NETWORKS)
    return [(row["tag"], int(row["n"])) for row in rows]


def _handle(tag: str) -> str:
    return hashlib.sha256(f"batch {tag}".encode()).hexdigest()[:16]


async def read_rule(c: Connection, choice: Mapping[str, str], *, demo: bool) -> Rule:
    """The rule of a form: `mark` (a kind, or a kind and a handle), `country`, `day`. Raises BatchError."""
    kind, _, handle = choice.get("mark", "").partition(" ")
    rule = Rule(kind, "", choice.get("country", ""), choice.get("day", ""))
    if kind not in KINDS:
        raise BatchError(N_("Choose what the signatures have in common."))
    if kind == NETWORK:
        tags = {_handle(tag): tag for tag, _ in await _networks(c, closed_period(demo=demo))}
        if handle not in tags:
            raise BatchError(N_("This network is not in the list any more: look at the list again."))
        return Rule(kind, tags[handle], rule.country, rule.day)
    if kind == COUNTRY_AND_DAY and not (rule.country and rule.day):
        raise BatchError(N_("Without another mark, choose a country and a day."))
    if kind == COUNTRY_AND_DAY and rule.country == UNSTATED_COUNTRY:
        raise BatchError(N_("People who did not say their country are found by throw-away mailboxes only."))
    return rule


async def match(c: Connection, rule: Rule, period: Period) -> list[str]:
    """The mailboxes of the signatures, in the order of their keys. In parts: nobody waits for very many rows."""
    values = {"kind": rule.kind, "value": rule.value, "country": rule.country, "day": rule.day, "until": period.until}
    found: list[str] = []
    while part := await c.all(
        "batches.match", **values, now=clock.epoch(), after=found[-1] if found else "", limit=MATCHED_AT_ONCE
    ):
        found += [row["mailbox"] for row in part]
    return found
