"""The published numbers: as a page, as JSON and as CSV, all from one snapshot; and what governments answered."""

import csv
import hashlib
import io
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from petition import clock, correspondence, tally
from petition.languages import SOURCE, Language
from petition.tally import Snapshot
from petition.web.pages import LIVE, language, page, site, snapshot

_ENGLISH = Language(SOURCE, {})  # data speaks English whatever the page does
_OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


async def tally_page(request: Request) -> Response:
    """Counts by country, with their history."""
    async with site(request).database.reading() as c:
        hours, _ = await tally.history(c)
    return page(request, "tally/tally.html", cache=LIVE, snapshot=await snapshot(request), hours=hours[-48:])


async def governments(request: Request) -> Response:
    """Whom the letters went to, when, and what came back."""
    here = site(request)
    async with here.database.reading() as c:
        entries = await correspondence.entries(c)
    states, institutions = _addressees(request)
    context: dict[str, Any] = {"entries": entries, "states": states, "institutions": institutions}
    return page(request, "tally/governments.html", cache=LIVE, **context)


def _addressees(request: Request) -> tuple[list[str], list[tuple[str, str]]]:
    """Country codes in the page's alphabetical order, and (key, office) of each institution."""
    book = site(request).book.addressees
    codes = {a.country for a in book if a.country}
    ordered = [code for code, _ in language(request).countries if code in codes]
    return ordered, [(a.key, a.name_en) for a in book if a.country is None]


async def tally_json(request: Request) -> Response:
    """The tally as data."""
    return _data(request, json.dumps(_tree(request, await snapshot(request)), ensure_ascii=False), "application/json")


def _tree(request: Request, published: Snapshot) -> dict[str, object]:
    english = _ENGLISH
    return {
        "as_of": clock.iso(published.as_of),
        "confirmed": published.confirmed,
        "countries": [
            {"code": code, "name": english.country(code), "confirmed": n}
            for code, n in sorted(published.countries.items(), key=lambda item: (-item[1], item[0]))
        ],
        "other": published.other,
    }


async def tally_csv(request: Request) -> Response:
    """The same as a table; the last row is `other`."""
    published = await snapshot(request)
    rows = [(code, _ENGLISH.country(code), n) for code, n in published.countries.items()]
    table = [("code", "name", "confirmed"), *rows, ("other", "", published.other)]
    return _data(request, _table(table), "text/csv")


async def history_csv(request: Request) -> Response:
    """The total by hour and each country by day, wherever a published figure moved."""
    async with site(request).database.reading() as c:
        hours, days = await tally.history(c)
    rows = [(hour, "total", n) for hour, n in hours] + days
    return _data(request, _table([("period", "country", "confirmed"), *sorted(rows)]), "text/csv")


def _table(rows: list[tuple[str, str, object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)  # RFC 4180
    return text.getvalue()


def _data(request: Request, text: str, kind: str) -> Response:
    """Open data: any site may read it; unchanged data is not sent again."""
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": LIVE, **_OPEN}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(text, media_type=f"{kind}; charset=utf-8" if kind == "text/csv" else kind, headers=headers)
