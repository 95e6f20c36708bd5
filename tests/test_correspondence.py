"""The record of what was sent to governments and what they answered, on both databases."""

from datetime import date
from functools import partial

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition import correspondence
from petition.correspondence import Entry, Stance
from petition.db import Database

SENT = Entry(sent=date(2026, 11, 22))
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)
DAY = st.none() | st.dates()
ENTRY = st.builds(Entry, DAY, DAY, st.sampled_from(Stance), TEXT, TEXT)


async def _record(database: Database, key: str, entry: Entry) -> None:
    await database.write(partial(correspondence.record, key=key, entry=entry))


async def _entries(database: Database) -> dict[str, Entry]:
    async with database.reading() as c:
        return await correspondence.entries(c)


async def test_in_the_beginning_nobody_was_written_to(database: Database) -> None:
    assert await _entries(database) == {}


async def test_what_is_recorded_replaces_what_was(database: Database) -> None:
    answer = Entry(date(2026, 11, 22), date(2026, 12, 1), Stance.PARTLY, "Rail, but no transit.", "https://example.org")
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
    """The database is shared by the examples: each replaces the one before it."""
    await _record(database, "LV", entry)
    assert await _entries(database) == {"LV": entry}
