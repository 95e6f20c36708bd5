"""Switches at the desk: admins turn them, everybody there sees how they are, since when, by whom and why."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core.clock import from_epoch
from petition.core.database import switches as rows
from petition.core.database.connection import Connection
from petition.core.database.switches import PAUSED, Switch
from petition.core.errors import SwitchError
from petition.core.form import EMPTY_FORM, Form
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.mail import messages, outbox
from petition.organisers import switches
from petition.organisers.accounts import Role
from petition.organisers.switches import Kind, Option
from petition.protection import proof_of_work
from petition.retention import destruction_day
from petition.site import Site
from petition.tally import freeze, releases
from petition.tally.rounding import show_magnitude
from petition.web.desk.access import requires_role, run_and_log
from petition.web.desk.factor_again import requires_recent_factor
from petition.web.desk.pages import render_desk_page, saved_redirect, say
from petition.web.http import forms
from petition.web.http.pages import get_site, refresh_public_pages

PAGE = "/organisers/switches"
_REASON = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]{1,200}")
_WHY_REASON = N_(
    "Say in one line why, in 200 characters at most: the other organisers read it. Name nobody who signed."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A switch as the page shows it. `facts`: more sentences; `days`: the first and last that may be chosen."""

    kind: Kind
    switch: Switch
    facts: list[str]
    days: tuple[str, str] | None = None

    @property
    def state(self) -> str:
        option = self.kind.options.get(self.switch.value)
        return option.state if option else self.switch.value

    @property
    def changed_at(self) -> str:
        return _moment(self.switch.changed_at) if self.switch.changed_at else ""


def _moment(epoch_seconds: int) -> str:
    return f"{from_epoch(epoch_seconds):%Y-%m-%d %H:%M} UTC"


@requires_role(Role.VIEWER)
async def index(request: Request) -> Response:
    return await _page(request, EMPTY_FORM)


async def _page(request: Request, form: Form, pressed: str = "", status: int = 200) -> Response:
    """`pressed`: the switch that the form is about."""
    site = get_site(request)
    async with site.database.reading() as c:
        role = request.state.organiser.role
        shown = [await _show(c, site, kind, switch, role) for kind, switch in await switches.current(c)]
    context: dict[str, Any] = {"shown": shown, "form": form, "pressed": pressed}
    return render_desk_page(request, "web/desk/switches.html", section=PAGE, status=status, **context)


async def _show(c: Connection, site: Site, kind: Kind, switch: Switch, role: Role) -> Shown:
    facts = await _FACTS[kind.name](c, site, switch, role) if kind.name in _FACTS else []
    days = destruction_day.days_to_choose(site.appeal.campaign) if kind.name == rows.DESTRUCTION else None
    return Shown(kind, switch, facts, days)


async def _freeze_facts(_: Connection, __: Site, switch: Switch, ___: Role) -> list[str]:
    end = _moment(switch.changed_at + freeze.MAX_FREEZE)
    return [Sentence(N_("It ends by itself on %(moment)s."), moment=end)] if switch.value else []


async def _email_facts(c: Connection, _: Site, switch: Switch, role: Role) -> list[str]:
    if switch.value != PAUSED or role < Role.ORGANISER:
        return []
    waiting = (await outbox.waiting_by_kind(c)).get(switch.name, 0)
    return [Sentence(N_("Waiting: %(emails)s."), emails=show_magnitude(waiting))]


async def _proof_facts(c: Connection, _: Site, switch: Switch, __: Role) -> list[str]:
    is_flood = await proof_of_work.effective_mode(c) is not await proof_of_work.chosen_mode(c)
    return [N_("A flood was noticed: at the moment everybody is asked.")] if is_flood else []


async def _destruction_facts(c: Connection, site: Site, _: Switch, __: Role) -> list[str]:
    return [await destruction_day.say(c, site.appeal.campaign) or N_("There is no such day now.")]


