"""Asks the DNS, once the site has a name in it, for what receivers ask about our sender."""

import asyncio
from dataclasses import replace
from email.utils import parseaddr
from urllib.parse import urlsplit

from dns.resolver import Resolver

from petition.commands.doctor import postfix
from petition.commands.doctor.finding import Finding
from petition.commands.setup.dns_check import check_record, make_resolver
from petition.commands.setup.dns_records import Record, sender_records
from petition.core.errors import SettingsError
from petition.core.settings import Settings

_SUBJECT = "records of the sender"
_NOBODYS = ("example", "test", "invalid", "localhost", "local", "internal", "onion")  # RFC 6761: in no public DNS


async def check_sender_records(settings: Settings, resolver: Resolver | None = None) -> Finding:
    """Tests name a server of their own. If none answers, the check of the public address says enough."""
    name, domain = urlsplit(settings.base_url).hostname or "", parseaddr(settings.mail_from)[1].rpartition("@")[2]
    if settings.demo or not ((_is_public(name) and _is_public(domain)) or resolver):
        return Finding(_SUBJECT)
    try:
        return await asyncio.to_thread(_check, settings, name, domain.lower(), resolver or make_resolver(""))
    except SettingsError:
        return Finding(_SUBJECT)


def _is_public(name: str) -> bool:
    last = name.rpartition(".")[2]
    return "." in name and not last.isdecimal() and last not in _NOBODYS


def _check(settings: Settings, name: str, domain: str, resolver: Resolver) -> Finding:
    if all(_result(resolver, Record(name, kind, "", "", lambda _: "")) == "missing" for kind in ("A", "AAAA")):
        return Finding(_SUBJECT)  # the check of the public address says it
    wanted = sender_records(domain, is_signed_here=postfix.is_used(settings))
    results = ((record, _result(resolver, record)) for record in wanted)
    faults = [f"{record.name} {record.kind} is {result} ({record.why})" for record, result in results if result != "ok"]
    return Finding(
        _SUBJECT,
        warning=f"in the DNS {', '.join(faults)}" if faults else "",
        why="large providers refuse the email, or put it into the spam folder",
        command="petition setup --check-dns says what to paste; elsewhere ask the owner of your mail server",
    )


def _result(resolver: Resolver, record: Record) -> str:
    """A DMARC record of a parent holds for what is below it (RFC 7489, 6.6.3)."""
    result, parent = check_record(resolver, record), record.name.removeprefix("_dmarc.").partition(".")[2]
    if result == "missing" and record.name.startswith("_dmarc.") and "." in parent:
        return _result(resolver, replace(record, name=f"_dmarc.{parent}"))
    return result
