"""An organiser who reads every page of the desk cannot tell whether one person signed yesterday.

Two worlds differ in one person, who lives in a country that is not published. Everything that viewer, organiser and
admin can open is the same in both, byte for byte. What is older than the three days of names differs, by design.
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from petition.commands import demo_data
from petition.core import tokens
from petition.core.database.connection import Connection
from petition.organisers import sessions
from petition.organisers.accounts import Role
from petition.site import open_site
from petition.web.http import request_counts
from petition.web.operations import process
from tests.conftest import MIDDAY, Clock, Visitor, add_organiser, make_settings, visiting
from tests.letters.editions.test_editions import draft_for, issue
from tests.relay import Relay
from tests.web.tools import allow_all_annexes, paths

# Pages that show people who asked to be named or for news, three days after they signed.
OLD_ENOUGH = {"/organisers/names", "/organisers/names/IE/new", "/organisers/signatures.csv", "/organisers/news.csv"}
DEMO = {"/dev/outbox"}  # of a demo only: it shows every email
ALIKE = {"/organisers/letters.zip"}  # takes seconds, and is made alike for each role that may open it
Answers = dict[tuple[str, str], tuple[int, bytes]]


async def _others(c: Connection) -> None:
    """The same forty signatures in both worlds."""
    day = MIDDAY.date().isoformat()
    rows = [demo_data.signature_row(f"{country}{n}", country, day) for country in ("DE", "PL") for n in range(23)]
    await demo_data.insert_signatures(c, rows=sorted(rows))


async def _everything_of_one_person(visitor: Visitor) -> None:
    """They sign, with name and news, and ask for their link; another form waits, and one email is refused."""
    await visitor.confirmed("anna@example.net", "IE", named="on", name="Anna Nowak", updates="on")
    await visitor.post("/en/manage", email="anna@example.net")
    await visitor.sign("anna@example.com", "IE", named="on", name="Anna Nowak")
    await visitor.sign("anna@mailinator.com", "IE")
    await visitor.deliver()


async def _world(folder: Path, smtp: Relay, time: Clock, *, person: bool, days: int) -> Answers:
    """What each role sees so many days after one person signed, or did not."""
    time.moment = MIDDAY
    settings = make_settings(f"sqlite:///{folder / 'petition.db'}", folder, smtp.url)
    async with open_site(settings, migrate=True) as site:
        await site.database.write(_others)
    handles = itertools.count()
    async with (
        visiting(settings, smtp) as visitor,
        _no_chance(request_counts, "SLOW_SECONDS", ()),  # a busy machine is slow
        _no_chance(secrets, "token_hex", lambda n: f"{next(handles):0{2 * n}}"),
    ):
        for role in Role:
            await add_organiser(visitor.site, role.name.lower(), role.name.lower())
        await allow_all_annexes(visitor.site)
        await issue(visitor.site.database, draft_for("PL"))
        if person:
            await _everything_of_one_person(visitor)
        for _ in range(days):
            time.advance(hours=23)
            await visitor.site.machine.refresh()
            await visitor.site.prune()
            await visitor.published()
        return {(role.name, path): answer for role in Role for path, answer in (await _pages(visitor, role)).items()}


@asynccontextmanager
async def _no_chance(module: ModuleType, name: str, other: object) -> AsyncIterator[None]:
    """Notices have random handles, which say nothing and differ."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, other)
        yield


async def _pages(visitor: Visitor, role: Role) -> dict[str, tuple[int, bytes]]:
    begin = partial(sessions._create_session, nickname=role.name.lower(), authenticated=True)
    with pytest.MonkeyPatch.context() as patch:  # sessions and proposed second factors show random numbers
        patch.setattr(tokens, "new_secret", lambda: f"{role:022}")
        visitor.client.cookies.set("session", await visitor.site.database.write(begin))
        patch.setattr(secrets, "token_bytes", lambda n=32: bytes(n))
        patch.setattr(process, "free_bytes", lambda _: 0)  # other tests use this disk too
        patch.setattr(process, "figures", lambda: iter(()))  # one process serves both worlds
        patch.setattr(process, "job_figures", lambda _: iter(()))  # real seconds, of jobs that always run
        patch.setattr(process.LoopLag, "longest", lambda _: 0.0)
        left_out = DEMO | (ALIKE if role is Role.ORGANISER else set())
        addresses = [path for path in paths("GET", country="IE", key="IE") if path not in left_out]
        answers = {path: await visitor.get(path) for path in addresses}
    return {path: (answer.status_code, answer.content) for path, answer in answers.items()}


async def _differing(folder: Path, smtp: Relay, time: Clock, days: int) -> set[str]:
    found = []
    for person in (False, True):
        world = folder / str(person)
        await asyncio.to_thread(world.mkdir)
        found.append(await _world(world, smtp, time, person=person, days=days))
    without, with_one = found
    assert without.keys() == with_one.keys()
    assert {status for status, _ in without.values()} <= {200, 302, 303, 308, 404}
    return {path for role, path in without if without[role, path] != with_one[role, path]}


@pytest.mark.parametrize("days", [1, 3])
async def test_nobody_at_the_desk_sees_that_one_person_more_has_signed(
    tmp_path: Path, smtp: Relay, time: Clock, days: int
) -> None:
    assert await _differing(tmp_path, smtp, time, days) == set()


async def test_after_three_days_names_and_sealed_addresses_are_all_that_differs(
    tmp_path: Path, smtp: Relay, time: Clock
) -> None:
    assert await _differing(tmp_path, smtp, time, 5) == OLD_ENOUGH
