"""The weekly figures about quality: frozen from Monday on, in tens, and counted again by the audit."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.commands import demo_data
from petition.core import clock
from petition.core.database.connection import Connection, Value
from petition.core.database.database import Database, open_database
from petition.core.database.queries import SQLITE
from petition.organisers import activity_log, last_checks
from petition.signals import quality
from petition.signals.notices import EXPLANATIONS
from petition.signals.quality import Quality
from petition.tally import audit, releases, removals, tally
from tests.conftest import Clock, Visitor
from tests.switching import turn
from tests.tally.publishing import change, disagreements, published, start_production
from tests.web.tools import Html

WEEK = 7  # days
NUMBERS = ("forms", "confirmed", "withdrawn", "throw_away", "returned", "judged_honest")


async def _frozen(database: Database) -> Quality | None:
    await quality.freeze_week(database)
    async with database.reading() as c:
        return await quality.get_quality(c)


async def _count(
    database: Database, day: str, *, largest: int = 0, returned: int = 0, **classes: tuple[int, int]
) -> None:
    """What Signals.look() writes of a day; `classes`: forms and confirmed of each class of mailbox."""
    rows = [
        {
            "day": day,
            "mailbox_class": name.replace("_", "-"),
            "forms": forms,
            "confirmed": confirmed,
            "quick": 0,
            "returned": returned if name == "known" else 0,
        }
        for name, (forms, confirmed) in classes.items()
    ]
    await database.write(lambda c: c.insert_rows("pulse", rows))
    counted = {"day": day, "largest_domain": largest, "largest_network": 0}
    await database.write(lambda c: c.insert_rows("pulse_days", [counted]))


@pytest.fixture
async def monday(database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A production site on Monday 23 November 2026, after a day of 1,004 forms."""
    monkeypatch.setattr("secrets.choice", min)
    await start_production(database)
    for country, n in (("PL", 600), ("DE", 151), ("ZZ", 30), ("PL", -17)):
        await change(database, country, n)
    time.advance(hours=12)
    await published(database)
    classes = {"known": (803, 640), "unknown": (180, 130), "throw_away": (21, 11)}
    await _count(database, "2026-11-22", largest=9, returned=23, **classes)
    return database


FIRST = Quality(
    week="2026-11-23",
    since="2026-11-22",
    forms=1000,
    confirmed=770,
    not_confirmed=230,
    withdrawn=10,
    throw_away=10,
    returned=20,
    judged_honest=0,
    unknown_domains=15,
    largest_domain_below=5,
    removals=(),
    audit_day="",
    audit_agrees=False,
)


async def test_a_week_has_what_was_counted_before_its_monday(monday: Database) -> None:
    assert await _frozen(monday) == FIRST
    assert await disagreements(monday) == []


async def test_until_the_next_monday_nothing_changes(monday: Database, time: Clock) -> None:
    await _frozen(monday)
    for day in range(6):
        time.advance(days=1)
        await change(monday, "LT", 50)
        await _count(monday, f"2026-11-{23 + day}", known=(70, 60))
        await published(monday)
        assert await _frozen(monday) == FIRST
    time.advance(days=1)
    await _count(monday, "2026-11-29", known=(0, 0))
    await published(monday)
    second = await _frozen(monday)
    assert second is not None
    assert (second.week, second.forms, second.confirmed) == ("2026-11-30", 1420, 1070)
    assert await disagreements(monday) == []


async def test_a_week_waits_until_its_last_day_was_counted(monday: Database, time: Clock) -> None:
    await _frozen(monday)
    time.advance(days=WEEK)
    assert await _frozen(monday) == FIRST
    await _count(monday, "2026-11-29")
    found = await _frozen(monday)
    assert found is not None
    assert found.week == "2026-11-30"


