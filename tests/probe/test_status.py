"""The status page: what it says, when it is there, and that a mirror has it; and what the desk and the doctor say."""

from dataclasses import replace
from pathlib import Path

import pytest

from petition import features
from petition.core.database import switches
from petition.core.settings import Settings
from petition.probe import checks
from petition.signing import probes
from petition.site import Site
from petition.web.mirror import write_mirror
from tests.conftest import Clock, Visit, Visitor
from tests.probe.conftest import ADDRESS
from tests.switching import turn
from tests.web.tools import Html, on_sqlite

pytestmark = on_sqlite


@pytest.fixture
async def visitor(time: Clock, visit: Visit) -> Visitor:
    found: Visitor = await visit(probe_email=ADDRESS)
    return found


async def _probe(site: Site, step: str = "") -> None:
    problem = step and "The form was taken, and no email came within 240 seconds."
    await site.database.write(lambda c: probes.record(c, step, problem, {"page": 0.1}))


async def _page(visitor: Visitor, lang: str = "en") -> str:
    await visitor.app.state.public_state.refresh()
    answer = await visitor.get(f"/{lang}/status")
    assert answer.status_code == 200
    return Html(answer.text).text


async def test_it_says_what_was_found_and_when_to_ten_minutes(time: Clock, visitor: Visitor) -> None:
    assert "We looked last" not in await _page(visitor)
    time.advance(minutes=7)
    await _probe(visitor.site)
    text = await _page(visitor)
    assert "Yes: signing works." in text
    assert "We looked last on 22 November 2026, 12:00 UTC." in text
    assert "Since" not in text
    time.advance(minutes=10)
    await _probe(visitor.site, "email")
    time.advance(minutes=10)
    await _probe(visitor.site, "email")
    text = await _page(visitor)
    assert "No: signing does not work at the moment. Since 22 November 2026, 12:10 UTC." in text
    assert "We looked last on 22 November 2026, 12:20 UTC." in text
    assert "email came" not in text, "why it does not work is for the operator"
    time.advance(minutes=61)
    text = await _page(visitor)
    assert "at the moment" not in text
    assert "We looked last on 22 November 2026, 12:20 UTC." in text


async def test_closed_is_closed_whatever_a_probe_found(visitor: Visitor) -> None:
    await _probe(visitor.site)
    await turn(visitor.site.database, "signing", "paused")
    text = await _page(visitor)
    assert "Nobody can sign at this time: signing is closed." in text
    assert "Yes: signing works." not in text


async def test_without_a_probe_there_is_no_page_and_no_link(visit: Visit) -> None:
    visitor: Visitor = await visit()
    assert (await visitor.get("/en/status")).status_code == 404
    assert "/en/status" not in (await visitor.get("/en/help")).text


async def test_with_a_probe_who_waits_for_an_email_finds_it(visitor: Visitor) -> None:
    assert 'href="/en/status"' in (await visitor.get("/en/help")).text
    assert (await visitor.post("/en/status")).status_code == 405
    assert (await visitor.get("/xx/status")).status_code == 404


async def test_it_lives_on_the_mirror_and_says_of_when_the_copy_is(
    time: Clock, visitor: Visitor, tmp_path: Path
) -> None:
    await _probe(visitor.site)
    time.advance(minutes=25)
    await write_mirror(visitor.site, tmp_path / "mirror")
    text = Html((tmp_path / "mirror/en/status.html").read_text("utf-8")).text
    assert "We looked last on 22 November 2026, 12:00 UTC." in text
    assert "The copy of our pages in this place is of 22 November 2026, 12:20 UTC." in text
    assert "The copy" not in await _page(visitor), "here it is no copy"


async def test_the_desk_and_the_doctor_say_that_it_failed_or_does_not_run(
    time: Clock, visitor: Visitor, settings: Settings
) -> None:
    assert checks.check_probe in [check for feature in features.features() for check in feature.checks]

    async def said() -> tuple[str, str]:
        async with visitor.site.database.reading() as c:
            warnings = await features.list_warnings(c, visitor.site)
        finding = await checks.check_probe(replace(settings, probe_email=ADDRESS))
        return " ".join(warnings), finding.as_line()

    warning, finding = await said()
    assert warning.startswith(
        "No probe of signing has ever run. To start it: systemctl enable --now petition-probe.timer"
    )
    assert finding.startswith("warn  probe of signing: No probe of signing has ever run")
    await _probe(visitor.site)
    assert await said() == ("", "ok    probe of signing")
    time.advance(minutes=10)
    await _probe(visitor.site, "email")
    warning, finding = await said()
    assert "could not sign at 2026-11-22 12:10 UTC" in warning
    assert "no email came within 240 seconds." in finding
    time.advance(minutes=61)
    assert "No probe of signing has run since 2026-11-22 12:10 UTC." in (await said())[0]
    await turn(visitor.site.database, switches.SIGNING, "paused")
    assert await said() == ("", "ok    probe of signing"), "nobody is meant to sign"
    async with visitor.site.database.reading() as c:
        assert await features.list_warnings(c, replace(visitor.site, settings=settings)) == []
