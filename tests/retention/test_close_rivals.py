"""What arrives at the very moment at which signing ends is either erased with all else, or refused."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from petition.core.database.connection import Connection, Row
from petition.core.encryption import LinkKeys
from petition.core.errors import ClosedError, LinkError
from petition.core.settings import Settings
from petition.mail import outbox
from petition.retention import close
from petition.signing import manage, signatures, submissions
from petition.signing.signatures import Confirmation
from petition.signing.submissions import SigningRequest
from petition.site import Site
from petition.site import open_site as site_opened

HASHES = ("email_counts", "submissions", "never_write", "signatures", "names", "contacts", "links", "outbox")
Act = Callable[[Site], Awaitable[object]]


def _signing(site: Site) -> SigningRequest:
    address = site.email_providers.parse("anna@example.net")
    assert address is not None
    return SigningRequest(address, "LT", "Anna", True, "test", "en")


async def _sign(site: Site) -> None:
    await site.database.join(submissions.sign, submissions.prepare_submission(site.server_keys, _signing(site)))


async def _ask(site: Site) -> None:
    keys, email = site.server_keys, _signing(site).email
    await site.database.write(partial(manage.request_manage_link, server_keys=keys, email=email, language="en"))


async def _links(site: Site) -> dict[str, LinkKeys]:
    """The links of somebody who sent the form and asked for a link, by the template of the email."""
    await _sign(site)
    await _ask(site)
    mails = await site.database.write(partial(outbox.claim_batch, server_keys=site.server_keys))
    return {mail.template: site.server_keys.link_keys(mail.secret) for mail in mails}


async def _act(site: Site, name: str) -> Act:
    if name in ("sign", "ask"):
        return _sign if name == "sign" else _ask
    links = await _links(site)
    if name == "confirm":
        return lambda s: s.database.join(signatures.confirm, links["confirm"])
    await site.database.join(signatures.confirm, links["confirm"])
    change = {"withdraw": manage.withdraw, "never": manage.never_write, "withdraw_never": manage.withdraw_never}[name]
    return lambda s: s.database.write(partial(change, link_id=links["manage"].row_id))


@pytest.mark.parametrize("statement", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["sign", "ask", "confirm", "withdraw", "never", "withdraw_never"])
async def test_what_comes_while_signing_ends_leaves_no_hash(
    name: str, statement: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing is ended by another process after the first, second … statement."""
    execute, ends, done = Connection.execute, list[asyncio.Task[None]](), 0
    async with site_opened(settings) as one, site_opened(replace(settings)) as two:
        act = await _act(one, name)

        async def executed(c: Connection, sql: str, *given: Any, **options: Any) -> list[Row]:
            nonlocal done
            rows = await execute(c, sql, *given, **options)
            done += not re.match("begin|commit|rollback", sql)
            if done == statement and not ends:
                ends.append(asyncio.create_task(close.close_signing(two.database, two.server_keys, None)))
                await asyncio.sleep(0.2)  # until it has ended, or waits for us
            return rows

        monkeypatch.setattr(Connection, "execute", executed)
        (result,) = await asyncio.gather(act(one), return_exceptions=True)
        assert result is None or isinstance(result, bool | str | Confirmation | ClosedError | LinkError), result
        await asyncio.gather(*ends)
        async with two.database.reading() as c:
            assert ends
            assert [table for table in HASHES if await c.execute(f"select 1 from {table}")] == []
