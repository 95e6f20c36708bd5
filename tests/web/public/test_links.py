"""Links and their pages: each link has one purpose, no page is stored, indexed or previewed; few labels of metrics."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from petition.core import counted
from petition.core.tokens import Purpose
from tests.conftest import Clock, Visit, Visitor
from tests.web.tools import Html, all_rows, on_sqlite, paths, run_background_jobs, token

PATHS = {
    Purpose.CONFIRM: "/en/confirm/",
    Purpose.NEVER_WRITE: "/en/never-write/",
    Purpose.MANAGE: "/en/manage/",
    Purpose.LOGIN: "/organisers/login/",
}


async def _live(visitor: Visitor) -> str:
    """The secret of a link that confirms, to try with other purposes."""
    await visitor.sign("anna@example.net", named="on", name="Anna Nowak")
    link = await visitor.link("anna@example.net")
    return visitor.site.signer.read_token(Purpose.CONFIRM, link.rpartition("/")[2])


async def test_a_link_opens_the_door_of_its_purpose_alone(time: Clock, visitor: Visitor) -> None:
    secret = await _live(visitor)
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    for purpose in Purpose:
        for other, path_start in PATHS.items():
            if other is not purpose:
                path = path_start + token(visitor, purpose, secret)
                for answer in (await visitor.get(path), await visitor.post(path, action="show")):
                    assert answer.status_code == 404, (purpose, path_start)
                    assert "Anna" not in answer.text
    manage = PATHS[Purpose.MANAGE] + token(visitor, Purpose.MANAGE, secret)
    assert (await visitor.post(manage, action="show")).status_code == 404, "signed well, but of another kind"
    assert await all_rows(visitor.site) == before


async def test_a_link_outlives_the_change_of_the_secret_key(time: Clock, visit: Visit) -> None:
    old, new = "an-old-secret-key-of-thirty-two-characters", "a-new-secret-key-of-thirty-two-characters"
    first = await visit(secret_keys=(old,))
    await first.sign("anna@example.net")
    link = await first.link("anna@example.net")
    assert (await (await visit(secret_keys=(new,))).post(link)).status_code == 404
    rotated = await visit(secret_keys=(new, old))
    assert [(await rotated.post(link)).status_code for _ in range(2)] == [303, 303]


async def _private(visitor: Visitor) -> list[str]:
    await visitor.confirmed("boris@example.net")
    await visitor.sign("anna@example.net")
    links = [await visitor.link("anna@example.net"), await visitor.link("anna@example.net", "never-write")]
    await visitor.post("/en/manage", email="boris@example.net")
    links.append(await visitor.link("boris@example.net", "manage"))
    return [
        *links,
        "/en/check-inbox",
        "/en/check-inbox/manage",
        "/en/thanks?country=PL",
        "/en/manage",
        "/en/unsubscribe/x",
        "/en/confirm/x",
    ]


@on_sqlite
async def test_private_pages_are_neither_stored_nor_indexed_nor_previewed(visitor: Visitor) -> None:
    for path in await _private(visitor):
        answer = await visitor.get(path)
        page = Html(answer.text)
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["x-robots-tag"] == "noindex, nofollow", path
        assert "set-cookie" not in answer.headers, path
        metas = page.all("meta")
        assert {"name": "robots", "content": "noindex, nofollow"} in metas, path
        assert not [m for m in metas if re.match("og:|twitter:", m.get("property", m.get("name", "")))], path
        (title,) = [text for (tag, _), text in zip(page.tags, page.texts, strict=True) if tag == "title"]
        assert not re.search("belarus|ultimatum|sign", title, re.I), title


@on_sqlite
async def test_no_public_address_sets_a_cookie(visitor: Visitor) -> None:
    for method in ("GET", "POST"):
        for path in paths(method):
            answer = await visitor.client.request(method, path)
            assert "set-cookie" not in answer.headers, path


JOBS = {"Keeper.work", "LoopLag.measure", "Machine.drop_unreadable", "Machine.refresh", "PublicStateCache.refresh"}
JOBS |= {"RateLimiter.sync", "Site.prune", "Site.set_aside", "Site.take_snapshot"}
KNOWN = {value for counter in counted.COUNTERS for values in counter.labels.values() for value in values}


@on_sqlite
@pytest.mark.parametrize("token", ["", "a token for metrics"])
async def test_labels_of_metrics_have_values_from_a_short_list(token: str, visit: Visit) -> None:
    """None is a country, a page or a person. The build has its version beside them."""
    visitor = await visit(metrics_token=token)
    await visitor.confirmed("anna@example.net", "PL")
    await visitor.get("/en/anna@example.net")
    answer = await visitor.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    families = list(text_string_to_metric_families(answer.text))
    assert len(families) >= 20
    samples = [sample for family in families if family.name != "petition_build_info" for sample in family.samples]
    assert {value for sample in samples for value in sample.labels.values()} <= KNOWN | JOBS
