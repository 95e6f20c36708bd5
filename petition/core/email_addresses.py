"""Addresses of mailboxes: what is one, the two forms we hash, and what to say of a doubtful one.

The exact form (lower case, IDNA) decides who gets mail. The merged form, where a reviewed table says that dots or
+tags lead to the same mailbox, decides only that one mailbox signs once.
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

LONGEST = 254  # RFC 5321, 4.5.3.1.3: a path of 256 octets with its two brackets
KEY_VERSION = 1  # written before each keyed hash, so that a later key can stand beside this one


@dataclass(frozen=True, slots=True)
class Address:
    """An address that mail can be sent to, in its exact and its merged form."""

    exact: str
    merged: str

    @property
    def domain(self) -> str:
        """What stands behind the @, in ASCII."""
        return self.exact.rpartition("@")[2]


class Mailboxes:
    """What is known of mail providers: data/mailboxes.toml. Raises DataError for a file that lacks something."""

    def __init__(self, file: Path) -> None:
        table = toml_tables.load(file)
        self._common = table.read("common", TEXTS)
        merging = [_entry(row, dots=YES_OR_NO, plus=YES_OR_NO) for row in table.tables("merging")]
        self._readable = [_entry(row, operator=TEXT, state=TEXT) for row in table.tables("readable")]
        self._merging = {domain: entry for entry in merging for domain in entry["domains"]}
        # Of domains, not of people: the same few hundred come again and again, and a search costs a millisecond.
        self._entry = lru_cache(maxsize=4096)(self._search)
        self._near = lru_cache(maxsize=4096)(self._resemble)
        self._checked = lru_cache(maxsize=4096)(_checked)

    def read(self, text: str) -> Address | None:
        """The address in a form field, or None if it is not exactly one (RFC 5321, ASCII before the @)."""
        if len(text) > LONGEST:
            return None
        plain = _PLAIN.fullmatch(text.strip().lower()) if text.isascii() else None
        exact = self._checked(f"a@{plain[2]}") if plain else _checked(text)
        if exact is None:
            return None
        exact = f"{plain[1]}@{exact[2:]}" if plain else exact
        return Address(exact, self._merged(exact))

    def readable(self, address: Address) -> dict[str, Any] | None:
        """The entry of a provider whose mail authorities can read, if this is one."""
        return self._entry(address.domain)

    def _search(self, domain: str) -> dict[str, Any] | None:
        for entry in self._readable:
            if any(_within(domain, listed) for listed in entry["domains"]):
                return dict(entry)
            if domain.endswith(tuple(entry.get("suffixes", ())) or ("\0",)):
                return dict(entry)
        return None

    def reviewed(self, address: Address) -> bool:
        """Whether this table knows the provider as one that many people write from."""
        return address.domain in self._merging or address.domain in self._common

    def disposable(self, address: Address) -> bool:
        """Whether the mailbox is one of those that live for minutes. Relays that hide an address are none."""
        parts = address.domain.split(".")
        return any(".".join(parts[n:]) in blocklist for n in range(len(parts) - 1))

    def meant(self, address: Address) -> str | None:
        """The address with a common domain, when the domain looks like a slip of the finger."""
        if address.domain in self._common or self.readable(address):
            return None
        near = self._near(address.domain)
        return f"{address.exact.rpartition('@')[0]}@{near}" if near else None

    def _resemble(self, domain: str) -> str | None:
        return next(iter(difflib.get_close_matches(domain, self._common, n=1, cutoff=0.86)), None)

    def _merged(self, exact: str) -> str:
        local, _, domain = exact.rpartition("@")
        if (rule := self._merging.get(domain)) is None:
            return exact
        if rule["plus"]:
            local = local.partition("+")[0] or local
        if rule["dots"]:
            local = local.replace(".", "")
        return f"{local}@{rule['domains'][0] if rule.get('alias') else domain}"


# What most people have before the @. Beside the domain, which the library has looked at, it needs no more than this.
_PLAIN = re.compile(r"(?=[^@]{1,64}@)([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([a-z0-9.-]+)")


def _checked(text: str) -> str | None:
    """The exact form of an address, if it is one."""
    try:
        checked = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return f"{checked.local_part}@{checked.ascii_domain}".lower()


def _entry(row: Table, **kinds: Kind[Any]) -> dict[str, Any]:
    for name, kind in {"domains": SOME_TEXTS, **kinds}.items():
        row.read(name, kind)
    row.optional("suffixes", TEXTS, [])
    row.optional("alias", YES_OR_NO, default=False)
    return row.values


def _within(domain: str, listed: str) -> bool:
    return domain == listed or domain.endswith(f".{listed}")


def keyed_hash(key: str, form: str) -> str:
    """HMAC-SHA-256 of one form of an address, with the version of the key before it: all we keep of it."""
    digest = hmac.digest(key.encode(), form.encode(), hashlib.sha256)
    return f"{KEY_VERSION}.{urlsafe_b64encode(digest).decode().rstrip('=')}"
