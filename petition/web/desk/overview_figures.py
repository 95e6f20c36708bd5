"""What the overview shows to everybody: read once per process and kept for some seconds, however many people watch."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from petition.campaign.campaign import Campaign
from petition.core import clock
from petition.core.database.connection import Connection
from petition.core.sentences import Sentence
from petition.letters.addressees import corrections
from petition.letters.addressees.address_book import AddressBook
from petition.letters.editions import editions, source_checks
from petition.letters.editions.drafts import Draft
from petition.mail import outbox, relay_watch
from petition.organisers.accounts import Role
from petition.retention import destruction_day
from petition.signing import form_counts
from petition.signing.form_counts import FormCounts
from petition.site import Site
from petition.tally import releases
from petition.tally.rounding import show_magnitude
from petition.web.desk import next_steps
from petition.web.desk.next_steps import Look, Step
from petition.web.desk.overview_steps import SHARED, SIGNALS
from petition.web.http.public_state import PublicState

KEPT_SECONDS = 15
REFUSED_DAYS = 7


@dataclass(frozen=True, slots=True)
class Email:
    """Counts are powers of ten. `oldest`: seconds that the oldest email waits; `troubles`: of relays, as sentences."""

    waiting: str
    failing: str
    refused: str
    oldest: int
    troubles: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """`next_total`, `next_country`: when figures are published next. `edition`: number, day and total of the newest."""

    read_at: int
    email: Email
    forms: FormCounts | None
    next_total: datetime | None
    next_country: datetime | None
    edition: tuple[int, date, int] | None
    destruction: Sentence | None
    steps: list[tuple[Role, Step]]
    signals: list[tuple[Role, Step]]


class OverviewFigures:
    """Of one process. Requests that come while it reads wait for that reading."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = asyncio.Lock()
        self._figures: Figures | None = None
        self._doubts = _DoubtfulSources(site)

    async def get(self, state: PublicState) -> Figures:
        """At most KEPT_SECONDS old. Raises DatabaseError."""
        async with self._lock:
            kept = self._figures
            if kept is None or not 0 <= clock.epoch() - kept.read_at < KEPT_SECONDS:
                kept = self._figures = await self._site.database.heavy_read(partial(self._read, state=state))
            return kept

    def expire(self) -> None:
        """Somebody has changed something: the next reader sees it."""
        self._figures = None

    async def _read(self, c: Connection, *, state: PublicState) -> Figures:
        site, times = self._site, await releases.next_releases(c)
        book = corrections.apply_corrections(site.address_book, await corrections.get_corrections(c))
        look = Look(c, site, state, book, await self._doubts.known(c, book))
        next_total, next_country = (clock.from_epoch(time) if time else None for time in times)
        return Figures(
            clock.epoch(),
            await _read_email(c),
            await form_counts.get_form_counts(c),
            next_total,
            next_country,
            await _newest_edition(c, site.appeal.campaign),
            await destruction_day.say(c, site.appeal.campaign),
            await next_steps.find_shared(SHARED, look),
            await next_steps.find_shared(SIGNALS, look),
        )


async def _read_email(c: Connection) -> Email:
    waiting, oldest = await outbox.queue_status(c)
    failing, refused = await outbox.count_failing(c), await outbox.count_refused(c, REFUSED_DAYS)
    troubles = await relay_watch.current_troubles(c)
    counts = (show_magnitude(waiting), show_magnitude(failing), show_magnitude(refused))
    return Email(*counts, oldest, tuple(relay_watch.describe(name, trouble) for name, trouble in troubles.items()))


async def _newest_edition(c: Connection, campaign: Campaign) -> tuple[int, date, int] | None:
    if (newest := await editions.newest(c)) is None:
        return None
    return newest.number, campaign.day(clock.parse_iso(newest.issued_at)), int(newest.basis["confirmed"])


class _DoubtfulSources:
    """Old and doubtful sources. To find them, all letters are written, which takes seconds: in a thread."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._key: tuple[date, AddressBook] | None = None
        self._task: asyncio.Task[frozenset[str]] | None = None

    async def known(self, c: Connection, book: AddressBook) -> frozenset[str] | None:
        """None until they are found; they are looked for again on the next day, and once an address is corrected."""
        if not self._site.campaign_state().allows_letters:
            return None
        if self._key != (key := (clock.today(), book)):
            draft = await self._site.current_draft(c)
            self._key, self._task = key, asyncio.create_task(asyncio.to_thread(_stale_ids, draft))
        task = self._task
        return task.result() if task and task.done() and not task.cancelled() and not task.exception() else None


def _stale_ids(draft: Draft) -> frozenset[str]:
    return frozenset(stale.id for stale in source_checks.stale_sources(draft))
