"""What was sent to a government and what it answered, written down by organisers for the public page."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core import clock
from petition.core.form import Form
from petition.letters import correspondence
from petition.letters.correspondence import Channel, Entry, Stance
from petition.letters.editions import editions
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role, run_and_log
from petition.web.http import forms
from petition.web.http.pages import get_site, refresh_public_pages, render_page

MAX_SUMMARY_LENGTH = 2000  # characters of a summary
REMINDER_DAYS = 30  # days until a letter without answer is on the list, if nobody chose
SUMMARY_PREFIX = "summary-"  # before the language, in the names of the fields
_LINK = re.compile(r"https://\S{1,490}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # but for tabs and line ends; PostgreSQL has no NUL in a text
_DAYS = ("sent", "acknowledged", "answered")
_INVALID_DAY = "A day is written 2026-11-22, and has come already."
_BEFORE_SENDING = "This comes after the day on which the letter was sent, and needs one."
_Choice = TypeVar("_Choice", bound=StrEnum)


@requires_role(Role.ORGANISER)
async def edit_entry(request: Request) -> Response:
    """What was sent to one government and what it answered."""
    site, key = get_site(request), request.path_params["key"]
    if key not in {a.code for a in site.address_book.addressees}:
        raise HTTPException(404)
    async with site.database.reading() as c:
        edition_numbers = [str(edition.number) for edition in await editions.list_editions(c)]
        before = (await correspondence.entries(c)).get(key, Entry())
    if request.method != "POST":
        return _form_page(request, key, edition_numbers, Form(_form_values(before)))
    form = await forms.read_form(request)
    entry, errors = _parse_entry(
        form.values, edition_numbers, {language.code for language in site.languages} | before.summaries.keys()
    )
    if errors:
        return _form_page(request, key, edition_numbers, Form(form.values, errors), 422)
    await run_and_log(
        request, partial(correspondence.save_entry, code=key, entry=entry), "recorded correspondence", key
    )
    await refresh_public_pages(request)
    return RedirectResponse("/organisers/letters", 303)


def _form_page(request: Request, key: str, edition_numbers: list[str], form: Form, status: int = 200) -> Response:
    summary_languages = [name.removeprefix(SUMMARY_PREFIX) for name in form.values if name.startswith(SUMMARY_PREFIX)]
    context: dict[str, Any] = {
        "key": key,
        "form": form,
        "summary_languages": summary_languages,
        "edition_numbers": edition_numbers,
        "max_length": MAX_SUMMARY_LENGTH,
        "channels": Channel,
        "stances": Stance,
    }
    return render_page(request, "web/desk/correspondence.html", status=status, **context)


def _form_values(entry: Entry) -> dict[str, str]:
    """An entry as its form has it."""
    days = {name: day.isoformat() if (day := getattr(entry, name)) else "" for name in _DAYS}
    edition = str(entry.edition) if entry.edition else ""
    values = {"channel": entry.channel.value, "edition": edition, "stance": entry.stance.value, "link": entry.link}
    return days | values | {SUMMARY_PREFIX + language: text for language, text in sorted(entry.summaries.items())}


def _parse_entry(
    typed: Mapping[str, str], edition_numbers: list[str], languages: set[str]
) -> tuple[Entry, dict[str, str]]:
    """The form's entry, and a sentence beside each field that is wrong."""
    errors: dict[str, str] = {}
    days = {name: _parse_day(typed, name, errors) for name in _DAYS}
    edition, link = typed.get("edition", ""), typed.get("link", "").strip()
    channel, stance = _parse_choice(typed, "channel", Channel, errors), _parse_choice(typed, "stance", Stance, errors)
    summaries = dict(_parse_summaries(typed, languages, errors))
    for name in ("acknowledged", "answered"):
        if (day := days[name]) and ((sent := days["sent"]) is None or day < sent):
            errors.setdefault(name, _BEFORE_SENDING)
    if edition and edition not in edition_numbers:
        errors["edition"] = "There is no such edition."
    if bool(days["answered"]) != bool(stance):
        errors.setdefault("stance" if days["answered"] else "answered", "An answer has its day and what it came to.")
    if link and not _LINK.fullmatch(link):
        errors["link"] = "A link begins with https:// and has no space."
    n = int(edition) if edition in edition_numbers else 0
    return Entry(**days, channel=channel, edition=n, stance=stance, link=link, summaries=summaries), errors


def _parse_day(typed: Mapping[str, str], name: str, errors: dict[str, str]) -> date | None:
    if not (text := typed.get(name, "").strip()):
        return None
    day = forms.parse_day(text, clock.today())
    if day is None:
        errors[name] = _INVALID_DAY
    return day


def _parse_choice(typed: Mapping[str, str], name: str, choices: type[_Choice], errors: dict[str, str]) -> _Choice:
    try:
        return choices(typed.get(name, ""))
    except ValueError:
        errors[name] = "Please choose one of the list."
        return choices("")


def _parse_summaries(
    typed: Mapping[str, str], languages: set[str], errors: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """By language: those that were there, and one more; an empty one goes."""
    texts = {name.removeprefix(SUMMARY_PREFIX): text for name, text in typed.items() if name.startswith(SUMMARY_PREFIX)}
    if typed.get("summary", "").strip():
        texts[typed.get("language", "")] = typed["summary"]
    for language, text in texts.items():
        clean = text.strip().replace("\r\n", "\n")
        name = SUMMARY_PREFIX + language if SUMMARY_PREFIX + language in typed else "summary"
        if language not in languages:
            errors["language" if name == "summary" else name] = "Please choose the language of the summary."
        if len(clean) > MAX_SUMMARY_LENGTH or _CONTROL.search(clean):
            errors[name] = f"A summary has {MAX_SUMMARY_LENGTH} characters at most, and no control characters."
        if clean:
            yield language, clean


@requires_role(Role.ORGANISER)
async def reminders(request: Request) -> Response:
    """Who was written to and has not answered for so many days."""
    typed = request.query_params.get("days", str(REMINDER_DAYS))
    days = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else None
    async with get_site(request).database.reading() as c:
        entries = await correspondence.entries(c)
    rows = correspondence.unanswered(entries, clock.today(), REMINDER_DAYS if days is None else days)
    names = {a.code: a.name_en for a in get_site(request).address_book.addressees}
    context: dict[str, Any] = {"rows": rows, "names": names, "typed": typed, "wrong": days is None}
    return render_page(
        request, "web/desk/reminders.html", status=422 if days is None else 200, today=clock.today(), **context
    )
