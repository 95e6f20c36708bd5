"""Asks the DNS for each record that is wanted."""

import dns.exception
import dns.resolver
from dns.rdata import Rdata
from dns.resolver import Resolver

from petition.commands.setup.dns_records import Found, Record
from petition.core.errors import SettingsError

_SECONDS = 5  # for all tries of one question


def make_resolver(nameserver: str) -> Resolver:
    """The one of this machine, or HOST:PORT. Raises SettingsError."""
    try:
        resolver = Resolver(configure=not nameserver)
        if nameserver:
            address, _, port = (
                nameserver.rpartition(":") if ":" in nameserver.rpartition("]")[2] else (nameserver, "", "")
            )
            resolver.nameservers = [address.strip("[]")]
            resolver.port = int(port or 53)
    except (dns.exception.DNSException, ValueError, OSError):
        raise SettingsError(
            "The name server is an address and a port, like 192.0.2.53:53 or [2001:db8::53]:53."
        ) from None
    resolver.lifetime = _SECONDS
    return resolver


def check_record(resolver: Resolver, record: Record) -> str:
    """ "ok", "missing", or "different" with the reason. Raises SettingsError if the server does not answer."""
    found = [value for value in _ask(resolver, record) if value.startswith(record.marks)]
    if not found:
        return "missing"
    fault = record.judge(found)
    return f"different: {fault}" if fault else "ok"


def _ask(resolver: Resolver, record: Record) -> Found:
    """A CAA record of a parent holds for what is below it (RFC 8659)."""
    name = record.name
    while True:
        found = _ask_once(resolver, name, record.kind)
        name = name.partition(".")[2]
        if found or record.kind != "CAA" or "." not in name:
            return found


def _ask_once(resolver: Resolver, name: str, kind: str) -> Found:
    try:
        answer = resolver.resolve(name, kind, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException:
        raise SettingsError(
            f"The name server does not answer for {name}: try again, or another one (--nameserver)."
        ) from None
    return [_text(value) for value in answer]


def _text(value: Rdata) -> str:
    """A long text is stored in pieces, which are one text (RFC 7208, 3.3)."""
    pieces = getattr(value, "strings", None)
    return b"".join(pieces).decode("utf-8", "replace") if pieces is not None else value.to_text()
