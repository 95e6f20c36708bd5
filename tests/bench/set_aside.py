"""How long it takes to set 100,000 of 1,000,000 signatures aside, and how long somebody who signs then waits.

`python -m tests.bench.set_aside --databases sqlite,postgresql`. It runs as in `petition serve`, in the process that
also signs. During it people sign and press the button, one by one, with a pause between. Results: docs/set-aside.md.
"""

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from statistics import median

from petition.core.database.connection import Connection
from petition.core.email_addresses import EmailAddress
from petition.core.encryption import LinkKeys
from petition.signing import batches, set_aside, signatures, submissions
from petition.signing.batch_rules import DISPOSABLE, Rule
from petition.signing.submissions import SigningRequest
from petition.site import Site
from petition.tally import audit
from tests.bench.stage import Stage, database

PAUSE = 0.02  # seconds between two who sign
FORMS = """insert into submissions (id, mailbox, email_hash, country, consent, state, disposable, quota, expires_at)
select 'f' || mailbox, mailbox, email_hash, country, consent, 'confirmed', 1, '', {expires_at}
from signatures order by mailbox limit {n}"""


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench.set_aside", description=__doc__)
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=100_000)
    given = parser.parse_args()
    print("| database | what | seconds | signed during it | median ms | longest wait ms |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for kind in given.databases.split(","):
        with tempfile.TemporaryDirectory(prefix="petition-bench-") as folder, database(kind, Path(folder)) as url:
            stage = Stage(Path(folder), url)
            stage.fill(given.rows)
            asyncio.run(_measure(stage, kind, given.batch))


async def _measure(stage: Stage, kind: str, n: int) -> None:
    async with stage.site() as site:
        await _timed(site, kind, "nothing", asyncio.sleep(5))
        expires_at = submissions.start_of_today() + submissions.SUBMISSION_LIFETIME
        await site.database.write(lambda c: c.execute(FORMS.format(n=n, expires_at=expires_at)))
        choosing = batches.choose(site.database, site.server_keys, Rule(DISPOSABLE), "ada", demo=True)
        batch = await _timed(site, kind, "keep", choosing)
        await site.database.write(partial(batches.keep, server_keys=site.server_keys, batch=batch))
        await site.database.write(partial(_decide, batch=batch))
        await _timed(site, kind, "set aside", set_aside.work(site.database))
        await site.database.write(partial(batches.undo, batch=batch))
        await _timed(site, kind, "undo", set_aside.work(site.database))
        async with site.database.reading() as c:
            assert [text for text in await audit.find_disagreements(c) if "the signatures" in text] == []


async def _decide(c: Connection, *, batch: str) -> None:
    await batches.propose(c, batch, "ada", "throw-away")
    await batches.agree(c, batch, "ben", alone=False)


async def _timed(site: Site, kind: str, what: str, job: Awaitable[object]) -> str:
    """Prints how long the job took, and how long the others waited."""
    waits: list[float] = []
    signing = asyncio.create_task(_sign_all_the_time(site, waits))
    begun = time.perf_counter()
    result = await job
    seconds = time.perf_counter() - begun
    signing.cancel()
    await asyncio.gather(signing, return_exceptions=True)
    wait, longest = median(waits or [0]) * 1000, max(waits, default=0) * 1000
    print(f"| {kind} | {what} | {seconds:.1f} | {len(waits)} | {wait:.0f} | {longest:.0f} |", flush=True)
    return str(result)


async def _sign_all_the_time(site: Site, waits: list[float]) -> None:
    while True:
        address = f"{secrets.token_hex(8)}@example.net"
        request = SigningRequest(EmailAddress(address, address), "PL", None, False, "bench", "en")
        form = submissions.prepare_submission(site.server_keys, request)
        _, secret = json.loads(site.server_keys.outbox.decrypt(form.mail["key_name"], form.mail["encrypted"]))
        link = site.server_keys.link_keys(secret)
        for act in (partial(site.database.join, submissions.sign, form), partial(_confirm, site, link)):
            begun = time.perf_counter()
            await act()
            waits.append(time.perf_counter() - begun)
        await asyncio.sleep(PAUSE)


async def _confirm(site: Site, link: LinkKeys) -> None:
    await site.database.join(signatures.confirm, link)


if __name__ == "__main__":
    main()
