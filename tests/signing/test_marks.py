"""The marks on a form: what they say, that they die with the key of their day, and that no backup has them."""

from datetime import timedelta
from typing import Any

import pytest

from petition.core.database.connection import Row
from petition.retention import backup
from petition.signing.signatures import QUICK_SECONDS
from tests.conftest import Clock, Visitor

MARKS = ("network", "domain", "quick", "mailbox_class")


async def _forms(visitor: Visitor) -> list[Row]:
    async with visitor.site.database.reading() as c:
        return await c.execute("select * from submissions order by country")


@pytest.mark.parametrize(
    ("email", "country", "kind", "tagged"),
    [
        ("anna@gmail.com", "PL", "known", False),
        ("anna@bluewin.ch", "CH", "known", False),
        ("anna@duck.com", "PL", "relay", False),
        ("anna@anna.anonaddy.com", "PL", "relay", False),
        ("anna@mailinator.com", "PL", "throw-away", False),
        ("anna@firm.example", "PL", "unknown", True),
        ("anna@firm.example", "ZZ", "unknown", False),
        ("anna@firm.example", "BY", "unknown", False),
    ],
)
async def test_only_a_domain_that_nobody_knows_has_a_tag_and_never_in_an_unsafe_country(
    email: str, country: str, kind: str, tagged: bool, time: Clock, visitor: Visitor
) -> None:
    await visitor.sign(email, country)
    (form,) = await _forms(visitor)
    assert (form["mailbox_class"], form["domain"] is not None, form["quick"]) == (kind, tagged, None)
    assert form["disposable"] == (kind == "throw-away")


@pytest.mark.parametrize(("seconds", "quick"), [(QUICK_SECONDS, 1), (QUICK_SECONDS + 1, 0)])
async def test_quick_is_who_presses_within_seconds_of_the_email(
    seconds: int, quick: int, time: Clock, visitor: Visitor
) -> None:
    await visitor.sign("anna@example.net")
    link = await visitor.link("anna@example.net")
    time.advance(seconds=seconds)
    for _ in range(2):
        await visitor.post(link)
        assert [form["quick"] for form in await _forms(visitor)] == [quick]
        time.advance(hours=1)


async def test_marks_die_with_the_key_of_their_day_and_do_not_come_back(time: Clock, visitor: Visitor) -> None:
    await visitor.sign("anna@firm.example", "LT")
    link = await visitor.link("anna@firm.example")
    time.moment += timedelta(days=1)
    await visitor.confirmed("boris@firm.example", "PL")
    time.moment += timedelta(days=1)
    await visitor.site.prune()
    await visitor.post(link)
    anna, boris = await _forms(visitor)
    assert [anna[mark] for mark in MARKS] == [None] * 4
    assert None not in [boris[mark] for mark in MARKS]
    time.moment += timedelta(days=1)
    await visitor.site.prune()
    assert {form[mark] for form in await _forms(visitor) for mark in MARKS} == {None}


async def test_a_decoy_and_a_backup_have_no_mark(time: Clock, visitor: Visitor) -> None:
    for _ in range(4):
        await visitor.sign("anna@firm.example")
    marked = [
        {form[mark] for mark in MARKS} == {None} for form in await _forms(visitor) if form["state"] == "cancelled"
    ]
    assert marked == [True]
    async with visitor.site.database.reading() as c:
        chunks: list[Any] = [chunk async for chunk in backup._read_tables(c)]
    kept = [row.keys() & {*MARKS} for table, rows in chunks for row in rows if table == "submissions"]
    assert kept == [set()] * 4
