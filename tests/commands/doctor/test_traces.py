"""Traces of people in logs and spools: the file, the kind and the count are said, never the trace itself."""

import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from petition.commands.doctor import Finding, find_traces
from petition.core.settings import Settings
from tests.shell import Shell

TOKEN = "eyJhbGciOiJIUzI1NiJ9"
ANNA, LINK, VISITOR = "anna.nowak@example.net", f"GET /pl/confirm/{TOKEN} HTTP/1.1", "8.8.4.4"


def _plant(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    packers: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".xz": lzma.compress}
    file.write_bytes(packers.get(file.suffix, bytes)(text.encode()))


def _found(settings: Settings, root: Path, journalctl: str = "none") -> dict[str, Finding]:
    return {finding.subject.removeprefix(f"{root}/"): finding for finding in find_traces(settings, root, journalctl)}


PLANTED = {
    "var/log/mail.log": (f"postfix/smtp[7]: A1: to=<{ANNA}>, relay=mx[{VISITOR}]:25\n" * 2, (2, 0, 2)),
    "var/log/nginx/access.log": (
        f'{VISITOR} - - "{LINK}" 200\n2a00:1450:4001:82a::200e - - "GET / HTTP/1.1"',
        (0, 1, 2),
    ),
    "var/log/syslog.2.gz": (f"to=<{ANNA}>", (1, 0, 0)),
    "var/log/old/messages.1.xz": (LINK, (0, 1, 0)),
    "var/log/postgresql/postgresql-15-main.log": (f"ERROR: duplicate key ({ANNA})", (1, 0, 0)),
    "var/lib/postgresql/15/main/log/x.log": (f"STATEMENT: select '{ANNA}'", (1, 0, 0)),
    "var/spool/postfix/deferred/A/A1B2": (f"\0\0\1{ANNA}\0R{ANNA}\n/be/manage/{TOKEN}\n", (2, 1, 0)),
    "data/export.csv": (f"{ANNA}\n", (1, 0, 0)),
}
KINDS = ("email addresses", "links with a token", "IP addresses")


@pytest.mark.parametrize("name", PLANTED)
def test_each_place_is_searched(name: str, healthy: Settings, tmp_path: Path) -> None:
    object.__setattr__(healthy, "var", tmp_path / "data")
    text, counts = PLANTED[name]
    _plant(tmp_path, name, text)
    found = _found(healthy, tmp_path)
    assert list(found) == [name]
    said = sorted(f"{count} {kind}" for count, kind in zip(counts, KINDS, strict=True) if count)
    assert sorted(found[name].fix.split(", ")) == said
    told = found[name].as_line() + found[name].as_json()
    assert not [trace for trace in (ANNA, TOKEN, VISITOR, "nowak") if trace in told]
    assert found[name].command


INNOCENT = """\
Nov 30 00:00:00 host systemd[1]: Started postfix@-.service, petition-deliver@1.service, user@1000.service.
Nov 30 00:00:00 host sshd[7]: Accepted publickey for root from 8.8.4.4 port 50000 ssh2
Nov 30 00:00:00 host sshd[7]: kex curve25519-sha256@libssh.org hostkeys-00@openssh.com
Nov 30 00:00:00 host petition[7]: 12:34:56 127.0.0.1 ::1 192.168.1.7 fe80::1 ff02::2 10.0.0.1 1.2.3 7.88.1.2-10 0.0.0.0
2026-11-30 12:34:56 upgrade libx:amd64 2.3.4.5-1 2.3.4.6-1
Nov 30 00:00:00 host petition[7]: sender links@petition.example, write to help@example.org, on 5.6.7.8
"GET /pl/confirm/ HTTP/1.1" "GET /en/manage" "GET /organisers/login"
"""


def test_names_of_units_and_our_own_addresses_are_no_traces(healthy: Settings, tmp_path: Path) -> None:
    _plant(tmp_path, "proc/net/fib_trie", "  |-- 5.6.7.8\n     /32 host LOCAL\n")
    _plant(tmp_path, "proc/net/if_inet6", "fe800000000000000000000000000001 02 40 20 80 eth0\n")
    _plant(tmp_path, "var/log/syslog", INNOCENT)
    _plant(tmp_path, "var/log/wtmp", VISITOR)
    _plant(tmp_path, "var/spool/postfix/etc/resolv.conf", f"nameserver {VISITOR}\n")
    os.mkfifo(tmp_path / "var/log/pipe")
    (tmp_path / "var/log/link").symlink_to("/etc/hostname")
    assert _found(healthy, tmp_path) == {}


def test_the_journal_is_asked(healthy: Settings, tmp_path: Path) -> None:
    (tmp_path / "var/log/journal/x").mkdir(parents=True)
    _plant(tmp_path, "var/log/journal/x/system.journal", f"binary {ANNA}")
    (program := tmp_path / "journalctl").write_text(f"#!/bin/sh\necho 'to=<{ANNA}>' $2\n")
    program.chmod(0o755)
    found = _found(healthy, tmp_path, str(program))
    assert found["var/log/journal"].fix == "1 email addresses"
    assert list(found) == ["var/log/journal"]


def test_what_cannot_be_read_is_said(healthy: Settings, tmp_path: Path) -> None:
    _plant(tmp_path, "var/log/a.txt", "")
    (tmp_path / "var/log/a.txt").rename(tmp_path / "var/log/damaged.gz")
    (tmp_path / "var/log/damaged.gz").write_bytes(b"no gzip")
    _plant(tmp_path, f"var/log/{ANNA}.log", ANNA)
    found = _found(healthy, tmp_path)
    assert "it cannot be read" in found["var/log/damaged.gz"].warning
    assert found["var/log/…@example.net.log"].fix == "1 email addresses"


def test_it_is_a_command_with_an_exit_code(tmp_path: Path) -> None:
    """The logs of this machine are what they are; PETITION_VAR is ours."""
    shell = Shell(tmp_path)
    shell.fine("migrate")
    (tmp_path / "var" / "notes.txt").write_text(f"{ANNA} {LINK}\n")
    done = shell.run("doctor", "--traces", "--json")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "notes.txt" in line]
    assert '"what": "1 email addresses, 1 links with a token"' in line
    assert "anna" not in done.stdout
    assert "petition.db" not in done.stdout, "a database has none"
