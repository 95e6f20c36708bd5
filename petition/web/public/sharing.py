"""The picture and the poster of each language: made when somebody asks, and kept until what they show changes."""

import asyncio
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import urlsplit

import segno
from starlette.requests import Request
from starlette.responses import Response

from petition.campaign.appeal import Text
from petition.campaign.campaign import Placeholder
from petition.core import clock
from petition.core.languages import Language
from petition.letters.formats import pdf
from petition.site import Site
from petition.tally.tally import Snapshot
from petition.web.http.pages import get_language, get_site, get_snapshot

_CACHE = "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=86400"


class Kept:
    """Files by address. One maker each; whoever asks meanwhile gets the old one, or waits for the first."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[object, bytes]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def get(self, key: str, shows: object, make: Callable[[], bytes]) -> bytes:
        """The file that shows this; in the worst case one that shows what was true a moment ago."""
        turn = self._turns.setdefault(key, asyncio.Lock())
        made = self._made.get(key)
        if made is not None and (made[0] == shows or turn.locked()):
            return made[1]
        async with turn:
            made = self._made.get(key)
            if made is None or made[0] != shows:
                made = self._made[key] = (shows, await asyncio.to_thread(make))
        return made[1]


async def picture(request: Request) -> Response:
    """For the previews of social networks: the demand, the deadline and the published number."""
    here, spoken, told = get_site(request), get_language(request), get_snapshot(request)
    values = _values(here, spoken, told)
    content = await _kept(request).get(f"{spoken.code}/picture", values, lambda: _picture(values))
    return _file(request, content, "image/png")


async def poster(request: Request) -> Response:
    """To print and hang."""
    here, spoken = get_site(request), get_language(request)
    text, sender = here.appeal.text(spoken), here.appeal.campaign.name(spoken.code)
    call = spoken.jinja.from_string('{{ _("Sign the ultimatum") }}').render()
    address = f"{here.settings.base_url}/{spoken.code}/"
    shows = (text.title, text.demand, sender, address)
    make = lambda: _poster(spoken.code, text, sender, call, address)  # noqa: E731 (one line, used once)
    content = await _kept(request).get(f"{spoken.code}/poster", shows, make)
    return _file(request, content, "application/pdf")


def _values(here: Site, spoken: Language, told: Snapshot) -> dict[str, str]:
    words = '{{ _("Deadline") }}|{{ ngettext("confirmed signature", "confirmed signatures, in full tens", n) }}'
    deadline, counted = spoken.jinja.from_string(words).render(n=told.confirmed).split("|")
    day = here.appeal.campaign.deadline
    return {
        "language": spoken.code,
        "title": here.appeal.text(spoken).title,
        "number": spoken.format_number(told.confirmed) if told.confirmed else "",
        "counted": counted,
        "deadline": f"{deadline}: {day if isinstance(day, Placeholder) else spoken.format_date(day)}",
        "site": urlsplit(here.settings.base_url).netloc,
    }


def _kept(request: Request) -> Kept:
    found: Kept = request.app.state.kept
    return found


def _file(request: Request, content: bytes, kind: str) -> Response:
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": _CACHE, "ETag": tag, "Cross-Origin-Resource-Policy": "cross-origin"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _poster(language: str, text: Text, sender: str, call: str, address: str) -> bytes:
    """A4 as PDF: title and demand of the appeal, and a QR code (ISO/IEC 18004) of the address. Raises LetterError."""
    values = {
        "language": language,
        "title": text.title,
        "demand": text.demand.striptags(),
        "sender": sender,
        "call": call,
        "address": address,
    }
    code = str(segno.make_qr(address, error="m").svg_inline(border=0))
    return pdf.typeset("poster.typ", f"The poster in {language}", values, clock.now(), code=code)


def _picture(values: Mapping[str, str]) -> bytes:
    """1200 by 630 as PNG. `values`: language, title, number (may be empty), counted, deadline, site. LetterError."""
    return pdf.typeset_png("share.typ", f"The picture in {values['language']}", values)
