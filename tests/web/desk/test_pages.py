"""The pages of the desk: the navigation has what a role may open, and a notice is shown once."""

import pytest

from petition.organisers.accounts import Role
from petition.web.desk.pages import NAVIGATION
from tests.conftest import Visitor
from tests.web.desk.test_addressees import TYPED
from tests.web.tools import Html, on_sqlite


@on_sqlite
@pytest.mark.parametrize("role", [role.name.lower() for role in Role])
async def test_the_navigation_has_what_a_role_may_open(role: str, visitor: Visitor) -> None:
    await visitor.organiser("ada", role)
    page = (await visitor.get("/organisers/")).text
    for entry in (entry for entries in NAVIGATION.values() for entry in entries):
        opens = (await visitor.get(entry.path)).status_code == 200
        assert opens == (f'<a href="{entry.path}"' in page.partition('<nav class="menu"')[2].partition("</nav>")[0]), (
            entry.path
        )


@on_sqlite
async def test_every_page_of_the_navigation_marks_itself(visitor: Visitor) -> None:
    await visitor.organiser("ada", "admin")
    for entry in (entry for entries in NAVIGATION.values() for entry in entries):
        page = (await visitor.get(entry.path)).text
        assert page.count('aria-current="page"') == 1
        assert f'<a href="{entry.path}" aria-current="page">' in page


@on_sqlite
async def test_a_notice_is_shown_once_and_never_as_markup(visitor: Visitor) -> None:
    await visitor.organiser("ada", "admin")
    answer = await visitor.post("/organisers/book/CY", **TYPED)
    assert all(part in answer.headers["set-cookie"] for part in ("HttpOnly", "SameSite=strict", "Max-Age=60"))
    assert "Cyprus: the address is saved." in Html((await visitor.get("/organisers/letters")).text).text
    assert "the address is saved" not in (await visitor.get("/organisers/letters")).text
    visitor.client.cookies.set("notice", "%3Cb%3Ebold%3C/b%3E")
    assert "&lt;b&gt;bold" in (await visitor.get("/organisers/letters")).text


@on_sqlite
async def test_the_desk_speaks_the_language_that_was_chosen(visitor: Visitor) -> None:
    await visitor.organiser("ada", "viewer")
    page = (await visitor.get("/organisers/")).text
    assert '<html lang="en">' in page
    answer = await visitor.post("/organisers/language", language="pl")
    assert (answer.status_code, answer.headers["location"]) == (303, "/organisers/")
    page = (await visitor.get("/organisers/")).text
    assert '<html lang="pl">' in page
    assert "Dziennik działań" in page
    assert (await visitor.post("/organisers/language", language="de")).status_code == 422
    visitor.client.cookies.set("language", "de")
    assert '<html lang="en">' in (await visitor.get("/organisers/")).text
