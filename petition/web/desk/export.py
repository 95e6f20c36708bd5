"""The export of people who asked to be named or for news, for the organisers' own machine."""

from starlette.requests import Request
from starlette.responses import Response

from petition.core.csv_tables import to_csv
from petition.organisers.accounts import Role
from petition.signing import printed_names
from petition.tally.rounding import show_magnitude
from petition.web.desk.access import read_many, requires_role
from petition.web.desk.downloads import NO_STORE_HEADERS, log_download


@requires_role(Role.ORGANISER)
async def signatures_csv(request: Request) -> Response:
    """Addresses are sealed: `petition unseal` opens them on the organisers' own machine."""
    rows = await read_many(request, printed_names.export_rows)
    table = [(row["country"], row["name"] or "", row["sealed"] or "") for row in rows]
    await log_download(request, "downloaded signatures", show_magnitude(len(rows)))
    headers = {**NO_STORE_HEADERS, "Content-Disposition": 'attachment; filename="signatures.csv"'}
    text = to_csv([("country", "name", "sealed_address"), *table])
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
