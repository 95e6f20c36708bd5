"""Who opens which address under /organisers/: a stranger, a person with only the link, viewer, organiser, admin."""

from functools import partial
from pathlib import Path

import pytest
from starlette.routing import Route

from petition.campaign import edits
from petition.campaign.places import Kind, Place
from petition.core import tokens
from petition.core.settings import Settings
from petition.core.tokens import Purpose
from petition.organisers import accounts, public_keys, sessions
from petition.organisers.accounts import Role
from petition.web.routes import routes
from tests.conftest import Clock, Visit, Visitor, add_organiser
from tests.letters.editions.test_editions import draft_for, issue
from tests.tally.test_paper import SHEET as PAPER_SHEET
from tests.tally.test_paper import write as write_paper
from tests.web.tools import (
    BATCH,
    PARAMETERS,
    all_rows,
    allow_all_annexes,
    in_production,
    on_sqlite,
    pass_names,
    run_background_jobs,
    token,
)

ANYONE, ARRIVED = 0, 1  # then the roles: 2, 3, 4
VIEWER, ORGANISER, ADMIN = (role + 1 for role in Role)
PEOPLE = {"stranger": ANYONE, "arrived": ARRIVED, "viewer": VIEWER, "organiser": ORGANISER, "admin": ADMIN}
# Every address and method, with the lowest role that opens it.
ADDRESSES = {
    ("GET", "/organisers/login"): ANYONE,
    ("POST", "/organisers/login"): ANYONE,
    ("GET", "/organisers/login/{token}"): ANYONE,
    ("POST", "/organisers/login/{token}"): ANYONE,
    ("GET", "/organisers/factor"): ARRIVED,
    ("POST", "/organisers/factor"): ARRIVED,
    ("POST", "/organisers/factor/challenge"): ARRIVED,
    ("GET", "/organisers/factors"): ARRIVED,
    ("POST", "/organisers/factors"): ARRIVED,
    ("GET", "/organisers/"): VIEWER,
    ("GET", "/organisers/live"): VIEWER,
    ("GET", "/organisers/keys"): VIEWER,
    ("GET", "/organisers/forms"): ORGANISER,
    ("GET", "/organisers/sessions"): VIEWER,
    ("POST", "/organisers/sessions/end"): VIEWER,
    ("GET", "/organisers/people"): VIEWER,
    ("POST", "/organisers/people"): ADMIN,
    ("GET", "/organisers/people/{nickname}"): ADMIN,
    ("POST", "/organisers/people/{nickname}/role"): ADMIN,
    ("POST", "/organisers/people/{nickname}/link"): ADMIN,
    ("POST", "/organisers/people/{nickname}/reset"): ADMIN,
    ("POST", "/organisers/people/{nickname}/remove"): ADMIN,
    ("POST", "/organisers/people/{nickname}/sessions"): ADMIN,
    ("GET", "/organisers/operations"): ORGANISER,
    ("GET", "/organisers/record"): VIEWER,
    ("POST", "/organisers/seen"): VIEWER,
    ("POST", "/organisers/logout"): VIEWER,
    ("POST", "/organisers/language"): VIEWER,
    ("GET", "/organisers/switches"): VIEWER,
    ("POST", "/organisers/switches/{name}"): ADMIN,
    ("POST", "/organisers/aside"): ADMIN,
    ("POST", "/organisers/restore"): ADMIN,
    ("GET", "/organisers/set-aside"): ORGANISER,
    ("POST", "/organisers/set-aside"): ADMIN,
    ("GET", "/organisers/set-aside/{batch}"): ORGANISER,
    ("POST", "/organisers/set-aside/{batch}/propose"): ADMIN,
    ("POST", "/organisers/set-aside/{batch}/agree"): ORGANISER,
    ("POST", "/organisers/set-aside/{batch}/dismiss"): ADMIN,
    ("POST", "/organisers/set-aside/{batch}/undo"): ADMIN,
    ("GET", "/organisers/unusual"): ORGANISER,
    ("POST", "/organisers/unusual"): ORGANISER,
    ("GET", "/organisers/letters"): ORGANISER,
    ("GET", "/organisers/letters.zip"): ORGANISER,
    ("GET", "/organisers/letters/{key}.{kind}"): ORGANISER,
    ("GET", "/organisers/annexes/{key}.pdf"): ORGANISER,
    ("POST", "/organisers/editions/{n}/names/{key}"): ORGANISER,
    ("GET", "/organisers/annexes"): ADMIN,
    ("POST", "/organisers/annexes"): ADMIN,
    ("GET", "/organisers/editions"): ORGANISER,
    ("POST", "/organisers/editions"): ORGANISER,
    ("GET", "/organisers/editions/{n}"): ORGANISER,
    ("GET", "/organisers/editions/{n}.zip"): ORGANISER,
    ("GET", "/organisers/editions/{reference}.{kind}"): ORGANISER,
    ("POST", "/organisers/editions/{n}/time-stamp"): ORGANISER,
    ("GET", "/organisers/editions/{reference}/sealed"): ORGANISER,
    ("POST", "/organisers/editions/{reference}/sealed"): ORGANISER,
    ("GET", "/organisers/names"): ORGANISER,
    ("GET", "/organisers/names/{country}/{state}"): ORGANISER,
    ("POST", "/organisers/names/{country}/{state}"): ORGANISER,
    ("GET", "/organisers/paper"): ORGANISER,
    ("POST", "/organisers/paper"): ORGANISER,
    ("GET", "/organisers/paper/{country}/{sheet}"): ORGANISER,
    ("POST", "/organisers/paper/{country}/{sheet}"): ORGANISER,
    ("GET", "/organisers/signatures.csv"): ORGANISER,
    ("GET", "/organisers/news"): ORGANISER,
    ("GET", "/organisers/news.csv"): ORGANISER,
    ("GET", "/organisers/answers/{key}"): ORGANISER,
    ("POST", "/organisers/answers/{key}"): ORGANISER,
    ("POST", "/organisers/answers/{key}/reminder"): ORGANISER,
    ("POST", "/organisers/answers/{key}/reply"): ORGANISER,
    ("GET", "/organisers/reminders"): ORGANISER,
    ("GET", "/organisers/texts"): ORGANISER,
    ("GET", "/organisers/texts.zip"): ORGANISER,
    ("GET", "/organisers/texts/facts/{fact}"): ORGANISER,
    ("POST", "/organisers/texts/facts/{fact}"): ORGANISER,
    ("GET", "/organisers/texts/appeal/{lang}"): ORGANISER,
    ("POST", "/organisers/texts/appeal/{lang}"): ORGANISER,
    ("GET", "/organisers/texts/banner"): ORGANISER,
    ("POST", "/organisers/texts/banner"): ORGANISER,
    ("GET", "/organisers/texts/campaign"): ADMIN,
    ("POST", "/organisers/texts/campaign"): ADMIN,
    ("GET", "/organisers/texts/history"): ORGANISER,
    ("POST", "/organisers/texts/undo"): ORGANISER,
    ("GET", "/organisers/book/{key}"): ADMIN,
    ("POST", "/organisers/book/{key}"): ADMIN,
}


