"""The rights of a person who signed: all is shown, what is withdrawn is deleted, and all data has its last day."""

from datetime import date
from pathlib import Path

import pytest

from petition.core.database.connection import Connection
from petition.core.settings import Settings
from petition.signing import quarantine
from petition.tally import audit
from tests.conftest import Clock, Visit, Visitor
from tests.web.tools import Html, all_rows, announced, in_each_language, in_production, on_sqlite

ADDRESS = "anna@example.net"
# Every table with personal data, in any state of a signature.
PERSONAL = ("signatures", "names", "contacts", "submissions", "email_counts", "never_write", "links", "outbox")


async def _manage(visitor: Visitor, action: str, address: str = ADDRESS) -> str:
    await visitor.post("/en/manage", email=address)
    link = await visitor.link(address, "manage")
    answer = await (visitor.post(link, action=action) if action == "show" else visitor.choose(link, action))
    assert answer.status_code == 200
    return Html(answer.text).text


async def test_all_that_is_held_is_shown_a_withdrawal_too(time: Clock, visitor: Visitor) -> None:
    await visitor.confirmed(ADDRESS, "LT", named="on", name="Anna Nowak", updates="on")
    shown = await _manage(visitor, "show")
    for text in ("Lithuania", "22 November 2026", "Anna Nowak", "kept encrypted", "Version of the consent"):
        assert text in shown, text
    await _manage(visitor, "withdraw")
    time.advance(days=1, hours=1)
    shown = await _manage(visitor, "show")
    assert "There is no signature under exactly this address" in shown
    assert "A signature withdrawn recently" in shown
    time.advance(days=7)
    await visitor.site.prune()
    assert "A signature withdrawn recently" not in await _manage(visitor, "show")


async def test_a_form_that_was_set_aside_is_shown(time: Clock, visitor: Visitor) -> None:
    await visitor.sign(ADDRESS)
    await visitor.deliver()
    ids = [row["id"] for row in await visitor.site.database.write(lambda c: c.execute("select id from submissions"))]
    await visitor.site.database.write(lambda c: quarantine.hold_submissions(c, ids, "test"))
    assert "not yet confirmed 1" in await _manage(visitor, "show")


async def test_a_withdrawal_and_the_lower_count_are_one_transaction(
    time: Clock, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visitor.confirmed(ADDRESS)
    await visitor.post("/en/manage", email=ADDRESS)
    link = await visitor.link(ADDRESS, "manage")
    before = await all_rows(visitor.site)
    run = Connection.run

    async def failing(c: Connection, name: str, /, **values: object) -> None:
        if name.startswith("tally."):
            raise RuntimeError("the count cannot be lowered")
        await run(c, name, **values)  # type: ignore[arg-type]  # any arguments

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "run", failing)
        assert (await visitor.post(link, action="withdraw")).status_code == 500
    after = await all_rows(visitor.site)
    assert [after[table] for table in ("signatures", "journal", "never_write")] == [
        before[table] for table in ("signatures", "journal", "never_write")
    ]
    assert (await visitor.choose(link, "withdraw")).status_code == 200
    assert (await all_rows(visitor.site))["signatures"] == []
    async with visitor.site.database.reading() as c:
        assert await audit.find_disagreements(c) == []


@on_sqlite
@in_each_language
async def test_the_day_of_destruction_is_printed_on_the_form_and_the_privacy_page(
    lang: str, visit: Visit, settings: Settings, tmp_path: Path
) -> None:
    visitor = await in_production(visit, settings, tmp_path)
    for path in (f"/{lang}/", f"/{lang}/privacy"):
        page = Html((await visitor.get(path, headers={"Host": "petition.example"})).text).text
        assert "2027" in page, path  # the day that tools.campaign() sets, as each language writes it


@pytest.mark.usefixtures("right_clock")
async def test_on_that_day_everything_goes_whatever_its_state(time: Clock, visitor: Visitor) -> None:
    await announced(visitor.site, date(2026, 11, 24))
    await visitor.sign("waiting@example.net", named="on", name="Vera Waiting")
    await visitor.confirmed("plain@example.net")
    await visitor.confirmed("named@example.net", named="on", name="Anna Nowak", updates="on")
    await visitor.confirmed("withdrawn@example.net")
    await _manage(visitor, "withdraw", "withdrawn@example.net")
    await _manage(visitor, "never_write", "blocked@example.net")
    for _ in range(5):
        await visitor.sign("throttled@example.net")  # the last ones are decoys
    time.advance(days=1)
    await visitor.site.prune()
    before = await all_rows(visitor.site)
    assert [table for table in PERSONAL if not before[table]] == []
    time.advance(days=1)
    await visitor.site.prune()
    after = await all_rows(visitor.site)
    assert [table for table in PERSONAL if after[table]] == []
    assert after["journal"] == before["journal"]
    async with visitor.site.database.reading() as c:
        assert await audit.find_disagreements(c) == []
