"""Operations at the desk: what audit, doctor and backup said, and which versions run; nothing that helps a thief."""

import platform
from functools import partial
from pathlib import Path

import pytest

from petition import __version__
from petition.commands.doctor import Finding
from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.settings import Settings
from petition.organisers import activity_log, failed_units, last_checks
from petition.organisers.last_checks import OLD_DAYS
from petition.web.desk import trust_steps
from petition.web.desk.next_steps import Look
from tests.conftest import Clock, Visit, Visitor
from tests.web.tools import Html, in_production, on_sqlite

FOUND = [
    Finding("settings (production)"),
    Finding("room on the disk of /srv/data and /var/lib/petition", "only 3 MB are free for /srv/data"),
    Finding("machines (this one is 0123abcd)", warning="Machine 4567 was last seen"),
    Finding("mail server", fix="the first relay smtp://user:password@relay.example.org does not answer"),
    Finding("destruction day (2027-12-31, announced for 3 of 168 hours)"),
    Finding("relay.example.org", "no such thing"),
]
HIDDEN = ("/srv", "/var", "relay.", "password", "0123", "4567", "example.org", "2027", "MB")


async def _page(visitor: Visitor) -> Html:
    answer = await visitor.get("/organisers/operations")
    assert answer.status_code == 200
    return Html(answer.text)


async def test_it_says_what_the_last_audit_doctor_and_backup_found(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    text = (await _page(visitor)).text
    for sentence in ("Nobody has counted", "Nobody has checked it yet", "There has never been a backup"):
        assert sentence in text
    assert await last_checks.audit_and_record(visitor.site.database) == []
    write = visitor.site.database.write
    await write(partial(last_checks.record_doctor, found=[(f.state, f.subject) for f in FOUND]))
    await write(partial(activity_log.append, who=activity_log.SERVER, action=activity_log.BACKUP))
    text = (await _page(visitor)).text
    for sentence in (
        "22 November 2026: every number was counted again, and all agree.",
        "22 November 2026: 6 checks.",
        "To be fixed: room on the disk mail server",
        "To be known: machines",
        "The last backup is of 22 November 2026.",
        f"Petition {__version__}",
        f"Python {platform.python_version()}",
        f"Database {'SQLite' if 'sqlite' in visitor.site.settings.database_url else 'PostgreSQL'} ",
    ):
        assert sentence in text, sentence


@on_sqlite
async def test_no_line_has_a_secret_a_relay_or_a_path(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    await visitor.site.database.write(partial(last_checks.record_doctor, found=[(f.state, f.subject) for f in FOUND]))
    page = (await visitor.get("/organisers/operations")).text
    inside = Html(page[page.index("Is the server well?") : page.index("If the disk dies")]).text
    assert [hidden for hidden in HIDDEN if hidden in inside.partition("2026:")[2]] == []
    async with visitor.site.database.reading() as c:
        stored = str((await c.all("state.get", name=last_checks.DOCTOR))[0]["value"])
    assert [hidden for hidden in HIDDEN if hidden in stored] == [], "nor does the database"


async def _damage(c: Connection) -> None:
    await c.execute("insert into journal (day, country, reason, n) values ('2026-11-22', 'PL', 'confirmed', 1)")


@on_sqlite
async def test_an_audit_that_found_something_is_not_called_good(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    await visitor.site.database.write(_damage)
    assert await last_checks.audit_and_record(visitor.site.database) != []
    assert "some do not agree" in (await _page(visitor)).text


@on_sqlite
@pytest.mark.parametrize(("days", "is_old"), [(OLD_DAYS - 1, False), (OLD_DAYS, True)])
async def test_what_is_a_week_old_is_old(days: int, is_old: bool, time: Clock, visitor: Visitor) -> None:
    await last_checks.audit_and_record(visitor.site.database)
    await visitor.site.database.write(partial(last_checks.record_doctor, found=[("fix", "swap")]))
    time.advance(days=days)
    async with visitor.site.database.reading() as c:
        audit, doctor = await last_checks.last_audit(c), await last_checks.last_doctor(c)
    assert audit is not None
    assert doctor is not None
    assert (audit.is_old, audit.all_agree, doctor.is_old, doctor.named("fix")) == (is_old, True, is_old, ["swap"])


@on_sqlite
async def test_the_overview_says_what_audit_and_doctor_found(
    time: Clock, visit: Visit, settings: Settings, tmp_path: Path
) -> None:
    visitor = await in_production(visit, settings, tmp_path)

    async def steps() -> list[str]:
        async with visitor.site.database.reading() as c:
            look = Look(c, visitor.site, visitor.app.state.public_state.state, visitor.site.address_book, None)
            sources = (trust_steps.wrong_numbers, trust_steps.old_audit, trust_steps.doctor_findings)
            return [step.sentence for source in sources if (step := await source(look))]

    write = visitor.site.database.write
    assert await steps() == ["Nobody has counted the numbers again yet: ask for `petition audit`."]
    await write(partial(last_checks.record_audit, all_agree=True))
    await write(partial(last_checks.record_doctor, found=[("ok", "swap"), ("fix", "keys apart from data")]))
    assert await steps() == ["The last check of the server found what must be fixed: keys apart from data."]
    await write(partial(last_checks.record_audit, all_agree=False))
    assert "some do not agree" in (await steps())[0]
    await write(partial(last_checks.record_audit, all_agree=True))
    time.advance(days=OLD_DAYS)
    assert (await steps())[0].startswith("Nobody has counted the numbers again since 2026-11-22")


async def test_a_unit_that_failed_is_told_until_it_works_again(time: Clock, visitor: Visitor) -> None:
    await visitor.organiser("olga", "organiser")
    write, unit = visitor.site.database.write, "petition-backup.service"
    await write(partial(failed_units.record, unit=unit))
    at = f"{clock.now():%Y-%m-%d %H:%M}"
    time.advance(minutes=5)
    sentence = f"{unit} failed at {at} UTC. On the server, journalctl -u {unit} says why"
    for path in ("/organisers/operations", "/organisers/"):
        visitor.app.state.overview_figures.expire()
        assert sentence in Html((await visitor.get(path)).text).text, path
    assert "petition_units_failed 1.0\n" in (await visitor.get("/metrics")).text
    await write(partial(failed_units.take_back, unit=unit))
    for path in ("/organisers/operations", "/organisers/"):
        visitor.app.state.overview_figures.expire()
        assert "failed at" not in Html((await visitor.get(path)).text).text, path
    assert "petition_units_failed 0.0\n" in (await visitor.get("/metrics")).text
