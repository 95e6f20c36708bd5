"""Reads the settings of nginx on this machine."""

import re
from pathlib import Path

_MIN_CONNECTIONS = 8192  # in each process; the handbook sets twice as many


def has_few_connections(file: Path) -> bool:
    """One person can use up Debian's 768 connections from one address. A request that is passed on needs two files.

    False if there is no nginx here.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    connections, files = (_number(name, text) for name in ("worker_connections", "worker_rlimit_nofile"))
    return connections < _MIN_CONNECTIONS or files < 2 * connections


def _number(name: str, text: str) -> int:
    found = re.search(rf"^[^#\n]*\b{name}\s+(\d+)\s*;", text, flags=re.M)
    return int(found[1]) if found else 0
