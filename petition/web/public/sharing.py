"""The picture and the poster of each language: made at the first request, and kept until their content changes."""

import asyncio
from collections.abc import Callable, Mapping
from hashlib import sha256
from urllib.parse import urlsplit

import segno
from starlette.requests import Request
from starlette.responses import Response

from petition.campaign.campaign import Placeholder
from petition.core import clock, typography
from petition.core.languages import N_, Language
from petition.core.sentences import Sentence, ngettext
from petition.letters.formats import pdf
from petition.site import Site
from petition.tally.tally import Snapshot
from petition.web.http.pages import get_language, get_public_status, get_site

_CALL = N_("Sign the ultimatum")
_DEADLINE = N_("Deadline")
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
    values = _poster_values(site, language)
    content = await _file_cache(request).get(f"{language.code}/poster", values, lambda: _render_poster(values))
    return _file_response(request, content, "application/pdf")


def _poster_values(site: Site, language: Language) -> dict[str, str]:
    """What poster.typ needs. No number: it would be out of date on every wall."""
    text = site.appeal.get_text(language)
    return {
        "language": language.code,
        "title": text.title,
        "whom": text.whom,
        "deadline": "".join(_deadline(site, language)),
        "demand": text.demand.striptags(),
        "sender": site.appeal.campaign.name(language.code),
        "call": language.translate(_CALL),
        "address": f"{site.settings.base_url}/{language.code}/",
    }


def _picture_values(site: Site, language: Language, snapshot: Snapshot, *, frozen: bool) -> dict[str, str]:
    """What share.typ needs. Before the first number the picture asks to sign; a day nobody has set yet is left out."""
    number = language.format_number(snapshot.confirmed) if snapshot.confirmed else ""
    text, template = site.appeal.get_text(language), '{{ _("As of") }} {{ day }}'
    as_of = language.jinja.from_string(template).render(day=language.format_date(snapshot.as_of.date()))
    days = [*([as_of] if frozen and number else []), *_deadline(site, language)]
    return {
        "language": language.code,
        "title": text.title,
        "whom": text.whom,
        "number": number,
        "headline": language.translate(_signed(snapshot.confirmed)) if number else language.translate(_CALL),
        "days": " · ".join(days),
        "site": urlsplit(site.settings.base_url).netloc,
    }


def _signed(n: int) -> Sentence:
    return ngettext("More than %(number)s person has signed", "More than %(number)s people have signed", n, number=n)


def _deadline(site: Site, language: Language) -> list[str]:
    """One line; none as long as the day is not known."""
    day = site.appeal.campaign.deadline
    if isinstance(day, Placeholder):
        return []
    return [typography.label(language.translate(_DEADLINE), language.format_date(day), language.code)]


def _file_cache(request: Request) -> FileCache:
    cache: FileCache = request.app.state.file_cache
    return cache


def _file_response(request: Request, content: bytes, kind: str) -> Response:
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": _CACHE, "ETag": tag, "Cross-Origin-Resource-Policy": "cross-origin"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _render_poster(values: Mapping[str, str]) -> bytes:
    """A4 as PDF, with a QR code (ISO/IEC 18004) of the address. Raises LetterError."""
    code = str(segno.make_qr(values["address"], error="m").svg_inline(border=0))
    return pdf.typeset("poster.typ", f"The poster in {values['language']}", values, clock.now(), code=code)


def _render_picture(values: Mapping[str, str]) -> bytes:
    """1200 by 630 pixels as PNG. Raises LetterError.

    `values`: language, title, whom, number, headline (with that number), days, site. Empty may be: whom, number, days.
    """
    return pdf.typeset_png("share.typ", f"The picture in {values['language']}", values)
