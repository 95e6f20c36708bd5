"""Forms: the body of a request becomes a Form."""

import asyncio
from dataclasses import replace
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from petition.core.form import Form
from petition.core.languages import N_

MAX_FIELD_NAME_LENGTH = 200  # characters; the longest of ours name a fact or a hash
MAX_FIELDS = 200  # the form of an edition has one for each fact and address
BODY_TIMEOUT_SECONDS = 15  # for a few hundred bytes; a slow phone needs five. A server that stops waits this long too
_FORM_TYPE = "application/x-www-form-urlencoded"
_THROTTLE_MESSAGE = N_(
    "Very many forms have come from your network. Please try again in a few minutes, or from another network."
)

_PAUSED_MESSAGE = N_("Signing is closed at the moment. What you entered is still here: please send it again later.")


async def read_form(request: Request) -> Form:
    """The fields of a body. A field that is sent twice becomes invalid text; one with a long name is none of ours.

    Raises HTTPException: 400 for too many fields, 408 for a slow body, 415 for a body that is not a form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", _FORM_TYPE):
        raise HTTPException(415)
    body = await _read_body(request)
    if body and not kind:  # no body and no type is an empty form
        raise HTTPException(415)
    values: dict[str, str] = {}
    try:
        for name, value in parse_qsl(body, keep_blank_values=True, max_num_fields=MAX_FIELDS):
            values[name] = f"{values[name]}\N{REPLACEMENT CHARACTER}{value}" if name in values else value
    except ValueError:
        raise HTTPException(400) from None
    return Form({name: value for name, value in values.items() if len(name) <= MAX_FIELD_NAME_LENGTH})


async def _read_body(request: Request) -> str:
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            return (await request.body()).decode("utf-8", "replace")
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None


def rate_limited(form: Form) -> Form:
    """The form as it was typed, with the sentence that very many forms came from this network."""
    return replace(form, refusal=_THROTTLE_MESSAGE)


def paused(form: Form) -> Form:
    """The form as it was typed, with the sentence that nobody can sign at the moment."""
    return replace(form, refusal=_PAUSED_MESSAGE)
