"""The published numbers: as a page, a map, JSON and CSV. All of it is prerendered."""

import json
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from petition.campaign.press import LICENCES
from petition.core import clock
from petition.core.csv_tables import to_csv
from petition.core.languages import SOURCE_LANGUAGE, Language
from petition.site import Site
from petition.tally.removals import RESTORED
from petition.web.http.public_state import PublicState
from petition.web.public import dataset, history_chart, maps

_ENGLISH = Language(SOURCE_LANGUAGE, {})  # country names in the data are English, whatever the language of the page
_RECENT_HOURS = 24  # in which the total moved, on the page


def tally_page(site: Site, language: Language, state: PublicState) -> dict[str, Any]:
    hours, withdrawn = state.history.hours, state.history.withdrawn[-1:]
    moved = [hour for hour, before in zip(hours, (("", 0), *hours), strict=False) if hour[1] != before[1]]
    return {
        **recent_growth(state),
        "snapshot": state.status.snapshot,
        "frozen": state.status.frozen,
        "last_hours": moved[-_RECENT_HOURS:],
        "withdrawn": [(date.fromisoformat(day), n) for day, n in withdrawn],
        "removals": [(date.fromisoformat(day), reason, n) for day, reason, n in state.history.removals],
        "paper": state.paper,
        "per_million": site.populations.per_million(state.status.snapshot.countries),
        "populations": site.populations,
        "uncounted": uncounted_countries(language, state),
    }


def recent_growth(state: PublicState) -> dict[str, int]:
    """By how much the published total grew in a day and in a week; 0 if it did not, or there is no such day yet."""
    totals = [n for _, n in state.history.hours]
    return {
        "in_day": max(totals[-1] - totals[-1 - 24], 0) if len(totals) > 24 else 0,
        "in_week": max(totals[-1] - totals[-1 - 7 * 24], 0) if len(totals) > 7 * 24 else 0,
    }


def counting_page(site: Site, language: Language, state: PublicState) -> dict[str, Any]:
    return {"uncounted": uncounted_countries(language, state), "paper": state.paper}


def map_frame(site: Site, language: Language, state: PublicState) -> dict[str, Any]:
    return {
        "snapshot": state.status.snapshot,
        "has_history": state.history.hours != (),
        "populations": site.populations,
        "uncounted": uncounted_countries(language, state),
    }


def uncounted_countries(language: Language, state: PublicState) -> str:
    """The countries in which nobody is counted, as a list for a sentence."""
    codes = state.appeal.campaign.unsafe_countries
    return language.join_names([language.country_name(code) for code in codes])


def data_page(site: Site, language: Language, state: PublicState) -> dict[str, Any]:
    return {
        "text": state.appeal.get_text(language),
        "dataset": partial(dataset.describe, language, state),
        "licence_url": LICENCES[state.appeal.campaign.licence],
        "log": state.features.get("log"),
    }


def tally_svg(site: Site, state: PublicState, theme: str = "") -> str:
    counts, shapes = state.status.snapshot.countries, site.appeal.data_file("europe.svg")
    return maps.numbers_map(counts, shapes, theme=theme, source=source_line(site, state))


def per_million_svg(site: Site, state: PublicState, theme: str = "") -> str:
    per_million = site.populations.per_million(state.status.snapshot.countries)
    shapes = site.appeal.data_file("europe.svg")
    return maps.per_million_map(per_million, shapes, theme=theme, source=source_line(site, state))


def source_line(site: Site, state: PublicState) -> str:
    """Where a picture is from, and as of when, in no language."""
    as_of = state.status.snapshot.as_of
    return f"{urlsplit(site.settings.base_url).netloc} · {as_of:%Y-%m-%d %H:%M} UTC"


def history_svg(site: Site, state: PublicState, theme: str = "") -> str:
    return history_chart.history_svg(state.history.hours, theme=theme, source=source_line(site, state))


def localised_history_svg(site: Site, language: Language, state: PublicState, theme: str) -> str:
    formats = history_chart.Formats(language.format_number, language.format_short_date)
    return history_chart.history_svg(state.history.hours, formats, theme=theme, source=source_line(site, state))


def tally_json(site: Site, state: PublicState) -> str:
    """Countries with the highest count first. `paper` is apart: it enters no other number."""
    snapshot, paper = state.status.snapshot, state.paper
    data = {
        "as_of": clock.iso(snapshot.as_of),
        "confirmed": snapshot.confirmed,
        "countries": _highest_first(snapshot.countries, "confirmed"),
        "other": snapshot.other,
        "paper": {
            "signatures": paper.total,
            "countries": _highest_first(paper.countries, "signatures"),
            "other": paper.other,
        },
        "licence": state.appeal.campaign.licence,
    }
    return json.dumps(data, ensure_ascii=False)


def _highest_first(counts: Mapping[str, int], name: str) -> list[dict[str, str | int]]:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"code": code, "name": _ENGLISH.country_name(code), name: n} for code, n in ranked]


def tally_csv(site: Site, state: PublicState) -> str:
    """The last row is `other`."""
    snapshot = state.status.snapshot
    as_of = clock.iso(snapshot.as_of)
    rows = [(code, _ENGLISH.country_name(code), n, as_of) for code, n in snapshot.countries.items()]
    return to_csv([("code", "name", "confirmed", "as_of"), *rows, ("other", "", snapshot.other, as_of)])


def paper_csv(site: Site, state: PublicState) -> str:
    """Signatures on paper, with the references of their sheets. The last row is `other`."""
    paper, today = state.paper, state.today.isoformat()
    rows = [
        (code, _ENGLISH.country_name(code), n, " ".join(paper.sheets[code]), today)
        for code, n in paper.countries.items()
    ]
    return to_csv([("code", "name", "signatures", "sheets", "as_of"), *rows, ("other", "", paper.other, "", today)])


def history_csv(site: Site, state: PublicState) -> str:
    """What was published of each country at the end of each day."""
    return to_csv([("day", "country", "confirmed"), *state.history.days])


def history_hours_csv(site: Site, state: PublicState) -> str:
    """What was published in total at each hour."""
    return to_csv([("hour", "confirmed"), *state.history.hours])


def history_json(site: Site, state: PublicState) -> str:
    """The same as both files, and in tens: how many withdrawn signatures were taken off each week, and what organisers
    set aside and restored."""
    history = state.history
    data = {
        "as_of": clock.iso(state.status.snapshot.as_of),
        "hours": [{"hour": hour, "confirmed": n} for hour, n in history.hours],
        "days": [{"day": day, "country": country, "confirmed": n} for day, country, n in history.days],
        "withdrawn": [{"day": day, "signatures": n} for day, n in history.withdrawn],
        "set_aside": [
            {"day": day, "reason": reason, "signatures": n} for day, reason, n in history.removals if reason != RESTORED
        ],
        "restored": [{"day": day, "signatures": n} for day, reason, n in history.removals if reason == RESTORED],
        "licence": state.appeal.campaign.licence,
    }
    return json.dumps(data)
