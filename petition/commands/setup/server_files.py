"""The files of docs/deploy with the names of this site put in, for nginx, Postfix, OpenDKIM and systemd."""

import re
import sys
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from petition.commands.setup.checks import OWN_RELAY
from petition.commands.setup.place import Place
from petition.commands.setup.questions import Answers
from petition.commands.setup.writing import DPKG_STATUS, PlannedFile
from petition.core import resources

DEPLOY = resources.folder("docs/deploy")
RETURNS = "/var/spool/petition-returns"  # the Maildir of what comes back, as main.cf has it
_PROGRAM = "/opt/petition/.venv/bin/petition"
_UNITS = (
    *("petition.service", "petition.socket", "petition-deliver@.service", "petition-backup.service"),
    *("petition-backup.timer", "petition-bounce.service", "petition-bounce.path", "petition-key.service"),
    *("petition-probe.service", "petition-probe.timer"),
)
_PACKAGED_UNITS = ("/usr/lib/systemd/system", "/lib/systemd/system")


def host(answers: Answers) -> str:
    return urlsplit(answers["site"]).hostname or ""


def sender_address(answers: Answers) -> str:
    return parseaddr(answers["sender"])[1].lower()


def sender_domain(answers: Answers) -> str:
    return sender_address(answers).rpartition("@")[2]


def server_files(place: Place, answers: Answers) -> list[PlannedFile]:
    """What a package has brought to the place is left out, so that its next version counts."""
    own_relay = _postfix_files(place, answers) if answers["relay"] == OWN_RELAY else []
    return [
        PlannedFile("/etc/nginx/sites-available/petition", nginx_site(place, answers)),
        PlannedFile("/etc/systemd/journald.conf.d/petition.conf", _shipped("journald.conf")),
        *_unit_files(place),
        *own_relay,
    ]


def _unit_files(place: Place) -> list[PlannedFile]:
    program = _find_program(place)
    files = [
        PlannedFile(f"/etc/systemd/system/{unit}", _shipped(unit).replace(_PROGRAM, program))
        for unit in _UNITS
        if not any(place.path(f"{folder}/{unit}").exists() for folder in _PACKAGED_UNITS)
    ]
    if not any(place.path(name).exists() for name in ("/usr/sbin/petition", "/usr/bin/petition")):
        wrapper = _shipped("petition").replace(_PROGRAM, program)
        files.append(PlannedFile("/usr/local/sbin/petition", wrapper, 0o755))
    return files


def _find_program(place: Place) -> str:
    """The `petition` that runs now, so that the units start the same one."""
    program = Path(sys.prefix, "bin", "petition")
    return str(program) if place.is_this_machine and program.exists() else _PROGRAM


def nginx_site(place: Place, answers: Answers) -> str:
    """Without an onion service its block is left out."""
    text = re.sub(r"^# Replace petition\.example .*\n", "", _shipped("nginx.conf"), flags=re.M)
    if _has_new_nginx(place):
        text = re.sub(r"^( *listen .*443 ssl) http2", r"\1", text, flags=re.M)
        text = re.sub(r"^( *)(listen 443 ssl.*)$", r"\1http2 on;\n\1\2", text, flags=re.M)
    public, _, onion = text.partition("\n# The onion service")
    if answers["onion"]:
        name = answers["onion"].removeprefix("http://")
        public += "\n# The onion service" + re.sub(r"\bp{55}d\.onion", name, onion)
    return public.replace("petition.example", host(answers))


def _has_new_nginx(place: Place) -> bool:
    """Since 1.25 it warns of `http2` in a line that begins with `listen`."""
    version = re.search(r"^Package: nginx\n(?:\S.*\n| .*\n)*?Version: (\d+)\.(\d+)", place.read(DPKG_STATUS), re.M)
    return version is not None and (int(version[1]), int(version[2])) >= (1, 25)


def _postfix_files(place: Place, answers: Answers) -> list[PlannedFile]:
    signer = _shipped("postfix/opendkim.conf").replace(" Replace petition.example by your name.", "")
    return [
        PlannedFile("/etc/postfix/main.cf", _main_cf(place, answers)),
        PlannedFile("/etc/postfix/master.cf", _shipped("postfix/master.cf")),
        PlannedFile("/etc/postfix/report_checks", _shipped("postfix/report_checks")),
        PlannedFile("/etc/opendkim.conf", signer.replace("petition.example", sender_domain(answers))),
        PlannedFile("/etc/tmpfiles.d/petition-postfix.conf", _shipped("postfix/tmpfiles.conf")),
    ]


def _main_cf(place: Place, answers: Answers) -> str:
    """Without an IPv6 address it sends over IPv4 alone, since large providers refuse an address that has no name."""
    text = re.sub(r"^# Replace petition\.example .*\n(# 5001.*\n)?", "", _shipped("postfix/main.cf"), flags=re.M)
    text = text.replace("links@petition.example", sender_address(answers)).replace("petition.example", host(answers))
    account = place.service()
    text = text.replace("static:5000", f"static:{account.uid}").replace("static:5001", f"static:{account.gid}")
    return text if answers["ipv6"] else f"{text}\n# This machine has no IPv6 address.\ninet_protocols = ipv4\n"


def _shipped(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")
