"""Checks a Postfix on this machine that we send through: what it logs, and how long it keeps an email."""

from pathlib import Path
from urllib.parse import urlsplit

from petition.commands.doctor.finding import Finding
from petition.commands.doctor.services import run
from petition.core.settings import LOOPBACK_HOSTS, Settings

ROOT = Path("/")
CONFIGURATION = "etc/postfix"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST_HOURS = 24


def check_log(settings: Settings, root: Path = ROOT) -> Finding:
    subject = "log of Postfix"
    if not is_used(settings, root) or _ask(root, "maillog_file") == "/dev/null":
        return Finding(subject)
    why = "each line of its log has an address and a second: who takes the disk has the list of signers"
    command = "postconf -e maillog_file=/dev/null 'maillog_file_prefixes=/dev, /var' && systemctl restart postfix"
    return Finding(subject, "Postfix writes a log", why=why, command=f"{command}; then delete its old logs")


def check_queue(settings: Settings, root: Path = ROOT) -> Finding:
    """Petition forgets an address when Postfix has taken the email; Postfix keeps it until the provider has."""
    subject = "queue of Postfix"
    if not is_used(settings, root):
        return Finding(subject)
    names = ("maximal_queue_lifetime", "bounce_queue_lifetime")
    long = {name: text for name in names if _seconds(text := _ask(root, name)) > _LONGEST_HOURS * 3600}
    if not long:
        return Finding(subject)
    what = f"Postfix keeps an email that it cannot deliver for {next(iter(long.values()))}"
    why = "address and link lie in its spool that long, in clear"
    command = f"postconf -e {' '.join(f'{name}=4h' for name in long)} && systemctl reload postfix"
    return Finding(subject, warning=what, why=why, command=command)


def is_used(settings: Settings, root: Path = ROOT) -> bool:
    is_near = any(urlsplit(url).hostname in LOOPBACK_HOSTS for url in settings.smtp_urls)
    return is_near and not settings.demo and (root / CONFIGURATION / "main.cf").exists()


def _ask(root: Path, name: str) -> str:
    return run("postconf", "-c", str(root / CONFIGURATION), "-h", name)


def _seconds(text: str) -> int:
    """Of a time as Postfix writes it, such as 4h or 5d; days, if there is no letter."""
    number, unit = text.rstrip("smhdw"), text[-1:]
    return int(number) * _SECONDS.get(unit, 86400) if number.isdecimal() else 0
