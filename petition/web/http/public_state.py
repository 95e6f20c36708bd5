"""The public state: what public pages show of the database, and the responses rendered from it.

Visitors get them without a look into the database. Each process reads it every few seconds, and renders again if
something has changed.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from petition import features
from petition.campaign.appeal import Appeal
from petition.campaign.campaign import CampaignState
from petition.core import clock
from petition.core.errors import DatabaseError
from petition.letters import correspondence
from petition.letters.correspondence import Entry
from petition.organisers import activity_log
from petition.signals import quality
from petition.signals.quality import Quality
from petition.site import Site
from petition.tally import history, paper
from petition.tally.history import History
from petition.tally.paper import PaperFigures
from petition.web.http.prerendered import PrerenderedResponse, ResponseStore
from petition.web.http.public_status import PublicStatus, read_public_status

Prerender = Callable[[Site, "PublicState", Mapping[str, PrerenderedResponse]], Mapping[str, PrerenderedResponse]]


@dataclass(frozen=True, slots=True)
class PublicState:
    """Everything that public pages show and that can change."""

    status: PublicStatus
    appeal: Appeal
    campaign_state: CampaignState
    today: date  # the campaign's: states and countdowns change at midnight in its time zone
    entries: dict[str, Entry]  # what governments answered
    recorded: dict[str, str]  # on which day organisers changed an entry last, by the English name
    history: History
    paper: PaperFigures
    quality: Quality | None
    features: Mapping[str, Any] = field(default_factory=dict)  # what folders that can be left out show, by their names


class PublicStateCache:
    """The public state, and the store of responses rendered from it."""

    def __init__(self, site: Site, prerender: Prerender, store: ResponseStore, state: PublicState) -> None:
        self._site, self._prerender, self._store, self._state = site, prerender, store, state
        self._lock = asyncio.Lock()
        self._rounds_started = 0

    @property
    def state(self) -> PublicState:
        """A few seconds old at most. The same object as long as nothing has changed."""
        return self._state

    @property
    def status(self) -> PublicStatus:
        """A few seconds old at most."""
        return self._state.status

    async def refresh(self) -> None:
        """Reads the database, and renders everything again if something changed. Until then the old pages are served.

        One refresh runs at a time. Calls that come during one wait for the next, and share it: the one that runs may
        have read the database before they wrote. While the database is down, the old pages stay.
        """
        rounds_before = self._rounds_started
        async with self._lock:
            if self._rounds_started == rounds_before:
                self._rounds_started += 1
                with suppress(DatabaseError):  # the old pages stay
                    await self._refresh_once()

    async def _refresh_once(self) -> None:
        state = await read_public_state(self._site, self._state)
        if state != self._state:
            await _fill_store(self._store, self._prerender, self._site, state)
            self._state = state


async def create_cache(site: Site, prerender: Prerender, store: ResponseStore) -> PublicStateCache:
    """Fills the store for the first time. Raises DatabaseError if the database is down."""
    state = await read_public_state(site)
    await _fill_store(store, prerender, site, state)
    return PublicStateCache(site, prerender, store, state)


async def _fill_store(store: ResponseStore, prerender: Prerender, site: Site, state: PublicState) -> None:
    # In a thread: visitors do not wait for it
    store.responses = await asyncio.to_thread(prerender, site, state, store.responses)


async def read_public_state(site: Site, before: PublicState | None = None) -> PublicState:
    """What the database shows now; the history is that of `before` if no snapshot was published since."""
    async with site.database.reading() as c:
        appeal = await site.read_appeal(c)
        status, entries = await read_public_status(c, site.last_published), await correspondence.entries(c)
        on_paper, weekly = await paper.get_figures(c), await quality.get_quality(c)
        of_features = await features.read_states(c)
        if before is not None and before.entries == entries:
            recorded = before.recorded  # in a log that only grows
        else:
            recorded = await activity_log.last_days(c, correspondence.RECORDED)
        if before is not None and before.status.snapshot == status.snapshot:
            figures = before.history  # long, and written only with a release
        else:
            figures = await history.get_history(c)
    now = clock.now()
    today = appeal.campaign.day(now)
    known = (entries, recorded, figures, on_paper, weekly, of_features)
    return PublicState(status, appeal, appeal.campaign_state(now), today, *known)
