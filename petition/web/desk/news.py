"""News to those who asked: how many they are, the file for an organiser's own machine, and what to do there."""

from starlette.requests import Request
from starlette.responses import Response

from petition.core import clock
from petition.core.csv_tables import to_csv
from petition.core.database import switches
from petition.core.languages import N_
from petition.organisers import public_keys
from petition.organisers.accounts import Role
from petition.signing import printed_names
from petition.tally.rounding import show_magnitude
from petition.web.desk.access import read_many, requires_role
from petition.web.desk.downloads import attachment, log_download
from petition.web.desk.pages import render_desk_page
from petition.web.http.pages import get_site


@requires_role(Role.ORGANISER)
async def index(request: Request) -> Response:
    return await _page(request)


async def _page(request: Request, status: int = 200) -> Response:
    async with get_site(request).database.reading() as c:
        people = show_magnitude(await printed_names.count_for_news(c))
        switch = await switches.get(c, switches.NEWS)
    fingerprints = public_keys.fingerprints(get_site(request).settings.recipients)
    context = {"people": people, "fingerprints": fingerprints, "paused_by": switch.value and switch.nickname}
    return render_desk_page(request, "web/desk/news.html", section="/organisers/news", status=status, **context)


@requires_role(Role.ORGANISER)
async def news_csv(request: Request) -> Response:
    """For `petition mail-updates`, which refuses a file that is old or not whole: each row says both."""
    async with get_site(request).database.reading() as c:
        if switches.NEWS in await switches.paused(c):
            return await _page(request, 409)
    sealed = await read_many(request, printed_names.sealed_for_news)
    rows = [(clock.iso(clock.now()), str(len(sealed)), text) for text in sealed]
    await log_download(request, N_("downloaded addresses for news"), show_magnitude(len(sealed)))
    text = to_csv([("made_at", "of", "sealed_address"), *rows])
    return attachment(text.encode(), "news.csv", "text/csv; charset=utf-8")
