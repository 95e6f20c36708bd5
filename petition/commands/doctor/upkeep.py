"""Checks what keeps a Debian safe without anybody: firewall, updates, certificates, old logs."""

import re
from itertools import chain
from pathlib import Path
from stat import S_ISREG

from petition.commands.doctor.finding import Finding
from petition.commands.doctor.services import is_under_systemd, run
from petition.core import clock
from petition.core.settings import Settings

ROOT = Path("/")
NFTABLES = "etc/nftables.conf"
_FIREWALLS = ("ufw", "firewalld", "netfilter-persistent", "shorewall", "ferm")
_RENEWALS = ("certbot.timer", "snap.certbot.renew.timer")
_UPDATES = "apt-daily-upgrade.timer"
_SWITCH = re.compile(r'^\s*APT::Periodic::Unattended-Upgrade\s+"(\w+)"', re.M)
_OLDEST_DAYS = 8  # seven, and the day on which logrotate deletes
# What the installer and apt write is of the machine alone; wtmp and the like are of administrators.
_OF_THE_MACHINE = re.compile(
    r"(installer|apt|unattended-upgrades|journal|letsencrypt|sysstat)/"
    r"|(dpkg|aptitude|alternatives|bootstrap|cloud-init|fontconfig|wtmp|btmp|lastlog|faillog)\b"
)


def check_firewall(settings: Settings, root: Path = ROOT, systemctl: str = "systemctl") -> Finding:
    """Only root may ask the kernel for its rules, and the doctor is not root: what loads them is looked at."""
    subject = "firewall"
    if not is_under_systemd(settings, root) or _has_firewall(root, systemctl):
        return Finding(subject)
    return Finding(
        subject,
        warning="no service loads a firewall on this machine",
        why="a program that listens by mistake is open to everybody, unless a firewall of the host stands in front",
        command="the block nftables in step 1 of the handbook",
    )


def _has_firewall(root: Path, systemctl: str) -> bool:
    if any(_is_active(systemctl, f"{name}.service") for name in _FIREWALLS):
        return True
    closes = re.search(r"^[^#]*\b(drop|reject|include)\b", _read(root / NFTABLES), re.M)
    return closes is not None and _is_active(systemctl, "nftables.service")


def check_updates(settings: Settings, root: Path = ROOT, systemctl: str = "systemctl") -> Finding:
    subject, folder = "updates of Debian", root / "etc/apt/apt.conf.d"
    if not (is_under_systemd(settings, root) and folder.is_dir()):
        return Finding(subject)
    said = list(chain.from_iterable(_SWITCH.findall(_read(file)) for file in sorted(folder.iterdir())))
    is_on = said[-1:] not in ([], ["0"]) and (root / "usr/bin/unattended-upgrade").exists()
    return Finding(
        subject,
        warning="" if is_on and _is_enabled(systemctl, _UPDATES) else "nothing installs them by itself",
        why="a hole that is known for a day is used the next day",
        command="apt install unattended-upgrades && dpkg-reconfigure -f noninteractive unattended-upgrades"
        f" && systemctl enable --now {_UPDATES}",
    )


def check_renewal(settings: Settings, root: Path = ROOT, systemctl: str = "systemctl") -> Finding:
    """Only where certbot is: others renew by other ways, and `certificate` says when theirs ends."""
    is_used = is_under_systemd(settings, root) and (root / "usr/bin/certbot").exists()
    is_off = is_used and not any(_is_enabled(systemctl, timer) for timer in _RENEWALS)
    return Finding(
        "renewal of the certificate",
        warning="certbot.timer is not enabled" if is_off else "",
        why="the certificate ends within 90 days, and browsers refuse the site then",
        command="systemctl enable --now certbot.timer",
    )


def check_old_logs(settings: Settings, root: Path = ROOT) -> Finding:
    subject, folder = "age of the logs", root / "var/log"
    old = [] if settings.demo else sorted(_old_files(folder))
    if not old:
        return Finding(subject)
    more = f" and {len(old) - 1} more" if old[1:] else ""
    return Finding(
        subject,
        warning=f"{old[0]}{more} was not written to for more than {_OLDEST_DAYS} days, and is still there",
        why="what a program writes of people must be gone within seven days",
        command="logrotate as in step 1 of the handbook, then delete what is old",
    )


def _old_files(folder: Path) -> list[Path]:
    oldest = clock.epoch() - _OLDEST_DAYS * 86400
    found = []
    for file in folder.rglob("*"):
        try:
            about = file.lstat()
        except OSError:
            continue  # gone since, or not ours to see
        is_old = S_ISREG(about.st_mode) and about.st_size > 0 and about.st_mtime < oldest
        if is_old and not _OF_THE_MACHINE.match(str(file.relative_to(folder))):
            found.append(file)
    return found


def _is_active(systemctl: str, unit: str) -> bool:
    return run(systemctl, "is-active", unit) == "active"


def _is_enabled(systemctl: str, unit: str) -> bool:
    return run(systemctl, "is-enabled", unit) == "enabled"


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
