"""Rate limits: each action has named rules, each with its reason.

There are two kinds. Emails to one mailbox are limited silently (mail_quota.py). Requests are limited for each network
and action (token_buckets.py): the answer depends only on the network, and the visitor is told.
"""

from dataclasses import dataclass, replace
from functools import cache

from petition.core.database.connection import Connection, Row
from petition.core.database.database import Database
from petition.core.encryption import ServerKeys
from petition.core.errors import RateLimited
from petition.protection import mail_quota, proof_of_work, token_buckets
from petition.protection.daily_keys import DailyKey, DailyKeys
from petition.protection.flood import FloodWatch
from petition.protection.networks import SHARED_MARK, Network, Networks
from petition.protection.proof_of_work import ProofMode
from petition.protection.token_buckets import BucketKey, BucketRule, TokenBuckets, scale_rule

# Each action has a rule for one address (/32, /64) and a rule for its block (/24, /48).
LIMITS = {
    "sign": (
        BucketRule("sign address", 30, 60, "a big household, or a table in front of a shop, in an evening"),
        BucketRule("sign network", 200, 600, "the homes and phones behind one exchange of a provider"),
    ),
    "manage": (
        BucketRule("manage address", 30, 60, "each makes us write a mail; nobody needs many"),
        BucketRule("manage network", 200, 600, "as for signing"),
    ),
    "login": (
        BucketRule("login address", 30, 60, "a handful of organisers, who sometimes mistype"),
        BucketRule("login network", 200, 600, "as for signing"),
    ),
}
# For a wide block, unless very many people share the address. Only for signing: there a proof lets neighbours in.
WIDE_LIMITS = {
    "sign": BucketRule("sign wide", 6000, 60_000, "of 500 signatures a second no such block sends one in thirty")
}
PROOF_LIMIT = BucketRule(
    "proven network", 3000, 6000, "each cost a second of computing; even so no network fills our outbox alone"
)
LOW_PRIORITY_LIMIT = BucketRule(
    "slow network", 60, 60, "without a proof, so that nobody is shut out; these mails hold nobody else's"
)
SYNC_SECONDS = 1  # between two reports of what a process used
SHARED_FACTOR = 50  # times the limit for networks that very many people share
# Of every rule a circuit of the onion service has so much, and all circuits together have what a shared network has.
CIRCUIT_BURST, CIRCUIT_HOURLY = 10, 30  # one browser; tor makes circuits for anybody, so each must not be worth much
# A page made for one visitor (the appeal with a form that was refused) costs ten times as much as signing.
PAGE_LIMIT = BucketRule(
    "page network", 200, 3600, "people mistype and come back; a program that is refused needs no page each time"
)
DOMAIN_LIMIT = BucketRule(
    "mail domain", 500, 1500, "a strange provider that gets all at once blocks us, or is being mailed to death"
)
PROVIDER_LIMIT = BucketRule(
    "mail provider", 12_000, 36_000, "during a flood: who has many computers sends proofs too, and providers block us"
)
LOW_PRIORITY_MAIL_LIMIT = BucketRule(
    "slow mail", 300, 1000, "of a flood without proofs; a big provider does not block us for so many unknown mailboxes"
)
PROBE_LIMIT = BucketRule(
    "probe", 6, 12, "one every ten minutes from each of two machines; who guesses the mailbox fills it no faster"
)
TRAPPED = "trap"  # hold_reason of a submission with low priority in which the hidden field was filled in


@dataclass(frozen=True, slots=True)
class Admission:
    network: str | None = None  # the tag of the block that the form came from, after SHARED_MARK if many share it
    low_priority: bool = False  # its email leaves after all others
    hold_reason: str | None = None  # why the submission is held, and its email too; None if not held
    mail_delay: int = 0  # seconds before its email may leave
    proof: Row | None = None  # a proof of work that may be used once
    mailbox_class: str | None = None  # a MailboxClass: organisers see how many of each, nobody is refused
    domain: str | None = None  # the tag of the domain of an address, if nobody knows it
    probe: bool = False  # sent by `petition probe`: it is no person, and is counted nowhere


NORMAL = Admission()
PROBE = Admission(probe=True)


