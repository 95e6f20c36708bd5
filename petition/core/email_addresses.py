"""Email addresses: checks them, makes the forms that are hashed, and finds disposable, readable or mistyped ones.

Emails go to the exact form (lower case, IDNA). The canonical form leaves out what makes no difference at a provider,
where a reviewed table says so. It only serves to recognise a mailbox, so that one mailbox signs once.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

from petition.core import toml_tables
from petition.core.mistyped_domains import MistypedDomains
from petition.core.toml_tables import COUNTRY, SOME_TEXTS, TEXT, TEXTS, YES_OR_NO, Table

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


class MailboxClass(StrEnum):
    """Who gives out such mailboxes."""

    KNOWN = "known"  # a provider that data/mailboxes.toml names
    RELAY = "relay"  # hides another address, for as long as its owner wants
    THROW_AWAY = "throw-away"  # exists for minutes
    UNKNOWN = "unknown"  # everything else: a firm, a university, a small provider, a domain bought yesterday


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs some domains, and what is known of their mailboxes; data/mailboxes.toml explains each word."""

    name: str
    domains: list[str]
    alias: bool = False
    ignored: str = ""
    alike: str = ""
    tag: str = ""
    keyword: str = ""
    subdomains: bool = False
    state: str = ""  # whose authorities can read the mailboxes; empty if none can
    why: str = ""
    suffixes: list[str] = field(default_factory=list)

    def merge(self, local: str, domain: str) -> str:
        """The canonical form. What is left of the local part is never empty."""
        if self.tag:
            local = local.partition(self.tag)[0] or local
        local = local.translate(dict.fromkeys(map(ord, self.ignored))) or local
        alike = local.translate(dict.fromkeys(map(ord, self.alike), self.alike[:1]))
        local = alike if all(alike.split(".")) else local  # a dot stands between letters
        if self.keyword:
            base, sign, _ = local.partition(self.keyword)
            local = base + sign if base else local
        return f"{local}@{self.domains[0] if self.alias else domain}"


