"""How many forms were confirmed: counted once a day, shown a day later, in powers of ten and in tenths."""

from functools import partial

from petition.core.database import state
from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.core.email_addresses import EmailAddress
from petition.signing import form_counts, submissions
from petition.signing.form_counts import FormCounts
from petition.signing.submissions import SigningRequest
from petition.site import Site
from tests.conftest import Clock


async def _sign(site: Site, tag: str, times: int, confirmed: int = 0) -> None:
    links = []
    for n in range(times):
        address = EmailAddress(f"{tag}{n}@example.org", f"{tag}{n}@example.org")
        request = SigningRequest(address, "PL", None, False, "test", "en")
        form = submissions.prepare_submission(site.server_keys, request)
        await site.database.join(submissions.sign, form)
        links.append(form.row["id"])
    await site.database.write(lambda c: c.run("submissions.mark_confirmed", ids=links[:confirmed], quick=[]))


async def _shown(database: Database) -> FormCounts | None:
    async with database.reading() as c:
        return await form_counts.get_form_counts(c)


async def test_what_is_shown_is_a_day_old_and_nothing_moves_in_between(time: Clock, site: Site) -> None:
    await _sign(site, "old", 120, 90)
    time.advance(days=1)
    await site.database.write(form_counts.count_if_due)
    assert await _shown(site.database) is None
    await _sign(site, "new", 30)
    for _ in range(11):
        time.advance(hours=1)
        await site.database.write(form_counts.count_if_due)
        assert await _shown(site.database) is None
    time.advance(hours=13)
    shown = await _shown(site.database)
    assert shown is not None
    assert (shown.all.forms, shown.all.waiting, shown.all.tenths) == (100, 10, 7)
    await _sign(site, "newest", 1000, 1000)
    await site.database.write(form_counts.count_if_due)
    assert await _shown(site.database) == shown, "nobody sees the forms of today, nor a button pressed today"


async def test_each_age_has_its_own_share_and_few_forms_have_none(time: Clock, site: Site) -> None:
    await _sign(site, "old", 100, 85)
    time.advance(days=9)
    await _sign(site, "young", 99, 99)
    time.advance(days=1)
    await site.database.write(form_counts.count_if_due)
    time.advance(days=1)
    shown = await _shown(site.database)
    assert shown is not None
    groups = [(group.first, group.forms, group.tenths) for group in shown.groups]
    assert groups == [(1, 10, None), (2, 0, None), (7, 100, 8)]


async def test_two_processes_count_once_and_only_two_counts_stay(time: Clock, site: Site) -> None:
    await _sign(site, "a", 3)
    for _ in range(5):
        time.advance(days=1)
        for _ in range(2):
            await site.database.write(form_counts.count_if_due)
    async with site.database.reading() as c:
        value = await state.get(c, form_counts.STATE_NAME) or ""
    assert value.count("counted_at") == 2


async def test_a_held_or_expired_form_is_not_counted(time: Clock, site: Site) -> None:
    await _sign(site, "a", 20)
    await site.database.write(partial(_hold, reason="trap"))
    time.advance(days=1)
    await site.database.write(form_counts.count_if_due)
    time.advance(days=1)
    shown = await _shown(site.database)
    assert shown is not None
    assert shown.all.forms == 0


async def _hold(c: Connection, *, reason: str) -> None:
    ids = [row["id"] for row in await c.execute("select id from submissions")]
    await c.all("quarantine.hold_submissions", ids=ids, reason=reason)
