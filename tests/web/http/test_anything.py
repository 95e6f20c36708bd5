"""Any request to any address, from any person: an answer of ours, no traceback, and a refusal changes nothing.

PETITION_TEST_EXAMPLES is the number of requests of each kind of person; addresses come from the routing table.
"""

from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import strategies as st
from starlette.routing import Route

from petition.core.settings import Settings
from petition.core.tokens import Purpose, new_secret
from petition.organisers import sessions
from petition.organisers.accounts import Role
from petition.signing.intake import PROOF_OF_WORK_FIELD, TRAP_FIELD
from petition.web.routes import routes
from tests import EXAMPLES
from tests.conftest import Clock, Visit, Visitor, add_organiser
from tests.web.tools import (
    FORM,
    PARAMETERS,
    all_rows,
    for_all,
    in_production,
    on_postgresql,
    on_sqlite,
    run_background_jobs,
    token,
)

FIELDS = (
    *(
        "email",
        "country",
        "consent",
        "named",
        "name",
        "updates",
        "sure",
        "suggestion",
        "action",
        "code",
        "answer",
        "session",
        "keys",
    ),
    *(
        "nickname",
        "warn",
        "mode",
        "reason",
        "network",
        "sent",
        "answered",
        "stance",
        "summary",
        "link",
        TRAP_FIELD,
        PROOF_OF_WORK_FIELD,
    ),
)
# Requests that make letters for seconds; other tests send them.
DEAR = {"/organisers/letters.zip", "/organisers/editions"}
# What a refusal may write: a wrong code is counted, and a session's last use is written down; see their tests.
COUNTED = {"sessions", "factors", "tries", "actions", "organisers"}

ODD = (
    *(
        "",
        "on",
        "PL",
        "ZZ",
        "anna@example.net",
        "x" * 5000,
        "\x00",
        "\ud800",
        "%00",
        "../..",
        "'; drop table site_state; --",
    ),
    *(str(2**63), "-1", "2026-11-22", "\u0663", "\u202e", "show", "withdraw", "\r\nSet-Cookie: a=b", "{{7*7}}"),
)
HEADERS = (
    *("host", "origin", "sec-fetch-site", "referer", "cookie", "accept-language", "accept-encoding", "if-none-match"),
    *("x-forwarded-for", "x-forwarded-proto", "forwarded", "content-type", "range", "expect", "authorization"),
)
SAID = ("cross-site", "same-origin", "null", "https://petition.example", FORM, "text/plain", "x" * 3000)
anything = st.one_of(st.text(max_size=60), st.sampled_from(ODD))
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)
headers = st.dictionaries(st.sampled_from(HEADERS), st.one_of(printable, st.sampled_from(SAID)), max_size=3)
addresses = st.sampled_from(
    [(method, r.path) for r in routes(demo=True) if isinstance(r, Route) for method in sorted(r.methods or ())]
)
requests = st.tuples(
    addresses,
    st.one_of(st.none(), anything),  # a parameter of the address; None: a good token with an unknown secret
    st.one_of(st.none(), st.dictionaries(anything, anything, max_size=2)),
    st.dictionaries(st.one_of(st.sampled_from(FIELDS), anything), anything, max_size=6),
    headers,
)


async def _visit_filled_site(visit: Visit, settings: Settings, folder: Path) -> Visitor:
    visitor = await in_production(visit, settings, folder)
    await visitor.sign("anna@example.net", "PL", named="on", name="Anna Nowak", updates="on")
    assert (
        await visitor.post(await visitor.link("anna@example.net", base="https://petition.example"))
    ).status_code == 303
    for role in Role:
        await add_organiser(visitor.site, role.name.lower(), role.name.lower())
    await run_background_jobs(visitor.site)
    return visitor


async def _as(visitor: Visitor, person: str) -> None:
    visitor.client.cookies.clear()
    if person != "stranger":
        begun = await visitor.site.database.write(
            partial(sessions._create_session, nickname=person, authenticated=True)
        )
        visitor.client.cookies.set("__Host-session", begun)


def _path(visitor: Visitor, template: str, parameter: str | None, query: dict[str, str] | None) -> str:
    values = PARAMETERS | {name: parameter for name in PARAMETERS if parameter and name != "lang"}
    purpose = Purpose.LOGIN if "login" in template else Purpose.MANAGE if "manage" in template else Purpose.CONFIRM
    values["token"] = token(visitor, purpose, new_secret()) if parameter is None else parameter or "x"
    filled = {name: quote(value.encode("utf-8", "surrogatepass"), safe="") for name, value in values.items()}
    return template.format(**filled) + (f"?{_encoded(query)}" if query else "")


def _encoded(pairs: dict[str, str]) -> str:
    return urlencode(pairs, encoding="utf-8", errors="surrogatepass")


async def _stands(visitor: Visitor, person: str, most: int) -> None:
    async def check(sent: Any) -> None:
        (method, template), parameter, query, fields, extra = sent
        if template in DEAR and person != "stranger":
            return
        await _as(visitor, person)
        before = await all_rows(visitor.site)
        content = _encoded(fields).encode() if method == "POST" else None
        path = _path(visitor, template, parameter, query)
        answer = await visitor.client.request(method, path, content=content, headers={"content-type": FORM} | extra)
        assert answer.status_code < 500, (method, path, answer.status_code)
        assert "Traceback" not in answer.text
        assert "set-cookie" not in answer.headers or template.startswith("/organisers/")
        assert answer.headers["x-content-type-options"] == "nosniff"
        if answer.status_code >= 400 or method != "POST":
            after = await all_rows(visitor.site)
            changed = {table for table in before if before[table] != after[table]}
            assert changed <= COUNTED if template.startswith("/organisers/") else not changed, (method, path, changed)

    await for_all(requests, check, most)


@on_sqlite
@pytest.mark.parametrize("person", ["stranger", "viewer", "organiser", "admin"])
async def test_whatever_is_sent_there_is_an_answer(
    person: str, time: Clock, visit: Visit, settings: Settings, tmp_path: Path
) -> None:
    await _stands(await _visit_filled_site(visit, settings, tmp_path), person, EXAMPLES)


@on_postgresql
async def test_whatever_is_sent_there_is_an_answer_from_postgresql_too(
    time: Clock, visit: Visit, settings: Settings, tmp_path: Path
) -> None:
    await _stands(await _visit_filled_site(visit, settings, tmp_path), "admin", EXAMPLES)
