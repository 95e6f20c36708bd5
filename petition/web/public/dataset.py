"""What the open data are, for search engines of data (schema.org/Dataset)."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from petition.campaign.press import LICENCES
from petition.core import clock
from petition.core.languages import Language
from petition.web.http.public_state import PublicState

_FORMATS = {".json": "application/json", ".csv": "text/csv"}
FILES = (
    *("/tally.json", "/tally.csv", "/history.json", "/history.csv", "/history-hours.csv", "/paper.csv"),
    *("/governments.json", "/governments.csv", "/quality.json"),
)


def describe(language: Language, state: PublicState, base_url: str) -> dict[str, Any]:
    """As JSON-LD has it."""
    campaign, text = state.appeal.campaign, state.appeal.get_text(language)
    hours = state.history.hours
    covered = {"temporalCoverage": f"{hours[0][0][:10]}/{hours[-1][0][:10]}"} if hours else {}
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": text.title,
        "description": text.summary,
        "url": f"{base_url}/{language.code}/data",
        "license": LICENCES[campaign.licence],
        "creator": {"@type": "Organization", "name": campaign.name(language.code), "url": base_url},
        "dateModified": clock.iso(state.status.snapshot.as_of),
        **covered,
        "isAccessibleForFree": True,
        "distribution": list(_downloads(base_url)),
    }


def _downloads(base_url: str) -> Iterator[dict[str, str]]:
    for file in FILES:
        format_ = _FORMATS[PurePosixPath(file).suffix]
        yield {"@type": "DataDownload", "encodingFormat": format_, "contentUrl": base_url + file}
