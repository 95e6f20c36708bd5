"""The desk: published numbers for everyone, counts for organisers, the rules, and what the others did."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core.database.database import Connection
from petition.mail import outbox
from petition.organisers import activity_log, public_keys
from petition.organisers.accounts import Organiser, Role
from petition.protection import proof_of_work
from petition.signing import quarantine, signatures
from petition.tally import tally
from petition.tally.tally import UNSAID
from petition.web.desk.access import done, needs
from petition.web.http import forms
from petition.web.http.pages import page, renew, site, snapshot

LATEST = 20  # lines of the record at the desk
SMALL = 10  # the desk shows no smaller count: few enough to be somebody


@needs(Role.VIEWER)
async def desk(request: Request) -> Response:
    """Published numbers for everyone at the desk, counts for organisers, and what the others did."""
    organiser: Organiser = request.state.organiser
    keys = site(request).settings.recipients
    async with site(request).database.reading() as c:
        numbers = await _numbers(c) if organiser.may(Role.ORGANISER) else None
        actions = await activity_log.page(c, most=LATEST)
        warn, mode, asked = (
            await signatures.readable_is_warning(c),
            await proof_of_work.mode(c),
            await proof_of_work.asked(c),
        )
        unseen = await public_keys.unseen(c, organiser.nickname, keys)
    context: dict[str, Any] = {
        "organiser": organiser,
        "roles": Role,
        "numbers": numbers,
        "actions": actions,
        "warn": warn,
        "work": mode,
        "flooded": asked is not mode,
        "fingerprints": public_keys.fingerprints(keys),
        "unseen": unseen,
        "lax": site(request).settings.demo,
    }
    return page(request, "web/desk/desk.html", snapshot=snapshot(request), **context)


async def _numbers(c: Connection) -> dict[str, object]:
    """The desk's counts, none finer than ten."""
    counts = await tally.counts(c)
    queued, oldest = await outbox.waiting(c)
    by_country = sorted(counts.items(), key=lambda item: (item[0] == UNSAID, -item[1], item[0]))
    return {
        # In tens: the exact total less the countries shown would tell the count of one that is not.
        "confirmed": coarse(tally.floor(sum(counts.values()))),
        "waiting": coarse(await signatures.waiting(c)),
        "last_day": coarse(await tally.last_day(c)),
        "countries": [(country, coarse(n)) for country, n in by_country],
        "queued": coarse(queued),
        "oldest": oldest,
        "aside": [(reason, coarse(n)) for reason, n in (await quarantine.reasons(c)).items()],
        "disposable": coarse(await quarantine.disposable(c)),
        "networks": [(handle, tally.floor(n)) for handle, n in await quarantine.networks(c) if n >= SMALL],
        "refusals": [(row["code"], coarse(int(row["n"]))) for row in await outbox.refusals(c)],
    }


def coarse(n: int) -> int | None:
    """A count of the desk; None for one under ten, shown as "<10"."""
    return n if n >= SMALL else None


@needs(Role.ADMIN)
async def rules(request: Request) -> Response:
    """Whether mailboxes that authorities can read are refused or only warned of."""
    warn = (await forms.read(request)).on("warn")
    detail = "readable mailboxes: " + ("warn" if warn else "refuse")
    await done(request, partial(signatures.warn_of_readable, warn=warn), "changed a rule", detail)
    await renew(request)
    return RedirectResponse("/organisers/", 303)


@needs(Role.VIEWER)
async def seen(request: Request) -> Response:
    """They say that they saw to which keys addresses are sealed: these ones, should they have changed meanwhile."""
    shown = (await forms.read(request)).typed.get("keys", "")
    keys, nickname = site(request).settings.recipients, request.state.organiser.nickname
    if shown == " ".join(public_keys.fingerprints(keys)):
        await done(request, partial(public_keys.saw, nickname=nickname, recipients=keys), "saw the keys", shown)
    return RedirectResponse("/organisers/", 303)
