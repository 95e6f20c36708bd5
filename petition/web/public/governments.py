"""What governments were sent and what they answered: as a page, a map, JSON and CSV. All of it ready-made."""

import json
from typing import Any

from petition.campaign.campaign import Placeholder
from petition.core.languages import SOURCE_LANGUAGE, Language
from petition.letters.correspondence import Entry, Stance
from petition.site import Site
from petition.web.http.public_state import PublicState
from petition.web.http.tables import table
from petition.web.public import maps

_COLUMNS = ("key", "name", "office", "sent", "channel", "acknowledged", "answered", "stance", "link")


def page(here: Site, spoken: Language, moment: PublicState) -> dict[str, Any]:
    """Whom the letters went to, when, and what came back; in the page's alphabetical order."""
    states = [(code, name) for code, name in spoken.countries if code in here.book.countries]
    institutions = [(a.key, a.name(spoken.code)) for a in here.book.addressees if a.country is None]
    sent = {key: entry for key, entry in moment.entries.items() if entry.sent}
    national = [entry for code, entry in sent.items() if code in here.book.countries]
    counted = {
        "written": len(national),
        "answered": sum(entry.answered is not None for entry in national),
        "supports": sum(entry.stance is Stance.SUPPORTS for entry in national),
    }
    shown = {"sent": sent, "states": states, "institutions": institutions, "today": moment.today}
    return {**shown, "counted": counted, "letters": _letters(here)}


def _letters(here: Site) -> dict[str, list[str]]:
    """The keys of the letters to each: Belgium gets three."""
    found: dict[str, list[str]] = {}
    for addressee in here.book.addressees:
        found.setdefault(addressee.code, []).append(addressee.key)
    return found


def svg(here: Site, moment: PublicState) -> str:
    """What governments answered, as a map."""
    return maps.answers(moment.entries, here.appeal.file("europe.svg"))


def as_json(here: Site, moment: PublicState) -> str:
    """What governments answered, as data: one object for each addressee, null for what has not come."""
    deadline = here.appeal.campaign.deadline
    tree = {
        "deadline": None if isinstance(deadline, Placeholder) else deadline.isoformat(),
        "governments": [_told(here, key, moment.entries.get(key, Entry())) for key in _letters(here)],
    }
    return json.dumps(tree, ensure_ascii=False)


def _told(here: Site, key: str, entry: Entry) -> dict[str, Any]:
    addressee = here.book.find(_letters(here)[key][0])
    letters = [f"{letter}-{entry.edition}" for letter in _letters(here)[key]] if entry.edition else []
    days = {name: getattr(entry, name) for name in ("sent", "acknowledged", "answered")}
    return {
        "key": key,
        "name": addressee.name_en,
        "office": addressee.title_en,
        **{name: day.isoformat() if day else None for name, day in days.items()},
        "channel": entry.channel.value or None,
        "letters": [f"{here.settings.base_url}/{SOURCE_LANGUAGE}/letters/{letter}" for letter in letters],
        "stance": entry.stance.value or None,
        "link": entry.link or None,
        "summaries": dict(entry.summaries),
    }


def as_csv(here: Site, moment: PublicState) -> str:
    """The same as a table, with the summary in English or in the language there is."""
    rows = []
    for key in _letters(here):
        entry = moment.entries.get(key, Entry())
        told = _told(here, key, entry)
        rows.append((*(told[name] or "" for name in _COLUMNS), entry.summary(SOURCE_LANGUAGE, SOURCE_LANGUAGE)[1]))
    return table([(*_COLUMNS, "summary"), *rows])
