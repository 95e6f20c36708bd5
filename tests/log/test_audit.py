"""The audit of the log says every kind of difference, each once, and nothing else."""

from functools import partial
from typing import Any, NoReturn

import pytest

from petition.core.database.connection import Connection
from petition.core.log_keys import make_log_key
from petition.letters import correspondence
from petition.letters.correspondence import Entry, Stance
from petition.log import audit, notes, store
from petition.log.keeper import STANDS
from petition.log.note_keys import LogKey
from petition.log.notes import Head
from petition.log.store import RESTORED, New
from petition.tally import removals, tally
from tests.conftest import LOG_KEY
from tests.log.conftest import Kept, moment
from tests.log.test_collect import EDITION, LETTER, SHA
from tests.retention import forging
from tests.tally.publishing import change

KEY = LogKey.parse(LOG_KEY)
SECOND, NEWEST = moment("2026-11-23T12:13:00Z"), moment("2026-11-23T12:27:00Z")  # releases, of 150 and 210
SETTLED = NEWEST + 67 - 300  # five minutes before the newest entry: what was released earlier must be logged


@pytest.fixture
async def site_with_everything(kept: Kept) -> Kept:
    """Three releases, of which the second takes off what was withdrawn and set aside; an edition, an answer."""
    database, today = kept.site.database, kept.time.moment.date()
    await kept.work()
    await change(database, "DE", 200)
    await kept.later(minutes=2)
    await change(database, "DE", -30)
    for one, n in ((removals.set_aside("DE", "throw-away"), 40), (removals.restored("DE"), 20)):
        await database.write(partial(tally.apply_changes, changes=[one] * n))
    await forging.insert(kept.site, "editions", EDITION)
    await forging.insert(kept.site, "edition_letters", LETTER)
    await forging.insert(kept.site, "edition_annexes", forging.ANNEX | {"sha256": SHA})
    await forging.insert(kept.site, "follow_ups", forging.FOLLOW_UP | {"sha256": SHA})
    answer = Entry(sent=today, edition=1, acknowledged=today, answered=today, stance=Stance.SUPPORTS)
    await database.write(partial(correspondence.save_entry, code="PL", entry=answer))
    await kept.later(days=1)
    await change(database, "PL", 60)
    await kept.later(minutes=2)
    assert [entry["kind"] for entry in await kept.entries()][7:] == (
        ["release", "release", "removal", "removal", "withdrawn", "edition", "letter", "annex", "answer", "release"]
    )
    return kept


def _note(size: int, key: LogKey = KEY) -> str:
    return notes.sign_head(Head(KEY.name, size, bytes(32)), [key])


def _insert_head(below: int, note: str) -> str:
    return f"delete from log_heads where below = {below}; insert into log_heads values ({below}, '{note}')"


def _release(name: str, at: int, figure: int) -> str:
    return f"insert into releases (name, released_at, figure) values ('{name}', {at}, {figure})"


def _published(name: str, at: int, figure: int) -> str:
    return f"update releases set figure = {figure} where name = '{name}' and released_at = {at}"


def _taken_back(name: str, at: int) -> str:
    return f"delete from releases where name = '{name}' and released_at = {at}"


def _other_head(place: int) -> str:
    return f"Log: what was signed at place {place} is not what the entries give."


def _other_letter(reference: str) -> str:
    return f"Log: {reference} was logged with another fingerprint than it has, or it is gone."


def _other_total(minute: str, logged: int, published: int) -> str:
    return f"Log: the release of 2026-11-23T{minute}Z was logged with {logged}, published was {published}."


def _not_published(n: int, reason: str, day: int = 23) -> str:
    return f"Log: {n} signatures ({reason}) were logged for 2026-11-{day}, and not published."


def _not_logged(n: int, reason: str) -> str:
    return f"Log: {n} signatures ({reason}) of 2026-11-23 are not logged."


