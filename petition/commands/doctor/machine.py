"""Checks this machine: swap, nginx, core dumps, other logs."""

from pathlib import Path

from petition.commands.doctor import nginx
from petition.commands.doctor.finding import Finding
from petition.core.settings import Settings

ROOT = Path("/")


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


def check_core_dumps(settings: Settings, root: Path = ROOT) -> Finding:
    """Petition forbids them for itself. PostgreSQL, nginx and Postfix hold addresses too."""
    subject = "core dumps"
    kept = root / "var/lib/systemd/coredump"
    is_piped = _read(root / "proc/sys/kernel/core_pattern").startswith("|")
    is_stored = is_piped and not _stores_no_core(root)
    is_there = kept.is_dir() and any(kept.iterdir())
    if settings.demo or not (is_stored or is_there):
        return Finding(subject)
    what = f"{kept} holds memory of programs that crashed" if is_there else "a crash writes memory to the disk"
    command = "install -d /etc/systemd/coredump.conf.d && printf '[Coredump]\\nStorage=none\\nProcessSizeMax=0\\n' "
    command += f"> /etc/systemd/coredump.conf.d/petition.conf && rm -f {kept}/*"
    return Finding(subject, warning=what, why="addresses and keys can be in it", command=command)


def _stores_no_core(root: Path) -> bool:
    files = [root / "etc/systemd/coredump.conf", *sorted((root / "etc/systemd/coredump.conf.d").glob("*.conf"))]
    settings = [line.strip() for file in files for line in _read(file).splitlines()]
    pattern = _read(root / "proc/sys/kernel/core_pattern")
    return "Storage=none" in settings or pattern.startswith("|/bin/false")


def check_rsyslog(settings: Settings, root: Path = ROOT) -> Finding:
    """The journal forgets after seven days (docs/deploy/journald.conf); files in /var/log stay for weeks."""
    is_here = any((root / "usr/sbin" / name).exists() for name in ("rsyslogd", "syslog-ng"))
    return Finding(
        "copies of the journal",
        warning="a second log service writes /var/log/syslog" if is_here and not settings.demo else "",
        why="it keeps for weeks what the journal forgets after seven days",
        command="apt purge rsyslog syslog-ng-core && rm -f /var/log/syslog* /var/log/mail.* /var/log/messages*",
    )


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
