"""The units let the service talk to this machine alone: a relay or a database elsewhere needs its address in them."""

import socket
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from petition.commands.setup.checks import OWN_DATABASE, OWN_RELAY
from petition.commands.setup.place import Place
from petition.commands.setup.questions import Answers
from petition.commands.setup.writing import PlannedFile
from petition.core import setting_parsers as parse
from petition.core.errors import SettingsError
from petition.core.settings import LOOPBACK_HOSTS

_UNITS = ("petition", "petition-deliver@", "petition-backup", "petition-bounce")


def access_files(place: Place, answers: Answers) -> list[PlannedFile]:
    """A file for each unit, if the service needs another machine, or needed one before. Raises SettingsError."""
    hosts = _hosts_elsewhere(answers)
    allowed = sorted({address for host in hosts for address in _addresses(host)})
    names = [f"/etc/systemd/system/{unit}.service.d/petition-setup.conf" for unit in _UNITS]
    line = f"IPAddressAllow={' '.join([*allowed, *_nameservers(place)])}\n" if allowed else ""
    return [PlannedFile(name, f"[Service]\n{line}") for name in names if line or place.path(name).exists()]


def _hosts_elsewhere(answers: Answers) -> list[str]:
    urls = [*(parse.split_list(answers["relay"]) if answers["relay"] != OWN_RELAY else [])]
    urls += [answers["database"]] if answers["database"] != OWN_DATABASE else []
    netlocs = [urlsplit(url).netloc.rpartition("@")[2] for url in urls]
    hosts = [urlsplit(f"//{part}").hostname or "" for netloc in netlocs for part in netloc.split(",")]
    return [host for host in hosts if host and host not in LOOPBACK_HOSTS]


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        raise SettingsError(f"{host} has no address in the DNS: give a name that has one, or an address.") from None


def _nameservers(place: Place) -> list[str]:
    """Those of /etc/resolv.conf that are other machines."""
    words = (line.split() for line in place.read("/etc/resolv.conf").splitlines())
    found = []
    for address in (line[1] for line in words if len(line) > 1 and line[0] == "nameserver"):
        with suppress(ValueError):
            found += [] if ip_address(address).is_loopback else [address]
    return found
