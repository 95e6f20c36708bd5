"""A site that has something in every table that a restore treats in its own way."""

import pytest

from petition.commands import demo_data
from petition.site import Site
from tests.conftest import Clock, add_organiser
from tests.retention import forging


@pytest.fixture
async def full_site(site: Site, time: Clock) -> Site:
    """Signatures, an organiser, a log, an edition with a letter and an annex."""
    await demo_data.fill_database(site.database, 40)
    await add_organiser(site, "marta", "admin")
    await forging.insert(site, "editions", forging.EDITION)
    await forging.insert(site, "edition_letters", forging.LETTER)
    await forging.insert(site, "edition_annexes", forging.ANNEX)
    await forging.insert(site, "follow_ups", forging.FOLLOW_UP)
    await forging.insert(site, "time_stamps", forging.TIME_STAMP)
    await forging.insert(site, "paper_counts", forging.PAPER_COUNT)
    await forging.insert(site, "edits", forging.EDIT)
    await forging.insert(site, "log_entries", forging.LOG_ENTRY)
    await forging.insert(site, "log_heads", forging.LOG_HEAD)
    await forging.insert(site, "log_files", forging.LOG_FILE)
    await forging.insert(site, "log_cosignatures", forging.COSIGNATURE)
    return site
