"""The correspondence: what was sent to governments and what they answered, on both databases."""

from dataclasses import replace
from datetime import date
from functools import partial

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core.database.database import Database
from petition.letters import correspondence
from petition.letters.correspondence import Channel, Entry, Stance, unanswered

SENT = Entry(sent=date(2026, 11, 22))
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
DAY = st.none() | st.dates()
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=200)
ENTRY = st.builds(
    Entry,
    DAY,
    st.sampled_from(Channel),
    st.integers(0, 10**6),
    DAY,
    DAY,
    st.sampled_from(Stance),
    TEXT,
    st.dictionaries(st.sampled_from(["en", "pl", "be"]), WORDS),
    DAY,
    TEXT,
    TEXT,
    TEXT,
)


async def _record(database: Database, key: str, entry: Entry) -> None:
    await database.write(partial(correspondence.save_entry, code=key, entry=entry))


async def _entries(database: Database) -> dict[str, Entry]:
    async with database.reading() as c:
        return await correspondence.entries(c)


async def test_in_the_beginning_nobody_was_written_to(database: Database) -> None:
    assert await _entries(database) == {}


async def test_what_is_recorded_replaces_what_was(database: Database) -> None:
    answer = replace(SENT, answered=date(2026, 12, 1), stance=Stance.PARTLY, summaries={"en": "Rail.", "pl": "Kolej."})
    await _record(database, "PL", SENT)
    await _record(database, "PL", answer)
    assert await _entries(database) == {"PL": answer}


async def test_a_record_can_be_taken_back(database: Database) -> None:
    await _record(database, "PL", SENT)
    await _record(database, "PL", Entry())
    assert await _entries(database) == {"PL": Entry()}


async def test_one_addressee_is_recorded_without_touching_another(database: Database) -> None:
    await _record(database, "PL", SENT)
    await _record(database, "eu-commission", Entry(stance=Stance.REFUSES))
    assert await _entries(database) == {"PL": SENT, "eu-commission": Entry(stance=Stance.REFUSES)}


@pytest.mark.parametrize("stance", Stance)
async def test_every_stance_is_kept(database: Database, stance: Stance) -> None:
    await _record(database, "LT", Entry(stance=stance))
    assert (await _entries(database))["LT"].stance is stance


@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ENTRY)
async def test_whatever_was_answered_is_read_as_written(database: Database, entry: Entry) -> None:
    """All examples share the database: each replaces the one before it."""
    await _record(database, "LV", entry)
    assert await _entries(database) == {"LV": entry}


async def test_a_summary_that_is_not_given_any_more_is_gone(database: Database) -> None:
    await _record(database, "PL", Entry(summaries={"en": "Rail.", "pl": "Kolej."}))
    await _record(database, "LT", Entry(summaries={"en": "All."}))
    await _record(database, "PL", Entry(summaries={"pl": "Kolej"}))
    assert (await _entries(database))["PL"].summaries == {"pl": "Kolej"}
    assert (await _entries(database))["LT"].summaries == {"en": "All."}


@pytest.mark.parametrize(
    ("kept", "language", "shown"),
    [
        ({"pl": "Kolej", "en": "Rail"}, "pl", ("pl", "Kolej")),
        ({"pl": "Kolej", "en": "Rail"}, "de", ("en", "Rail")),
        ({"pl": "Kolej", "lt": "Geležinkelis"}, "de", ("lt", "Geležinkelis")),
        ({}, "de", ("de", "")),
    ],
)
def test_a_reader_gets_the_summary_in_their_language_else_english(
    kept: dict[str, str], language: str, shown: tuple[str, str]
) -> None:
    assert Entry(summaries=kept).summary(language, "en") == shown


def test_who_waits_longest_is_first_and_who_answered_is_not_there() -> None:
    day = date(2026, 10, 1)
    found = {
        "PL": Entry(day),
        "LT": Entry(date(2026, 9, 1), acknowledged=day),
        "LV": Entry(day, answered=day, stance=Stance.REFUSES),
        "DE": Entry(date(2026, 10, 24)),
        "FR": Entry(),
        "AT": Entry(day),
        "SE": Entry(day, replied=day, stance=Stance.HOLDING),
        "FI": Entry(day, answered=day, stance=Stance.NO_COMPETENCE),
    }
    assert [key for key, _ in unanswered(found, date(2026, 11, 22), 30)] == ["LT", "AT", "PL", "SE"]
    assert [key for key, _ in unanswered(found, date(2026, 11, 22), 29)] == ["LT", "AT", "PL", "SE", "DE"]
