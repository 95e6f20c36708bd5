"""A copied disk without keys, the logs of all providers and old emails on a phone: together they join nothing."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace

import pytest

from petition.core import tokens
from petition.core.encryption import ServerKeys
from petition.core.settings import Settings
from tests import HAS_LOG
from tests.adversary import published_files
from tests.adversary.joins import Tables, copy_tables, dated_signatures, find_joins, log_line
from tests.conftest import LOG_KEY, Clock, Visitor
from tests.relay import plain
from tests.tally.publishing import change
from tests.web.tools import on_sqlite

CHOICES = {"named": "on", "name": "Anna Žemaitė", "updates": "on"}
CONFIRMED, TYPED, MANAGED, ORGANISER = (
    "anna@example.net",
    "boris@example.org",
    "celina@example.net",
    "marta@example.org",
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The site has a public log, if its folder is there."""
    return replace(settings, log_keys=(LOG_KEY,))


async def _lives(visitor: Visitor, time: Clock) -> None:
    """Some sign, some only type, some manage, and an organiser signs too; an hour lies between any two of them."""
    for email in (CONFIRMED, MANAGED, ORGANISER):
        await visitor.confirmed(email, "LT", **CHOICES)
        await _publish(visitor, time, hours=1, minutes=7)
    await visitor.sign(TYPED, "LT", **CHOICES)
    await visitor.post("/en/manage", email=MANAGED)
    await visitor.sign(CONFIRMED, "LV", **CHOICES)
    await visitor.organiser("marta")
    await visitor.deliver()


async def _publish(visitor: Visitor, time: Clock, **span: float) -> None:
    """On pages, and then in the log, which waits until it logs and until it signs."""
    time.advance(**span)
    await visitor.published()
    for seconds in (61, 31):
        time.advance(seconds=seconds)
        await published_files.let_features_work(visitor.site)


@pytest.fixture
async def disk(visitor: Visitor, time: Clock) -> Tables:
    """A copy, and all that everybody can fetch until the next day, with the figures of the week."""
    await change(visitor.site.database, "LT", 40)
    await _lives(visitor, time)
    tables = await copy_tables(visitor.site.database)
    time.advance(days=1)
    await visitor.site.prune()
    await _publish(visitor, time)
    quality = (await visitor.get("/quality.json")).json()
    return tables | published_files.as_tables(published_files.read_files(visitor.site.settings), quality)


PUBLIC = ("log_", "entries of", "files beside", "quality")


def _private(tables: Tables) -> Tables:
    """Without what everybody can read, which has the words of the appeal, as emails have."""
    return {name: rows for name, rows in tables.items() if not name.startswith(PUBLIC)}


def _logs(visitor: Visitor) -> list[str]:
    return [log_line(mail, str(mail["Message-ID"]).partition("@")[0]) for mail in visitor.smtp.mails]


def _phones(visitor: Visitor) -> list[str]:
    """Whole emails: their headers, texts and links, and what stands in each link."""
    return [*_logs(visitor), *(plain(mail) for mail in visitor.smtp.mails)]


def _long_words(texts: Iterable[str]) -> list[str]:
    """What belongs to one thing or person: links, hashes, keys."""
    return [word for text in texts for word in re.findall(r"[A-Za-z0-9_.@+-]{16,}", text)]


async def test_no_log_and_no_old_email_leads_to_a_row(visitor: Visitor, disk: Tables) -> None:
    assert len(disk["signatures"]) == 3
    assert len(disk["submissions"]) == 5
    assert len({str(mail["To"]) for mail in visitor.smtp.mails}) == 4
    assert find_joins(_logs(visitor), disk) == set()
    assert find_joins(_phones(visitor), _private(disk)) == set()


async def test_nothing_that_is_published_leads_to_an_email_or_a_row(visitor: Visitor, disk: Tables) -> None:
    """The public log, the files beside it, the figures of the week."""
    assert disk["quality.json"][0]["week"] == "2026-11-23"
    kinds = {row["kind"] for row in disk["entries of the log"]}
    assert kinds >= {"log", "appeal", "release"} or not HAS_LOG
    assert find_joins([*_long_words(_phones(visitor)), CHOICES["name"]], disk) == set()
    public = [str(row) for name, rows in disk.items() if name.startswith(PUBLIC) for row in rows]
    assert find_joins(_long_words(public), _private(disk)) == set()


async def test_an_entry_that_names_a_mailbox_would_be_found(visitor: Visitor, disk: Tables) -> None:
    mailbox, signed = hashlib.sha256(CONFIRMED.encode()).hexdigest(), disk["signatures"][0]["mailbox"]
    disk["entries of the log"] += [{"reference": mailbox}, {"key": signed, "at": "2026-11-22T12:01Z"}]
    assert find_joins(_logs(visitor), disk) == {("entries of the log", "reference")}
    assert dated_signatures(disk) == {("entries of the log", "at")}


async def test_no_time_finer_than_a_day_leads_to_a_signature(visitor: Visitor, disk: Tables) -> None:
    assert {row["hour_ends_at"] % 86400 for row in disk["email_counts"]} != {0}, "there are such times"
    assert dated_signatures(disk) == set()


async def test_no_organiser_is_found_among_the_signatures(visitor: Visitor, disk: Tables) -> None:
    (organiser,) = disk["organisers"]
    signed = {str(value) for row in disk["signatures"] for value in row.values()}
    assert organiser["nickname"]
    assert not signed & {str(organiser["email_hash"])}


async def test_who_has_the_key_of_addresses_too_finds_the_rows(visitor: Visitor, disk: Tables) -> None:
    """So the search above is no blind one, and docs/threat-model.md says what this key means."""
    (link,) = re.findall(r"/confirm/(\S+)", plain(visitor.smtp.to(TYPED)[0]))
    row_id = visitor.site.read_link(tokens.Purpose.CONFIRM, link).row_id
    assert find_joins([row_id], disk) == {("submissions", "id")}


def _unkeyed(_: ServerKeys, purpose: str, text: str) -> bytes:
    """What a link led to when no key was in it."""
    prefix = "petition name " if purpose == "name" else ""
    return hashlib.sha256((prefix + text).encode()).digest()


@on_sqlite
async def test_ids_without_a_key_would_be_found(visitor: Visitor, time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerKeys, "_keyed", _unkeyed)
    await _lives(visitor, time)
    disk = await copy_tables(visitor.site.database)
    assert find_joins(_logs(visitor), disk) >= {("submissions", "id")}
    assert find_joins(_phones(visitor), disk) >= {("submissions", "id"), ("submissions", "name")}


@on_sqlite
async def test_counts_by_mailbox_and_hour_would_be_found(
    visitor: Visitor, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServerKeys, "quota_key", lambda keys, address: keys.email_hashes(address)[0])
    _unmask(monkeypatch)
    await _lives(visitor, time)
    assert dated_signatures(await copy_tables(visitor.site.database)) == {("email_counts", "hour_ends_at")}


@on_sqlite
async def test_counts_that_lead_to_a_form_would_be_found(
    visitor: Visitor, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unmask(monkeypatch)
    await _lives(visitor, time)
    assert dated_signatures(await copy_tables(visitor.site.database)) == {("email_counts", "hour_ends_at")}


def _unmask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerKeys, "mask_quota", lambda keys, quota_key, row_id: quota_key)
