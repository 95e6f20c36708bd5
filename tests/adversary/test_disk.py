"""A copied disk without keys, the logs of all providers and old emails on a phone: together they join nothing."""

import hashlib
import re

import pytest

from petition.core import tokens
from petition.core.encryption import ServerKeys
from tests.adversary.joins import Tables, copy_tables, dated_signatures, find_joins, log_line
from tests.conftest import Clock, Visitor
from tests.relay import plain
from tests.web.tools import on_sqlite

CHOICES = {"named": "on", "name": "Anna Žemaitė", "updates": "on"}
CONFIRMED, TYPED, MANAGED, ORGANISER = (
    "anna@example.net",
    "boris@example.org",
    "celina@example.net",
    "marta@example.org",
)


async def _lives(visitor: Visitor, time: Clock) -> None:
    """Some sign, some only type, some manage, and an organiser signs too; an hour lies between any two of them."""
    for email in (CONFIRMED, MANAGED, ORGANISER):
        await visitor.confirmed(email, "LT", **CHOICES)
        time.advance(hours=1, minutes=7)
    await visitor.sign(TYPED, "LT", **CHOICES)
    await visitor.post("/en/manage", email=MANAGED)
    await visitor.sign(CONFIRMED, "LV", **CHOICES)
    await visitor.organiser("marta")
    await visitor.deliver()


@pytest.fixture
async def disk(visitor: Visitor, time: Clock) -> Tables:
    await _lives(visitor, time)
    return await copy_tables(visitor.site.database)


def _logs(visitor: Visitor) -> list[str]:
    return [log_line(mail, str(mail["Message-ID"]).partition("@")[0]) for mail in visitor.smtp.mails]


def _phones(visitor: Visitor) -> list[str]:
    """Whole emails: their headers, texts and links, and what stands in each link."""
    return [*_logs(visitor), *(plain(mail) for mail in visitor.smtp.mails)]


async def test_no_log_and_no_old_email_leads_to_a_row(visitor: Visitor, disk: Tables) -> None:
    assert len(disk["signatures"]) == 3
    assert len(disk["submissions"]) == 5
    assert len({str(mail["To"]) for mail in visitor.smtp.mails}) == 4
    assert find_joins(_logs(visitor), disk) == set()
    assert find_joins(_phones(visitor), disk) == set()


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
