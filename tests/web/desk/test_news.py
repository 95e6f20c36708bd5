"""The page about news, and its file: sealed, with a moment, without anybody who need not be in it."""

import csv
import io
import re

from petition.core import encryption
from tests.conftest import IDENTITY, Clock, Visitor
from tests.web.tools import Html


async def _file(visitor: Visitor) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((await visitor.get("/organisers/news.csv")).text)))


async def test_the_file_for_news_has_sealed_addresses_and_nothing_else_of_anybody(
    time: Clock, visitor: Visitor
) -> None:
    await visitor.confirmed("boris@example.net", "DE", named="on", name="Boris")
    for n in range(3):
        await visitor.confirmed(f"anna{n}@example.net", "PL", named="on", name="Anna", updates="on")
    time.advance(days=3)
    await visitor.organiser("vera", "organiser")
    assert await _file(visitor) == []
    time.advance(days=1)
    await visitor.organiser("olga", "organiser")
    answer = await visitor.get("/organisers/news.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="news.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert not {"PL", "DE", "Anna", "Boris"} & {*re.split(r"[,\s]", answer.text)}
    table = await _file(visitor)
    assert {(row["made_at"], row["of"]) for row in table} == {("2026-11-26T12:00:00Z", "3")}
    opened = {encryption.unseal_contact(IDENTITY, row["sealed_address"])[0] for row in table}
    assert opened == {f"anna{n}@example.net" for n in range(3)}


async def test_who_ends_the_news_is_in_no_later_file(time: Clock, visitor: Visitor) -> None:
    for n in range(3):
        await visitor.confirmed(f"anna{n}@example.net", "PL", updates="on")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    (first, *others) = await _file(visitor)
    address, link = encryption.unseal_contact(IDENTITY, first["sealed_address"])
    await visitor.client.post(link, content="List-Unsubscribe=One-Click")
    left = [encryption.unseal_contact(IDENTITY, row["sealed_address"])[0] for row in await _file(visitor)]
    assert len(left) == len(others) == 2
    assert address not in left


async def test_the_page_says_a_power_of_ten_and_the_record_who_took_the_file(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("vera", "organiser")
    before = Html((await visitor.get("/organisers/news")).text).text
    await visitor.confirmed("anna@example.net", "PL", updates="on")
    time.advance(days=4)
    await visitor.organiser("olga", "organiser")
    page = await visitor.get("/organisers/news")
    assert Html(page.text).text.replace("olga", "vera") == before
    assert "at least three days ago: <10" in before
    assert 'href="/organisers/news.csv"' in page.text
    await _file(visitor)
    assert "olga downloaded addresses for news <10" in Html((await visitor.get("/organisers/record")).text).text
