"""What was sent to a government and what it answered, written down by organisers for the public page."""

import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from petition.core import clock
from petition.core.form import Form
from petition.letters import correspondence, follow_ups
from petition.letters.correspondence import ANSWERS, OFFICE_TEXTS, REPLIES, Channel, Entry, Stance
from petition.letters.editions import editions
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role, run_and_log
from petition.web.desk.pages import render_desk_page
from petition.web.http import forms
from petition.web.http.pages import get_site, refresh_public_pages

MAX_SUMMARY_LENGTH = 2000  # characters of a summary
_DAYS = ("sent", "acknowledged", "replied", "answered")
SUMMARY_PREFIX = "summary-"  # before the language, in the names of the fields
_LINK = re.compile(r"https://\S{1,490}")
# No control characters except tabs and line ends; PostgreSQL cannot store NUL in a text.
_SUMMARY = re.compile(rf"[^\x00-\x08\x0b-\x1f\x7f]{{0,{MAX_SUMMARY_LENGTH}}}")
_OFFICE_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,200}")
_INVALID_OFFICE_TEXT = "This has 200 characters at most, in one line."
_INVALID_SUMMARY = f"A summary has {MAX_SUMMARY_LENGTH} characters at most, and no control characters."
_INVALID_DAY = "A day is written 2026-11-22, and has come already."
_INVALID_CHOICE = "Please choose one of the list."


@requires_role(Role.ORGANISER)
async def edit_entry(request: Request) -> Response:
    """The correspondence with one addressee: shows it or saves it."""
    site, key = get_site(request), request.path_params["key"]
    if key not in {a.code for a in site.address_book.addressees}:
        raise HTTPException(404)
    async with site.database.reading() as c:
        edition_numbers = [str(edition.number) for edition in await editions.list_editions(c)]
        before = (await correspondence.entries(c)).get(key, Entry())
        request.state.follow_ups = await follow_ups.list_follow_ups(c, await site.current_draft(c), key, before)
    if request.method != "POST":
        return _form_page(request, key, edition_numbers, Form(_form_values(before)))
    form = await forms.read_form(request)
    languages = {language.code for language in site.languages} | before.summaries.keys()
    entry = _read_entry(form, edition_numbers, languages)
    if form.errors:
        return _form_page(request, key, edition_numbers, form, 422)
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
        "follow_ups": request.state.follow_ups,
    }
    return render_desk_page(
        request, "web/desk/correspondence.html", section="/organisers/letters", status=status, **context
    )


def _form_values(entry: Entry) -> dict[str, str]:
    """An entry as the fields of its form."""
    days = {name: day.isoformat() if (day := getattr(entry, name)) else "" for name in _DAYS}
    edition = str(entry.edition) if entry.edition else ""
    values = {"channel": entry.channel.value, "edition": edition, "stance": entry.stance.value, "link": entry.link}
    values |= {name: getattr(entry, name) for name in OFFICE_TEXTS}
    return days | values | {SUMMARY_PREFIX + language: text for language, text in sorted(entry.summaries.items())}


def _read_entry(form: Form, edition_numbers: list[str], languages: set[str]) -> Entry:
    """The entry as it was typed; `form.errors` says what is wrong with it."""
    sent = form.day("sent", _INVALID_DAY)
    channel = Channel(form.choice("channel", [*Channel], _INVALID_CHOICE))
    edition = int(form.choice("edition", edition_numbers, "There is no such edition.") or 0)
    days = {name: _read_day_after(sent, form, name) for name in _DAYS[1:]}
    stance = Stance(form.choice("stance", [*Stance], _INVALID_CHOICE))
    texts = {name: form.text(name, _OFFICE_TEXT, _INVALID_OFFICE_TEXT) for name in OFFICE_TEXTS}
    _check_stance(form, stance, days, texts["forwarded_to"])
    link = form.text("link", _LINK, "A link begins with https:// and has no space.")
    summaries = dict(_read_summaries(form, languages))
    acknowledged, replied, answered = days.values()
    return Entry(sent, channel, edition, acknowledged, answered, stance, link, summaries, replied, *texts.values())


def _check_stance(form: Form, stance: Stance, days: dict[str, date | None], forwarded_to: str) -> None:
    """Each position needs the day of its letter, and an answer or a forwarding says which it is."""
    if days["answered"] and stance not in ANSWERS:
        form.add_error("stance", "An answer has its day and what it came to; other replies have a day of their own.")
    if stance in ANSWERS and not days["answered"]:
        form.add_error("answered", "An answer has its day and what it came to.")
    if stance in REPLIES and not days["replied"]:
        form.add_error("replied", "Please say on which day this reply was written.")
    if stance is Stance.ACKNOWLEDGED and not days["acknowledged"]:
        form.add_error("acknowledged", "Please say on which day receipt was acknowledged.")
    if bool(forwarded_to) != (stance is Stance.FORWARDED):
        text = "Only a letter that was forwarded has an office that it went to, and it needs one."
        form.add_error("forwarded_to", text)


def _read_day_after(sent: date | None, form: Form, name: str) -> date | None:
    day = form.day(name, _INVALID_DAY)
    if day and (sent is None or day < sent):
        form.add_error(name, "This comes after the day on which the letter was sent, and needs one.")
    return day


def _read_summaries(form: Form, languages: set[str]) -> Iterator[tuple[str, str]]:
    """(language, text) of those that were there and of one more, without empty ones."""
    fields = {name.removeprefix(SUMMARY_PREFIX): name for name in form.values if name.startswith(SUMMARY_PREFIX)}
    if form.values.get("summary", "").strip():
        fields[form.values.get("language", "")] = "summary"
    for language, name in fields.items():
        text = form.text(name, _SUMMARY, _INVALID_SUMMARY)
        if language not in languages:
            form.add_error("language" if name == "summary" else name, "Please choose the language of the summary.")
        if text:
            yield language, text


@requires_role(Role.ORGANISER)
async def reminders(request: Request) -> Response:
    """The addressees that got a letter so many days ago and have not answered."""
    after_days = get_site(request).appeal.campaign.reminder_after_days
    typed = request.query_params.get("days", str(after_days))
    days = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else None
    async with get_site(request).database.reading() as c:
        entries = await correspondence.entries(c)
    rows = correspondence.unanswered(entries, clock.today(), after_days if days is None else days)
    names = {a.code: a.name_en for a in get_site(request).address_book.addressees}
    context: dict[str, Any] = {"rows": rows, "names": names, "typed": typed, "wrong": days is None}
    return render_desk_page(
        request,
        "web/desk/reminders.html",
        section="/organisers/reminders",
        status=422 if days is None else 200,
        today=clock.today(),
        **context,
    )
