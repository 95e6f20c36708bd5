"""What a network over its limit gets: a proof of work, low priority, a form that comes back as it was typed.

None of it depends on the address that was typed.
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx2
import pytest
import uvicorn

from petition.commands import server
from petition.core.errors import RateLimited
from petition.core.settings import Settings
from petition.mail import messages, outbox
from petition.protection import flood, proof_of_work, rate_limits
from petition.protection.proof_of_work import ProofMode
from petition.protection.rate_limits import CIRCUIT_BURST, LIMITS, LOW_PRIORITY_LIMIT, PAGE_LIMIT, TRAPPED
from petition.signing import quarantine, submissions
from petition.signing.intake import TRAP_FIELD
from petition.web.http import errors
from tests.conftest import Clock, Visit, Visitor
from tests.protection.test_proof_of_work import solution
from tests.switching import turn
from tests.web.tools import Html, all_rows, in_production, on_sqlite, run_background_jobs

CROWDED = "203.0.113"  # a block of 256 addresses (RFC 5737)
NAMED = {"named": "on", "name": "Anna Nowak", "updates": "on"}
LATE = "/en/check-inbox?mail=late#main"
ONION = "p" * 55 + "d.onion"
FORM = {"email": "anna@gmail.com", "country": "PL", "consent": "on"}


@pytest.fixture
async def visitor(
    time: Clock, visit: Visit, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Visitor:
    """A visitor of the site in production; proofs take few tries."""
    monkeypatch.setattr(proof_of_work, "TRIES_RANGE", (3, 5))
    return await in_production(visit, settings, tmp_path)


@asynccontextmanager
async def coming(visitor: Visitor, host: str) -> AsyncIterator[Visitor]:
    """The same site, visited from an IP address."""
    transport = httpx2.ASGITransport(app=visitor.app, raise_app_exceptions=False, client=(host, 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url=visitor.site.settings.base_url) as client:
        yield Visitor(client, visitor.app, visitor.smtp)


async def _sign(visitor: Visitor, host: str, email: str = "anna@gmail.com", **fields: str) -> httpx2.Response:
    async with coming(visitor, host) as there:
        return await there.sign(email, **fields)


async def _emptied(visitor: Visitor, *, slow: bool = False) -> None:
    """Uses up the limit of the block from many addresses; with `slow` also the low-priority limit."""
    limiter, (_, block) = visitor.site.rate_limiter, LIMITS["sign"]
    for n in range(block.burst + (LOW_PRIORITY_LIMIT.burst if slow else 0)):
        await limiter.admit_form(f"{CROWDED}.{n % 250}", "", ProofMode.AUTO, trapped=False)


async def _challenge(visitor: Visitor, host: str = f"{CROWDED}.7") -> dict[str, object]:
    async with coming(visitor, host) as there:
        answer = await there.get("/proof-of-work.json")
    assert answer.headers["cache-control"] == "no-store"
    challenge: dict[str, object] = answer.json()
    return challenge


async def _ask(visitor: Visitor, mode: ProofMode) -> None:
    await turn(visitor.site.database, "proof", mode)
    await visitor.app.state.public_state.refresh()


async def _mode(visitor: Visitor) -> str:
    """The mode of proofs of work, as the pages of this process know it."""
    await visitor.app.state.public_state.refresh()
    return str(visitor.app.state.public_state.status.proof_mode)


async def test_through_a_saturated_network_one_signs_on_the_slower_lane(visitor: Visitor) -> None:
    await _emptied(visitor)
    answer = await _sign(visitor, f"{CROWDED}.251")
    assert (answer.status_code, answer.headers["location"]) == (303, LATE)
    async with coming(visitor, f"{CROWDED}.251") as there:
        assert "may take a few hours" in (await there.get(LATE)).text
        assert "few hours" not in (await there.get("/en/check-inbox")).text
        assert (
            await there.post(await there.link("anna@gmail.com", base="https://petition.example"))
        ).status_code == 303


async def test_a_mail_of_the_slower_lane_leaves_after_all_others(visitor: Visitor) -> None:
    await _emptied(visitor)
    await _sign(visitor, f"{CROWDED}.251")
    await _sign(visitor, "198.51.100.1", "boris@gmail.com")
    async with coming(visitor, "198.51.100.1") as there:
        await there.post("/en/manage", email="carla@gmail.com")
    mails = await visitor.site.database.write(partial(outbox.claim_batch, server_keys=visitor.site.server_keys))
    assert [mail.to for mail in mails] == ["boris@gmail.com", "carla@gmail.com", "anna@gmail.com"]


async def test_through_a_saturated_network_one_signs_with_a_proof_as_ever(visitor: Visitor) -> None:
    assert await _challenge(visitor) == {"needed": False}
    await _emptied(visitor, slow=True)
    challenge = await _challenge(visitor)
    assert challenge.pop("needed") is True
    answer = await _sign(visitor, f"{CROWDED}.251", altcha=solution(challenge))
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/check-inbox#main")
    async with visitor.site.database.reading() as c:
        (mail,) = await c.execute("select urgency from outbox")
    assert mail["urgency"] == messages.CONFIRM.urgency


async def test_a_proof_that_was_used_counts_for_none(visitor: Visitor) -> None:
    await _emptied(visitor)
    challenge = await _challenge(visitor)
    proof = solution({name: challenge[name] for name in ("parameters", "signature")})
    places = [
        (await _sign(visitor, f"{CROWDED}.{n}", f"anna{n}@gmail.com", altcha=proof)).headers["location"]
        for n in (1, 2, 3)
    ]
    assert places == ["/en/check-inbox#main", LATE, LATE]
    async with visitor.site.database.reading() as c:
        assert await submissions.count_waiting(c) == 3
        assert len(await c.execute("select * from used_proofs")) == 1


async def test_a_proof_in_another_spelling_counts_for_none_and_holds_up_nobody(visitor: Visitor) -> None:
    await _emptied(visitor)
    challenge = await _challenge(visitor)
    proof = solution({name: challenge[name] for name in ("parameters", "signature")})
    text = base64.b64decode(proof).decode()
    forged = base64.b64encode(re.sub(r'("expiresAt": \d+)', r"\1.0", text).encode()).decode()
    assert forged != proof
    answers = await asyncio.gather(
        *[_sign(visitor, f"{CROWDED}.{n}", f"anna{n}@gmail.com", altcha=forged) for n in range(3)],
        _sign(visitor, f"{CROWDED}.9", "boris@gmail.com", altcha=proof),
    )
    assert [answer.headers["location"] for answer in answers] == [LATE, LATE, LATE, "/en/check-inbox#main"]
    async with visitor.site.database.reading() as c:
        assert await submissions.count_waiting(c) == 4
        assert len(await c.execute("select * from used_proofs")) == 1


async def test_two_forms_with_one_proof_at_once_are_taken_on_their_terms(visitor: Visitor) -> None:
    await _emptied(visitor)
    challenge = await _challenge(visitor)
    proof = solution({name: challenge[name] for name in ("parameters", "signature")})
    answers = await asyncio.gather(
        *[_sign(visitor, f"{CROWDED}.{n}", f"anna{n}@gmail.com", altcha=proof) for n in range(5)]
    )
    assert sorted(answer.headers["location"] for answer in answers) == ["/en/check-inbox#main", *[LATE] * 4]


@pytest.mark.parametrize("email", ["anna@gmail.com", "never.came.before@gmail.com"])
async def test_when_the_slower_lane_is_full_the_form_comes_back_as_it_was_typed(
    time: Clock, email: str, visitor: Visitor
) -> None:
    await _sign(visitor, "198.51.100.1")
    await _emptied(visitor, slow=True)
    await run_background_jobs(visitor.site)
    before = await all_rows(visitor.site)
    answer = await _sign(visitor, f"{CROWDED}.251", email, country="LT", sure=email, **NAMED)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert answer.headers["cache-control"] == "no-store"
    page = Html(answer.text)
    typed = {"email": email, "country": "LT", "consent": "on", "sure": email, **NAMED}
    assert page.fields() == typed
    assert "from your network" in page.text
    assert await all_rows(visitor.site) == before
    assert (await _sign(visitor, "198.51.100.2", email)).status_code == 303, "other networks are as ever"


@pytest.mark.parametrize("path", ["/en/sign", "/en/confirm/no-link"])
async def test_whoever_is_refused_all_the_time_gets_no_page_each_time(
    path: str, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "THROTTLE_DELAY_SECONDS", 0)
    for n in range(PAGE_LIMIT.burst):
        await visitor.site.rate_limiter.limit_page(f"{CROWDED}.{n % 250}")
    async with coming(visitor, f"{CROWDED}.7") as there:
        answer = await there.post(path, email="no address")
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert "Very many forms have come from your network" in answer.text
        assert not Html(answer.text).all("form")
    async with coming(visitor, "198.51.100.7") as elsewhere:
        answer = await elsewhere.post(path, email="no address")
        assert answer.status_code in (404, 422)
        assert Html(answer.text).all("form")


async def test_after_a_while_the_lanes_are_open_again(visitor: Visitor, time: Clock) -> None:
    await _emptied(visitor, slow=True)
    answer = await _sign(visitor, f"{CROWDED}.251")
    time.advance(seconds=int(answer.headers["retry-after"]))
    assert (await _sign(visitor, f"{CROWDED}.251")).headers["location"] == "/en/check-inbox#main"


async def test_one_address_alone_leaves_its_neighbours_their_share(visitor: Visitor) -> None:
    for n in range(40):
        place = (await _sign(visitor, f"{CROWDED}.7", f"anna{n}@gmail.com")).headers["location"]
        assert (place == LATE) == (n >= LIMITS["sign"][0].burst)
    assert (await _sign(visitor, f"{CROWDED}.8")).headers["location"] == "/en/check-inbox#main"


async def test_a_block_of_ipv6_has_one_share(visitor: Visitor) -> None:
    limiter, (_, block) = visitor.site.rate_limiter, LIMITS["sign"]
    for n in range(block.burst):
        assert not (await limiter.admit_form(f"2001:db8:1:{n:x}::1", "", ProofMode.AUTO, trapped=False)).low_priority
    assert (await limiter.admit_form("2001:db8:1:ffff::1", "", ProofMode.AUTO, trapped=False)).low_priority
    assert not (await limiter.admit_form("2001:db8:2::1", "", ProofMode.AUTO, trapped=False)).low_priority


async def test_the_onion_service_has_fifty_times_as_much(visitor: Visitor) -> None:
    limiter, (_, block) = visitor.site.rate_limiter, LIMITS["sign"]
    for _ in range(block.burst * rate_limits.SHARED_FACTOR):
        assert not (await limiter.admit_form("127.0.0.1", "", ProofMode.AUTO, trapped=False)).low_priority
    assert (await limiter.admit_form("127.0.0.1", "", ProofMode.AUTO, trapped=False)).low_priority


CIRCUIT = "fc00:dead:beef:4dad::1:"


async def test_no_circuit_uses_up_what_all_share(visitor: Visitor) -> None:
    """Ten forms at once, ten more slowly, then none, while the next circuit is as before."""
    limiter = visitor.site.rate_limiter
    for circuit in (f"{CIRCUIT}1", f"{CIRCUIT}2"):
        for late in (False, True):
            for _ in range(CIRCUIT_BURST):
                assert (await limiter.admit_form(circuit, "", ProofMode.AUTO, trapped=False)).low_priority == late
        with pytest.raises(RateLimited):
            await limiter.admit_form(circuit, "", ProofMode.AUTO, trapped=False)
        for act in (limiter.limit_page, partial(limiter.limit_action, "manage")):
            for _ in range(CIRCUIT_BURST):
                await act(circuit)
            with pytest.raises(RateLimited):
                await act(circuit)


async def test_many_circuits_share_one_limit(visitor: Visitor) -> None:
    limiter, (_, block) = visitor.site.rate_limiter, LIMITS["sign"]
    total = block.burst * rate_limits.SHARED_FACTOR
    forms = [
        (await limiter.admit_form(f"{CIRCUIT}{n // 9:x}", "", ProofMode.AUTO, trapped=False)).low_priority
        for n in range(total + 9)
    ]
    assert forms == [False] * total + [True] * 9


async def test_nothing_is_written_about_a_circuit_that_signs_once(visitor: Visitor) -> None:
    limiter = visitor.site.rate_limiter
    await limiter.admit_form(f"{CIRCUIT}1", "", ProofMode.AUTO, trapped=False)
    await limiter.admit_form(f"{CIRCUIT}2", "", ProofMode.ON, trapped=False)
    await limiter.sync()
    async with visitor.site.database.reading() as c:
        assert await c.execute("select * from token_buckets") == []


@pytest.mark.parametrize(
    ("host", "proxies", "counts"),
    [(ONION, ("127.0.0.1",), True), (ONION, (), False), ("petition.example", ("127.0.0.1",), False)],
)
async def test_a_circuit_counts_only_at_the_onion_address_and_if_a_trusted_proxy_names_it(
    host: str, proxies: tuple[str, ...], counts: bool, visit: Visit, settings: Settings, tmp_path: Path
) -> None:
    """Elsewhere the address is one of a private network, like that of a proxy of ours."""
    options = {"onion_url": f"http://{ONION}", "trusted_proxies": proxies}
    visitor = await in_production(visit, settings, tmp_path, **options)
    async with coming(visitor, f"{CIRCUIT}7") as there:
        answers = [
            await there.client.post("/en/sign", data=FORM, headers={"Host": host}) for _ in range(2 * CIRCUIT_BURST + 1)
        ]
    assert (429 in {answer.status_code for answer in answers}) == counts


@pytest.mark.parametrize(("action", "path"), [("manage", "/en/manage"), ("login", "/organisers/login")])
async def test_other_doors_refuse_alike_whoever_is_typed(action: str, path: str, visitor: Visitor) -> None:
    for n in range(LIMITS[action][1].burst):
        await visitor.site.rate_limiter.limit_action(action, f"{CROWDED}.{n % 250}")
    answers = []
    async with coming(visitor, f"{CROWDED}.251") as there:
        for email in ("anna@gmail.com", "boris@gmail.com"):
            answer = await there.post(path, email=email)
            assert Html(answer.text).fields() == {"email": email}
            answers.append((answer.status_code, answer.headers["retry-after"], answer.text.replace(email, "").strip()))
    assert {status for status, *_ in answers} == {429}
    assert len(set(answers)) == 1
    async with visitor.site.database.reading() as c:
        assert await c.execute("select * from outbox") == []


async def test_with_proofs_switched_on_everybody_without_one_takes_the_slower_lane(visitor: Visitor) -> None:
    await _ask(visitor, ProofMode.ON)
    challenge = await _challenge(visitor, "198.51.100.1")
    assert challenge["needed"] is True
    proof = solution({name: challenge[name] for name in ("parameters", "signature")})
    assert (await _sign(visitor, "198.51.100.1")).headers["location"] == LATE
    assert (await _sign(visitor, "198.51.100.1", altcha=proof)).headers["location"] == "/en/check-inbox#main"


async def test_with_proofs_switched_off_nobody_is_asked(visitor: Visitor) -> None:
    await _ask(visitor, ProofMode.OFF)
    await _emptied(visitor)
    assert await _challenge(visitor) == {"needed": False}


@pytest.mark.slow
async def test_networks_over_their_limit_switch_proofs_on_for_ten_minutes_and_a_crowd_does_not(
    visitor: Visitor, time: Clock
) -> None:
    limiter = visitor.site.rate_limiter
    for n in range(600):
        assert not (await limiter.admit_form(f"198.18.{n % 250}.{n}", "", ProofMode.AUTO, trapped=False)).low_priority
    assert await _mode(visitor) == "auto"
    for n in range(LIMITS["sign"][1].burst + flood.UNPROVEN_LIMIT.burst + 1):
        if n < LIMITS["sign"][1].burst + LOW_PRIORITY_LIMIT.burst:
            await limiter.admit_form(f"{CROWDED}.{n % 250}", "", ProofMode.AUTO, trapped=False)
        else:
            assert (await _sign(visitor, f"{CROWDED}.{n % 250}")).status_code == 429
    assert await _mode(visitor) == "on"
    time.advance(minutes=10)
    assert await _mode(visitor) == "auto"


async def test_the_field_that_nobody_sees_is_a_sign_and_never_the_only_one(visitor: Visitor) -> None:
    await _sign(visitor, f"{CROWDED}.7", "boris@gmail.com", **{TRAP_FIELD: "https://example.org"})
    async with visitor.site.database.reading() as c:
        assert await submissions.count_waiting(c) == 1
    await _emptied(visitor)
    await _sign(visitor, f"{CROWDED}.7", "carla@gmail.com")
    answer = await _sign(visitor, f"{CROWDED}.7", **{TRAP_FIELD: "https://example.org"})
    assert (answer.status_code, answer.headers["location"]) == (303, LATE)
    async with visitor.site.database.reading() as c:
        assert await quarantine.count_by_reason(c) == {TRAPPED: 1}
        assert await submissions.count_waiting(c) == 2
    await visitor.deliver()
    assert sorted(visitor.smtp.recipients) == ["boris@gmail.com", "carla@gmail.com"]
    await visitor.site.database.write(partial(quarantine.release_submissions, reason=TRAPPED))
    await visitor.deliver()
    assert visitor.smtp.recipients[-1] == "anna@gmail.com"


async def test_mail_to_a_domain_that_nobody_reviewed_is_put_off_and_never_refused(
    visitor: Visitor, time: Clock
) -> None:
    for _ in range(rate_limits.DOMAIN_LIMIT.burst):
        assert await visitor.site.rate_limiter.delay_mail(rate_limits.DOMAIN_LIMIT, "strange.example") == 0
    answer = await _sign(visitor, "198.51.100.1", "anna@strange.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/check-inbox#main")
    await _sign(visitor, "198.51.100.1", "boris@gmail.com")
    await visitor.deliver()
    assert visitor.smtp.recipients == ["boris@gmail.com"]
    time.advance(minutes=1)
    await visitor.deliver()
    assert visitor.smtp.recipients == ["boris@gmail.com", "anna@strange.example"]
    limiter, limit = visitor.site.rate_limiter, rate_limits.DOMAIN_LIMIT
    waits = [await limiter.delay_mail(limit, "strange.example") for _ in range(3000)]
    assert max(waits) == waits[-1] < max(outbox.RETRY_DELAYS)


async def test_no_address_of_a_network_is_stored(time: Clock, visitor: Visitor) -> None:
    await _emptied(visitor)
    await _sign(visitor, f"{CROWDED}.7", altcha="forged")
    await visitor.site.rate_limiter.sync()
    async with visitor.site.database.reading() as c:
        tables = [str(row["name"]) for row in await c.all("database.tables")]
        held = str([row for table in tables for row in await c.execute(f"select * from {table}")])
    assert CROWDED not in held
    (tag,) = {row.split("'network': ")[1][:26] for row in (await all_rows(visitor.site))["submissions"]}
    assert "None" not in tag


@on_sqlite
@pytest.mark.parametrize(("trusted", "heeded"), [((), False), (("198.51.100.9",), False), (("198.51.100.1",), True)])
async def test_only_headers_of_trusted_proxies_count(
    trusted: tuple[str, ...], heeded: bool, visitor: Visitor, settings: Settings
) -> None:
    config = server._config(replace(settings, trusted_proxies=trusted), "127.0.0.1", 0, 1)
    outer: uvicorn.Config = uvicorn.Config(
        visitor.app,
        proxy_headers=config.proxy_headers,
        forwarded_allow_ips=config.forwarded_allow_ips,
        log_config=None,
    )
    outer.load()
    transport = httpx2.ASGITransport(app=outer.loaded_app, client=("198.51.100.1", 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url=visitor.site.settings.base_url) as client:
        places = []
        for n in range(LIMITS["sign"][0].burst + 1):
            fields = {"email": f"anna{n}@gmail.com", "country": "PL", "consent": "on"}
            answer = await client.post("/en/sign", data=fields, headers={"X-Forwarded-For": f"203.0.{n}.7"})
            places.append(answer.headers["location"])
    assert (places[-1] == "/en/check-inbox#main") is heeded
