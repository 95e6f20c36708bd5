"""Every page a visitor may see, in each of its states, as the site sends it: for tests that look at all pages."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from petition.commands import demo_data
from petition.core.database import writer
from petition.core.errors import RateLimited
from petition.core.tokens import Purpose
from petition.letters import correspondence
from petition.organisers import last_checks
from petition.signing import probes, submissions
from petition.web import prerender
from petition.web.http.security import MAX_BODY_BYTES
from tests.conftest import Clock, Visit, Visitor
from tests.letters.editions.test_annexes import edition_of_moment, made, named
from tests.switching import turn
from tests.tally.test_paper import SHEET as PAPER_SHEET
from tests.tally.test_paper import write as write_paper
from tests.web.public.test_governments import ANSWERS
from tests.web.public.test_states import STATES
from tests.web.tools import allow_all_annexes, campaign, paths, set_up_codes, token

LONG = "Wolfeschlegelsteinhausenbergerdorff-Hubert-Blaine-Krasiński-Żółć-Øyelaran-de-la-Peña-Konstantinopoulos"


class Gallery:
    """The pages of some languages, over one database."""

    def __init__(self, visit: Visit, time: Clock, folder: Path) -> None:
        self.visit, self.time, self.folder = visit, time, folder
        self.lang = ""
        self.pages: dict[str, dict[str, str]] = {}

    async def render(self, langs: Iterable[str]) -> dict[str, dict[str, str]]:
        """Pages by language and name."""
        visitor = await self._open("open")
        for self.lang in langs:
            self.pages[self.lang] = {}
            await self._plain(visitor, "empty-", "", "tally", "governments", "thanks", "embed", "embed/chart")
        await self._filled(visitor)
        for self.lang in langs:
            await self._plain(visitor, "", *prerender.pages(visitor.site.settings), "manage")
            await self._plain(visitor, "", "embed", "embed?theme=dark", "embed?theme=light", "check-inbox")
            await self._plain(visitor, "", "embed/map", "embed/map-per-million?theme=light", "embed/chart")
            await self._plain(visitor, "", "check-inbox/manage", "check-inbox/manage?mail=late")
            await self._plain(visitor, "", "check-inbox?mail=late", "thanks?country=PL", "thanks?country=ZZ")
            await self._plain(visitor, "", "letters/PL-1", "letters/PL-1-pl", "letters/PL-1-names-1", "letters/XX-1")
            await self._forms(visitor)
            await self._links(visitor)
            await self._wrong(visitor)
        await self._probed(visitor, langs)
        await self._switches(visitor, langs)
        for state in STATES:
            if state != "open":
                closed = await self._open(state)
                for self.lang in langs:
                    await self._plain(closed, f"{state}-", "", "tally", "governments", "thanks", "confirm/x")
        if "en" in self.pages:
            await self._desk(visitor)
        return self.pages

    @property
    def _pages(self) -> dict[str, str]:
        return self.pages[self.lang]

    async def _open(self, state: str) -> Visitor:
        folder = campaign(self.folder / state, **({"deadline": "2027-03-01"} | STATES[state]))
        visitor: Visitor = await self.visit(campaign=folder, probe_email="7x9k2@example.net")
        return visitor

    async def _filled(self, visitor: Visitor) -> None:
        await demo_data.fill_database(visitor.site.database, 1234)
        for key, entry in ANSWERS.items():
            await visitor.site.database.write(partial(correspondence.save_entry, code=key, entry=entry))
        await write_paper(visitor.site.database, PAPER_SHEET)
        await named(visitor, self.time)
        await allow_all_annexes(visitor.site)
        await edition_of_moment(visitor)
        await visitor.organiser("olga", "organiser")
        await made(visitor)
        visitor.client.cookies.clear()
        await visitor.published()

    async def _plain(self, visitor: Visitor, prefix: str, *paths: str) -> None:
        for path in paths:
            self._pages[prefix + (path or "appeal")] = (await visitor.get(f"/{self.lang}/{path}")).text

    async def _probed(self, visitor: Visitor, langs: Iterable[str]) -> None:
        """Whether signing works, as a probe found it."""
        for step in ("", "email"):
            await visitor.site.database.write(partial(probes.record, step=step, problem=step, seconds={}))
            await visitor.app.state.public_state.refresh()
            for self.lang in langs:
                await self._plain(visitor, f"probed-{step}", "status")

    async def _post(self, visitor: Visitor, page: str, path: str, /, **fields: str) -> None:
        self._pages[page] = (await visitor.post(f"/{self.lang}/{path}", **fields)).text

    async def _switches(self, visitor: Visitor, langs: Iterable[str]) -> None:
        """With signing, figures and emails stopped for a while."""
        on = {"signing": "paused", "figures": "frozen", "confirm": "paused"}
        for name, value in on.items():
            await turn(visitor.site.database, name, value)
        await visitor.app.state.public_state.refresh()
        for self.lang in langs:
            await self._plain(visitor, "paused-", "", "tally", "embed", "confirm/x", "check-inbox?mail=paused")
            await self._post(visitor, "paused-sign", "sign", email="anna@example.net", country="PL", consent="on")
        for name in on:
            await turn(visitor.site.database, name, "")
        await visitor.app.state.public_state.refresh()

    async def _forms(self, visitor: Visitor) -> None:
        post, signer = self._post, {"country": "PL", "consent": "on"}
        await post(visitor, "sign-nothing", "sign", named="on", updates="on")
        await post(visitor, "sign-typo", "sign", email="anna@gmial.com", **signer)
        await post(visitor, "sign-readable", "sign", email="anna@mail.ru", **signer)
        await post(visitor, "sign-readable-typo", "sign", email="anna@mail.ry", **signer)
        await post(visitor, "sign-insisting", "sign", email="anna@gmial.com", sure="anna@gmial.com")
        await post(visitor, "sign-long", "sign", email=f"{LONG}@example.net", named="on", name=LONG * 2, **signer)
        await post(visitor, "sign-unsafe-name", "sign", email="a@example.net", country="ZZ", named="on", name="Anna")
        await post(visitor, "manage-nothing", "manage")
        await post(visitor, "manage-readable", "manage", email="anna@mail.ru")
        await post(visitor, "manage-typo", "manage", email="anna@gmial.com")

    async def _links(self, visitor: Visitor) -> None:
        email = f"anna@{self.lang}.example.net"
        await visitor.sign(email, "LT", self.lang, named="on", name=LONG[:100], updates="on")
        confirm, never = await visitor.link(email), await visitor.link(email, "never-write")
        self._pages["confirm"] = (await visitor.get(confirm)).text
        await visitor.post(confirm)
        await self._plain(visitor, "", f"never-write/{never.rpartition('/')[2]}", "unsubscribe/x", "confirm/x")
        await visitor.post(f"/{self.lang}/manage", email=email)
        manage = await visitor.link(email, "manage")
        self._pages["manage-door"] = (await visitor.get(manage)).text
        for action in ("show", "unname", "stop_updates", "never_write", "withdraw", "show", "withdraw"):
            name = f"manage-{action}"
            self._pages[name + "-again" * (name in self._pages)] = await _chosen(visitor, manage, action)
        self._pages["withdrawn-never"] = await _chosen(visitor, never, "withdraw_never")
        gone = token(visitor, Purpose.MANAGE)
        await self._post(visitor, "manage-dead", f"manage/{gone}", action="show")

    async def _desk(self, visitor: Visitor) -> None:
        """The desk, which is in English: the login, then every page as an admin opens it."""
        self.lang = "en"
        await self._inside(visitor, "/organisers/login", "/organisers/login/x")
        await visitor.organiser("marta", "admin")
        await self._inside(visitor, *[path for path in paths("GET") if path.startswith("/organisers/")])
        banner = {"banner-en": "We are back.", "banner-be": "Мы зноў тут."}
        await visitor.post("/organisers/texts/banner", **banner)
        await self._inside(visitor, "/organisers/texts", "/organisers/texts/history")
        rival = await visitor.post("/organisers/texts/banner", **banner | {"banner-en": "We are here."})
        self._pages["desk banner rival"] = rival.text
        self._pages["desk banner preview"] = (await visitor.post("/organisers/texts/banner", preview="en")).text
        await self._plain(visitor, "banner-", "", "tally")
        texts = ("texts/facts/viasna-2025-12", "texts/appeal/en")
        refused = ("editions", "book/PL", "factors", "people", "paper", *texts)
        for path in (f"/organisers/{name}" for name in refused):
            self._pages[f"refused {path}"] = (await visitor.post(path)).text
        await self._people(visitor)

    async def _people(self, visitor: Visitor) -> None:
        """What an admin does with olga, each before and after the second question, and pages of an ended session."""
        await self._inside(visitor, "/organisers/people/olga")
        sent = {"shown": "organiser", "role": "viewer", "name": "Two\nlines"}
        for change in ("role", "reset", "remove", "link"):
            path = f"/organisers/people/olga/{change}"
            self._pages[f"desk POST {path}"] = (await visitor.post(path, **sent)).text
        late = await visitor.post("/organisers/people/olga/link", shown="viewer")
        self._pages["desk two admins at once"] = late.text
        await set_up_codes(visitor)
        self._pages["desk factor again"] = (await visitor.post("/organisers/people/olga/link", **sent)).text
        await visitor.site.database.write(partial(last_checks.record_doctor, found=[("fix", "swap"), ("ok", "x")]))
        for all_agree in (True, False):
            await visitor.site.database.write(partial(last_checks.record_audit, all_agree=all_agree))
            self._pages[f"desk operations {all_agree}"] = (await visitor.get("/organisers/operations")).text
        visitor.client.cookies.set("session", "ended")
        self._pages["desk kept form"] = (await visitor.post("/organisers/people", **sent)).text
        self._pages["desk ended session"] = (await visitor.get("/organisers/")).text

    async def _inside(self, visitor: Visitor, *addresses: str) -> None:
        for path in addresses:
            answer = await visitor.get(path)
            if answer.headers.get("content-type", "").startswith("text/html"):
                self._pages[f"desk {path}"] = answer.text

    async def _wrong(self, visitor: Visitor) -> None:
        await self._plain(visitor, "", "nowhere")
        self._pages["no-language"] = (await visitor.client.get("/xx/", headers={"Accept-Language": self.lang})).text
        await self._refused(visitor, "elsewhere", headers={"Sec-Fetch-Site": "cross-site"})
        await self._refused(visitor, "huge", content=b"x" * (MAX_BODY_BYTES + 1))
        await self._refused(visitor, "unread", content=b"{}", headers={"Content-Type": "application/json"})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(writer, "MAX_WAITING", 0)
            await self._refused(visitor, "busy")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(submissions, "prepare_submission", None)
            await self._refused(visitor, "broken")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(visitor.site.rate_limiter, "admit_form", _throttled)
            await self._refused(visitor, "throttled")

    async def _refused(self, visitor: Visitor, name: str, **other: Any) -> None:
        """A form that is correct but for `other`."""
        right = (
            {"data": {"email": "anna@example.net", "country": "PL", "consent": "on"}} if "content" not in other else {}
        )
        answer = await visitor.client.post(f"/{self.lang}/sign", **({"headers": {}} | right | other))
        assert answer.status_code >= 400, name
        self._pages[f"refused-{name}"] = answer.text


async def _chosen(visitor: Visitor, link: str, action: str) -> str:
    """What a browser shows after a button, if it leads anywhere."""
    answer = await visitor.post(link, action=action)
    return (await visitor.get(link + answer.headers["location"])).text if answer.status_code == 303 else answer.text


async def _throttled(*_: object, **__: object) -> None:
    raise RateLimited(60)