def test_every_address_has_its_entry() -> None:
    desk_routes = [r for r in routes(demo=True) if isinstance(r, Route) and r.path.startswith("/organisers")]
    assert {(method, r.path) for r in desk_routes for method in r.methods or ()} - {
        ("HEAD", r.path) for r in desk_routes
    } == set(ADDRESSES)


async def _desk(visit: Visit, settings: Settings, folder: Path, time: Clock) -> Visitor:
    """Production, with a signature and one organiser of each role."""
    visitor = await in_production(visit, settings, folder)
    await visitor.sign("anna@example.net", "PL", named="on", name="Anna Nowak")
    link = await visitor.link("anna@example.net", base="https://petition.example")
    assert (await visitor.post(link)).status_code == 303
    time.advance(days=4)
    await pass_names(visitor.site)
    await allow_all_annexes(visitor.site)
    for role in Role:
        await add_organiser(visitor.site, role.name.lower(), role.name.lower())
    await run_background_jobs(visitor.site)
    await visitor.site.machine.refresh()
    await issue(visitor.site.database, draft_for("PL"))
    await write_paper(visitor.site.database, PAPER_SHEET)
    await visitor.site.database.write(lambda c: c.execute(BATCH))
    return visitor


async def _at(visitor: Visitor, person: str) -> str:
    """Gives the visitor a new session of a person. Returns the hash of its secret."""
    visitor.client.cookies.clear()
    if person == "stranger":
        return ""
    nickname = "admin" if person == "arrived" else person
    begin = partial(sessions._create_session, nickname=nickname, authenticated=person != "arrived")
    number = await visitor.site.database.write(begin)
    visitor.client.cookies.set("__Host-session", number)
    return tokens.secret_hash(number)