FEWER = "Log: The log here has 16 entries, and 17 were signed: run `petition log adopt`, which brings the others back."
OTHER_COUNTRIES = "Log: the countries of 2026-11-23T12:27Z were logged with other figures than were published."
NO_RELEASE = "Log: the release of 2026-11-23T12:{}Z is not logged."
OTHER_ANSWER = "Log: what PL answered is not what was logged last."
NO_KEY = "Log: None of the known keys has signed this."
NO_NOTE = "This is no signed note: a text, an empty line, lines of signatures."
REMOVAL = {"kind": "removal", "day": "2026-11-24", "n": 30, "reason": "throw-away", "restored": False}

# What is changed in the database, as statements or an entry that is added; and all that the audit says of it.
PLANTED: dict[str, tuple[str | dict[str, Any], list[str]]] = {
    "nothing": ("select 1", []),
    "a signed entry is gone": (
        "delete from log_entries where n = 15",
        ["Log: an entry is missing.", _other_head(16), _other_head(17), FEWER],
    ),
    "a head of other entries": (_insert_head(8, _note(8)), [_other_head(8)]),
    "a head of more entries than there are": (_insert_head(90, _note(90)), [_other_head(90)]),
    "a head under another key": (_insert_head(8, _note(8, LogKey.parse(make_log_key(KEY.name)))), [NO_KEY]),
    "a head that is none": (_insert_head(8, "x"), [f"Log: {NO_NOTE}"]),
    "a total was changed": (_published("total", NEWEST, 220), [_other_total("12:27", 210, 220)]),
    "a release was taken back": (_taken_back("total", SECOND), [_other_total("12:13", 150, 200)]),
    "a release was added": (_release("total", SETTLED - 1, 150), [NO_RELEASE.format("23:06")]),
    "a release is logged that never was": (
        {"kind": "release", "at": "2026-11-23T12:20Z", "total": 150},
        [_other_total("12:20", 150, 150)],
    ),
    "a release was corrected that is right": (
        {"kind": "correction", "at": "2026-11-23T12:13Z", "reason": "clock"},
        [NO_RELEASE.format("13:00")],
    ),
    "a country was changed": (_published("PL", NEWEST, 50), [OTHER_COUNTRIES]),
    "a country was added": (_release("LT", NEWEST, 10), [OTHER_COUNTRIES]),
    "a country was taken back": (_taken_back("PL", NEWEST), [OTHER_COUNTRIES]),
    "a file of countries was changed": (
        """update log_files set content = replace(content, '"PL":60', '"PL":50')""",
        [OTHER_COUNTRIES],
    ),
    "what was set aside was changed": (
        _published("aside throw-away", SECOND, 50),
        [_not_published(40, "throw-away"), _not_logged(50, "throw-away")],
    ),
    "what was restored was taken back": (_taken_back("restored", SECOND), [_not_published(20, "restored")]),
    "what was withdrawn was taken back": (_taken_back("withdrawn", SECOND), [_not_published(30, "withdrawn")]),
    "more was set aside": (_release("aside forged", SECOND, 10), [_not_logged(10, "forged")]),
    "a removal is logged that never was": (REMOVAL, [_not_published(30, "throw-away", 24)]),
    "a restoration is logged that never was": (REMOVAL | {"restored": True}, [_not_published(30, "restored", 24)]),
    "a letter was changed": ("update edition_letters set sha256 = 'x'", [_other_letter("PL-1")]),
    "a letter is gone": (
        "delete from follow_ups; delete from edition_letters",
        [_other_letter("PL-1"), _other_letter("PL-1-R1")],
    ),
    "an annex was changed": ("update edition_annexes set sha256 = 'x'", [_other_letter("PL-1-A1")]),
    "an annex is gone": ("delete from edition_annexes", [_other_letter("PL-1-A1")]),
    "a follow-up was changed": ("update follow_ups set sha256 = 'x'", [_other_letter("PL-1-R1")]),
    "an edition got another letter": (
        "insert into edition_letters (reference, edition, key, courtesy, tree, sha256, pdf) "
        "values ('DE-1', 1, 'DE', 0, '{}', 'x', 'y')",
        ["Log: DE-1 is not in the entry of its edition."],
    ),
    "an answer was sent on another day": ("update correspondence set sent_on = '2026-11-20'", [OTHER_ANSWER]),
    "an answer to another edition": ("update correspondence set edition = 2", [OTHER_ANSWER]),
    "an answer was never acknowledged": ("update correspondence set acknowledged_on = ''", [OTHER_ANSWER]),
    "an answer came on another day": ("update correspondence set answered_on = '2026-11-23'", [OTHER_ANSWER]),
    "an answer says the contrary": ("update correspondence set stance = 'refuses'", [OTHER_ANSWER]),
    "an answer is gone": ("delete from correspondence", [OTHER_ANSWER]),
    "an answer is logged that never was": (
        {"kind": "answer", "key": "DE", "sent": "2026-11-22"},
        [OTHER_ANSWER.replace("PL", "DE")],
    ),
}


