"""The export of people who asked to be named or for news, for the organisers' own machine."""

import csv
import io
import unicodedata

from starlette.requests import Request
from starlette.responses import Response

from petition.organisers.accounts import Role
from petition.signing import printed_names
from petition.tally.rounding import round_for_log
from petition.web.desk.access import requires_role
from petition.web.desk.downloads import NO_STORE_HEADERS, log_download
from petition.web.http.pages import get_site


@requires_role(Role.ORGANISER)
async def signatures_csv(request: Request) -> Response:
    """Addresses are sealed: `petition unseal` opens them on the organisers' own machine."""
    async with get_site(request).database.reading() as c:
        rows = await printed_names.export_rows(c)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(("country", "name", "sealed_address"))
    table.writerows((r["country"], _escape_formula(r["name"] or ""), r["sealed"] or "") for r in rows)
    await log_download(request, "downloaded signatures", round_for_log(len(rows)))
    headers = {**NO_STORE_HEADERS, "Content-Disposition": 'attachment; filename="signatures.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _escape_formula(name: str) -> str:
    """Puts an apostrophe before a name that a spreadsheet would run as a formula, full-width signs too.

    (OWASP, CSV injection)
    """
    beginning = unicodedata.normalize("NFKC", name).lstrip()
    return f"'{name}" if beginning.startswith(("=", "+", "-", "@")) else name
