"""What goes into the log: all that is published, nothing else, once; and what is corrected."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

from petition.campaign import edits
from petition.campaign.places import GOAL
from petition.campaign.witnesses import Witnesses
from petition.core.database import switches
from petition.core.database.connection import Connection
from petition.letters import correspondence
from petition.letters.correspondence import Entry, Stance
from petition.log import entries
from petition.log.keeper import Keeper
from petition.retention import close
from petition.signing.batch_rules import DISPOSABLE, Rule
from petition.site import Site
from petition.tally import removals, tally
from tests.letters.editions.test_editions import draft_for, issue
from tests.log.conftest import Forget, Kept
from tests.log.samples import WITNESS
from tests.retention import forging
from tests.signing.crowds import crowd, set_aside_all
from tests.tally.publishing import change

DAY = "2026-11-22"
BASIS = {"as_of": "2026-11-22T11:58:00Z", "confirmed": 1230, "countries": {"PL": 700}, "other": 530}
EDITION = forging.EDITION | {"basis": json.dumps(BASIS)}
SHA = "0123456789abcdef" * 4
LETTER = forging.LETTER | {"sha256": SHA}


async def _without(kept: Kept, *kinds: str) -> list[dict[str, Any]]:
    return [entry for entry in await kept.entries() if entry["kind"] not in kinds]


def _file(kept: Kept, hash_: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((kept.folder / "files" / f"{hash_}.json").read_text("utf-8"))
    return found


async def test_a_log_begins_with_whose_it_is_and_what_runs_and_is_asked(kept: Kept) -> None:
    await kept.work()
    kinds = [entry["kind"] for entry in await kept.entries()]
    assert kinds == ["log", "software", "appeal", "rule", "rule", "rule", "rule"]
    first, software, appeal, *rules = await kept.entries()
    assert first["vkey"] == kept.keeper._signer.keys[0].vkey
    assert software["version"]
    assert {rule["name"]: rule["value"] for rule in rules} == {
        "signing": "open",
        "figures": "released",
        "mailboxes": "refused",
        "windows": "total:60/60,country:60/60",
    }
    await kept.later(minutes=1)
    text = _file(kept, appeal["texts"]["pl"])
    assert text["language"] == "pl"
    assert kept.site.appeal.get_text(kept.site.languages["pl"]).demand == text["demand"]


async def test_each_release_is_logged_once_when_a_minute_is_over(kept: Kept) -> None:
    await kept.work()
    await change(kept.site.database, "PL", 34)
    kept.time.advance(minutes=1)
    await kept.site.take_snapshot()
    await kept.work()
    assert await kept.of_kind("release") == [], "countries and total of one time come together"
    kept.time.advance(seconds=61)
    for _ in range(3):
        await kept.work()
    (release,) = await kept.of_kind("release")
    assert (release["at"], release["total"]) == ("2026-11-22T12:01Z", 30)
    await kept.later(minutes=1)
    countries = _file(kept, release["countries"])
    assert entries.parse_file(entries.canonical_json(countries), entries.COUNTRIES_FILE)
    assert (countries["countries"], countries["other"]) == ({"PL": 30}, 0)


async def test_a_file_of_countries_goes_after_two_days_but_for_a_midnight(kept: Kept) -> None:
    await kept.work()
    for _ in range(2):
        await change(kept.site.database, "PL", 40)
        await kept.later(minutes=2)
    kept.time.moment = kept.time.moment.replace(day=23, hour=0, minute=0, second=0)
    await kept.later(minutes=0)
    *others, midnight = await kept.of_kind("release")
    assert midnight["at"] == "2026-11-23T00:00Z"
    assert all((kept.folder / "files" / f"{one['countries']}.json").exists() for one in (*others, midnight))
    await kept.later(hours=49)
    await kept.later(minutes=10)
    there = {file.stem for file in (kept.folder / "files").glob("*.json")}
    assert midnight["countries"] in there
    assert not {one["countries"] for one in others} & there
    async with kept.site.database.reading() as c:
        kept_files = {row["sha256"] for row in await c.all("log.files")}
    assert not {one["countries"] for one in others} & kept_files


async def test_what_was_withdrawn_is_logged_on_its_monday_in_tens(kept: Kept) -> None:
    await change(kept.site.database, "PL", 95)
    await kept.later(minutes=2)
    await change(kept.site.database, "PL", -34)
    await kept.later(days=2)
    assert await kept.of_kind("withdrawn") == [{"kind": "withdrawn", "day": "2026-11-23", "n": 30}]


async def test_what_was_set_aside_is_logged_with_its_reason_and_day(kept: Kept) -> None:
    await crowd(kept.site, "bot", 40)
    await crowd(kept.site, "ada", 60, disposable=False)
    await kept.later(minutes=2)
    await set_aside_all(kept.site, Rule(DISPOSABLE))
    await kept.later(days=1)
    (removal,) = await kept.of_kind("removal")
    assert removal == {"kind": "removal", "day": "2026-11-23", "n": 40, "reason": "throw-away", "restored": False}
    assert [entry["total"] for entry in await kept.of_kind("release")][-1] == 60
    await kept.site.database.write(partial(tally.apply_changes, changes=[removals.restored("DE") for _ in range(20)]))
    await kept.later(days=1)
    assert (await kept.of_kind("removal"))[1:] == [
        {"kind": "removal", "day": "2026-11-24", "n": 20, "reason": "restored", "restored": True}
    ]


async def test_editions_letters_and_annexes_are_logged_by_their_fingerprints(kept: Kept) -> None:
    await kept.work()
    await forging.insert(kept.site, "editions", EDITION)
    await forging.insert(kept.site, "edition_letters", LETTER, LETTER | {"reference": "DE-1", "sha256": SHA[::-1]})
    await forging.insert(kept.site, "edition_annexes", forging.ANNEX | {"sha256": SHA, "name_count": 37})
    await forging.insert(kept.site, "follow_ups", forging.FOLLOW_UP | {"sha256": SHA})
    await kept.later(minutes=10)
    assert await kept.of_kind("edition", "letter", "annex") == [
        {
            **{"kind": "edition", "number": 1, "day": "2026-11-20", "as_of": "2026-11-22T11:58Z", "total": 1230},
            "letters": {"PL-1": SHA, "DE-1": SHA[::-1]},
        },
        {"kind": "letter", "reference": "PL-1-R1", "edition": 1, "day": DAY, "sha256": SHA},
        {"kind": "annex", "reference": "PL-1-A1", "edition": 1, "day": "2026-11-21", "names": 30, "sha256": SHA},
    ]
    index = json.loads((kept.folder / "index.json").read_text())
    assert kept.published()[index[SHA[::-1]]]["kind"] == "edition"


async def test_an_answer_is_logged_and_its_words_lie_beside_the_log_until_they_change(kept: Kept) -> None:
    await kept.work()
    answer = Entry(sent=kept.time.moment.date(), edition=1, stance=Stance.SUPPORTS, answered=kept.time.moment.date())
    said = replace(answer, summaries={"en": "They say yes.", "pl": "Mówią tak."}, link="https://gov.example/1")
    for entry in (answer, said, said, replace(said, summaries={"en": "They say no."})):
        await kept.site.database.write(partial(correspondence.save_entry, code="PL", entry=entry))
        await kept.later(minutes=10)
    bare, first, second = await kept.of_kind("answer")
    facts = {"kind": "answer", "key": "PL", "sent": DAY, "edition": 1, "answered": DAY, "stance": "supports"}
    assert bare == facts
    assert first | {"file": ""} == second | {"file": ""} == facts | {"file": ""}
    assert _file(kept, second["file"])["summaries"] == {"en": "They say no."}
    assert not (kept.folder / "files" / f"{first['file']}.json").exists()
    await kept.site.database.write(partial(correspondence.save_entry, code="PL", entry=Entry()))
    for _ in range(2):
        await kept.later(minutes=10)
    assert (await kept.of_kind("answer"))[3:] == [{"kind": "answer", "key": "PL", "withdrawn": True}]
    assert not (kept.folder / "files" / f"{second['file']}.json").exists()


async def test_what_admins_switch_and_the_desk_edits_is_logged(kept: Kept) -> None:
    await kept.work()

    async def turn(c: Connection, name: str, value: str) -> None:
        await switches.change(c, await switches.get(c, name), value, "marta")

    await kept.site.database.write(partial(turn, name=switches.SIGNING, value=switches.PAUSED))
    await kept.site.database.write(partial(edits.save, changes={GOAL: (0, "9000")}, nickname="marta"))
    before = len(await kept.entries())
    await kept.later(minutes=10)
    new = [entry for entry in (await kept.entries())[before:] if entry["kind"] != "release"]
    assert [(entry.get("name"), entry.get("value"), entry.get("goal")) for entry in new] == [
        (None, None, 9000),
        ("signing", "paused", None),
    ]


async def test_two_servers_with_two_campaigns_do_not_say_so_again_and_again(site: Site, kept: Kept) -> None:
    await kept.later(minutes=1)
    other = Keeper(replace(site, live_appeal=edits.LiveAppeal(site.appeal.with_edits({GOAL: "77"}))))
    for _ in range(4):
        await other.work()
        await kept.later(minutes=20)
    assert [entry.get("goal") for entry in await kept.of_kind("appeal")] == [None, 77]


async def test_witnesses_are_logged_once_there_are_some(kept: Kept) -> None:
    """campaign.toml is read at the start, so each time another process continues."""
    campaign = kept.site.appeal.campaign
    none, one = ({"kind": "witnesses", "quorum": n, "vkeys": [WITNESS.vkey][:n]} for n in (0, 1))
    for witnesses, logged in (
        (Witnesses(), []),
        (Witnesses((WITNESS.vkey,), 1), [one]),
        (Witnesses((WITNESS.vkey,), 1), [one]),
        (Witnesses(), [one, none]),
    ):
        kept.site.appeal.campaign = replace(campaign, witnesses=witnesses)
        kept.keeper = Keeper(kept.site)
        await kept.later(minutes=10)
        assert await kept.of_kind("witnesses") == logged
    assert [entry for entry in kept.published() if entry["kind"] == "witnesses"] == [one, none]
    assert kept.forks() == 0


async def test_the_end_of_signing_is_logged_and_answers_still_come(kept: Kept) -> None:
    await kept.work()
    await close.close_signing(kept.site.database, kept.site.server_keys, None)
    for _ in range(2):
        await kept.later(minutes=10)
    assert await kept.of_kind("end") == [{"kind": "end", "day": DAY, "reason": "closed"}]
    assert [rule["value"] for rule in await kept.of_kind("rule") if rule["name"] == "signing"] == ["open", "closed"]
    await kept.site.database.write(
        partial(correspondence.save_entry, code="PL", entry=Entry(sent=kept.time.moment.date(), edition=1))
    )
    await kept.later(minutes=10)
    assert len(await kept.of_kind("answer")) == 1


async def test_a_number_that_ministries_have_is_never_given_again(kept: Kept, forget: Forget) -> None:
    """A restore may have lost the newest edition, which was published and logged."""
    await kept.work()
    await forging.insert(kept.site, "editions", EDITION | {"number": 7})
    await forging.insert(kept.site, "edition_letters", LETTER | {"reference": "PL-7", "edition": 7})
    await kept.later(minutes=2)
    assert [entry["number"] for entry in await kept.of_kind("edition")] == [7]
    await forget("edition_letters", "edition = 7")
    await forget("editions", "number = 7")
    assert await issue(kept.site.database, draft_for("PL")) == 8
