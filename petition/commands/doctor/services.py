"""Checks what systemd runs for us, and whether a newer version of Petition has been fetched."""

import subprocess
from pathlib import Path

from petition import __version__
from petition.commands.doctor.finding import Finding
from petition.core import resources
from petition.core.settings import Settings

ROOT = Path("/")
UNITS = ("petition.socket", "petition.service", "petition-backup.timer", "petition-bounce.path")
_WATCHED = ("petition.service", "petition-backup.service", "petition-bounce.service")
_ANSWER_SECONDS = 10


def check_units(settings: Settings, root: Path = ROOT, systemctl: str = "systemctl") -> list[Finding]:
    """Nothing is said where systemd does not run, or runs another kind of installation."""
    if not is_under_systemd(settings, root):
        return [Finding("units")]
    return [_check_enabled(systemctl), _check_failed(systemctl)]


def is_under_systemd(settings: Settings, root: Path) -> bool:
    """Whether this is an installation as in the handbook or of our package."""
    is_installed = any(
        (root / folder / UNITS[1]).exists() for folder in ("etc/systemd/system", "usr/lib/systemd/system")
    )
    return is_installed and not settings.demo and (root / "run/systemd/system").is_dir()


def _check_enabled(systemctl: str) -> Finding:
    """A warning: the handbook asks the doctor before it enables them."""
    off = [unit for unit in UNITS if not run(systemctl, "is-enabled", unit).startswith(("enabled", "static"))]
    return Finding(
        "units are enabled",
        warning=f"{', '.join(off)} will not start with this machine" if off else "",
        why="after a restart the site, its backups or the reports of lost emails would be missing",
        command=f"systemctl enable --now {' '.join(off)}",
    )


def _check_failed(systemctl: str) -> Finding:
    failed = [unit for unit in _WATCHED if run(systemctl, "is-failed", unit) == "failed"]
    return Finding(
        "units that failed",
        f"{', '.join(failed)} failed" if failed else "",
        why="nobody else tells you",
        command=f"journalctl -u {(failed or [''])[0]} -n 20, then systemctl restart {' '.join(failed)}",
    )


def check_version(settings: Settings, checkout: Path = resources.PACKAGE.parent) -> Finding:
    """Compares with the newest tag that was fetched; fetches nothing."""
    newest = _git(checkout, "tag", "--list", "v*", "--sort=-version:refname").partition("\n")[0]
    is_older = newest and _git(checkout, "tag", "--list", newest, "--merged", "HEAD") != newest
    return Finding(
        "version",
        warning=f"this is {__version__}, and {newest} has been fetched" if is_older and not settings.demo else "",
        why="a newer version fixes what was found since",
        command=f'git verify-tag {newest}, then as in the handbook, "A new version"',
    )


def _git(checkout: Path, *arguments: str) -> str:
    """Nothing for a folder that is no checkout. The checkout belongs to root, and we may be another account."""
    if not (checkout / ".git").exists():
        return ""
    return run("git", "-c", f"safe.directory={checkout}", "-C", str(checkout), *arguments)


def run(*command: str) -> str:
    """What a program prints, whatever its exit code; nothing if it is not here or does not end."""
    try:
        done = subprocess.run(  # noqa: S603 (fixed programs)
            command, capture_output=True, text=True, check=False, timeout=_ANSWER_SECONDS
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout.strip()
