"""Machines that share the outbox: two can open each email, one may die with its disk, and nothing comes twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from petition.core import clock
from petition.core.email_addresses import EmailAddress
from petition.core.errors import KeysError
from petition.core.outbox_keys import machine_of
from petition.mail import outbox
from petition.mail.machines import AwayMachine, away_machines
from petition.protection import mail_quota
from tests.conftest import Clock, Visitor
from tests.mail.hosts import Host, hosts, pass_hours, pass_minutes, table
from tests.mail.test_outbox import ADDRESS, claim, rows
from tests.web.tools import on_sqlite

PEOPLE = [f"p{n}" for n in range(25)]


@pytest.fixture
async def three(database_url: str, tmp_path: Path, time: Clock) -> AsyncIterator[list[Host]]:
    """Machines that know each other, in the order of their names."""
    async with hosts(database_url, tmp_path, 3) as found:
        found.sort(key=lambda host: host.name)
        await pass_minutes(time, 2, *found)
        yield found


@pytest.fixture
async def pair(database_url: str, tmp_path: Path, time: Clock) -> AsyncIterator[list[Host]]:
    """Two machines that know each other."""
    async with hosts(database_url, tmp_path, 2) as found:
        await pass_minutes(time, 2, *found)
        yield found


async def _away(host: Host) -> list[AwayMachine]:
    async with host.database.reading() as c:
        return await away_machines(c)


async def _refusals(host: Host) -> dict[str, int]:
    async with host.database.reading() as c:
        return {row["code"]: int(row["n"]) for row in await outbox.refusal_counts(c)}


async def test_a_machine_that_dies_with_its_keys_loses_no_email(pair: list[Host], time: Clock) -> None:
    dead, living = pair
    await dead.put(*PEOPLE)
    await dead.claim_and_fail()
    dead.burn()
    await pass_minutes(time, 10, living)
    arrived = Counter[str]()
    await living.deliver(arrived)
    assert arrived == dict.fromkeys(PEOPLE, 1)
    assert await _refusals(living) == {}


async def test_an_email_can_be_opened_elsewhere_from_its_first_moment(pair: list[Host], time: Clock) -> None:
    """The key is made, and its copy stored, an hour before it is needed."""
    dead, living = pair
    await pass_hours(time, 22, *pair)
    first = dead.keys.outbox.key_names()
    await pass_hours(time, 1, *pair)
    await dead.put("anna")
    dead.burn()
    assert len({row["key_name"] for row in await rows(living.database)} - set(first)) == 1
    await pass_minutes(time, 1, living)
    assert [mail.to for mail in await claim(living.database, living.keys)] == ["anna@example.org"]


async def test_a_copy_is_on_no_disk_of_its_holder(pair: list[Host], time: Clock) -> None:
    one, other = pair
    await one.put("anna")
    keys = [one.keys.outbox.read_key(name) for name in one.keys.outbox.key_names()]
    assert other.keys.outbox.copy_names() == one.keys.outbox.key_names()
    contents = [file.read_bytes() for file in other.folder.iterdir()]
    assert not [key for key in keys for content in contents if key in content or key.hex().encode() in content]


async def test_of_two_that_live_only_one_claims_an_email(pair: list[Host]) -> None:
    for host in pair:
        await host.put(*(f"{person}-{host.name}" for person in PEOPLE))
    arrived = Counter[str]()
    await asyncio.gather(*[host.deliver(arrived) for host in pair * 3])
    assert set(arrived.values()) == {1}
    assert arrived.total() == 2 * len(PEOPLE)


async def test_a_machine_alone_makes_no_copies(database_url: str, tmp_path: Path, time: Clock) -> None:
    async with hosts(database_url, tmp_path, 1) as (host,):
        await host.put("anna")
        await pass_minutes(time, 10, host)
        assert await table(host.database, "outbox_key_copies") == []
        assert await _away(host) == []
        await pass_hours(time, 24 * 13, host, step=6)
        arrived = Counter[str]()
        await host.deliver(arrived)
        assert arrived == {"anna": 1}


async def test_a_machine_alone_that_was_off_for_days_still_has_its_emails(
    database_url: str, tmp_path: Path, time: Clock
) -> None:
    async with hosts(database_url, tmp_path, 1) as (host,):
        await host.put("anna")
        await pass_minutes(time, 2, host)
        time.advance(days=5)
        host.start()
        await asyncio.gather(host.machine.refresh(), host.hourly())
        arrived = Counter[str]()
        await host.deliver(arrived)
        assert arrived == {"anna": 1}


async def test_each_key_has_one_copy_at_the_next_living_machine(three: list[Host], time: Clock) -> None:
    first, second, third = three
    copies = await table(first.database, "outbox_key_copies")
    names = [host.name for host in three]
    assert {(machine_of(row["key_name"]), row["holder"]) for row in copies} == {
        (names[0], names[1]),
        (names[1], names[2]),
        (names[2], names[0]),
    }
    second.burn()
    await pass_minutes(time, 7, first, third)
    copies = await table(first.database, "outbox_key_copies")
    assert {(machine_of(row["key_name"]), row["holder"]) for row in copies} == {
        (names[0], names[2]),
        (names[2], names[0]),
    }, "and what was taken over from the dead one has a second machine again"


async def test_two_of_three_die_one_after_the_other(three: list[Host], time: Clock) -> None:
    first, second, third = three
    for host in three:
        await host.put(*(f"{person}-{host.name}" for person in PEOPLE))
        await host.claim_and_fail()
    first.burn()
    await pass_minutes(time, 8, second, third)
    second.burn()
    await pass_minutes(time, 8, third)
    time.advance(hours=2)
    arrived = Counter[str]()
    await third.deliver(arrived)
    assert set(arrived.values()) == {1}
    assert arrived.total() == 3 * len(PEOPLE)


async def test_rivals_take_over_once(pair: list[Host], time: Clock) -> None:
    dead, living = pair
    await dead.put(*(f"{person}{n}" for person in PEOPLE for n in range(9)))  # several pages
    dead.burn()
    rival = Host(living.database, living.folder)
    await pass_minutes(time, 4, living, rival)
    time.advance(minutes=1)
    await asyncio.gather(*[host.machine.refresh() for host in (living, rival) * 2])
    names = {machine_of(row["key_name"]) for row in await rows(living.database)}
    assert names == {living.name}
    arrived = Counter[str]()
    await living.deliver(arrived)
    assert arrived.total() == len(arrived) == 9 * len(PEOPLE)
    assert await _refusals(living) == {}


async def test_emails_that_wait_long_outlive_their_machine(pair: list[Host], time: Clock) -> None:
    """The relay is away for a week; the machine that queued them died on the first day."""
    dead, living = pair
    await dead.put(*PEOPLE)
    await pass_hours(time, 20, *pair)
    dead.burn()
    await pass_minutes(time, 6, living)
    await pass_hours(time, 24 * 7, living, step=3)
    arrived = Counter[str]()
    await living.deliver(arrived)
    assert arrived == dict.fromkeys(PEOPLE, 1)


async def test_keys_rotate_and_copies_go_with_them(pair: list[Host], time: Clock) -> None:
    one, other = pair
    await one.put("anna")
    for _ in range(4):
        await pass_hours(time, 24, one, other, step=2)
        own = {name for host in pair for name in host.keys.outbox.key_names()}
        copies = await table(one.database, "outbox_key_copies")
        assert {row["key_name"] for row in copies} == own
        assert len(own) <= 6
    assert sorted(other.keys.outbox.copy_names()) == one.keys.outbox.key_names()


async def test_a_machine_that_is_away_is_told_within_minutes(pair: list[Host], time: Clock) -> None:
    dead, living = pair
    await dead.put(*PEOPLE)
    await pass_minutes(time, 4, living)
    assert await _away(living) == []
    time.advance(minutes=1)
    (away,) = await _away(living)
    assert away.describe(lambda n: f"{n} emails") == (
        f"Machine {dead.name} was last seen at 2026-11-22 12:02 UTC (or its clock is wrong); "
        "of its waiting emails 25 emails can be opened by another machine, 0 emails by nobody."
    )
    await living.machine.refresh()
    assert [(m.name, m.openable, m.lost) for m in await _away(living)] == [(dead.name, 0, 0)], "taken over"
    await pass_hours(time, 73, living)
    assert await _away(living) == [], "forgotten"


async def test_what_nobody_can_open_is_told_then_dropped_counted_and_given_back(pair: list[Host], time: Clock) -> None:
    dead, living = pair
    await dead.put(*PEOPLE)
    await living.database.write(lambda c: c.execute("update outbox set link_id = id"))
    ids = [row["id"] for row in await rows(living.database)]
    await living.put("anna")
    await living.database.write(lambda c: c.execute("delete from outbox_key_copies"))
    dead.burn()
    await pass_minutes(time, 6, living)
    assert [(m.name, m.openable, m.lost) for m in await _away(living)] == [(dead.name, 0, 25)]
    await pass_hours(time, 71, living)
    assert len(await rows(living.database)) == 26, "the machine may come back"
    await pass_hours(time, 1, living)
    assert len(await rows(living.database)) == 1
    assert await _refusals(living) == {"unreadable": 25}
    assert sorted(living.given_back) == sorted(ids)


async def test_whoever_waits_for_what_nobody_can_open_may_ask_again(visitor: Visitor) -> None:
    """A form and a link to manage whose keys are gone with their machine: the limit does not count them any more."""
    site, quota_key = visitor.site, visitor.site.server_keys.quota_key(EmailAddress(ADDRESS, ADDRESS))
    await visitor.sign(ADDRESS)
    await visitor.post("/en/manage", email=ADDRESS)
    await site.machine.refresh()
    for key_name, left in ((f"{clock.epoch() - 3600:011}-deadbeef-1", 2), ("00000000001-deadbeef-1", 0)):
        await site.database.write(lambda c, name=key_name: c.execute(f"update outbox set key_name = '{name}'"))  # type: ignore[misc]  # the value is bound now
        await site.machine.drop_unreadable()
        async with site.database.reading() as c:
            assert await mail_quota.recent_emails(c, quota_key) == left
    assert await rows(site.database) == []


async def test_damaged_emails_are_counted_given_back_and_hold_up_no_other(visitor: Visitor) -> None:
    site, quota_key = visitor.site, visitor.site.server_keys.quota_key(EmailAddress(ADDRESS, ADDRESS))
    await visitor.sign(ADDRESS)
    await visitor.post("/en/manage", email=ADDRESS)
    await site.database.write(lambda c: c.execute("update outbox set encrypted = 'x'"))
    await visitor.sign("boris@example.org")
    await visitor.deliver()
    assert [str(mail["To"]) for mail in visitor.smtp.mails] == ["boris@example.org"]
    assert await rows(site.database) == []
    async with site.database.reading() as c:
        assert await mail_quota.recent_emails(c, quota_key) == 0
        assert [(row["code"], row["n"]) for row in await outbox.refusal_counts(c)] == [("unreadable", 2)]


async def test_a_machine_that_comes_back_within_days_still_has_its_emails(pair: list[Host], time: Clock) -> None:
    off, living = pair
    await off.put("anna")
    await living.database.write(lambda c: c.execute("delete from outbox_key_copies"))
    await pass_hours(time, 60, living)
    off.start()
    await off.machine.refresh()
    await off.hourly()
    arrived = Counter[str]()
    await off.deliver(arrived)
    assert arrived == {"anna": 1}


async def test_a_clean_stop_hands_over_and_worries_nobody(pair: list[Host], time: Clock) -> None:
    stopped, living = pair
    await stopped.put("anna")
    await stopped.database.write(
        partial(outbox.release_emails, emails=await claim(stopped.database, stopped.keys), paused=[])
    )
    await stopped.machine.leave()
    await pass_minutes(time, 7, living)
    assert await _away(living) == []
    arrived = Counter[str]()
    await living.deliver(arrived)
    assert arrived == {"anna": 1}
    await pass_minutes(time, 2, stopped, living)
    assert all(row["public_key"] for row in await table(living.database, "outbox_machines")), "it came back"


async def test_a_clean_stop_is_told_if_nobody_can_open_its_emails(pair: list[Host], time: Clock) -> None:
    stopped, living = pair
    await stopped.put("anna")
    await stopped.machine.leave()
    await living.database.write(lambda c: c.execute("delete from outbox_key_copies"))
    assert [(m.name, m.openable, m.lost) for m in await _away(living)] == [(stopped.name, 0, 1)]


@pytest.mark.parametrize("damage", ["'?'", "substr(sealed, 1, 200) || 'AAAA' || substr(sealed, 205)", "''"])
async def test_a_damaged_copy_is_made_again_and_costs_no_email(damage: str, pair: list[Host], time: Clock) -> None:
    one, other = pair
    await one.put("anna")
    await one.database.write(lambda c: c.execute(f"update outbox_key_copies set sealed = {damage}"))
    await pass_minutes(time, 1, other)
    assert await claim(other.database, other.keys) == []
    await pass_minutes(time, 2, one, other)
    one.burn()
    assert [mail.to for mail in await claim(other.database, other.keys)] == ["anna@example.org"]
    assert await _refusals(other) == {}


async def test_a_copy_under_the_name_of_another_key_is_not_believed(pair: list[Host], time: Clock) -> None:
    """Anyone who can write to the database could else have emails deleted as damaged."""
    one, other = pair
    await one.put("anna")
    (copy,) = [row for row in await table(one.database, "outbox_key_copies") if row["holder"] == other.name]
    name, another = copy["key_name"], copy["key_name"][:-1] + "x"
    for n, written in enumerate((another, name)):
        await one.database.write(lambda c, row={**copy, "key_name": written}: c.run("machines.put_copy", **row))  # type: ignore[misc]  # the value is bound now
        await other.machine.refresh()
        assert other.keys.outbox.copy_names() == [name], n
    assert await _refusals(other) == {}
    with pytest.raises(KeysError, match="not of one of our machines"):
        other.keys.open_outbox_key("00000000001-a-b", copy["sealed"])


async def test_a_lost_holder_key_is_replaced_within_minutes(pair: list[Host], time: Clock) -> None:
    one, other = pair
    await one.put("anna")
    for file in other.folder.glob("*.holder"):
        file.unlink()
    await pass_minutes(time, 2, other, one)
    await pass_minutes(time, 1, other)
    one.burn()
    assert [mail.to for mail in await claim(other.database, other.keys)] == ["anna@example.org"]


@on_sqlite
async def test_a_damaged_holder_key_is_replaced_within_minutes(pair: list[Host], time: Clock) -> None:
    one, other = pair
    (file,) = other.folder.glob("*.holder")
    file.write_text("AGE-SECRET-KEY-1")
    await pass_minutes(time, 2, other, one)
    await pass_minutes(time, 1, other)
    await one.put("anna")
    one.burn()
    assert [mail.to for mail in await claim(other.database, other.keys)] == ["anna@example.org"]


@on_sqlite
async def test_a_copy_dies_with_its_key_though_its_machine_and_its_holder_are_gone(
    three: list[Host], time: Clock
) -> None:
    first, second, third = three
    second.burn()
    third.burn()
    await pass_hours(time, 47, first)
    held = {row["holder"] for row in await table(first.database, "outbox_key_copies")}
    assert third.name in held
    await pass_hours(time, 2, first)
    assert await table(first.database, "outbox_key_copies") == []


@on_sqlite
async def test_a_key_that_vanishes_during_the_exchange_is_left_out(
    pair: list[Host], time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another process of this machine had destroyed it at this moment."""
    one, _ = pair
    await one.database.write(lambda c: c.execute("delete from outbox_key_copies"))
    names = one.keys.outbox.key_names()
    monkeypatch.setattr(one.keys.outbox, "key_names", lambda: ["00000000001-a-b", *names])
    await one.machine.refresh()
    assert [row["key_name"] for row in await table(one.database, "outbox_key_copies")] == names