class EmailProviders:
    """What data/mailboxes.toml says of email providers. Raises DataError for a missing or wrong value."""

    def __init__(self, file: Path) -> None:
        table = toml_tables.load(file)
        operators = [_operator(row) for row in table.tables("operator")]
        common = table.read("common", TEXTS)
        self._operators = {domain: operator for operator in operators for domain in operator.domains}
        self._suffixes = {suffix: operator for operator in operators for suffix in operator.suffixes}
        # A slip beside a mailbox that authorities can read is the dangerous one, so these domains come first.
        listed = sorted([*common, *self._operators], key=lambda domain: not self._state(domain))
        self._known_domains = {*listed, *table.read("existing", TEXTS), *table.optional("providers", TEXTS, [])}
        self._relays = {*table.optional("relays", TEXTS, [])}
        self._common_domains = set(common)
        # These caches hold domains, not people: the same few hundred domains repeat, and a search takes a while.
        self._cached_readable = lru_cache(maxsize=4096)(self._find_readable)
        self._cached_meant = lru_cache(maxsize=4096)(MistypedDomains(listed).find_listed)
        self._cached_exact = lru_cache(maxsize=4096)(exact_form)

    def parse(self, text: str) -> EmailAddress | None:
        """The address in a form field; None if it is not exactly one address (RFC 5321, ASCII before the @)."""
        if len(text) > MAX_EMAIL_LENGTH:
            return None
        simple = _SIMPLE_ADDRESS.fullmatch(text.strip().lower()) if text.isascii() else None
        exact = self._cached_exact(f"a@{simple[2]}") if simple else exact_form(text)
        if exact is None:
            return None
        exact = f"{simple[1]}@{exact[2:]}" if simple else exact
        return EmailAddress(exact, self._canonical_form(exact))

    def readable_provider(self, address: EmailAddress) -> Operator | None:
        """The operator if authorities can read the mailbox, else None."""
        return self.readable_domain(address.domain)

    def readable_domain(self, domain: str) -> Operator | None:
        """The operator if authorities can read every mailbox of the domain, else None."""
        return self._cached_readable(domain)

    def _find_readable(self, domain: str) -> Operator | None:
        parts = domain.split(".")
        parents = [".".join(parts[n:]) for n in range(len(parts) - 1)]
        listed = (self._operators[parent] for parent in parents if self._state(parent))
        by_suffix = (operator for suffix, operator in self._suffixes.items() if domain.endswith(suffix))
        return next(listed, None) or next(by_suffix, None)

    def _state(self, domain: str) -> str:
        return self._operators[domain].state if domain in self._operators else ""

    def reviewed_provider(self, domain: str) -> str | None:
        """The first domain of the provider; None unless the table lists the domain as one that many people use."""
        operator = self._operators.get(domain)
        return operator.domains[0] if operator else domain if domain in self._common_domains else None

    def mailbox_class(self, address: EmailAddress) -> MailboxClass:
        """A relay counts as one with all its subdomains, also if a list calls it disposable."""
        parts = address.domain.split(".")
        parents = {".".join(parts[n:]) for n in range(len(parts) - 1)}
        if parents & self._relays:
            return MailboxClass.RELAY
        if address.domain in self._known_domains or self.readable_provider(address):
            return MailboxClass.KNOWN
        return MailboxClass.THROW_AWAY if parents & blocklist else MailboxClass.UNKNOWN

    def suggestion(self, address: EmailAddress) -> str | None:
        """The address with a listed domain, if its domain looks like a typing mistake; see core/mistyped_domains.py."""
        if address.domain in self._known_domains or self.readable_provider(address):
            return None
        domain = self._cached_meant(address.domain)
        return f"{address.exact.rpartition('@')[0]}@{domain}" if domain else None

    def _canonical_form(self, exact: str) -> str:
        local, _, domain = exact.rpartition("@")
        if operator := self._operators.get(domain):
            return operator.merge(local, domain)
        name, _, parent = domain.partition(".")
        operator = self._operators.get(parent)
        return operator.merge(name, parent) if operator and operator.subdomains else exact


# What most people have before the @. The library has checked the domain; for the rest this pattern is enough.
_SIMPLE_ADDRESS = re.compile(r"(?=[^@]{1,64}@)([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([a-z0-9.-]+)")


def exact_form(text: str) -> str | None:
    """The form that emails go to; None if it is not exactly one address."""
    try:
        valid = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return f"{valid.local_part}@{valid.ascii_domain}".lower()


def _operator(row: Table) -> Operator:
    for name in ("source", "checked"):
        row.text(name)
    state = row.optional("state", COUNTRY, "")
    operator = Operator(
        name=row.text("name"),
        domains=row.read("domains", SOME_TEXTS),
        alias=row.optional("alias", YES_OR_NO, default=False),
        ignored=row.optional("ignored", TEXT, ""),
        alike=row.optional("alike", TEXT, ""),
        tag=row.optional("tag", TEXT, ""),
        keyword=row.optional("keyword", TEXT, ""),
        subdomains=row.optional("subdomains", YES_OR_NO, default=False),
        state=state,
        why=row.text("why") if state else "",
        suffixes=row.optional("suffixes", TEXTS, []),
    )
    if operator == Operator(operator.name, operator.domains):
        raise row.fault("says nothing of its domains: then they belong in common", " ")
    if operator.suffixes and not state:
        raise row.fault("has suffixes but no state", " ")
    return operator


def keyed_hash(key: str, form: str) -> str:
    """HMAC-SHA-256 of one form of an address, after KEY_VERSION and a dot. An address is recognised by this alone."""
    digest = hmac.digest(key.encode(), form.encode(), hashlib.sha256)
    return f"{KEY_VERSION}.{urlsafe_b64encode(digest).decode().rstrip('=')}"