class RateLimiter:
    """The limits of one process. All processes share the buckets."""

    def __init__(self, database: Database, server_keys: ServerKeys, networks: Networks) -> None:
        self._database, self._networks = database, networks
        self._keys, self._buckets = DailyKeys(database, server_keys), TokenBuckets()
        self.flood = FloodWatch(database, self._buckets)

    async def admit_form(self, host: str | None, solution: str, mode: ProofMode, *, trapped: bool) -> Admission:
        """Normal with a token of the network or with a proof of work, else low priority. Raises RateLimited."""
        key, network = await self._keys.get_today(), self._networks.find_network(host)
        tag = (SHARED_MARK if network.shared else "") + key.tag("network", network.block)
        if mode is not ProofMode.OFF:
            await self.flood.count_form()
        if mode is not ProofMode.ON and self._buckets.consume(*_action_buckets(key, "sign", network)):
            return Admission(tag)
        proof = proof_of_work.verify_solution(key, solution) if mode is not ProofMode.OFF else None
        if proof and self._buckets.consume(*_block_buckets(key, PROOF_LIMIT, network)):
            return Admission(tag, proof=proof)
        if mode is ProofMode.AUTO:
            await self.flood.count_unproven()
        self._consume_or_refuse(_block_buckets(key, LOW_PRIORITY_LIMIT, network))
        return Admission(tag, low_priority=True, hold_reason=TRAPPED if trapped else None)

    async def admits_probe(self) -> bool:
        """Takes a token for a form of `petition probe`; it takes none of anybody else, so nobody sees it by theirs."""
        key = (await self._keys.get_today()).tag(PROBE_LIMIT.name, "")
        return self._buckets.consume((PROBE_LIMIT, key))

    async def tag_domain(self, domain: str) -> str:
        return (await self._keys.get_today()).tag("domain", domain)

    async def limit_action(self, action: str, host: str | None) -> None:
        """Takes a token for an action. Raises RateLimited if there is none."""
        key, network = await self._keys.get_today(), self._networks.find_network(host)
        self._consume_or_refuse(_action_buckets(key, action, network))

    async def limit_page(self, host: str | None) -> None:
        """Takes a token for a page made for one visitor. Raises RateLimited if there is none."""
        key, network = await self._keys.get_today(), self._networks.find_network(host)
        self._consume_or_refuse(_block_buckets(key, PAGE_LIMIT, network))

    async def get_challenge(self, host: str | None, mode: ProofMode) -> dict[str, object] | None:
        """A challenge, if people in this network need a proof to sign with normal priority; else None."""
        key, network = await self._keys.get_today(), self._networks.find_network(host)
        limited = any(self._buckets.wait_seconds(*bucket) for bucket in _action_buckets(key, "sign", network))
        return (
            proof_of_work.create_challenge(key)
            if mode is ProofMode.ON or (mode is ProofMode.AUTO and limited)
            else None
        )

    async def delay_mail(self, rule: BucketRule, subject: str) -> int:
        """Seconds that an email to a domain or provider waits; 0 while there are tokens.

        Forty minutes at most, less than the longest of outbox.RETRY_DELAYS: what waits takes the tokens of one hour.
        """
        key = (await self._keys.get_today()).tag(rule.name, subject)
        delay = self._buckets.wait_seconds(rule, key)
        self._buckets.consume((_of_an_hour(rule), key))
        return delay

    async def may_send_low_priority(self, provider: str) -> bool:
        """Takes a token for an email with low priority to a provider; False if there is none."""
        key = (await self._keys.get_today()).tag(LOW_PRIORITY_MAIL_LIMIT.name, provider)
        return self._buckets.consume((LOW_PRIORITY_MAIL_LIMIT, key))

    async def sync(self) -> None:
        """Tells the other processes what was used, and reads what they used."""
        await self._buckets.sync(self._database)

    def _consume_or_refuse(self, buckets: list[BucketKey]) -> None:
        if not self._buckets.consume(*buckets):
            raise RateLimited(max(self._buckets.wait_seconds(*bucket) for bucket in buckets))


def _action_buckets(key: DailyKey, action: str, network: Network) -> list[BucketKey]:
    """The buckets of the block, and those of the address and of the wide block if they are not the same."""
    address, block = LIMITS[action]
    buckets = _block_buckets(key, block, network)
    if not network.is_circuit and network.address != network.block:
        buckets.append(_bucket_key(key, _scale_for(address, network), network.address))
    if not network.shared and (wide := WIDE_LIMITS.get(action)):
        buckets.append(_bucket_key(key, wide, network.wide))
    return buckets


def _block_buckets(key: DailyKey, rule: BucketRule, network: Network) -> list[BucketKey]:
    """The bucket of the block; for a circuit also a small one of its own, so that it does not use up what all share."""
    of_block = _bucket_key(key, _scale_for(rule, network), network.block)
    return [_bucket_key(key, _for_circuit(rule), network.address), of_block] if network.is_circuit else [of_block]


def _scale_for(rule: BucketRule, network: Network) -> BucketRule:
    return scale_rule(rule, SHARED_FACTOR if network.shared else 1)


@cache
def _of_an_hour(rule: BucketRule) -> BucketRule:
    return replace(rule, burst=rule.hourly)


@cache
def _for_circuit(rule: BucketRule) -> BucketRule:
    return replace(rule, burst=CIRCUIT_BURST, hourly=CIRCUIT_HOURLY)


def _bucket_key(key: DailyKey, rule: BucketRule, subject: str) -> BucketKey:
    return rule, key.tag(rule.name, subject)


async def delete_expired(c: Connection) -> None:
    """Deletes what no rule needs any more."""
    await proof_of_work.delete_expired(c)
    await mail_quota.delete_expired(c)
    await token_buckets.delete_expired(c)
