"""The published numbers: as a page, a map, JSON and CSV. All of it ready-made."""

import json
from typing import Any

from petition.core import clock
from petition.core.languages import SOURCE_LANGUAGE, Language
from petition.site import Site
from petition.web.http.public_state import PublicState
from petition.web.http.tables import table
from petition.web.public import history_chart, maps

_ENGLISH = Language(SOURCE_LANGUAGE, {})  # data speaks English whatever the page does
_RECENT = 24  # hours of the history on the page


def tally_page(here: Site, spoken: Language, moment: PublicState) -> dict[str, Any]:
    """Counts by country, with their history."""
    return {"snapshot": moment.status.snapshot, "hours": moment.hourly_totals[-_RECENT:], "steps": maps.STEPS}


def data_page(here: Site, spoken: Language, moment: PublicState) -> dict[str, Any]:
    """What is there to be used by others."""
    return {"text": here.appeal.text(spoken)}


def tally_svg(here: Site, moment: PublicState) -> str:
    """The tally as a map."""
    return maps.numbers(moment.status.snapshot.countries, here.appeal.file("europe.svg"))


def history_svg(here: Site, moment: PublicState) -> str:
    """The history of the total as a curve."""
    return history_chart.drawn(moment.hourly_totals)


def tally_json(here: Site, moment: PublicState) -> str:
    """The tally as data."""
    published = moment.status.snapshot
    countries = sorted(published.countries.items(), key=lambda item: (-item[1], item[0]))
    tree = {
        "as_of": clock.iso(published.as_of),
        "confirmed": published.confirmed,
        "countries": [{"code": code, "name": _ENGLISH.country_name(code), "confirmed": n} for code, n in countries],
        "other": published.other,
    }
    return json.dumps(tree, ensure_ascii=False)


def tally_csv(here: Site, moment: PublicState) -> str:
    """The same as a table; the last row is `other`."""
    published = moment.status.snapshot
    rows = [(code, _ENGLISH.country_name(code), n) for code, n in published.countries.items()]
    return table([("code", "name", "confirmed"), *rows, ("other", "", published.other)])


def history_csv(here: Site, moment: PublicState) -> str:
    """The total by hour and each country by day, wherever a published figure moved."""
    rows = [(hour, "total", n) for hour, n in moment.hourly_totals] + moment.daily_counts
    return table([("period", "country", "confirmed"), *sorted(rows)])
