"""Abuse at the desk: one network's forms held, and all held forms restored."""

from functools import partial

import pytest

from petition.core.email_addresses import EmailAddress
from petition.protection.rate_limits import TRAPPED, Admission
from petition.signing import quarantine, submissions
from petition.signing.submissions import SigningRequest
from tests.conftest import Clock, Visitor
from tests.web.tools import Html, on_sqlite

pytestmark = on_sqlite


async def _signed(visitor: Visitor, tag: str, times: int, admission: Admission | None = None) -> None:
    for n in range(times):
        address = EmailAddress(f"{tag}{n}@example.org", f"{tag}{n}@example.org")
        signing = SigningRequest(address, "PL", None, False, "test", "en")
        form = submissions.prepare_submission(visitor.site.server_keys, signing, admission or Admission(tag))
        await visitor.site.database.join(submissions.sign, form)


async def _desk(visitor: Visitor) -> Html:
    return Html((await visitor.get("/organisers/forms")).text)


async def _log(visitor: Visitor) -> str:
    return Html((await visitor.get("/organisers/record")).text).text


def _handles(page: Html) -> list[str]:
    return [a["value"] for a in page.all("input") if a.get("name") == "network"]


async def _waiting(visitor: Visitor) -> int:
    async with visitor.site.database.reading() as c:
        return await submissions.count_waiting(c)


async def test_the_busiest_networks_of_today_are_listed_by_powers_of_ten(time: Clock, visitor: Visitor) -> None:
    await _signed(visitor, "yesterday", 30)
    time.advance(days=1)
    for tag, n in (("big", 37), ("small", 9), ("middle", 12)):
        await _signed(visitor, tag, n)
    await visitor.organiser()
    page = await _desk(visitor)
    assert "1 10+ Set them aside 2 10+ Set them aside" in page.text
    assert len(_handles(page)) == 2
    text = (await visitor.get("/organisers/")).text
    assert not [word for word in (">37<", '"big"', "middle", "small", "yesterday") if word in text]


async def test_one_network_is_set_aside_and_comes_back(time: Clock, visitor: Visitor) -> None:
    await _signed(visitor, "big", 107)
    await _signed(visitor, "other", 12)
    await visitor.organiser()
    (busiest, _) = _handles(await _desk(visitor))
    assert (await visitor.post("/organisers/aside", network=busiest)).status_code == 303
    assert await _waiting(visitor) == 12
    page = await _desk(visitor)
    assert "You set aside the forms of one network 100+ Restore" in page.text
    assert "set aside the forms of one network 100+" in await _log(visitor)
    assert len(_handles(page)) == 1
    await visitor.post("/organisers/restore", reason="network")
    assert await _waiting(visitor) == 119
    assert "restored forms set aside (network) 100+" in await _log(visitor)


async def test_under_ten_set_aside_are_not_counted(time: Clock, visitor: Visitor) -> None:
    await _signed(visitor, "big", 3, Admission("big", low_priority=True, hold_reason=TRAPPED))
    await visitor.organiser("olga", "organiser")
    page = await _desk(visitor)
    assert "A field that nobody sees was filled in, and the network had sent very many forms <10" in page.text
    assert page.all("form") == [a for a in page.all("form") if a["action"] not in ("/organisers/restore",)]
    await visitor.organiser("marta", "admin")
    await visitor.post("/organisers/restore", reason=TRAPPED)
    assert "restored forms set aside (trap) <10" in await _log(visitor)


async def test_what_is_no_reason_or_network_changes_nothing(time: Clock, visitor: Visitor) -> None:
    await _signed(visitor, "big", 12)
    await visitor.site.database.write(partial(quarantine.hold_submissions, ids=["x"], reason="network"))
    await visitor.organiser()
    assert (await visitor.post("/organisers/restore", reason="because")).status_code == 422
    assert (await visitor.post("/organisers/aside", network="big")).status_code == 303
    assert await _waiting(visitor) == 12


@pytest.mark.parametrize("domain", ["mailinator.com", "some.where.mailinator.com"])
async def test_throw_away_mailboxes_are_flagged_and_sign_like_all_others(visitor: Visitor, domain: str) -> None:
    for n in range(12):
        assert (await visitor.sign(f"p{n}@{domain}")).status_code == 303
    for relay in ("duck.com", "mozmail.com", "privaterelay.appleid.com", "simplelogin.com", "example.net"):
        await visitor.sign(f"anna@{relay}")
    await visitor.confirmed(f"p1@{domain}")
    await visitor.organiser()
    assert (
        "From throw-away mailboxes in the last 15 days (they count like all others) 10+" in (await _desk(visitor)).text
    )
    assert await _waiting(visitor) == 17
