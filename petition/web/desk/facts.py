"""A fact at the desk: a number with its day and its source, and the other numbers of the same page."""

import re
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Fact
from petition.campaign.places import fact_place, write_fact
from petition.core.form import Form
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.organisers.accounts import Role
from petition.web.desk import edit_flow
from petition.web.desk.access import requires_role
from petition.web.desk.edit_flow import EditPage, Values
from petition.web.http.pages import get_site

LEVELS = {
    "A": N_("an official or first-hand page"),
    "B": N_("press, or a page that cites it"),
    "C": N_("a page of a campaign"),
}
_NUMBER = re.compile(r"[0-9]{1,12}")
_SPACES = re.compile(r"[\s\xa0\u202f]")
_PUBLISHER = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_SOURCE = re.compile(r"https?://[^\s<>\x00-\x1f\x7f]{1,490}")
_DAY_ERROR = N_("The day that the number is true for: written 2026-11-22, and not to come.")
_SOURCE_ERROR = N_("The address of a page, which begins with https:// and has no space.")


@requires_role(Role.ORGANISER)
async def edit_fact(request: Request) -> Response:
    async with get_site(request).database.reading() as c:
        appeal = await get_site(request).read_appeal(c)
    if (fact := appeal.facts.get(request.path_params["fact"])) is None:
        raise HTTPException(404)
    facts = [fact, *_same_page(appeal, fact)]
    page = EditPage(
        template="web/desk/texts/fact.html",
        places={f"number-{one.id}": fact_place(one.id) for one in facts},
        initial=_initial(fact),
        read=partial(_read, facts=facts),
        log=Sentence(N_("fact %(id)s"), id=fact.id),
        context={"fact": fact, "facts": facts, "levels": LEVELS},
    )
    return await edit_flow.edit(request, page)


def _same_page(appeal: Appeal, fact: Fact) -> list[Fact]:
    """Other facts of the same page and day: a new page often has them all."""
    return [f for f in appeal.facts.values() if f.id != fact.id and _origin(f) == _origin(fact)]


def _origin(fact: Fact) -> tuple[object, ...]:
    return fact.publisher, fact.source, fact.as_of, fact.level


def _initial(fact: Fact) -> dict[str, str]:
    """Numbers of the same page are empty: they change only if somebody fills them in."""
    numbers = {f"number-{fact.id}": str(fact.low), f"high-{fact.id}": str(fact.high or "")}
    origin = {"as_of": fact.as_of.isoformat(), "publisher": fact.publisher, "source": fact.source}
    return {**numbers, **origin, "level": fact.level}


def _read(form: Form, *, facts: list[Fact]) -> Values:
    as_of = form.day("as_of", _DAY_ERROR, required=True) or facts[0].as_of
    publisher = form.text("publisher", _PUBLISHER, N_("One line of 200 characters at most."))
    source = form.text("source", _SOURCE, _SOURCE_ERROR)
    for name, text in (("publisher", publisher), ("source", source)):
        if not text:
            form.add_error(name, N_("No number without its source: please fill this in."))
    level = form.choice("level", LEVELS, N_("Please choose one of the list.")) or facts[0].level
    values = {}
    for n, fact in enumerate(facts):
        if (low := _number(form, f"number-{fact.id}", required=n == 0)) is not None:
            high = _number(form, f"high-{fact.id}", required=False) if fact.high is not None else None
            if high is not None and high <= low:
                form.add_error(f"number-{fact.id}", N_("The first number of a range is the lower one."))
            values[fact_place(fact.id)] = write_fact(Fact(fact.id, low, high, as_of, publisher, source, level))
    return values


def _number(form: Form, name: str, *, required: bool) -> int | None:
    text = _SPACES.sub("", form.values.get(name, ""))
    if _NUMBER.fullmatch(text):
        return int(text)
    if text or required:
        form.add_error(name, N_("A number has digits only, twelve at most."))
    return None
