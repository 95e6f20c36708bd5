"""Downloads of the desk: a letter in each format, with its line in the activity log."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from petition.letters.formats.registry import FORMATS, file_name
from petition.letters.writing.document import Letter
from petition.web.desk.access import log_action
from petition.web.desk.pages import render_desk_page
from petition.web.http.pages import NO_STORE

NO_STORE_HEADERS = {"Cache-Control": NO_STORE}


async def letter_response(request: Request, composed: Letter, name: str) -> Response:
    """A letter in the format that the path names."""
    kind = request.path_params["kind"]
    if kind == "html":
        await log_download(request, "looked at a letter", name)
        return render_desk_page(
            request, "web/desk/letter.html", section="/organisers/letters", letter=composed, name=name
        )
    if kind not in FORMATS:
        raise HTTPException(404)
    render, media = FORMATS[kind]
    content = await run_in_threadpool(render, composed)
    file = file_name(name, kind)
    await log_download(request, "downloaded a letter", name if kind == "pdf" else file)
    return inline_pdf(content, name) if kind == "pdf" else attachment(content, file, media)


async def log_download(request: Request, action: str, detail: str = "") -> None:
    """Only a GET is a download: HEAD gets no file."""
    if request.method == "GET":
        await log_action(request, action, detail)


def attachment(content: bytes, name: str, kind: str) -> Response:
    headers = {**NO_STORE_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)


def inline_pdf(content: bytes, name: str) -> Response:
    headers = {**NO_STORE_HEADERS, "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)
