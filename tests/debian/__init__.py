"""Debian 12 and 13 on this machine: roots made from its own apt, booted or entered."""

RELEASES = {12: "bookworm", 13: "trixie"}
PYTHONS = {12: "3.11", 13: "3.13"}  # the one that each release brings
