"""The adversary of the quarter hour at a real site, who sees its figures, those of the week, and all files of the log.

What the log says must have been on a page before, at the same minute: so it tells them nothing more.
"""

import random
from collections.abc import Iterator
from typing import Any

from petition import features
from petition.core import clock
from petition.core.clock import DAY, HOUR
from petition.core.database.connection import Row
from petition.signals import quality
from petition.signals.quality import Quality
from petition.site import Site
from petition.tally import schedule
from tests.adversary import published_files
from tests.adversary.bayes import NIGHT, UNKNOWN, Adversary, Seen
from tests.adversary.publishing import CHANCE, SHORT
from tests.conftest import Clock
from tests.tally.publishing import change, disagreements, published, rows

FIGURES = ("total", "LU")
_FORMS = len(FIGURES)  # the number of the weekly figure
Figures = dict[str, tuple[int, int]]  # when it was released, the figure
Shown = tuple[str, int, int | None]  # the minute, the total, Luxembourg


class Nights:
    """A campaign of which somebody signs night after night; `shown`: what its pages said, and at which minute."""

    def __init__(self, site: Site, time: Clock, rng: random.Random) -> None:
        self._site, self._database, self._time, self._rng = site, site.database, time, rng
        self.shown, self.logged, self.weeks = set[Shown](), set[Shown](), set[str]()
        self._counts: dict[str, int] = {}  # without the person of this night
        self._forms = 0  # until the last midnight

    async def advantage(self, nights: int) -> float:
        """How much more often than by chance the adversary is right."""
        for country, n in (("LU", 60), ("ZZ", 900)):
            await change(self._database, country, n)
        for _ in range(4):
            await self._wait(6 * HOUR)
        return sum([await self._night() for _ in range(nights)]) / nights - CHANCE

    async def _wait(self, seconds: int) -> Figures:
        """Once an hour the log works, before anything new is on a page. The figures of the pages after that."""
        self._time.advance(seconds=seconds)
        if clock.epoch() % HOUR == 0:
            await published_files.let_features_work(self._site)
            self._look_at_log()
        if clock.epoch() % DAY == 0:
            await self._count_forms()
        await published(self._database)
        await quality.freeze_week(self._database)
        figures = await self._figures()
        if total := figures.get("total"):
            self.shown.add((_minute(total[0]), total[1], figures.get("LU", (0, 0))[1]))
        return figures

    def _look_at_log(self) -> None:
        files = published_files.read_files(self._site.settings)
        beside = published_files.beside(files)
        releases = [entry for entry in published_files.entries(files) if entry["kind"] == "release"]
        self.logged |= {_logged(entry, beside.get(entry.get("countries", ""))) for entry in releases}
        assert {one for one in self.logged if one[2] is not None} <= self.shown
        assert {one[:2] for one in self.logged} <= {one[:2] for one in self.shown}

    async def _count_forms(self) -> None:
        """What the site counts of a day after its midnight: here, a form is one that was confirmed."""
        total = sum((await self._count()).values())
        day = clock.from_epoch(clock.epoch() - DAY).date().isoformat()
        counted = {"day": day, "mailbox_class": "known", "forms": total - self._forms, "confirmed": total - self._forms}
        row = counted | {"quick": 0, "returned": 0}
        await self._database.write(lambda c: c.insert_rows("pulse", [row]))
        of_day = {"day": day, "largest_domain": 0, "largest_network": 0}
        await self._database.write(lambda c: c.insert_rows("pulse_days", [of_day]))
        self._forms = total

    async def _night(self) -> float:
        """Before it, the adversary is told every count and remainder, and uses that."""
        await self._wait((22 - self._time.moment.hour) * HOUR if self._time.moment.hour < 22 else 0)
        remainders = await self._bring_to_edges()
        begin, signed_at = clock.epoch(), clock.epoch() + self._rng.randrange(NIGHT)
        adversary = Adversary(begin, [*({remainder: 1.0} for remainder in remainders), UNKNOWN])
        before, signed, week = await self._figures(), False, await self._week()
        for now in range(begin + SHORT, begin + NIGHT + 1, SHORT):
            if not signed and signed_at < now:
                signed = True
                await change(self._database, "LU", 1)
            after, new_week = await self._wait(SHORT), await self._week()
            adversary.see(now, [*self._seen(before, after), *self._seen_week(week, new_week)])
            before, week = after, new_week
        await self._check()
        return adversary.success()

    async def _bring_to_edges(self) -> list[int]:
        """The remainders, once one signature more would change each figure."""
        figures: dict[str, Row] = {row["name"]: row for row in await rows(self._database, "select * from figures")}
        counts = await self._count()
        for country, name in (("LU", "LU"), ("ZZ", "total")):
            counted = sum(counts.values()) if name == "total" else counts[name]
            more = max(figures[name]["figure"] + 9 + figures[name]["remainder"] - counted, 0)
            await change(self._database, country, more)
            counts[country] += more
        self._counts = counts | {"total": sum(counts.values())}
        return [figures[name]["remainder"] for name in FIGURES]

    async def _count(self) -> dict[str, int]:
        sql = "select country, cast(sum(n) as bigint) as n from journal group by country"
        return {row["country"]: int(row["n"]) for row in await rows(self._database, sql)}

    async def _figures(self) -> Figures:
        found = await rows(self._database, "select name, released_at, figure from figures")
        return {row["name"]: (row["released_at"], row["figure"]) for row in found}

    async def _week(self) -> Quality | None:
        async with self._database.reading() as c:
            return await quality.get_quality(c)

    def _seen(self, before: Figures, after: Figures) -> Iterator[Seen]:
        for k, name in enumerate(FIGURES):
            (released_at, old), (now, new) = before[name], after[name]
            if before[name] != after[name]:
                yield Seen(k, old, self._counts[name], new, released_at < schedule.last_monday(now))

    def _seen_week(self, before: Quality | None, after: Quality | None) -> Iterator[Seen]:
        if after and after != before:
            self.weeks.add(after.week)
            yield Seen(_FORMS, before.forms if before else 0, self._counts["total"], after.forms, monday=False)

    async def _check(self) -> None:
        assert await disagreements(self._database) == []
        async with self._database.reading() as c:
            assert await features.audit(c, self._site) == []


def _minute(moment: int) -> str:
    return f"{clock.from_epoch(moment):%Y-%m-%dT%H:%MZ}"


def _logged(entry: dict[str, Any], countries: dict[str, Any] | None) -> Shown:
    """Luxembourg is None where its figure is not said, or not any more."""
    return entry["at"], entry["total"], countries["countries"].get("LU", 0) if countries else None
