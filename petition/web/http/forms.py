"""Forms: what arrives in a body becomes a checked Signing or address, or one sentence per field."""

import asyncio
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from petition.core.form import Form
from petition.core.languages import N_

FIELDS = 200  # each fact and address of an edition is one
PATIENCE = 15  # seconds for a body of a few hundred bytes; a slow phone needs five, and a stopping server waits for it
_FORM = "application/x-www-form-urlencoded"
_THROTTLED = N_(
    "Very many forms have come from your network. Please try again in a few minutes, or from another network."
)


async def read(request: Request) -> Form:
    """The fields of a body. 415 for another kind of body; a field sent twice counts as garbled."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", _FORM):
        raise HTTPException(415)
    body = await _body(request)
    if body and not kind:  # nothing at all is an empty form
        raise HTTPException(415)
    typed: dict[str, str] = {}
    try:
        for name, value in parse_qsl(body, keep_blank_values=True, max_num_fields=FIELDS):
            typed[name] = f"{typed[name]}\N{REPLACEMENT CHARACTER}{value}" if name in typed else value
    except ValueError:
        raise HTTPException(400) from None
    return Form(typed)


async def _body(request: Request) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            return (await request.body()).decode("utf-8", "replace")
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None


def day(text: str, today: date) -> date | None:
    """A day as forms send it (ISO 8601); None for anything else, and for one that has not come yet."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found <= today else None


def throttled(form: Form) -> Form:
    """The form as it was typed, with a sentence for whoever comes from a network that had its share."""
    return replace(form, refused=_THROTTLED)
