"""The page for newspapers: who asks, whom to call, the numbers of today, pictures, quotes."""

from collections.abc import Mapping
from typing import Any

from petition.campaign.press import LICENCES
from petition.core.languages import SOURCE_LANGUAGE, Language
from petition.site import Site
from petition.web.http.public_state import PublicState
from petition.web.public import governments, tally


def press_page(site: Site, language: Language, state: PublicState) -> dict[str, Any]:
    press, licence = state.appeal.campaign.press, state.appeal.campaign.licence
    quotes = [(quote.who, *choose_text(quote.text, language)) for quote in press.quotes]
    return {
        **tally.recent_growth(state),
        "snapshot": state.status.snapshot,
        "frozen": state.status.frozen,
        "counts": governments.count_answers(site, state),
        "press": press,
        "about": choose_text(press.about, language),
        "quotes": quotes,
        "licence_url": LICENCES[licence],
    }


def choose_text(texts: Mapping[str, str], language: Language) -> tuple[str, str]:
    """(language, text): in the language of the page, else in English, else in any; empty if there is none."""
    codes = (language.code, SOURCE_LANGUAGE, *texts)
    return next(((code, texts[code]) for code in codes if code in texts), (language.code, ""))
