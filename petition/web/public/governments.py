"""What was sent to governments and what they answered: as a page, a map, JSON and CSV. All of it is prerendered."""

import json
from typing import Any
from urllib.parse import urlsplit

from petition.campaign.campaign import Placeholder
from petition.core import clock
from petition.core.csv_tables import to_csv
from petition.core.languages import N_, SOURCE_LANGUAGE, Language
from petition.letters.correspondence import OFFICE_TEXTS, Entry, Stance
from petition.site import Site
from petition.web.http.public_state import PublicState
from petition.web.public import maps

_COLUMNS = ("key", "name", "office", "sent", "channel", "acknowledged", "answered", "stance", "link")
_LATER_COLUMNS = ("replied", *OFFICE_TEXTS)  # behind the summary, so that no column has moved


REPLY_WORDS = {
    Stance.FORWARDED: N_("Has forwarded the letter"),
    Stance.HOLDING: N_("Says that an answer will follow"),
}
ANSWER_WORDS = {
    Stance.SUPPORTS: N_("Supports the demand"),
    Stance.PARTLY: N_("Supports it in part"),
    Stance.REFUSES: N_("Rejects the demand"),
    Stance.NO_COMPETENCE: N_("Says that this is not within its powers"),
}


def say_answer(entry: Entry, language: Language) -> str:
    """What came back after a letter, in a few words."""
    silence = N_("Receipt acknowledged") if entry.acknowledged else N_("No answer yet")
    return language.translate((ANSWER_WORDS | REPLY_WORDS).get(entry.stance, silence))


def governments_page(site: Site, language: Language, state: PublicState) -> dict[str, Any]:
    """Countries in the alphabetical order of the page's language, then the institutions."""
    written_to = site.address_book.countries
    countries = [(code, name) for code, name in language.countries if code in written_to]
    institutions = [(a.key, a.name(language.code)) for a in site.address_book.addressees if a.country is None]
    sent = {key: entry for key, entry in state.entries.items() if entry.sent}
    lists = {"sent": sent, "countries": countries, "institutions": institutions, "today": state.today}
    words = {
        "replies": {stance.value: language.translate(text) for stance, text in REPLY_WORDS.items()},
        "stances": {stance.value: language.translate(text) for stance, text in ANSWER_WORDS.items()},
    }
    return {**lists, **words, "counts": count_answers(site, state), "status": maps.answer_status}


def count_answers(site: Site, state: PublicState) -> dict[str, int]:
    """Of governments, without institutions."""
    national = [e for code, e in state.entries.items() if e.sent and code in site.address_book.countries]
    return {
        "all": len(site.address_book.countries),
        "written": len(national),
        "answered": sum(entry.answered is not None for entry in national),
        "supports": sum(entry.stance is Stance.SUPPORTS for entry in national),
    }


def _codes(site: Site) -> list[str]:
    """Of each government or institution; its letter in an edition has this code and the number as its reference."""
    return list(dict.fromkeys(addressee.code for addressee in site.address_book.addressees))


def governments_svg(site: Site, state: PublicState, theme: str = "") -> str:
    source = f"{urlsplit(site.settings.base_url).netloc} · {state.today}"
    return maps.answers_map(state.entries, site.appeal.data_file("europe.svg"), theme=theme, source=source)


def governments_json(site: Site, state: PublicState) -> str:
    """One object for each addressee; null for what has not come yet."""
    campaign = state.appeal.campaign
    deadline, ends = campaign.deadline, campaign.end
    data = {
        "as_of": state.today.isoformat(),
        "deadline": None if isinstance(deadline, Placeholder) else deadline.isoformat(),
        "deadline_ends": clock.iso(ends) if ends else None,
        "zone": campaign.zone.key,
        "governments": [_as_dict(site, key, state.entries.get(key, Entry())) for key in _codes(site)],
        "licence": state.appeal.campaign.licence,
    }
    return json.dumps(data, ensure_ascii=False)


def _as_dict(site: Site, key: str, entry: Entry) -> dict[str, Any]:
    addressee = site.address_book.find(key)
    letters = [f"{key}-{entry.edition}"] if entry.edition else []
    days = {name: getattr(entry, name) for name in ("sent", "acknowledged", "replied", "answered")}
    return {
        "key": key,
        "name": addressee.name_en,
        "office": addressee.title_en,
        **{name: day.isoformat() if day else None for name, day in days.items()},
        "channel": entry.channel.value or None,
        "letters": [f"{site.settings.base_url}/{SOURCE_LANGUAGE}/letters/{letter}" for letter in letters],
        "stance": entry.stance.value or None,
        "link": entry.link or None,
        **{name: getattr(entry, name) or None for name in OFFICE_TEXTS},
        "summaries": dict(entry.summaries),
    }


def governments_csv(site: Site, state: PublicState) -> str:
    """The same as a table. The summary is in English, or in another language if there is no English one."""
    columns, rows = (*_COLUMNS, "summary", *_LATER_COLUMNS, "as_of"), []
    for key in _codes(site):
        entry = state.entries.get(key, Entry())
        values = {name: value or "" for name, value in _as_dict(site, key, entry).items()}
        values["summary"] = entry.summary(SOURCE_LANGUAGE, SOURCE_LANGUAGE)[1]
        values["as_of"] = state.today.isoformat()
        rows.append([values[name] for name in columns])
    return to_csv([columns, *rows])