async def test_nothing_is_published_before_the_first_release_or_during_a_freeze(
    database: Database, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.choice", max)  # the first release comes at 1,500
    await start_production(database)
    await change(database, "PL", 400)
    time.advance(hours=1)
    await published(database)
    await _count(database, "2026-11-22", known=(500, 400))
    time.advance(hours=11)
    await _count(database, "2026-11-21")
    assert await _frozen(database) is None
    await published(database)
    await turn(database, "figures", "frozen")
    assert await _frozen(database) is None
    await turn(database, "figures", "")
    assert await _frozen(database) is not None


async def test_two_processes_freeze_one_week(
    monday: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes when the first has counted and not written yet, and draws other remainders.

    On PostgreSQL it is faster then, and the figures of the first are dropped. On SQLite it waits for the first.
    """
    counted: list[Value] = []
    has_counted, go_on, run = asyncio.Event(), asyncio.Event(), Connection.run

    async def run_late(c: Connection, name: str, /, **values: Value) -> None:
        if name == "quality.insert":
            counted.append(values["figures"])
            if len(counted) == 1:
                has_counted.set()
                await go_on.wait()
        await run(c, name, **values)

    monkeypatch.setattr(Connection, "run", run_late)
    monkeypatch.setattr(releases, "draw_remainder", lambda: 5 * len(counted))
    async with open_database(database_url) as other:
        first = asyncio.create_task(quality.freeze_week(monday))
        await has_counted.wait()
        second = asyncio.create_task(quality.freeze_week(other))
        waits = monday.dialect == SQLITE
        await asyncio.wait([second], timeout=0.3 if waits else None)
        assert second.done() is not waits
        go_on.set()
        await asyncio.gather(first, second)
    assert len(set(counted)) == len(counted) == (1 if waits else 2)
    async with monday.reading() as c:
        assert await c.execute("select figures from quality_weeks") == [{"figures": counted[-1]}]
    assert await disagreements(monday) == []


async def test_what_was_set_aside_and_restored_adds_up(monday: Database, time: Clock) -> None:
    await _frozen(monday)
    for act in (removals.set_aside("DE", "throw-away"), removals.restored("DE")):
        n = 45 if act.n < 0 else 31
        await monday.write(partial(tally.apply_changes, changes=[act] * n))
        time.advance(days=1)
        await published(monday)
    time.advance(days=5)
    await published(monday)
    await _count(monday, "2026-11-29")
    found = await _frozen(monday)
    assert found is not None
    assert found.removals == (("2026-11-24", "throw-away", 40), ("2026-11-25", "restored", 30))
    assert found.confirmed == 750 + found.withdrawn + 40 - 30
    assert await disagreements(monday) == []


async def test_what_organisers_found_honest_is_counted_from_the_activity_log(monday: Database, time: Clock) -> None:
    async def judge(c: Connection) -> None:
        for _ in range(14):
            await activity_log.append(c, "olga", "said what was unusual", EXPLANATIONS["place"])
        await activity_log.append(c, "olga", "said what was unusual", EXPLANATIONS["forged"])
        await activity_log.append(c, "olga", "found signatures honest", "abc123")
        await activity_log.append(c, "olga", "opened a notice again")

    await _frozen(monday)
    await monday.write(judge)
    await monday.write(partial(last_checks.record_audit, all_agree=True))
    time.advance(days=WEEK)
    await published(monday)
    await _count(monday, "2026-11-29")
    found = await _frozen(monday)
    assert found is not None
    assert (found.judged_honest, found.audit_day, found.audit_agrees) == (10, "2026-11-23", True)
    assert await disagreements(monday) == []


PLANTED = {
    "a number of forms": """replace(figures, '"forms": 1000', '"forms": 1020')""",
    "a number that is not in tens": """replace(figures, '"forms": 1000', '"forms": 1001')""",
    "the number of the confirmed": """replace(figures, '"confirmed": 770', '"confirmed": 780')""",
    "a share": """replace(figures, '"unknown_domains": 15', '"unknown_domains": 10')""",
    "the largest domain": """replace(figures, '"largest_domain_below": 5', '"largest_domain_below": 1')""",
    "what was withdrawn": """replace(figures, '"withdrawn": 10', '"withdrawn": 0')""",
}


@pytest.mark.parametrize("what", PLANTED)
async def test_the_audit_finds_a_changed_figure(monday: Database, what: str) -> None:
    await _frozen(monday)
    await monday.write(lambda c: c.execute(f"update quality_weeks set figures = {PLANTED[what]}"))
    assert len(await disagreements(monday)) in (1, 2)  # forms also make what was not confirmed


@pytest.mark.parametrize("figures", ["x", "[]", "{}", "replace(figures, '10', '\"10\"')"])
async def test_the_audit_says_which_figures_cannot_be_read(monday: Database, figures: str) -> None:
    await _frozen(monday)
    value = figures if figures.startswith("replace") else f"'{figures}'"
    await monday.write(lambda c: c.execute(f"update quality_weeks set figures = {value}"))
    assert await disagreements(monday) == ["Week of 2026-11-23: its figures cannot be read."]


async def test_the_audit_finds_a_changed_sum(monday: Database) -> None:
    await _frozen(monday)
    await monday.write(lambda c: c.execute("update pulse set forms = forms + 1 where mailbox_class = 'known'"))
    assert await disagreements(monday) == ["Week of 2026-11-23: forms has 1004 more, counted again 1005."]


async def test_weeks_of_a_clock_that_was_ahead_go_again(monday: Database, time: Clock) -> None:
    await _frozen(monday)
    row = "select '2027-01-04', since, figures, sums from quality_weeks"
    await monday.write(lambda c: c.execute(f"insert into quality_weeks {row}"))
    assert await _frozen(monday) == FIRST
    async with monday.reading() as c:
        assert await c.count_rows("quality_weeks") == 1


async def test_sums_live_ninety_days_and_the_newest_as_long_as_it_is_needed(monday: Database, time: Clock) -> None:
    await _frozen(monday)
    time.advance(days=100)
    assert await _frozen(monday) == FIRST
    await _count(monday, "2027-02-28")
    await published(monday)
    assert await _frozen(monday) != FIRST
    async with monday.reading() as c:
        assert await c.count_rows("quality_weeks") == 1


async def test_the_audit_agrees_once_a_week_with_a_higher_number_is_deleted(monday: Database, time: Clock) -> None:
    """Two rounded figures are 10 lower than one a week ago: what was ever confirmed stays."""
    await _frozen(monday)
    await change(monday, "PL", -25)
    for day in ("2026-11-29", "2027-02-28"):
        time.moment = clock.from_epoch(clock.start_of_day(day)) + timedelta(days=1, hours=12)
        await published(monday)
        await _count(monday, day)
        found = await _frozen(monday)
    assert found is not None
    async with monday.reading() as c:
        assert await c.count_rows("quality_weeks") == 1
    assert (found.week, found.confirmed, found.withdrawn) == ("2027-03-01", 770, 30)
    assert await disagreements(monday) == []
    await monday.write(
        lambda c: c.execute(f"update quality_weeks set figures = {PLANTED['the number of the confirmed']}")
    )
    assert len(await disagreements(monday)) == 1


@pytest.mark.secret_remainder
@examples(max_examples=8, deadline=None)
@given(st.data())
def test_no_two_weeks_subtract_to_less_than_ten(data: st.DataObject) -> None:
    """Of any series of weeks: all numbers are tens, none falls, and a step of a share is ten people or more."""
    sums = {"known": 0, "unknown": 0}
    before: dict[str, int] = dict.fromkeys(("forms", "share"), 0)
    for _ in range(20):
        for name in sums:
            sums[name] += data.draw(st.integers(0, 60))
        figure = quality._rounded(before["forms"], sums["known"] + sums["unknown"])
        share = quality.share(sums["unknown"], sum(sums.values()))
        assert figure % 10 == 0
        assert figure - before["forms"] in {0, *range(10, 200, 10)}
        assert 0 <= sum(sums.values()) - figure <= 19
        if share is not None:
            assert share % 5 == 0
            assert sum(sums.values()) * quality.SHARE_STEP >= 1000
        before["forms"] = figure


@given(st.integers(0, 400), st.integers(1, 400))
def test_a_share_is_below_what_is_said_of_it(part: int, more: int) -> None:
    whole = part + more
    limit = quality.below(part, whole)
    assert limit in {1, *range(5, 101, 5)}
    assert part * 100 < limit * whole
    assert limit == 1 or part * 100 >= (limit - 5 or 1) * whole


@pytest.mark.secret_remainder
async def test_weeks_of_a_real_site_are_tens_and_the_audit_agrees(database: Database, time: Clock) -> None:
    """What strangers can compute from all files of ten weeks and all that is published beside them."""
    await demo_data.fill_database(database, 4321, days=[1] * 75)
    async with database.reading() as c:
        assert await audit.find_disagreements(c) == []
    files = [await _frozen(database)]
    for week in range(10):
        for day in range(WEEK):
            await change(database, "PL", 3 + week * day)
            await change(database, "DE", -1)
            today = clock.today().isoformat()
            await _count(database, today, largest=day, known=(4 + week * day, 3 + week * day), unknown=(day, day))
            time.advance(days=1)
            await published(database)
        files.append(await _frozen(database))
    assert None not in files
    for name in NUMBERS:
        numbers = [getattr(file, name) for file in files]
        assert {n % 10 for n in numbers} == {0}
        assert numbers == sorted(numbers), name
    for file in files:
        assert file is not None
        assert file.not_confirmed == file.forms - file.confirmed
    assert await disagreements(database) == []


async def test_a_site_that_runs_freezes_its_week(visitor: Visitor, time: Clock) -> None:
    before = (await visitor.get("/quality.json")).json()
    assert (before["week"], "forms" in before) == (None, False)
    await change(visitor.site.database, "PL", 12)
    await visitor.sign("anna@example.net")
    time.advance(days=1)
    await visitor.site.prune()
    await visitor.published()
    answer = (await visitor.get("/quality.json")).json()
    assert {name: answer[name] for name in ("week", "since", "forms", "confirmed", "audit")} == {
        "week": "2026-11-23",
        "since": "2026-11-22",
        "forms": 0,
        "confirmed": 10,
        "audit": None,
    }
    page = Html((await visitor.get("/en/how-we-count")).text)
    assert "Everything from 22 November 2026 until 23 November 2026" in page.text


async def test_a_day_without_any_confirmed_form_says_nothing_of_domains(monday: Database) -> None:
    """No email left all day."""
    await monday.write(lambda c: c.execute("delete from pulse where day = '2026-11-18'"))
    row = {"day": "2026-11-18", "mailbox_class": "known", "forms": 200, "confirmed": 0, "quick": 0, "returned": 0}
    await monday.write(lambda c: c.insert_rows("pulse", [row]))
    await monday.write(lambda c: c.execute("update pulse_days set largest_domain = 0 where day = '2026-11-18'"))
    await _frozen(monday)
    assert await disagreements(monday) == []
