"""Helpers for the tests of the web: parsed HTML, every row of the database, made-up campaigns, generated examples."""

import asyncio
import re
import sqlite3
from base64 import b32decode
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis.strategies import SearchStrategy
from starlette.routing import Route

from petition.campaign.appeal import SHIPPED_DATA, Appeal
from petition.commands import demo_data
from petition.core import clock, languages
from petition.core.database import state
from petition.core.database.queries import SQLITE
from petition.core.settings import Mode, Settings
from petition.core.tokens import Purpose
from petition.letters.editions import annexes
from petition.organisers import totp
from petition.retention.destruction_day import HOURS_NEEDED, STATE_NAME, Announcement
from petition.signing import printed_names
from petition.signing.intake import PROOF_OF_WORK_FIELD, TRAP_FIELD
from petition.signing.printed_names import APPROVED
from petition.signing.signatures import NEW
from petition.site import Site
from petition.web.routes import routes
from tests.conftest import Clock, Visit, Visitor

T = TypeVar("T")
Attributes = dict[str, str]
LANGUAGES = tuple(languages.offered_languages(Appeal().languages()))
# One of each script and two with long words; `make test-all` takes all.
SAMPLE = {"be", "de", "el", "en", "fi"}
in_each_language = pytest.mark.parametrize(
    "lang", [pytest.param(code, marks=[] if code in SAMPLE else [pytest.mark.slow]) for code in LANGUAGES]
)
FORM = "application/x-www-form-urlencoded"
# For tests that do not depend on the kind of database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Html(HTMLParser):
    """A parsed page: its tags in order, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Attributes]] = []
        self.texts: list[str] = []  # the text after each tag, until the next tag
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[Attributes]:
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]

    def fields(self) -> dict[str, str]:
        """What a form sends if a person presses its button and changes nothing; without fields for machines."""
        values, select = {}, ""
        for (tag, a), text in zip(self.tags, self.texts, strict=True):
            if (
                tag == "input"
                and (a.get("type") != "checkbox" or "checked" in a)
                and a["name"] not in (PROOF_OF_WORK_FIELD, TRAP_FIELD)
            ):
                values[a["name"]] = a.get("value", "")
            elif tag == "textarea":
                values[a["name"]] = text.strip("\n")
            elif tag == "select":
                select = a["name"]
            elif tag == "option" and "selected" in a:
                values.setdefault(select, a["value"])
        return values

    def press(self, button: str) -> dict[str, str]:
        """What the form sends if a person presses the button of this name."""
        (value,) = [a["value"] for a in self.all("button") if a.get("name") == button]
        return self.fields() | {button: value}

    def error(self, field: str) -> str:
        """The error sentence that a field points to; empty if there is none."""
        boxes = self.all("input") + self.all("select") + self.all("textarea")
        (box,) = [a for a in boxes if a.get("id") == field]
        if f"{field}-error" not in box.get("aria-describedby", "").split() or box.get("aria-invalid") != "true":
            return ""
        sentences = [
            text for (_, a), text in zip(self.tags, self.texts, strict=True) if a.get("id") == f"{field}-error"
        ]
        return sentences[0] if sentences else ""


THROTTLE_TABLES = {"token_buckets", "daily_keys"}  # any request may change these, also a moment later


async def all_rows(site: Site) -> dict[str, list[str]]:
    """Every row of every table, without those of the rate limiter."""
    if site.database.dialect == SQLITE:  # without the way through a thread for each row
        return _rows_of_sqlite(site.settings.database_url.partition("///")[2])
    async with site.database.reading() as c:
        tables = [name for row in await c.all("database.tables") if (name := str(row["name"])) not in THROTTLE_TABLES]
        return {
            table: sorted([str(row) async for part in c.stream_rows(table, 1000) for row in part]) for table in tables
        }


def _rows_of_sqlite(file: str) -> dict[str, list[str]]:
    with closing(sqlite3.connect(file)) as c:
        c.row_factory = sqlite3.Row
        names = [
            row["name"]
            for row in c.execute("select name from sqlite_schema where type = 'table' and name not like 'sqlite%'")
        ]
        tables = [name for name in names if name not in THROTTLE_TABLES]
        return {table: sorted(str(dict(row)) for row in c.execute(f"select * from {table}")) for table in tables}


async def run_background_jobs(site: Site) -> None:
    """Runs the background jobs now, so that from here on only requests change rows."""
    await site.take_snapshot()
    await site.prune()


def set_destruction(site: Site, day: date) -> None:
    """As if the site had been started with this day in campaign.toml."""
    site.appeal.campaign = replace(site.appeal.campaign, destruction=day)


async def announced(site: Site, day: date) -> None:
    """The day is that of campaign.toml, and was announced for a week until now."""
    set_destruction(site, day)
    value = str(Announcement(day, HOURS_NEEDED, clock.epoch()))
    await site.database.write(lambda c: state.put(c, STATE_NAME, value))


async def for_all(strategy: SearchStrategy[T], check: Callable[[T], Awaitable[None]], most: int = 30) -> None:
    """Runs an async check on generated examples, in this event loop, with the fixtures of the test."""
    loop = asyncio.get_running_loop()

    async def checked(value: T) -> None:
        await check(value)

    @examples(max_examples=most, deadline=None)
    @given(strategy)
    def run(value: T) -> None:
        asyncio.run_coroutine_threadsafe(checked(value), loop).result(60)

    await asyncio.to_thread(run)


def campaign(folder: Path, **dates: str) -> Path:
    """A campaign folder without placeholders; `dates` adds or replaces days, such as met="2026-11-01"."""
    values = {
        "goal": "5000",
        "deadline": "2026-12-31",
        "destruction": "2027-12-31",
        "contact": '"help@example.org"',
    } | dates
    if "met" in dates:
        dates |= {"met_by": '"Viasna"', "met_source": '"https://example.org/list"'}
    text = (SHIPPED_DATA / "campaign.toml").read_text("utf-8")
    text = re.sub(
        r'^(\w+) = "PLACEHOLDER.*"$',
        lambda m: f"{m[1]} = " + values.get(m[1], '"https://example.org/x"'),
        text,
        flags=re.M,
    )
    more = "".join(f"{name} = {day}\n" for name, day in dates.items() if name not in ("deadline", "destruction"))
    folder.mkdir()
    (folder / "campaign.toml").write_text(text.replace("[dates]\n", f"[dates]\n{more}"), "utf-8")
    return folder


async def in_production(visit: Visit, settings: Settings, folder: Path, **other: Any) -> Visitor:
    """A visitor of the site in production mode; also changes the mode of the database."""
    from petition.core.database import database as db

    async with db.open_database(settings.database_url) as database:
        await database.write(lambda c: c.execute("update site_state set value = 'production' where name = 'mode'"))
    changes = {
        "mode": Mode.PRODUCTION,
        "base_url": "https://petition.example",
        "campaign": campaign(folder / "campaign"),
    }
    visitor: Visitor = await visit(**(changes | other))
    return visitor


def token(visitor: Visitor, purpose: Purpose, secret: str = "AAAAAAAAAAAAAAAAAAAAAA") -> str:
    """A well-signed token; by default with an unknown secret."""
    return visitor.site.signer.make_token(purpose, secret)


async def pass_names(site: Site) -> None:
    """An organiser approves every name that is old enough."""
    async with site.database.reading() as c:
        countries = await printed_names.count_by_country(c, NEW)
        handles = {
            country: [h for h, _ in (await printed_names.list_names(c, country, NEW))[0]] for country in countries
        }
    for country, found in handles.items():
        judge = partial(printed_names.move_names, country=country, handles=found, old=NEW, new=APPROVED)
        await site.database.write(judge)


async def allow_all_annexes(site: Site) -> None:
    """An admin allows an annex of names for every addressee."""
    for code in {a.code for a in site.address_book.addressees}:
        await site.database.write(partial(annexes.switch_annex, code=code, name=code, nickname="marta", on=True))


# A batch whose signatures are erased, so that nothing is left to do: for the addresses of PARAMETERS.
BATCH = """insert into batches values ('b1', 'disposable - -', 'x', 'erased', '', 31, 31, 0,
    '{"total": 30, "countries": {"DE": 20}, "wanted": 0}', '2026-11-22',
    'marta', 0, 'throw-away', 'marta', 0, 'olga', '2026-11-22')"""


# An address for each parameter of the site map.
PARAMETERS = {
    **{"lang": "en", "token": "x", "key": "PL", "n": "1", "reference": "PL-1", "kind": "docx"},
    **{"country": "PL", "state": "new", "nickname": "marta", "sheet": "PL-7", "name": "signing", "batch": "b1"},
    **{"fact": "viasna-2025-12", "picture": "map", "table": "tally"},
}


async def publish_many(visitor: Visitor, time: Clock, n: int) -> None:
    """Signatures of n people, and their published numbers."""
    await demo_data.fill_database(visitor.site.database, n)
    time.advance(minutes=2)
    await visitor.published()


def paths(method: str, **values: str) -> list[str]:
    """Every address of the site that takes a method, with its parameters filled in."""
    filled = PARAMETERS | values
    addresses = [
        r.path.format(**filled) for r in routes(demo=True) if isinstance(r, Route) and method in (r.methods or ())
    ]
    return list(dict.fromkeys(addresses))


def code(key: bytes, later: int = 0) -> str:
    """What an authenticator app shows now, or `later` half minutes later."""
    return totp.code_at(key, clock.epoch() // totp.STEP_SECONDS + later)


async def follow_login_link(visitor: Visitor, nickname: str, base: str = "https://petition.example") -> httpx2.Response:
    """Logs in with an emailed link. Returns the answer to its button."""
    visitor.client.cookies.clear()
    assert (await visitor.post("/organisers/login", email=f"{nickname}@example.org")).status_code == 200
    return await visitor.post(await visitor.link(f"{nickname}@example.org", "login", base))


async def set_up_codes(visitor: Visitor) -> bytes:
    """Sets up codes of an app after the first login. Returns the secret."""
    page = Html((await visitor.get("/organisers/factors")).text)
    (text,) = [text for (tag, _), text in zip(page.tags, page.texts, strict=True) if tag == "code"]
    key = b32decode("".join(text.split()))
    assert (await visitor.post("/organisers/factors", code=code(key))).status_code == 303
    return key
