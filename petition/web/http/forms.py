"""Forms: what arrives in a body becomes a checked Signing or address, or one sentence per field."""

import asyncio
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from petition.core.form import Form
from petition.core.languages import N_

MAX_FIELDS = 200  # each fact and address of an edition is one
BODY_TIMEOUT_SECONDS = 15  # for a few hundred bytes; a slow phone needs five, and a stopping server waits for it
_FORM_TYPE = "application/x-www-form-urlencoded"
_THROTTLE_MESSAGE = N_(
    "Very many forms have come from your network. Please try again in a few minutes, or from another network."
)


async def read_form(request: Request) -> Form:
    """The fields of a body. 415 for another kind of body; a field sent twice counts as garbled."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", _FORM_TYPE):
        raise HTTPException(415)
    body = await _read_body(request)
    if body and not kind:  # nothing at all is an empty form
        raise HTTPException(415)
    values: dict[str, str] = {}
    try:
        for name, value in parse_qsl(body, keep_blank_values=True, max_num_fields=MAX_FIELDS):
            values[name] = f"{values[name]}\N{REPLACEMENT CHARACTER}{value}" if name in values else value
    except ValueError:
        raise HTTPException(400) from None
    return Form(values)


async def _read_body(request: Request) -> str:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            return (await request.body()).decode("utf-8", "replace")
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None


def parse_day(text: str, today: date) -> date | None:
    """A day as forms send it (ISO 8601); None for anything else, and for one that has not come yet."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day <= today else None


def rate_limited(form: Form) -> Form:
    """The form as it was typed, with a sentence for whoever comes from a network that had its share."""
    return replace(form, refusal=_THROTTLE_MESSAGE)