class Said(Exception):
    """What the audit said; it rolls back what was planted."""


async def _said(kept: Kept, *planted: str | dict[str, Any]) -> list[str]:
    async def look(c: Connection) -> NoReturn:
        await c.execute("insert into site_state values ('arriving', 'x')")  # what is append-only may go
        for one in planted:
            if isinstance(one, dict):
                assert await store.append(c, [New(one)], int((await store.read_ends(c))["entries"]))
            for statement in one.split("; ") if isinstance(one, str) else ():
                await c.execute(statement)
        raise Said(*await audit.find_disagreements(c, kept.site.settings))

    with pytest.raises(Said) as said:
        await kept.site.database.own_transaction(look)
    return list(said.value.args)


async def test_the_audit_says_each_difference(site_with_everything: Kept) -> None:
    kept = site_with_everything
    assert {what: await _said(kept, change) for what, (change, _) in PLANTED.items()} == {
        what: sentences for what, (_, sentences) in PLANTED.items()
    }


async def test_what_was_released_just_before_may_be_logged_later(site_with_everything: Kept) -> None:
    late = [_release(name, SETTLED, 20) for name in ("total", "aside forged", "restored")]
    assert await _said(site_with_everything, *late) == []


@pytest.mark.parametrize("fact", [STANDS, RESTORED])
async def test_of_a_log_that_stands_still_it_is_not_said_that_something_is_not_logged(
    site_with_everything: Kept, fact: str
) -> None:
    stands = f"insert into site_state values ('{fact}', 'Why.')"
    for what, said in {
        "a release was added": [],
        "more was set aside": [],
        "an answer says the contrary": [],
        "a total was changed": [_other_total("12:27", 210, 220)],
        "what was restored was taken back": [_not_published(20, "restored")],
        "a letter was changed": [_other_letter("PL-1")],
        "a head of other entries": [_other_head(8)],
    }.items():
        assert await _said(site_with_everything, stands, PLANTED[what][0]) == said


CHECKPOINTS = {
    "of other entries": (
        _note(17),
        "The log here is another one than was signed (by this machine, place 17): a person must find out why, "
        "before anything is signed.",
    ),
    "of more entries": (_note(18), FEWER.removeprefix("Log: ").replace("17 were", "18 were").replace("16", "17")),
    "that is none": ("x", f"The newest head of the log by this machine cannot be read ({NO_NOTE.rstrip('.')})."),
}


@pytest.mark.parametrize("what", CHECKPOINTS)
async def test_the_audit_says_that_this_machine_has_published_a_head(site_with_everything: Kept, what: str) -> None:
    note, said = CHECKPOINTS[what]
    (site_with_everything.folder / "checkpoint").write_text(note, "utf-8")
    assert await _said(site_with_everything) == [f"Log: {said}"]