_FACTS: dict[str, Callable[[Connection, Site, Switch, Role], Awaitable[list[str]]]] = {
    rows.FIGURES: _freeze_facts,
    messages.CONFIRM.template: _email_facts,
    messages.MANAGE.template: _email_facts,
    rows.PROOF: _proof_facts,
    rows.DESTRUCTION: _destruction_facts,
}


@requires_role(Role.ADMIN)
@requires_recent_factor
async def turn(request: Request) -> Response:
    """Turns one switch, unless somebody has done so since the page was opened. What strikes signers is asked twice."""
    kind = switches.KINDS.get(request.path_params["name"])
    if kind is None:
        raise HTTPException(404)
    form = await forms.read_form(request)
    option, reason = _read_option(request, kind, form), _read_reason(form)
    if option is None or form.errors:
        return await _page(request, form, kind.name, 422)
    value = form.values.get("value", "")
    if value and kind.sure and not form.is_checked("sure"):
        return render_desk_page(
            request, "web/desk/switch_sure.html", section=PAGE, kind=kind, option=option, form=form, value=value
        )
    change = partial(_change, request=request, kind=kind, value=value, reason=reason, version=_version(form))
    try:
        await run_and_log(request, change, option.done, _detail(kind, value, reason))
    except SwitchError as error:
        form.refusal = error.sentence
        return await _page(request, form, kind.name, 409)
    await refresh_public_pages(request)
    title, button = say(request, kind.title), say(request, option.button)
    return saved_redirect(request, PAGE, say(request, N_("%(switch)s: %(button)s. Done."), switch=title, button=button))


def _detail(kind: Kind, value: str, reason: str) -> str:
    return f"{value} {reason}".strip() if kind.name == rows.DESTRUCTION else reason


def _read_option(request: Request, kind: Kind, form: Form) -> Option | None:
    """What the pressed button stands for; adds an error for a day that may not be chosen."""
    value = form.values.get("value", "")
    if kind.name != rows.DESTRUCTION:
        if value not in kind.options:
            raise HTTPException(422)
        return kind.options[value]
    campaign = get_site(request).appeal.campaign
    days = destruction_day.days_to_choose(campaign)
    if days is None or (value and not (_is_day(value) and days[0] <= value < days[1])):
        form.add_error("value", _why_not_that_day(days))
        return None
    button = Sentence(N_("erased on %(day)s"), day=value)
    return Option(button, N_("chose the destruction day"), "") if value else kind.options[""]


def _is_day(text: str) -> bool:
    with suppress(ValueError):  # no day
        return date.fromisoformat(text).isoformat() == text
    return False


def _why_not_that_day(days: tuple[str, str] | None) -> str:
    if days is None:
        return N_("The destruction day cannot be moved any more: it is less than nine days away, or not known.")
    return Sentence(N_("Choose a day from %(first)s on, and before %(end)s."), first=days[0], end=days[1])


def _read_reason(form: Form) -> str:
    """Needed to turn a switch on, not to undo it."""
    reason = form.text("reason", _REASON, _WHY_REASON)
    if not reason and form.values.get("value"):
        form.add_error("reason", _WHY_REASON)
    return reason


def _version(form: Form) -> int:
    """The one that the form was made from; -1 fits none."""
    text = form.values.get("version", "")
    return int(text) if re.fullmatch(r"\d{1,9}", text) else -1


async def _change(c: Connection, *, request: Request, kind: Kind, value: str, reason: str, version: int) -> None:
    """Raises SwitchError."""
    has_caught_up, nickname = await freeze.has_caught_up(c), request.state.organiser.nickname
    await switches.turn(c, kind, value, version=version, nickname=nickname, reason=reason)
    if kind.name == rows.FIGURES and value and not has_caught_up:
        raise SwitchError(N_("The numbers have not caught up since the last freeze. They do so within six hours."))
    if kind.name == rows.FIGURES and value:
        await freeze.begin(c, (await releases.get_schedule(c)).country.regular)
    elif kind.name == rows.PROOF:
        await proof_of_work.end_flood(c)
    elif kind.name == rows.DESTRUCTION:
        await destruction_day.announce_again(c, get_site(request).appeal.campaign)
