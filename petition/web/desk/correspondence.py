"""What was sent to a government and what it answered, written down by organisers for the public page."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.core import clock
from petition.core.form import Form
from petition.core.languages import N_
from petition.letters import correspondence, follow_ups
from petition.letters.correspondence import ANSWERS, OFFICE_TEXTS, RECORDED, REPLIES, Channel, Entry, Stance
from petition.letters.editions import editions
from petition.organisers.accounts import Role
from petition.web.desk.access import requires_role, run_and_log
from petition.web.desk.pages import desk_language, render_desk_page, saved_redirect, say
from petition.web.desk.words import CHANNELS, INVALID_DAY, STANCES, language_name, names_by_code
from petition.web.http import forms
from petition.web.http.pages import get_site, refresh_public_pages

MAX_SUMMARY_LENGTH = 2000  # characters of a summary; the error below says it too
_DAYS = ("sent", "acknowledged", "replied", "answered")
SUMMARY_PREFIX = "summary-"  # before the language, in the names of the fields
_LINK = re.compile(r"https://\S{1,490}")
# No control characters except tabs and line ends; PostgreSQL cannot store NUL in a text.
_SUMMARY = re.compile(rf"[^\x00-\x08\x0b-\x1f\x7f]{{0,{MAX_SUMMARY_LENGTH}}}")
_OFFICE_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,200}")
_INVALID_OFFICE_TEXT = N_("This has 200 characters at most, in one line.")
_INVALID_SUMMARY = N_("A summary has 2000 characters at most, and no control characters.")
_INVALID_CHOICE = N_("Choose one from the list.")
_ANSWER_DAY = N_("Enter both the date of the answer and what it says.")
_NO_ANSWER = N_("Enter both the date of the answer and what it says. Other replies have a date of their own.")
_SAVED = N_("%(name)s: saved, and shown on the public page.")
_EDITION = N_("Edition %(n)s of %(day)s")


@requires_role(Role.ORGANISER)
async def edit_entry(request: Request) -> Response:
    """The correspondence with one addressee: shows it or saves it."""
    site, key = get_site(request), request.path_params["key"]
    names = names_by_code(site.address_book)
    if key not in names:
        raise HTTPException(404)
    shown_name = names_by_code(site.address_book, desk_language(request))[key]
    async with site.database.reading() as c:
        issued = {str(one.number): clock.parse_iso(one.issued_at) for one in await editions.list_editions(c)}
        before = (await correspondence.entries(c)).get(key, Entry())
        request.state.follow_ups = await follow_ups.list_follow_ups(c, await site.current_draft(c), key, before)
    if request.method != "POST":
        return _form_page(request, shown_name, issued, Form(_form_values(before)))
    form = await forms.read_form(request)
    languages = {language.code for language in site.languages} | before.summaries.keys()
    entry = _read_entry(form, [*issued], languages)
    if form.errors:
        return _form_page(request, shown_name, issued, form, 422)
    if entry != before:  # the feed says that a government's entry changed on the day of its newest line in the log
        save = partial(correspondence.save_entry, code=key, entry=entry)
        await run_and_log(request, save, RECORDED, names[key])
        await refresh_public_pages(request)
    return saved_redirect(request, "/organisers/letters", say(request, _SAVED, name=shown_name))


def _form_page(request: Request, name: str, issued: dict[str, datetime], form: Form, status: int = 200) -> Response:
    """`issued`: the day of each edition, by its number."""
    language = desk_language(request)
    summary_languages = [name.removeprefix(SUMMARY_PREFIX) for name in form.values if name.startswith(SUMMARY_PREFIX)]
    context: dict[str, Any] = {
        "key": request.path_params["key"],
        "name": name,
        "form": form,
        "summary_languages": {code: language_name(code, language) for code in summary_languages},
        "issued": {n: say(request, _EDITION, n=n, day=language.format_date(day)) for n, day in issued.items()},
        "stance_words": STANCES,
        "channel_words": CHANNELS,
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
    sent = form.day("sent", INVALID_DAY)
    channel = Channel(form.choice("channel", [*Channel], _INVALID_CHOICE))
    edition = int(form.choice("edition", edition_numbers, N_("There is no such edition.")) or 0)
    days = {name: _read_day_after(sent, form, name) for name in _DAYS[1:]}
    stance = Stance(form.choice("stance", [*Stance], _INVALID_CHOICE))
    texts = {name: form.text(name, _OFFICE_TEXT, _INVALID_OFFICE_TEXT) for name in OFFICE_TEXTS}
    _check_stance(form, stance, days, texts["forwarded_to"])
    link = form.text("link", _LINK, N_("A link begins with https:// and has no space."))
    summaries = dict(_read_summaries(form, languages))
    acknowledged, replied, answered = days.values()
    return Entry(sent, channel, edition, acknowledged, answered, stance, link, summaries, replied, *texts.values())


def _check_stance(form: Form, stance: Stance, days: dict[str, date | None], forwarded_to: str) -> None:
    """Each position needs the day of its letter, and an answer or a forwarding says which it is."""
    if days["answered"] and stance not in ANSWERS:
        form.add_error("stance", _NO_ANSWER)
    if stance in ANSWERS and not days["answered"]:
        form.add_error("answered", _ANSWER_DAY)
    if stance in REPLIES and not days["replied"]:
        form.add_error("replied", N_("Enter the date of this reply."))
    if stance is Stance.ACKNOWLEDGED and not days["acknowledged"]:
        form.add_error("acknowledged", N_("Enter the date on which receipt was acknowledged."))
    if bool(forwarded_to) != (stance is Stance.FORWARDED):
        text = N_("Enter the office if the letter was forwarded, and only then.")
        form.add_error("forwarded_to", text)


def _read_day_after(sent: date | None, form: Form, name: str) -> date | None:
    day = form.day(name, INVALID_DAY)
    if day and (sent is None or day < sent):
        form.add_error(name, N_("Enter the date the letter was sent; this date cannot be earlier."))
    return day


def _read_summaries(form: Form, languages: set[str]) -> Iterator[tuple[str, str]]:
    """(language, text) of those that were there and of one more, without empty ones."""
    fields = {name.removeprefix(SUMMARY_PREFIX): name for name in form.values if name.startswith(SUMMARY_PREFIX)}
    if form.values.get("summary", "").strip():
        fields[form.values.get("language", "")] = "summary"
    for language, name in fields.items():
        text = form.text(name, _SUMMARY, _INVALID_SUMMARY)
        if language not in languages:
            form.add_error("language" if name == "summary" else name, N_("Choose the language of the summary."))
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
    names = names_by_code(get_site(request).address_book, desk_language(request))
    context: dict[str, Any] = {"rows": rows, "names": names, "typed": typed, "wrong": days is None}
    context |= {"channel_words": CHANNELS}
    return render_desk_page(
        request,
        "web/desk/reminders.html",
        section="/organisers/reminders",
        status=422 if days is None else 200,
        today=clock.today(),
        **context,
    )
