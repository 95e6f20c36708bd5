"""The log tells nothing finer, and nothing earlier, than the pages did: whatever happens, in any order."""

import asyncio
import json
import random
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from petition.log import audit, entries
from petition.log.client import rules
from petition.log.keeper import Keeper
from petition.site import Site, open_site
from petition.tally import history, removals, tally
from petition.tally.releases import WITHDRAWN
from petition.tally.tally import Change
from tests import EXAMPLES
from tests.conftest import LOG_KEY, Clock, make_settings
from tests.stories.test_any_order import fresh  # noqa: F401 (a fixture)
from tests.tally.publishing import start_production

T = TypeVar("T")
COUNTRIES = ("PL", "LT", "ZZ")
EXACT = {"format", "number", "edition", "quorum", "previous_size", "goal"}  # numbers of no count
Shown = tuple[str, int, tuple[tuple[str, int], ...]]  # time, total, countries


class Published(RuleBasedStateMachine):
    """A site in production; a visitor looks at what it publishes after each release, before the log may."""

    folder: ClassVar[Path]
    fresh_database: ClassVar[Callable[[Path], str]]
    time: ClassVar[Clock]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        home = self.folder / secrets.token_hex(4)
        home.mkdir()
        self.open = AsyncExitStack()
        made = make_settings(type(self).fresh_database(home), home, log_keys=(LOG_KEY,))
        self.site: Site = self._run(self.open.enter_async_context(open_site(made)))
        self._run(start_production(self.site.database))
        self.keeper, self.checked, self.jumped = Keeper(self.site), 0, False
        self.shown: set[Shown] = set()
        self.removed: set[tuple[str, int]] = set()

    def _run(self, job: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await job

        return self.runner.run(awaited())

    def _change(self, *changes: Change) -> None:
        self._run(self.site.database.write(partial(tally.apply_changes, changes=list(changes))))

    @rule(country=st.sampled_from(COUNTRIES), n=st.sampled_from((1, 2, 9, 10, 11, 250, 700)))
    def confirm(self, country: str, n: int) -> None:
        self._change(Change(country, "confirmed", n))

    @rule(country=st.sampled_from(COUNTRIES), n=st.sampled_from((1, 10, 40)))
    def withdraw(self, country: str, n: int) -> None:
        self._change(Change(country, "withdrawn", -n))

    @rule(country=st.sampled_from(COUNTRIES), n=st.sampled_from((30, 55)), back=st.booleans())
    def set_aside(self, country: str, n: int, back: bool) -> None:
        one = removals.restored(country) if back else removals.set_aside(country, "throw-away")
        self._change(*[one] * n)

    @rule(seconds=st.sampled_from((7, 61, 600, 3600, 7200, 21600, 86400, 604800)))
    def wait(self, seconds: int) -> None:
        self.time.advance(seconds=seconds)
        self._look()

    @rule(hours=st.sampled_from((-5, 5, 30)))
    def jump(self, hours: int) -> None:
        """Somebody sets the clock."""
        self.jumped = True
        self.time.moment += type(self.time.moment - self.time.moment)(hours=hours)
        self._look()

    def _look(self) -> None:
        """Releases what is due, looks at it as a visitor does, then lets the log work."""
        self._run(self.site.take_snapshot())
        self._run(self._see())
        self._run(self.keeper.work())
        self._run(self._agrees())

    async def _agrees(self) -> None:
        async with self.site.database.reading() as c:
            assert await audit.find_disagreements(c, self.site.settings) == []
            rows = await c.all("log.entries_from", n=0)
        problems = rules.check_releases({row["n"]: json.loads(row["entry"]) for row in rows})
        if self.jumped:  # a fall may come on another day than its reason
            problems = [one for one in problems if "falls by" not in one]
        assert problems == [], "what strangers check"

    async def _see(self) -> None:
        async with self.site.database.reading() as c:
            shown, now = await history.get_history(c), await tally.get_snapshot(c)
        self.shown.add((f"{now.as_of:%Y-%m-%dT%H:%MZ}", now.confirmed, tuple(sorted(now.countries.items()))))
        self.removed |= {(day, n) for day, n in shown.withdrawn} | {(day, n) for day, _, n in shown.removals}

    @invariant()
    def tens_that_were_shown(self) -> None:
        rows = self._run(self._rows("log.entries_from", n=self.checked))
        self.checked += len(rows)
        files = {row["sha256"]: json.loads(row["content"]) for row in self._run(self._rows("log.files"))}
        for entry in (entries.decode(row["entry"].encode()) for row in rows):
            counts = {name: value for name, value in entry.items() if type(value) is int and name not in EXACT}
            assert all(n % 10 == 0 for n in counts.values()), entry
            if entry["kind"] == "release":
                self._was_shown(entry, files)
            if entry["kind"] == "removal":
                assert (entry["day"], entry["n"]) in self.removed
            if entry["kind"] == WITHDRAWN:
                assert entry["n"] in {n for _, n in self.removed}

    def _was_shown(self, entry: dict[str, Any], files: dict[str, Any]) -> None:
        """At this time, with these figures, on a page: nothing here was seen for the first time.

        After a jump of the clock the table of releases has other times than people saw, and the same figures.
        """
        file = files[entry["countries"]] if "countries" in entry else None
        totals, figures = {total for _, total, _ in self.shown}, {one for *_, some in self.shown for one in some}
        assert entry["total"] in totals
        assert self.jumped or (entry["at"], entry["total"]) in {(at, total) for at, total, _ in self.shown}
        if file:
            countries = tuple(sorted(file["countries"].items()))
            assert entries.parse_file(entries.canonical_json(file), entries.COUNTRIES_FILE)
            assert {*countries} <= figures
            assert self.jumped or (file["at"], file["total"], countries) in self.shown
            assert file["other"] == file["total"] - sum(file["countries"].values())

    async def _rows(self, query: str, **values: int) -> list[dict[str, Any]]:
        async with self.site.database.reading() as c:
            return await c.all(query, **values)

    def teardown(self) -> None:
        self._run(self.open.aclose())
        self.runner.close()


@pytest.mark.parametrize("fresh", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
@pytest.mark.secret_remainder
def test_nothing_is_logged_that_was_not_on_a_page_before(
    fresh: Callable[[Path], str],  # noqa: F811 (the fixture above)
    tmp_path: Path,
    time: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Machine(Published):
        pass

    begun = time.moment

    def database(folder: Path) -> str:
        time.moment = begun
        monkeypatch.setattr(secrets, "randbelow", random.Random(1).randrange)  # an example can be run again
        return fresh(folder)

    Machine.folder, Machine.fresh_database, Machine.time = tmp_path, staticmethod(database), time
    run_state_machine_as_test(
        Machine,
        settings=examples(
            max_examples=EXAMPLES // 8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
