"""Searches logs, spools and our own folders for traces of people: which file, what kind, how many; never the trace."""

import gzip
import lzma
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from petition.campaign.appeal import Appeal
from petition.commands.doctor.finding import Finding
from petition.core.errors import PetitionError
from petition.core.settings import Settings

ROOT = Path("/")
# Patterns of folders, and what stops the traces there.
PLACES = {
    "var/log/nginx": "access_log off; error_log /dev/null emerg (docs/deploy/nginx.conf), then delete the file",
    "var/log/postgresql": "docs/deploy/postgresql.conf, then delete the file",
    "var/lib/postgresql/*/*/log": "docs/deploy/postgresql.conf, then delete the file",
    "var/log": "find the program that writes it, turn that off, then delete the file",
    "var/spool/postfix": "emails that wait: postqueue -p; maximal_queue_lifetime = 4h (docs/deploy/postfix/main.cf)",
}
JOURNALS = ("var/log/journal", "run/log/journal")
# Read in another way, and what Postfix copies from /etc: name servers and hosts.
_NOT_WALKED = (JOURNALS[0], "var/spool/postfix/etc")
_OWN = "find out which command wrote it there, then delete the file"
_JOURNAL = "journalctl --rotate && journalctl --vacuum-time=1s, after the program that writes it was found"
_LOGINS = {"wtmp", "btmp", "lastlog", "faillog"}  # of administrators: who came to the machine, not to the site
_OPEN: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
_LINE = 1 << 16  # bytes; a database has few ends of lines

_ADDRESS = re.compile(rb"(?<![\w.%+-])[\w.%+-]{1,64}@(?:[a-z0-9-]+\.)+([a-z]{2,24})\b", re.I)
_LINK = re.compile(rb"/(?:confirm|manage|login)/[\w.-]{16,}")
_IP = re.compile(rb"(?<![\w.:+~-])(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]*:[0-9a-f:]*:[0-9a-f]*)(?![\w.+~-])", re.I)
# Names of units (postfix@-.service), and of methods of ssh (…@openssh.com).
_NO_ADDRESS = re.compile(
    rb"\.(service|socket|timer|target|slice|scope|path|mount|automount|swap|device)$|@(openssh\.com|libssh\.org)$", re.I
)


def find_traces(settings: Settings, root: Path = ROOT, journalctl: str = "journalctl") -> Iterator[Finding]:
    """One finding for each file with a trace or that may not be read; the caller is root, or sees less."""
    known = _Known(settings, root)
    for file, advice in _files(settings, root):
        yield from _check(str(file), _lines(file), known, advice)
    for folder in (root / name for name in JOURNALS):
        if folder.is_dir() and shutil.which(journalctl):
            yield from _check(str(folder), _journal(journalctl, folder), known, _JOURNAL)


class _Known:
    """What is no trace of a person: our own addresses, those that the campaign publishes, this machine's."""

    def __init__(self, settings: Settings, root: Path) -> None:
        text = f"{settings.mail_from} {settings.alerts_to}".encode()
        for file in _campaign_files(settings):
            text += b"\n" + file.read_bytes()
        self.addresses = {found[0].lower() for found in _ADDRESS.finditer(text)}
        self.ips = _own_ips(root)


def _campaign_files(settings: Settings) -> list[Path]:
    try:
        appeal = Appeal(settings.campaign)
    except PetitionError:
        return []
    return [appeal.data_file(name) for name in ("campaign.toml", "governments.toml")]


def _own_ips(root: Path) -> set[bytes]:
    table = _bytes(root / "proc/net/fib_trie")
    six = [line.split()[0] for line in _bytes(root / "proc/net/if_inet6").splitlines() if line.split()]
    return {*re.findall(rb"[\d.]{7,}", table), *(str(ip_address(int(text, 16))).encode() for text in six)}


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _files(settings: Settings, root: Path) -> Iterator[tuple[Path, str]]:
    """Each file once, with the advice of the narrowest folder."""
    places = [(folder, advice) for pattern, advice in PLACES.items() for folder in sorted(root.glob(pattern))]
    seen: set[Path] = set()
    others = [root / name for name in _NOT_WALKED]
    for folder, advice in [*places, (settings.var, _OWN)]:
        for file in _walk(folder):
            if file not in seen and file.name not in _LOGINS and not any(map(file.is_relative_to, others)):
                seen.add(file)
                yield file, advice


def _walk(folder: Path) -> Iterator[Path]:
    """Plain files only: a pipe would wait for ever, and a link may lead anywhere."""
    for parent, _, names in os.walk(folder):
        for file in (Path(parent) / name for name in sorted(names)):
            if file.is_file() and not file.is_symlink():
                yield file


def _check(name: str, lines: Iterator[bytes], known: _Known, advice: str) -> Iterator[Finding]:
    counts: Counter[str] = Counter()
    subject = re.sub(r"(?<![^/\s])[^/\s]+@", "…@", name)  # the name of a file can be a trace too
    try:
        for line in lines:
            counts.update(_kinds(line, known))
    except (OSError, EOFError, lzma.LZMAError) as error:
        what = f"it cannot be read ({getattr(error, 'strerror', None) or 'damaged'})"
        yield Finding(subject, warning=what, why="root reads all logs", command="run it as root")
    if counts:
        what = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        yield Finding(subject, what, why="who takes the disk has them", command=advice)


def _lines(file: Path) -> Iterator[bytes]:
    with _OPEN.get(file.suffix, open)(file, "rb") as stream:
        while line := stream.readline(_LINE):
            yield line


def _journal(journalctl: str, folder: Path) -> Iterator[bytes]:
    command = [journalctl, "--directory", str(folder), "--no-pager", "--output=short"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 (fixed)
        yield from process.stdout or ()


def _kinds(line: bytes, known: _Known) -> Iterator[str]:
    """The kind of each trace in a line."""
    if b"@" in line:
        found = (match[0].lower() for match in _ADDRESS.finditer(line))
        yield from ("email addresses" for one in found if one not in known.addresses and not _NO_ADDRESS.search(one))
    yield from ("links with a token" for _ in _LINK.finditer(line))
    if b"sshd" not in line:  # administrators, and who knocks at their door
        yield from ("IP addresses" for match in _IP.finditer(line) if _is_strange(match[0], known))


def _is_strange(text: bytes, known: _Known) -> bool:
    try:
        address = ip_address(text.decode("ascii"))
        return text not in known.ips and address.is_global and not address.is_multicast
    except ValueError:
        return False
