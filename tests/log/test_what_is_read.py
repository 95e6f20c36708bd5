"""What the log reads while it collects, signs and writes: only what is published, of a database with everything."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest

from petition.campaign import edits
from petition.campaign.places import GOAL
from petition.core.database.connection import LOCKS, Connection
from petition.core.database.switches import SIGNING
from petition.core.settings import Settings
from petition.letters import correspondence
from petition.letters.correspondence import Entry, Stance
from petition.log.keeper import STANDS
from petition.log.store import ADOPTED, RESTORED
from petition.retention import close
from petition.signing.batch_rules import DISPOSABLE, Rule
from tests.log.conftest import Kept
from tests.log.test_collect import EDITION, LETTER, SHA
from tests.retention import forging
from tests.signing.crowds import crowd, set_aside_all
from tests.switching import turn
from tests.tally.publishing import change

PUBLISHED = {
    *("releases", "figures", "editions", "edition_letters", "edition_annexes", "follow_ups"),
    *("correspondence", "answer_summaries", "switches", "edits", "site_state"),
}
OF_THE_LOG = {table for table in LOCKS if table.startswith("log_")}
FACTS = {"closed", "mode", STANDS, RESTORED, ADOPTED}  # those that are read of site_state
HOW_MANY_ACTS = "(select coalesce(max(n), 0) from actions) as actions"  # not one of them is read


class Statement(NamedTuple):
    text: str
    values: tuple[Any, ...]


class Listened:
    """A driver's connection, which writes down whatever text it gets: statements, and names of tables."""

    def __init__(self, raw: Any, statements: list[Statement]) -> None:
        self._raw, self._statements = raw, statements

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._raw, name)
        return partial(self._call, found) if callable(found) else found

    def _call(self, method: Callable[..., Any], *given: Any, **options: Any) -> Any:
        for text in filter(lambda one: isinstance(one, str), given[:1]):
            values = given[1].values() if isinstance(given[-1], dict) else given[1:]
            self._statements.append(Statement(text, tuple(values)))
        return method(*given, **options)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """All that any connection is asked from now on."""
    found: list[Statement] = []
    init = Connection.__init__

    def listen(c: Connection, raw: Any, *more: Any) -> None:
        init(c, Listened(raw, found), *more)

    monkeypatch.setattr(Connection, "__init__", listen)
    return found


@pytest.fixture
def settings(statements: list[Statement], settings: Settings) -> Settings:
    """The site opens its connections after that."""
    return settings


def tables_in(*texts: str) -> set[str]:
    """Whatever stands there as a word: in a join, after a comma, in a statement inside another one."""
    return {word for text in texts for word in re.findall(r"\w+", text)} & set(LOCKS)


async def _everything(kept: Kept) -> None:
    """What people, organisers and time do to a site."""
    database, today = kept.site.database, kept.time.moment.date()
    await crowd(kept.site, "bot", 40)
    await crowd(kept.site, "ada", 60, disposable=False, named=True)
    await kept.later(minutes=2)
    await set_aside_all(kept.site, Rule(DISPOSABLE))
    await change(database, "DE", -20)
    await forging.insert(kept.site, "editions", EDITION)
    await forging.insert(kept.site, "edition_letters", LETTER)
    await forging.insert(kept.site, "edition_annexes", forging.ANNEX | {"sha256": SHA})
    await forging.insert(kept.site, "follow_ups", forging.FOLLOW_UP | {"sha256": SHA})
    answer = Entry(sent=today, edition=1, stance=Stance.SUPPORTS, answered=today, summaries={"en": "They say yes."})
    await database.write(partial(correspondence.save_entry, code="PL", entry=answer))
    await database.write(partial(edits.save, changes={GOAL: (0, "9000")}, nickname="marta"))
    await turn(database, SIGNING, "paused")
    await turn(database, "figures", "frozen")
    await kept.later(minutes=10)
    await turn(database, "figures", "")
    await kept.later(days=8)
    await close.close_signing(database, kept.site.server_keys, None)
    await kept.later(days=2)


async def test_nothing_is_read_but_what_is_published(
    kept: Kept, statements: list[Statement], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No count, no journal, no signature: each statement that reaches a real database while the log works."""
    read, work = list[Statement](), kept.keeper.work

    async def work_alone() -> None:
        statements.clear()
        await work()
        read.extend(statements)

    monkeypatch.setattr(kept.keeper, "work", work_alone)
    await _everything(kept)
    kinds = {entry["kind"] for entry in await kept.entries()}
    assert kinds >= {"release", "removal", "withdrawn", "edition", "letter", "annex", "answer", "appeal", "rule", "end"}
    texts = {statement.text.replace(HOW_MANY_ACTS, "") for statement in read}
    assert tables_in(*texts) == PUBLISHED | OF_THE_LOG
    assert not [text for text in texts if "select *" in text or "remainder" in text]
    facts = {value for text, values in read if "from site_state where name = " in text for value in values}
    assert facts == FACTS


def test_a_table_is_found_wherever_it_stands() -> None:
    texts = ("select 1 from releases r, journal j", "select x from (select n from names join links on 1 = 1)", "tally")
    assert tables_in(*texts) == {"releases", "journal", "names", "links"}