async def _press_of_an_edit(visitor: Visitor) -> str:
    """What `undo` undoes: a banner, saved now unless there is one."""
    async with visitor.site.database.reading() as c:
        found = await edits.history(c)
    if not found:
        change = {Place(Kind.BANNER, "", "en"): (0, "Hello.")}
        await visitor.site.database.write(partial(edits.save, changes=change, nickname="admin"))
        await visitor.app.state.public_state.refresh()  # or a page gets the banner while others are compared with it
        return await _press_of_an_edit(visitor)
    return str(found[0].press)


async def _open(visitor: Visitor, session: str, path: str, *methods: str) -> set[int]:
    """The statuses. What is refused with 404 is answered as an address that does not exist, and changes nothing."""
    number = await visitor.site.database.write(
        partial(accounts.make_login_link, server_keys=visitor.site.server_keys, nickname="viewer")
    )
    path = path.format(**PARAMETERS | {"nickname": "viewer", "token": token(visitor, Purpose.LOGIN, number)})
    keys = " ".join(public_keys.fingerprints(visitor.site.settings.recipients))
    fields = {"email": "viewer@example.org", "session": session, "nickname": "viewer", "keys": keys, "code": "1"}
    fields |= {"work": "auto", "reason": "trap", "network": "x"}
    fields |= {"stance": "", "sent": "2026-11-01", "press": await _press_of_an_edit(visitor)}
    if "/set-aside" in path:  # of people, the first press only asks: nobody is removed
        fields["sure"] = "on"
    before = await all_rows(visitor.site)
    found = {await _status(visitor, path, method, fields) for method in methods}
    assert found != {404} or await all_rows(visitor.site) == before
    return found


async def _status(visitor: Visitor, path: str, method: str, fields: dict[str, str]) -> int:
    data = fields if method == "POST" else None
    answer = await visitor.client.request(method, path, data=data)
    if answer.status_code not in (403, 404):
        return answer.status_code
    assert "allow" not in answer.headers
    nowhere = await visitor.client.request(method, "/organisers/no-such-page", data=data)
    assert (answer.status_code, answer.text) == (nowhere.status_code, nowhere.text)
    return 404  # as far as anybody can tell


@on_sqlite
@pytest.mark.parametrize("person", PEOPLE)
async def test_each_opens_what_is_theirs_and_the_rest_does_not_exist(
    person: str, time: Clock, visit: Visit, settings: Settings, tmp_path: Path
) -> None:
    visitor = await _desk(visit, settings, tmp_path, time)
    for (method, path), least in ADDRESSES.items():
        session = await _at(visitor, person)
        statuses = await _open(visitor, session, path, method)
        assert statuses <= ({200, 303, 409, 422} if least <= PEOPLE[person] else {404}), (method, path, statuses)
        methods = ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH")
        others = [other for other in methods if (other.replace("HEAD", "GET"), path) not in ADDRESSES]
        assert await _open(visitor, session, path, *others) == {404}, path
