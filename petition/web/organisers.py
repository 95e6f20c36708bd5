"""The organisers' desk: log in, watch, record answers. Everyone else gets 404 but for the login page."""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial, wraps
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition import correspondence, organisers, outbox, signatures, tally
from petition.correspondence import Entry, Stance
from petition.db import Connection
from petition.errors import LinkError
from petition.organisers import SESSION, Organiser, Role
from petition.tally import UNSAID
from petition.tokens import Purpose
from petition.web import forms
from petition.web.forms import EMPTY, Form
from petition.web.pages import page, renew, site, snapshot, spoken_in

Handler = Callable[[Request], Awaitable[Response]]
SMALL = 10  # the desk shows no smaller count: few enough to be somebody
_LINK = re.compile(r"https://\S{1,490}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # but for tabs and line ends; PostgreSQL has no NUL in a text


def needs(role: Role) -> Callable[[Handler], Handler]:
    """A handler for organisers of at least this role; for everyone else the page does not exist."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            organiser = await _organiser(request)
            if organiser is None or not organiser.may(role):
                raise HTTPException(404)
            request.state.organiser = organiser
            return await handler(request)

        return guarded

    return decorate


async def _organiser(request: Request) -> Organiser | None:
    session = request.cookies.get(_cookie(request))
    if not session:
        return None
    async with site(request).database.reading() as c:
        return await organisers.of_session(c, session)


def _cookie(request: Request) -> str:
    """`__Host-` binds a cookie to this very host over https; demo mode has no https."""
    return "__Host-session" if site(request).settings.secure else "session"


async def note(request: Request, action: str, detail: str = "") -> None:
    """Writes what the organiser of this request does into the record."""
    nickname = request.state.organiser.nickname
    record = partial(organisers.record, nickname=nickname, action=action, detail=detail)
    await site(request).database.write(record)


async def login(request: Request) -> Response:
    """Asks for an address; the answer is the same whether it is an organiser's or not."""
    here = site(request)
    if request.method != "POST":
        return page(request, "organisers/login.html", form=EMPTY, sent=False)
    address, form = forms.address(await forms.read(request), here.mailboxes)
    if address is None:
        return page(request, "organisers/login.html", status=422, form=form, sent=False)
    ask = partial(organisers.ask_login, vault=here.vault, to=address, language=spoken_in(request).code)
    await here.database.write(ask)
    return page(request, "organisers/login.html", form=EMPTY, sent=True)


async def redeem(request: Request) -> Response:
    """GET: a button. POST: the link is used up and a session begins."""
    here = site(request)
    try:
        number = here.signer.read(Purpose.LOGIN, request.path_params["token"])
        if request.method != "POST":
            return page(request, "organisers/redeem.html")
        session = await here.database.write(partial(organisers.log_in, number=number))
    except LinkError:
        return page(request, "organisers/login.html", status=404, form=EMPTY, sent=False, dead=True)
    answer = RedirectResponse("/organisers/", 303, {"Cache-Control": "no-store"})
    secure = here.settings.secure
    answer.set_cookie(
        _cookie(request), session, max_age=SESSION, path="/", secure=secure, httponly=True, samesite="strict"
    )
    return answer


@needs(Role.VIEWER)
async def logout(request: Request) -> Response:
    """Ends the session."""
    session = request.cookies[_cookie(request)]
    await note(request, "logged out")
    await site(request).database.write(partial(organisers.log_out, session=session))
    answer = RedirectResponse("/organisers/login", 303)
    answer.delete_cookie(_cookie(request), path="/", secure=site(request).settings.secure, httponly=True)
    return answer


@needs(Role.VIEWER)
async def desk(request: Request) -> Response:
    """Published numbers for everyone at the desk, counts for organisers, and what the others did."""
    organiser: Organiser = request.state.organiser
    async with site(request).database.reading() as c:
        numbers = await _numbers(c) if organiser.may(Role.ORGANISER) else None
        actions = await organisers.actions(c)
        warn = await signatures.readable_is_warning(c)
    context: dict[str, Any] = {
        "organiser": organiser,
        "roles": Role,
        "numbers": numbers,
        "actions": actions,
        "warn": warn,
    }
    return page(request, "organisers/desk.html", snapshot=snapshot(request), **context)


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
        "refusals": [(row["code"], coarse(int(row["n"]))) for row in await outbox.refusals(c)],
    }


def coarse(n: int) -> int | None:
    """A count of the desk; None for one under ten, shown as "<10"."""
    return n if n >= SMALL else None


def about(n: int) -> str:
    """A count for the record, which viewers read too: in tens, as published ones are."""
    return str(tally.floor(n)) if n >= SMALL else "<10"


@needs(Role.ADMIN)
async def rules(request: Request) -> Response:
    """Whether mailboxes that authorities can read are refused or only warned of."""
    warn = (await forms.read(request)).on("warn")
    await site(request).database.write(partial(signatures.warn_of_readable, warn=warn))
    await renew(request)
    await note(request, "changed a rule", "readable mailboxes: " + ("warn" if warn else "refuse"))
    return RedirectResponse("/organisers/", 303)


@needs(Role.ORGANISER)
async def answers(request: Request) -> Response:
    """What was sent to one government and what it answered."""
    here, key = site(request), request.path_params["key"]
    if key not in {a.country or a.key for a in here.book.addressees}:
        raise HTTPException(404)
    if request.method == "POST":
        return await _record_answer(request, key, await forms.read(request))
    async with here.database.reading() as c:
        entry = (await correspondence.entries(c)).get(key, Entry())
    return page(request, "organisers/answer.html", key=key, entry=entry, stances=Stance, error=None)


async def _record_answer(request: Request, key: str, form: Form) -> Response:
    entry = _entry(form.typed)
    if entry is None:
        typed = {name: form.typed.get(name, "") for name in ("sent", "answered", "stance", "summary", "link")}
        context: dict[str, Any] = {"key": key, "entry": typed, "stances": Stance, "error": True}
        return page(request, "organisers/answer.html", status=422, **context)
    await site(request).database.write(partial(correspondence.record, key=key, entry=entry))
    await renew(request)
    await note(request, "recorded correspondence", key)
    return RedirectResponse("/organisers/letters", 303)


def _entry(typed: dict[str, str]) -> Entry | None:
    """The form's entry; None if a day is no day, an answer precedes its letter, or a link or text is none."""
    try:
        sent, answered = (date.fromisoformat(t) if (t := typed.get(n, "")) else None for n in ("sent", "answered"))
        stance = Stance(typed.get("stance", ""))
    except ValueError:
        return None
    link, summary = typed.get("link", "").strip(), typed.get("summary", "").strip().replace("\r\n", "\n")
    if (link and not _LINK.fullmatch(link)) or len(summary) > 2000 or _CONTROL.search(link + summary):
        return None
    return None if answered and (sent is None or answered < sent) else Entry(sent, answered, stance, summary, link)
