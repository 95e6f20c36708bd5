"""Checks an installation: one finding for each thing that is fine, should be known or has to be fixed."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from petition.campaign.appeal import Appeal
from petition.commands import nginx, preflight
from petition.core import encryption
from petition.core.database import vacuum
from petition.core.database.database import open_database
from petition.core.database.migrations import check_schema
from petition.core.errors import PetitionError
from petition.core.settings import LOOPBACK_HOSTS, Settings
from petition.mail.smtp import Delayed, SmtpTransport

_MAX_OPEN_BITS = 8  # bits of an address: a /24 at most


@dataclass(frozen=True, slots=True)
class Finding:
    """What was checked. `fix` says what to do, `warning` what to know; both are empty if all is fine."""

    subject: str
    fix: str = ""
    warning: str = ""


async def check_installation(settings: Settings) -> AsyncIterator[Finding]:
    """Checks campaign, keys, machine, database and mail server. Invalid settings were refused before."""
    yield Finding(f"settings ({settings.mode})")
    yield _check_base_url(settings)
    yield _check_proxies(settings)
    yield _check_campaign(settings)
    yield _check_texts(settings)
    yield _check_recipients(settings)
    yield _check_outbox_keys(settings)
    yield _check_keys_apart(settings)
    yield check_swap(settings)
    yield check_nginx(settings)
    yield await _check_database(settings)
    yield _check_database_link(settings)
    yield await _check_mail_server(settings)
    yield _check_mail_server_owner(settings)


def _check_campaign(settings: Settings) -> Finding:
    try:
        campaign = Appeal(settings.campaign).campaign
    except PetitionError as error:
        return Finding("campaign", str(error))
    warning = "campaign.toml names no key (organiser.encryption) for those who report a weakness"
    return Finding("campaign", campaign.why_not_ready(), "" if campaign.encryption or settings.demo else warning)


def _check_texts(settings: Settings) -> Finding:
    try:
        appeal = Appeal(settings.campaign)
        preflight.check_texts(appeal)
        missing = preflight.missing_letters(appeal)
    except PetitionError as error:
        return Finding("texts and letters", str(error))
    return Finding("texts and letters", f"no letter is written for {', '.join(missing)}" if missing else "")


def _check_recipients(settings: Settings) -> Finding:
    try:
        for text in settings.recipients:
            encryption.parse_recipient(text)
    except PetitionError as error:
        return Finding("recipients", str(error))
    too_few = len(settings.recipients) < 2 and not settings.demo
    return Finding(
        "recipients", "set two PETITION_RECIPIENTS: a lost key must not lose the contacts" if too_few else ""
    )


def _check_outbox_keys(settings: Settings) -> Finding:
    try:
        settings.outbox_keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=settings.outbox_keys):
            pass
    except OSError as error:
        return Finding("outbox keys", f"PETITION_OUTBOX_KEYS cannot be written to: {error.strerror}")
    readable = settings.outbox_keys.stat().st_mode & 0o077
    return Finding("outbox keys", "others can read the folder of PETITION_OUTBOX_KEYS: chmod 700" if readable else "")


def _check_keys_apart(settings: Settings) -> Finding:
    """Anyone who copies the data must not get a key too: none lies below PETITION_VAR or the database's folder."""
    if settings.demo:
        return Finding("keys apart from data")
    data = [settings.var.resolve()]
    if settings.database_url.startswith("sqlite"):
        data.append(Path(settings.database_url.removeprefix("sqlite:///")).resolve().parent)
    key_paths = [settings.outbox_keys, *([settings.email_key_file] if settings.email_key_file else [])]
    beside = any(_is_below(path.resolve(), data) for path in key_paths)
    return Finding("keys apart from data", "a key lies in the folder of the database: move it" if beside else "")


def _is_below(path: Path, data: list[Path]) -> bool:
    """Whether a path is in one of these folders, or in the data folder of a PostgreSQL on this machine."""
    if any(path.is_relative_to(folder) for folder in data):
        return True
    return any(_is_file(folder / "PG_VERSION") for folder in (path, *path.parents))  # every PostgreSQL has it


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # we may not look there
        return False


def _check_base_url(settings: Settings) -> Finding:
    is_plain_http = not settings.demo and not settings.secure
    return Finding(
        "public address", "PETITION_BASE_URL is not https: links would travel in the clear" if is_plain_http else ""
    )


def _check_proxies(settings: Settings) -> Finding:
    """A trusted proxy can name any address as the client, and the rate limits believe it."""
    open_bits = {text: _count_open_bits(text) for text in settings.trusted_proxies}
    if invalid := [text for text, width in open_bits.items() if width is None]:
        return Finding(
            "trusted proxies", f"{', '.join(invalid)} in PETITION_TRUSTED_PROXIES is no address and no network"
        )
    too_wide = [text for text, width in open_bits.items() if width is not None and width > _MAX_OPEN_BITS]
    return Finding(
        "trusted proxies", f"PETITION_TRUSTED_PROXIES trusts too many: {', '.join(too_wide)}" if too_wide else ""
    )


