"""The picture and the poster of each language: made at the first request, and kept until their content changes."""

import asyncio
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import urlsplit

import segno
from starlette.requests import Request
from starlette.responses import Response

from petition.campaign.appeal import AppealText
from petition.campaign.campaign import Placeholder
from petition.core import clock, typography
from petition.core.languages import Language
from petition.letters.formats import pdf
from petition.site import Site
from petition.tally.tally import Snapshot
from petition.web.http.pages import get_language, get_public_status, get_site

_CACHE = "public, max-age=3600, stale-while-revalidate=86400, stale-if-error=86400"


class FileCache:
    """Files by key. One task at a time makes a file; other requests get the old file, or wait for the first one."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[object, bytes]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, key: str, inputs: object, make: Callable[[], bytes]) -> bytes:
        """The file made from these inputs; while it is being made, the one before."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        cached = self._files.get(key)
        if cached is not None and (cached[0] == inputs or lock.locked()):
            return cached[1]
        async with lock:
            cached = self._files.get(key)
            if cached is None or cached[0] != inputs:
                cached = self._files[key] = (inputs, await asyncio.to_thread(make))
        return cached[1]


async def picture(request: Request) -> Response:
    """For the previews of social networks: the title, the deadline and the published number."""
    site, language, status = get_site(request), get_language(request), get_public_status(request)
    values = _picture_values(site, language, status.snapshot, frozen=status.frozen)
    content = await _file_cache(request).get(f"{language.code}/picture", values, lambda: _render_picture(values))
    return _file_response(request, content, "image/png")


async def poster(request: Request) -> Response:
    site, language = get_site(request), get_language(request)
    text, sender = site.appeal.get_text(language), site.appeal.campaign.name(language.code)
    call = language.jinja.from_string('{{ _("Sign the ultimatum") }}').render()
    address = f"{site.settings.base_url}/{language.code}/"
    inputs = (text.title, text.demand, sender, address)
    make = lambda: _render_poster(language.code, text, sender, call, address)  # noqa: E731 (one line, used once)
    content = await _file_cache(request).get(f"{language.code}/poster", inputs, make)
    return _file_response(request, content, "application/pdf")


def _picture_values(site: Site, language: Language, snapshot: Snapshot, *, frozen: bool) -> dict[str, str]:
    template = (
        '{{ _("Deadline") }}|{{ ngettext("confirmed signature", "confirmed signatures, rounded down to tens", n) }}'
        '{% if day %} · {{ _("As of") }} {{ day }}{% endif %}'
    )
    as_of = language.format_date(snapshot.as_of.date()) if frozen else ""
    deadline, counted = language.jinja.from_string(template).render(n=snapshot.confirmed, day=as_of).split("|")
    day = site.appeal.campaign.deadline
    written_day = day if isinstance(day, Placeholder) else language.format_date(day)
    return {
        "language": language.code,
        "title": site.appeal.get_text(language).title,
        "number": language.format_number(snapshot.confirmed) if snapshot.confirmed else "",
        "counted": counted,
        "deadline": typography.label(deadline, written_day, language.code),
        "site": urlsplit(site.settings.base_url).netloc,
    }


def _file_cache(request: Request) -> FileCache:
    cache: FileCache = request.app.state.file_cache
    return cache


def _file_response(request: Request, content: bytes, kind: str) -> Response:
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": _CACHE, "ETag": tag, "Cross-Origin-Resource-Policy": "cross-origin"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _render_poster(language: str, text: AppealText, sender: str, call: str, address: str) -> bytes:
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


def _render_picture(values: Mapping[str, str]) -> bytes:
    """1200 by 630 pixels as PNG. Raises LetterError.

    `values`: language, title, number (may be empty), counted, deadline, site.
    """
    return pdf.typeset_png("share.typ", f"The picture in {values['language']}", values)
