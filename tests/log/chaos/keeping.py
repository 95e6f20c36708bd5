"""A process that keeps the log of a site, in a world that runs faster.

`python -m tests.log.chaos.keeping BEGUN SPEED`: at the moment BEGUN (epoch seconds) the fast clock and the right one
said the same, in all processes of a story. People sign all the time.
"""

import asyncio
import os
import sys
import time
from functools import partial

from petition.core import clock
from petition.core.settings import from_environment
from petition.log.keeper import Keeper
from petition.site import open_site
from petition.tally import tally
from petition.tally.tally import Change

PAUSE = 0.02  # seconds


async def keep() -> None:
    async with open_site(from_environment(os.environ), migrate=True) as site:
        keeper = Keeper(site)
        while True:
            await site.database.write(partial(tally.apply_changes, changes=[Change("PL", "confirmed", 7)]))
            await site.take_snapshot()
            await keeper.work()
            await asyncio.sleep(PAUSE)


if __name__ == "__main__":
    begun, speed = float(sys.argv[1]), float(sys.argv[2])
    clock.time_source = lambda: begun + (time.time() - begun) * speed
    clock.running_source = lambda: time.monotonic() * speed
    asyncio.run(keep())