async def test_no_key_is_sealed_to_a_stranger(pair: list[Host], time: Clock) -> None:
    """Anyone who can write to the database may add a machine; without a key of the server nobody believes it."""
    one, _ = pair
    stranger = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"
    for mac in ("", "0" * 64, (await table(one.database, "outbox_machines"))[0]["mac"]):
        await one.database.write(
            lambda c, mac=mac: c.execute(  # type: ignore[misc]  # the value is bound now
                "insert into outbox_machines values ('zzzz', :key, :mac, 99999999999) on conflict (machine) "
                "do update set mac = excluded.mac",
                {"key": stranger, "mac": mac},
            )
        )
        await pass_minutes(time, 2, *pair)
        copies = await table(one.database, "outbox_key_copies")
        assert {row["holder"] for row in copies} == {host.name for host in pair}


@on_sqlite
@pytest.mark.parametrize("days", [-4, 4])
async def test_a_clock_that_jumps_loses_no_email(days: int, pair: list[Host], time: Clock) -> None:
    """One machine believes for an hour that it is another day; the other's emails stay, and arrive once."""
    right, wrong = pair
    await right.put(*PEOPLE)
    for _ in range(60):
        await pass_minutes(time, 1, right)
        time.advance(days=days)
        await wrong.machine.refresh()
        await wrong.hourly()
        time.advance(days=-days)
    assert len(await rows(right.database)) == len(PEOPLE)
    await pass_minutes(time, 3, right, wrong)
    arrived = Counter[str]()
    await right.deliver(arrived)
    await wrong.deliver(arrived)
    assert arrived == dict.fromkeys(PEOPLE, 1)
    assert await _refusals(right) == {}


@on_sqlite
@pytest.mark.parametrize("first", ["drop_unreadable", "refresh"])
async def test_a_process_that_starts_with_a_wrong_clock_drops_nothing(
    first: str, pair: list[Host], time: Clock
) -> None:
    right, wrong = pair
    await right.put(*PEOPLE)
    time.advance(days=4)
    wrong.start()
    await getattr(wrong.machine, first)()
    await wrong.machine.drop_unreadable()
    assert len(await rows(right.database)) == len(PEOPLE)


async def test_processes_of_one_machine_have_one_name_and_no_copies(
    database_url: str, tmp_path: Path, time: Clock
) -> None:
    async with hosts(database_url, tmp_path, 1) as (host,):
        others = [Host(host.database, host.folder) for _ in range(3)]
        await asyncio.gather(*[process.machine.refresh() for process in (host, *others)])
        await pass_minutes(time, 2, host, *others)
        assert {process.name for process in others} == {host.name}
        assert len(await table(host.database, "outbox_machines")) == 1
        assert await table(host.database, "outbox_key_copies") == []
