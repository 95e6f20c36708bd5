"""Email addresses: checks them, makes the two forms that are hashed, and finds disposable, readable or mistyped ones.

Emails go to the exact form (lower case, IDNA). The canonical form leaves out what makes no difference at a provider,
where a reviewed table says so. It only serves to recognise a mailbox, so that one mailbox signs once.
"""

import difflib
import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

from petition.core import toml_tables
from petition.core.toml_tables import SOME_TEXTS, TEXT, TEXTS, YES_OR_NO, Kind, Table

MAX_EMAIL_LENGTH = 254  # RFC 5321, 4.5.3.1.3: a path of 256 octets with its two brackets
KEY_VERSION = 1  # before each keyed hash, so that there can be hashes of a later key too


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """A valid address, in its exact and its canonical form."""

    exact: str
    canonical: str

    @property
    def domain(self) -> str:
        """The part after the @, in ASCII."""
        return self.exact.rpartition("@")[2]

    @property
    def quota_form(self) -> str:
        """For the limit on emails to one mailbox: without dots and +tags at every domain, reviewed or not.

        Coarser than the canonical form, so two people may share a quota. Never count signatures by it.
        """
        local, _, domain = self.canonical.rpartition("@")
        return f"{(local.partition('+')[0] or local).replace('.', '')}@{domain}"


@dataclass(frozen=True, slots=True)
class MergingRule:
    """What makes no difference in the addresses of some domains; data/mailboxes.toml explains each word."""

    domains: list[str]
    alias: bool
    ignored: str
    tag: str
    keyword: str
    subdomains: bool

    def merge(self, local: str, domain: str) -> str:
        """The canonical form. What is left of the local part is never empty."""
        if self.tag:
            local = local.partition(self.tag)[0] or local
        local = local.translate(dict.fromkeys(map(ord, self.ignored))) or local
        if self.keyword:
            base, sign, _ = local.partition(self.keyword)
            local = base + sign if base else local
        return f"{local}@{self.domains[0] if self.alias else domain}"


class EmailProviders:
    """What data/mailboxes.toml says of email providers. Raises DataError for a missing or wrong value."""

    def __init__(self, file: Path) -> None:
        table = toml_tables.load(file)
        self._common_domains = table.read("common", TEXTS)
        merging = [_merging_rule(row) for row in table.tables("merging")]
        self._readable = [_entry(row, operator=TEXT, state=TEXT) for row in table.tables("readable")]
        self._rules_by_domain = {domain: rule for rule in merging for domain in rule.domains}
        # These caches hold domains, not people: the same few hundred domains repeat, and a search takes a millisecond.
        self._cached_readable = lru_cache(maxsize=4096)(self._find_readable)
        self._cached_similar = lru_cache(maxsize=4096)(self._find_similar)
        self._cached_exact = lru_cache(maxsize=4096)(_exact_form)

    def parse(self, text: str) -> EmailAddress | None:
        """The address in a form field; None if it is not exactly one address (RFC 5321, ASCII before the @)."""
        if len(text) > MAX_EMAIL_LENGTH:
            return None
        simple = _SIMPLE_ADDRESS.fullmatch(text.strip().lower()) if text.isascii() else None
        exact = self._cached_exact(f"a@{simple[2]}") if simple else _exact_form(text)
        if exact is None:
            return None
        exact = f"{simple[1]}@{exact[2:]}" if simple else exact
        return EmailAddress(exact, self._canonical_form(exact))

    def readable_provider(self, address: EmailAddress) -> dict[str, Any] | None:
        """The provider's entry if authorities can read its mailboxes, else None."""
        return self._cached_readable(address.domain)

    def _find_readable(self, domain: str) -> dict[str, Any] | None:
        for entry in self._readable:
            if any(_is_in_domain(domain, listed) for listed in entry["domains"]):
                return dict(entry)
            if domain.endswith(tuple(entry.get("suffixes", ())) or ("\0",)):
                return dict(entry)
        return None

    def reviewed_provider(self, domain: str) -> str | None:
        """The first domain of the provider; None unless the table lists the domain as one that many people use."""
        rule = self._rules_by_domain.get(domain)
        return rule.domains[0] if rule else domain if domain in self._common_domains else None

    def is_disposable(self, address: EmailAddress) -> bool:
        """Whether the mailbox exists only for minutes. Relays that hide an address do not count as disposable."""
        parts = address.domain.split(".")
        return any(".".join(parts[n:]) in blocklist for n in range(len(parts) - 1))

    def suggestion(self, address: EmailAddress) -> str | None:
        """The address with a common domain, if its domain looks like a typing mistake."""
        if address.domain in self._common_domains or self.readable_provider(address):
            return None
        domain = self._cached_similar(address.domain)
        return f"{address.exact.rpartition('@')[0]}@{domain}" if domain else None

    def _find_similar(self, domain: str) -> str | None:
        return next(iter(difflib.get_close_matches(domain, self._common_domains, n=1, cutoff=0.86)), None)

    def _canonical_form(self, exact: str) -> str:
        local, _, domain = exact.rpartition("@")
        if rule := self._rules_by_domain.get(domain):
            return rule.merge(local, domain)
        name, _, parent = domain.partition(".")
        rule = self._rules_by_domain.get(parent)
        return rule.merge(name, parent) if rule and rule.subdomains else exact


# What most people have before the @. The library has checked the domain; for the rest this pattern is enough.
_SIMPLE_ADDRESS = re.compile(r"(?=[^@]{1,64}@)([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([a-z0-9.-]+)")


def _exact_form(text: str) -> str | None:
    try:
        valid = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return f"{valid.local_part}@{valid.ascii_domain}".lower()


def _merging_rule(row: Table) -> MergingRule:
    for name in ("source", "checked"):
        row.text(name)
    rule = MergingRule(
        row.read("domains", SOME_TEXTS),
        row.optional("alias", YES_OR_NO, default=False),
        row.optional("ignored", TEXT, ""),
        row.optional("tag", TEXT, ""),
        row.optional("keyword", TEXT, ""),
        row.optional("subdomains", YES_OR_NO, default=False),
    )
    if not (rule.alias or rule.ignored or rule.tag or rule.keyword or rule.subdomains):
        raise row.fault("lacks what makes no difference: ignored, tag, keyword, subdomains or alias", " ")
    return rule


def _entry(row: Table, **kinds: Kind[Any]) -> dict[str, Any]:
    for name, kind in {"domains": SOME_TEXTS, **kinds}.items():
        row.read(name, kind)
    row.optional("suffixes", TEXTS, [])
    return row.values


def _is_in_domain(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")


def keyed_hash(key: str, form: str) -> str:
    """HMAC-SHA-256 of one form of an address, after KEY_VERSION and a dot. An address is recognised by this alone."""
    digest = hmac.digest(key.encode(), form.encode(), hashlib.sha256)
    return f"{KEY_VERSION}.{urlsafe_b64encode(digest).decode().rstrip('=')}"
