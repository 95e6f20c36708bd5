"""The disk dies. A backup and sealed keys on a new machine give the same site, and nobody is lost or counted twice."""

import re
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from inspect import isawaitable
from pathlib import Path
from typing import Any

import pytest

from petition.__main__ import _parser
from petition.core import encryption
from petition.core.settings import Mode, Settings
from petition.site import Site
from petition.tally import audit
from tests.conftest import IDENTITY, Clock, Visitor, add_organiser, administer, make_settings, visiting
from tests.relay import Relay, plain
from tests.web.tools import campaign, code, follow_login_link, set_up_codes

BASE = "https://petition.example"
PEOPLE = [f"person{n}@example.net" for n in range(8)]
ANNA, NEVER = "anna@example.net", "vera@example.net"


@pytest.fixture(params=["sqlite", "postgresql"])
async def urls(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """Two empty databases, of the old machine and of the new one."""
    if request.param == "sqlite":
        (tmp_path / "new").mkdir()
        yield f"sqlite:///{tmp_path}/old/petition.db", f"sqlite:///{tmp_path}/new/petition.db"
        return
    server, names = request.getfixturevalue("postgresql_server"), [f"test_{secrets.token_hex(6)}" for _ in range(2)]
    for name in names:
        await administer(server, f"create database {name} template template0")
    yield f"{server}/{names[0]}", f"{server}/{names[1]}"
    for name in names:
        await administer(server, f"drop database if exists {name} with (force)")


async def _petition(settings: Settings, *words: object) -> None:
    """petition WORDS"""
    arguments = _parser().parse_args(list(map(str, words)))
    needs_settings = arguments.verb.__name__ not in ("reseal", "open_keys")
    result: Any = arguments.verb(settings, arguments) if needs_settings else arguments.verb(arguments)
    assert not (await result if isawaitable(result) else result)


def _machine(url: str, folder: Path, smtp: Relay, **keys: Any) -> Settings:
    (folder / "secrets").mkdir(parents=True, exist_ok=True)
    production = {"mode": Mode.PRODUCTION, "base_url": BASE, "campaign": folder.parent / "campaign"}
    return make_settings(url, folder, smtp.url, **production, **keys)


async def _live(visitor: Visitor) -> bytes:
    """People sign, one never wants an email, one organiser sets up codes. Returns the secret of the codes."""
    for email in PEOPLE:
        await visitor.post(_path(await _link(visitor, email, country="LT")))
    await visitor.post(_path(await _link(visitor, ANNA, named="on", name="Anna Nowak", updates="on")))
    await visitor.post("/en/manage", email=NEVER)
    await visitor.post(await visitor.link(NEVER, "manage", BASE), action="never_write")
    await add_organiser(visitor.site, "marta", "admin")
    assert (await follow_login_link(visitor, "marta")).status_code == 303
    return await set_up_codes(visitor)


async def _link(visitor: Visitor, email: str, country: str = "PL", **fields: str) -> str:
    assert (await visitor.sign(email, country, **fields)).status_code == 303
    return await visitor.link(email, "confirm", BASE)


def _path(link: str) -> str:
    return link.removeprefix(BASE)


async def _rows(site: Site, table: str) -> list[dict[str, Any]]:
    async with site.database.reading() as c:
        return await c.execute(f"select * from {table}")


async def _signed(site: Site) -> int:
    """Also counts every number again."""
    async with site.database.reading() as c:
        assert await audit.find_disagreements(c) == []
        return len(await c.execute("select mailbox from signatures"))


@pytest.mark.slow
async def test_backup_and_sealed_keys_give_the_same_site(
    urls: tuple[str, str], smtp: Relay, tmp_path: Path, time: Clock
) -> None:
    campaign(tmp_path / "campaign")
    holders = tmp_path / "holders"
    holders.mkdir()
    (holders / "identity").write_text(str(IDENTITY))
    old = _machine(urls[0], tmp_path / "old", smtp)
    await _petition(old, "migrate")
    async with visiting(old, smtp) as visitor:
        factor = await _live(visitor)
        ((contact,), signed) = await _rows(visitor.site, "contacts"), await _signed(visitor.site)
    await _petition(old, "backup", holders / "backup")
    await _petition(old, "keys", "seal", holders / "keys.age", "--sheet", holders / "keys.pdf")
    await _die(old, tmp_path / "old")

    opened = holders / "opened"
    await _petition(old, "keys", "open", holders / "keys.age", "--identity", holders / "identity", "--output", opened)
    keys = {file.name: file.read_text().strip() for file in opened.iterdir()}
    new = _machine(urls[1], tmp_path / "new", smtp)
    new = replace(new, secret_keys=(keys["secret_key"],), desk_keys=(keys["desk_key"],), email_key=keys["email_key"])
    await _restore(new, holders)
    async with visiting(new, smtp) as visitor:
        assert await _signed(visitor.site) == signed == len(PEOPLE) + 1
        await _end_news(visitor, contact["sealed"])
        await _sign_again(visitor)
        assert await _signed(visitor.site) == signed, "nobody is counted twice"
        await _manage(visitor)
        assert await _signed(visitor.site) == signed - 1, "one has withdrawn"
        time.advance(minutes=5)
        await _log_in(visitor, factor)


async def _die(old: Settings, folder: Path) -> None:
    shutil.rmtree(folder)
    if old.database_url.startswith("postgresql"):
        server, _, name = old.database_url.rpartition("/")
        await administer(server, f"drop database {name} with (force)")


async def _restore(new: Settings, holders: Path) -> None:
    """As in the handbook: no identity comes to the server."""
    arguments = _parser().parse_args(["restore", "--new-key"])
    await arguments.verb(new, arguments)
    (file,) = new.outbox_keys.glob("*.restore")
    key = encryption.read_identity(file).to_public()
    await _petition(new, "reseal", holders / "backup", "--identity", holders / "identity", "--to", key)
    await _petition(new, "restore", holders / "backup.resealed", "--organisers")
    await _petition(new, "audit")


async def _sign_again(visitor: Visitor) -> None:
    for email in [*PEOPLE, ANNA]:
        await visitor.post(_path(await _link(visitor, email, country="LT")))
    emails = len(visitor.smtp.to(NEVER))
    assert (await visitor.sign(NEVER)).status_code == 303
    await visitor.deliver()
    assert len(visitor.smtp.to(NEVER)) == emails, "the wish for no email holds"


async def _manage(visitor: Visitor) -> None:
    """A link to manage finds its person."""
    await visitor.post("/en/manage", email=PEOPLE[0])
    link = await visitor.link(PEOPLE[0], "manage", BASE)
    assert "Lithuania" in (await visitor.post(link, action="show")).text
    await visitor.post(link, action="withdraw")


async def _end_news(visitor: Visitor, sealed: str) -> None:
    """The address and the link that ends the news were sealed on the machine that is lost."""
    address, unsubscribe = encryption.unseal_contact(IDENTITY, sealed)
    assert address == ANNA
    assert len(await _rows(visitor.site, "contacts")) == 1
    await visitor.post(_path(unsubscribe))
    assert await _rows(visitor.site, "contacts") == []


async def _log_in(visitor: Visitor, factor: bytes) -> None:
    assert (await follow_login_link(visitor, "marta")).status_code == 303
    assert (await visitor.get("/organisers/")).status_code != 200, "the link alone is not enough"
    assert (await visitor.post("/organisers/factor", code=code(factor))).status_code == 303
    assert (await visitor.get("/organisers/")).status_code == 200


@pytest.mark.slow
async def test_a_link_of_the_lost_machine_works_on_the_new_one(
    urls: tuple[str, str], smtp: Relay, tmp_path: Path, time: Clock
) -> None:
    """A form that waits is in the backup: its link, in a mailbox since before the loss, is signed with the old key."""
    campaign(tmp_path / "campaign")
    (tmp_path / "identity").write_text(str(IDENTITY))
    old = _machine(urls[0], tmp_path / "old", smtp)
    await _petition(old, "migrate")
    async with visiting(old, smtp) as visitor:
        link = await _link(visitor, ANNA)
    await _petition(old, "backup", tmp_path / "backup")
    await _die(old, tmp_path / "old")
    await _restore(_machine(urls[1], tmp_path / "new", smtp), tmp_path)
    async with visiting(_machine(urls[1], tmp_path / "new", smtp), smtp) as visitor:
        never = re.findall(rf"{BASE}(/\S*/never-write/\S+)", plain(smtp.to(ANNA)[-1]))
        assert [(await visitor.get(path)).status_code for path in [*never, link]] == [200] * (len(never) + 1)
        await visitor.post(_path(link))
        assert await _signed(visitor.site) == 1
