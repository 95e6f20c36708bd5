"""Clusters become batches: an organiser keeps one, and one that looks like a machine is kept without a person.

Its marks are gone a day later. What is kept stays fifteen days, until organisers have decided (signing/batches.py).
"""

from contextlib import suppress
from functools import partial

from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.core.errors import BatchError
from petition.core.languages import N_
from petition.organisers import activity_log
from petition.signals.clusters import Cluster, find_cluster, list_clusters, list_members
from petition.signing import batches
from petition.signing.batch_rules import DISPOSABLE, NETWORK, Period, Rule

_KINDS = {"throw-away": DISPOSABLE, "network": NETWORK, "domain": "domain"}


async def choose_cluster(database: Database, server_keys: ServerKeys, handle: str, nickname: str) -> tuple[str, Rule]:
    """Marks the signatures of a cluster, for batches.keep(). Raises BatchError if its marks are gone, or it was chosen
    before."""
    async with database.reading() as c:
        cluster = await find_cluster(c, handle)
        if cluster is None or not cluster.is_alive:
            raise BatchError(N_("What these forms had in common is forgotten by now."))
        mailboxes = sorted({row["mailbox"] for row in await list_members(c, cluster)})
    rule, period = _rule(cluster)
    return await batches.choose_listed(database, server_keys, rule, period, mailboxes, nickname), rule


def _rule(cluster: Cluster) -> tuple[Rule, Period]:
    """It counts once."""
    return Rule(_KINDS[cluster.kind], cluster.handle, "", cluster.day), Period(cluster.day, cluster.day)


async def find_kept_batch(c: Connection, server_keys: ServerKeys, cluster: Cluster) -> str | None:
    """The batch that a person or the server has made of a cluster."""
    return await batches.find_batch_of_rule(c, server_keys, *_rule(cluster))


async def keep_machines(database: Database, server_keys: ServerKeys) -> None:
    """Each cluster that breaks three rules or more. Call it when a day was counted, before its marks are deleted."""
    async with database.reading() as c:
        found = [cluster for cluster in await list_clusters(c) if _is_due(cluster)]
    for cluster in found:
        with suppress(BatchError):  # it was kept before, or too few are left
            batch, rule = await choose_cluster(database, server_keys, cluster.handle, activity_log.SERVER)
            await database.write(partial(_keep, server_keys=server_keys, batch=batch, rule=rule))


def _is_due(cluster: Cluster) -> bool:
    return cluster.is_alive and cluster.looks_like_machine


async def _keep(c: Connection, *, server_keys: ServerKeys, batch: str, rule: Rule) -> None:
    await batches.keep(c, server_keys, batch)
    await activity_log.append(c, activity_log.SERVER, "kept signatures to look at", f"{batch[:6]}: {rule.text}")
