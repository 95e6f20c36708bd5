"""Reads the file for news that an organiser downloaded, and opens the addresses in it. They stay in memory."""

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyrage

from petition.commands.verbs import progress_bar
from petition.core import clock, encryption
from petition.core.email_addresses import exact_form
from petition.core.errors import DataError, KeysError
from petition.core.key_files import CLOCK_TOLERANCE
from petition.core.settings import LOOPBACK_HOSTS

COLUMNS = ["made_at", "of", "sealed_address"]  # moment of the download, how many rows the file has
_LINK_PATH = re.compile(r"/([a-z]{2,3})/unsubscribe/[\w-]{16,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Nothing of it is in a repr: no log and no error may quote it."""

    address: str = field(repr=False)
    link: str = field(repr=False)  # ends the news for this mailbox
    language: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def site(self) -> str:
        """Where the link leads."""
        return self.link.partition(_path(self.link))[0]


@dataclass(frozen=True, slots=True)
class Export:
    """`foreign`: rows that are sealed to other keys; `unusable`: rows without a link that works, or without an address
    that email can go to."""

    made_at: int  # epoch seconds
    subscribers: list[Subscriber]
    foreign: int = 0
    unusable: int = 0

    def age(self) -> int:
        """In seconds."""
        return clock.epoch() - self.made_at


def read_export(file: Path, identity: pyrage.x25519.Identity) -> Export:
    """Raises DataError for another or a damaged file, KeysError if the identity opens nothing in it."""
    rows = _read_rows(file)
    made_at = _made_at(file, rows)
    people, counts = _open_rows(rows, identity)
    if counts["foreign"] == len(rows):
        raise KeysError(f"No address in {file} opens with this identity: it belongs to another key.")
    if not people:
        raise DataError(f"{file} has no address that news can go to.")
    return Export(made_at, list(people.values()), counts["foreign"], counts["unusable"])


def _read_rows(file: Path) -> list[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            columns, rows = table.fieldnames, list(table)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise DataError(f"{file} cannot be read: download it again at the desk, under “News”.") from None
    if columns != COLUMNS:
        raise DataError(f"{file} is not the file for news: download that one at the desk, under “News”.")
    if not rows:
        raise DataError(f"{file} has no address: nobody who asked for news signed more than three days ago.")
    if any(row["of"] != str(len(rows)) or not row["sealed_address"] for row in rows):
        raise DataError(f"{file} is not whole: download it again at the desk, under “News”.")
    return rows


def _made_at(file: Path, rows: list[dict[str, Any]]) -> int:
    try:
        (text,) = {row["made_at"] for row in rows}
        made_at = int(clock.parse_iso(text).timestamp())
    except (ValueError, TypeError):
        raise DataError(f"{file} does not say when it was made: download it again at the desk.") from None
    if made_at - clock.epoch() > CLOCK_TOLERANCE:
        raise DataError(f"{file} was made in the future: look at the clock of this machine.")
    return made_at


def _open_rows(
    rows: list[dict[str, Any]], identity: pyrage.x25519.Identity
) -> tuple[dict[str, Subscriber], Counter[str]]:
    """By address: one email to each."""
    people: dict[str, Subscriber] = {}
    counts: Counter[str] = Counter()
    for row in progress_bar("address", len(rows), rows):
        try:
            person = _subscriber(*encryption.unseal_contact(identity, row["sealed_address"]))
        except KeysError:
            counts["foreign"] += 1
            continue
        if person is None:
            counts["unusable"] += 1
        else:
            people[person.address] = person
    return people, counts


def _subscriber(address: str, link: str) -> Subscriber | None:
    """None without a link: there is no email from which nobody can unsubscribe."""
    path = _LINK_PATH.fullmatch(_path(link))
    return Subscriber(address, link, path[1]) if path and exact_form(address) == address else None


def _path(link: str) -> str:
    """Empty unless a link is https (on this machine also http) and has nothing but a path."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
    return parts.path if is_safe and parts.netloc and link.endswith(parts.path) and link.isascii() else ""
