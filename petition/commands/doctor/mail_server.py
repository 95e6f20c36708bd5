"""Checks the relays."""

from contextlib import suppress
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import urlsplit

from petition.commands.doctor.finding import Finding
from petition.core.database.database import open_database
from petition.core.errors import PetitionError
from petition.core.settings import Settings
from petition.mail.relay_watch import NAMES, current_troubles, describe
from petition.mail.smtp import NotSent, SmtpTransport


async def check_relays(settings: Settings) -> Finding:
    return Finding("mail server", fix=await why_unusable(settings))


async def check_trouble(settings: Settings) -> Finding:
    return Finding("trouble with email", fix=await current_trouble(settings))


def check_owner(settings: Settings) -> Finding:
    return Finding("owner of the mail server", warning=strange_owner(settings))


async def why_unusable(settings: Settings) -> str:
    """Connects to each relay and logs in."""
    for name, url in zip(NAMES, settings.smtp_urls, strict=False):
        try:
            await SmtpTransport(url).check()
        except NotSent as failure:
            return f"the {name} relay of PETITION_SMTP_URL does not answer as it should ({failure})"
        except PetitionError as error:
            return str(error)
    return ""


async def current_trouble(settings: Settings) -> str:
    """What the running deliverers have noticed. A database that cannot be read is another check's business."""
    with suppress(PetitionError):  # said by the check of the database
        async with open_database(settings.database_url) as database, database.reading() as c:
            return " ".join(describe(*each) for each in (await current_troubles(c)).items())
    return ""


def strange_owner(settings: Settings) -> str:
    """A mail server sees every address. Our own keeps no log of them; another company can be asked for its log."""
    hosts = [urlsplit(url).hostname or "" for url in settings.smtp_urls]
    strange = ", ".join(host for host in hosts if not _is_own_host(host, settings))
    if settings.demo or not strange:
        return ""
    return f"{strange} is somebody else's and sees every address: your own, without logs of addresses, is better"


def _is_own_host(host: str, settings: Settings) -> bool:
    """In a private network, or in the domain that both the public address and the sender are in."""
    with suppress(ValueError):  # it is a name: compared below
        return ip_address(host).is_private
    site = (urlsplit(settings.base_url).hostname or "").removeprefix("www.")
    sender = parseaddr(settings.mail_from)[1].rpartition("@")[2].lower()
    own_domains = {site, *([sender] if f".{site}".endswith(f".{sender}") else [])}
    return "." not in host or any(f".{host}".endswith(f".{domain}") for domain in own_domains)
