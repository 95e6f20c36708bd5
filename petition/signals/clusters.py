"""Clusters: confirmed forms of one day that belong together, the four rules that they may break, and their members."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from petition.core import clock
from petition.core.database.connection import Connection, Row
from petition.protection.networks import SHARED_MARK
from petition.signals.detection import Group
from petition.signing.submissions import SUBMISSION_LIFETIME

# Who use throw-away mailboxes have no place in common: that they come from everywhere tells nothing.
RULES_OF_KIND = {"domain": ("R1", "R2", "R3", "R4"), "network": ("R1", "R2", "R3"), "throw-away": ("R1", "R2")}
LEAST_SIZE = range(30, 40)  # a cluster appears from a secret number, drawn again for each day
MACHINE_RULES = 3
_COUNTED = 20  # of one day and kind, the largest
_QUICK, _CONFIRMED, _COUNTRY, _NETWORK = 0.40, 0.93, 0.50, 0.08


@dataclass(frozen=True, slots=True)
class Cluster:
    """`size`: in tens, with a secret remainder; `rules`: those that it breaks, of R1 to R4."""

    handle: str
    day: str
    kind: str
    size: int
    rules: tuple[str, ...]

    @property
    def is_alive(self) -> bool:
        """Whether the marks of its forms are still there: until the day after the next begins."""
        return date.fromisoformat(self.day) + timedelta(1) >= clock.today()

    @property
    def looks_like_machine(self) -> bool:
        return len(self.rules) >= MACHINE_RULES


async def find_cluster(c: Connection, handle: str) -> Cluster | None:
    row = await c.one("signals.find_cluster", handle=handle)
    return _cluster(row) if row else None


async def list_clusters(c: Connection) -> list[Cluster]:
    """The newest day first."""
    return [_cluster(row) for row in await c.all("signals.clusters")]


def _cluster(row: Row) -> Cluster:
    return Cluster(row["handle"], row["day"], row["kind"], int(row["size"]), tuple(row["rules"].split()))


async def list_members(c: Connection, cluster: Cluster) -> list[Row]:
    """Id of the form, mailbox and country of each; empty once the marks are gone."""
    tag, expires_at = await find_tag(c, cluster), expiry(cluster.day)
    return await c.all("signals.members", kind=cluster.kind, tag=tag, expires_at=expires_at) if tag else []


async def find_tag(c: Connection, cluster: Cluster) -> str:
    """The mark that its forms have in common; empty once it is gone."""
    rows = await _rows(c, cluster.day, cluster.kind)
    same = [row["tag"] for row in rows if cluster.kind == "throw-away" or _handle(row["tag"]) == cluster.handle]
    return same[0] if same else ""


async def count_groups(c: Connection, day: str) -> dict[str, list[Group]]:
    """By kind the largest groups of a day, the largest first, however small."""
    return {kind: [_group(row, kind) for row in await _rows(c, day, kind)] for kind in RULES_OF_KIND}


def _group(row: Row, kind: str) -> Group:
    handle = secrets.token_hex(8) if kind == "throw-away" else _handle(row["tag"])
    return Group(handle, kind, int(row["confirmed"]), tuple(broken_rules(row, kind)))


def broken_rules(row: Row, kind: str) -> list[str]:
    """R1: pressed within seconds; R2: nearly every form confirmed; R3: from everywhere; R4: no network in common."""
    n = row["confirmed"]
    broken = {
        "R1": row["quick"] > _QUICK * n,
        "R2": n > _CONFIRMED * row["forms"],
        "R3": row["of_country"] < _COUNTRY * n,
        "R4": row["of_network"] < _NETWORK * n,
    }
    return [rule for rule in RULES_OF_KIND[kind] if broken[rule]]


async def _rows(c: Connection, day: str, kind: str) -> list[Row]:
    return await c.all("signals.groups", kind=kind, expires_at=expiry(day), shared=f"{SHARED_MARK}%", most=_COUNTED)


def expiry(day: str) -> int:
    """When the forms of a day expire; they are found by this value."""
    return clock.start_of_day(day) + SUBMISSION_LIFETIME


def _handle(tag: str) -> str:
    return hashlib.sha256(tag.encode()).hexdigest()[:16]