def _count_open_bits(text: str) -> int | None:
    """How many bits of an address a network leaves open; None if it is no network.

    In IPv6 the last 64 bits and 8 more do not count: one machine may have them.
    """
    if text == "*":
        return 32
    try:
        network = ip_network(text)
    except ValueError:
        return None
    open_ = network.max_prefixlen - network.prefixlen
    return open_ if network.version == 4 else max(0, open_ - 56)


def check_swap(
    settings: Settings, table: Path = Path("/proc/swaps"), blocks: Path = Path("/sys/class/block")
) -> Finding:
    """Memory that is swapped out stays on the disk: fine if the disk is encrypted, or if swap is in memory (zram)."""
    try:
        swaps = [Path(line.split()[0]) for line in table.read_text("utf-8").splitlines()[1:]]
    except (OSError, IndexError):
        swaps = []  # not Linux: nothing is known
    unencrypted = [
        path for path in swaps if not path.name.startswith("zram") and not _is_encrypted(blocks / path.resolve().name)
    ]
    warning = "memory may be written to a disk that is not seen to be encrypted: swapoff -a, or MemorySwapMax=0"
    return Finding("swap", warning=warning if unencrypted and not settings.demo else "")


def _is_encrypted(block: Path) -> bool:
    """Whether a block device is of dm-crypt, or all devices below it are."""
    try:
        if (block / "dm" / "uuid").read_text("ascii").startswith("CRYPT-"):
            return True
        parents = list((block / "slaves").iterdir())
    except OSError:
        return False
    return bool(parents) and all(_is_encrypted(block.parent / each.name) for each in parents)


def check_nginx(settings: Settings, file: Path = Path("/etc/nginx/nginx.conf")) -> Finding:
    warning = (
        f"one visitor can use up all in {file}: set worker_connections and worker_rlimit_nofile as in the handbook"
    )
    too_few = not settings.demo and nginx.has_few_connections(file)
    return Finding("connections of nginx", warning=warning if too_few else "")


async def _check_database(settings: Settings) -> Finding:
    try:
        async with open_database(settings.database_url) as database, database.reading() as c:
            await check_schema(c, settings.mode)
            return Finding(
                "database", await c.durability_warning() or ("" if settings.demo else await vacuum.retention_warning(c))
            )
    except PetitionError as error:
        return Finding("database", str(error))


def _check_database_link(settings: Settings) -> Finding:
    """The driver's default takes an unencrypted connection, or any certificate."""
    parts = urlsplit(settings.database_url)
    options = parse_qs(parts.query)
    hosts = ",".join([parts.netloc.rpartition("@")[2], *options.get("host", [])]).split(",")
    is_near = all(_is_this_machine(host) for host in hosts if host)
    is_verified = options.get("sslmode") == ["verify-full"]
    warning = "PETITION_DATABASE_URL leads to another machine: add ?sslmode=verify-full, or use an encrypted tunnel"
    return Finding("way to the database", warning="" if is_near or is_verified else warning)


def _is_this_machine(host: str) -> bool:
    """`host` may have a port, or be the folder of a socket."""
    return host.startswith("/") or (urlsplit(f"//{host}").hostname or "") in LOOPBACK_HOSTS


async def _check_mail_server(settings: Settings) -> Finding:
    if not settings.smtp_url:
        return Finding("mail server (none: demo mode keeps email in a folder)")
    try:
        await SmtpTransport(settings.smtp_url).check()
    except Delayed as error:
        return Finding("mail server", f"PETITION_SMTP_URL does not answer as it should ({error})")
    except PetitionError as error:
        return Finding("mail server", str(error))
    return Finding("mail server")


def _check_mail_server_owner(settings: Settings) -> Finding:
    """A mail server sees every address. Our own keeps no log of them; another company can be asked for its log."""
    host = urlsplit(settings.smtp_url).hostname or ""
    warning = (
        f"{host} is somebody else's and sees every address: your own mail server, without logs of addresses, is better"
    )
    return Finding("owner of the mail server", warning="" if settings.demo or _is_own_host(host, settings) else warning)


def _is_own_host(host: str, settings: Settings) -> bool:
    """In a private network, or in the domain that both the public address and the sender are in."""
    with suppress(ValueError):
        return ip_address(host).is_private
    site = (urlsplit(settings.base_url).hostname or "").removeprefix("www.")
    sender = parseaddr(settings.mail_from)[1].rpartition("@")[2].lower()
    own_domains = {site, *([sender] if f".{site}".endswith(f".{sender}") else [])}
    return "." not in host or any(f".{host}".endswith(f".{domain}") for domain in own_domains)
