"""How signatures came in: the weekly figures, on the page that says how we count and as JSON."""

import json
from datetime import date
from functools import cache
from typing import Any

from petition import __version__, version
from petition.campaign.campaign import Fact
from petition.core import clock, resources
from petition.core.languages import Language
from petition.signals.quality import Quality
from petition.site import Site
from petition.tally.removals import RESTORED
from petition.web.http.public_state import PublicState
from petition.web.public import tally

# The yardstick: a campaign whose signatures authorities have checked. Another campaign folder may have neither.
_COLLECTED, _VALID = "initiative-collected-2026-01", "initiative-valid-2026-01"


def how_we_count_page(site: Site, language: Language, state: PublicState) -> dict[str, Any]:
    return {
        **tally.counting_page(site, language, state),
        "quality": state.quality,
        "day_of": date.fromisoformat,
        "removals": [(date.fromisoformat(day), reason, n) for day, reason, n in state.history.removals],
        "yardstick": _yardstick(state),
        "software": running_version(),
        "log": state.features.get("log"),
    }


def _yardstick(state: PublicState) -> tuple[Fact, Fact] | None:
    facts = state.appeal.facts
    return (facts[_COLLECTED], facts[_VALID]) if {_COLLECTED, _VALID} <= facts.keys() else None


@cache
def running_version() -> str:
    """Version and commit."""
    commit = version.commit(resources.PACKAGE.parent)
    return f"{__version__} ({commit})" if commit else __version__


def quality_json(site: Site, state: PublicState) -> str:
    """Before the first Monday there are none."""
    figures = _figures(state.quality) if state.quality else {"week": None}
    return json.dumps({**figures, "version": running_version(), "licence": state.appeal.campaign.licence})


def _figures(quality: Quality) -> dict[str, Any]:
    removals = [{"day": day, "reason": reason, "signatures": n} for day, reason, n in quality.removals]
    copied = (
        *("week", "since", "forms", "confirmed", "not_confirmed", "returned", "withdrawn", "throw_away"),
        "judged_honest",
    )
    return {
        "as_of": clock.iso(clock.from_epoch(clock.start_of_day(quality.week))),
        **{name: getattr(quality, name) for name in copied},
        "unknown_domains_percent": quality.unknown_domains,
        "largest_unknown_domain_percent_below": quality.largest_domain_below,
        "set_aside": [removal for removal in removals if removal["reason"] != RESTORED],
        "restored": [removal for removal in removals if removal["reason"] == RESTORED],
        "audit": {"day": quality.audit_day, "all_agree": quality.audit_agrees} if quality.audit_day else None,
    }
