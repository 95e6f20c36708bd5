"""Proofs of work: solved as a browser does, once, on their day, within their time; and when they are asked for."""

import base64
import json
from functools import partial
from typing import Any

import pytest
from altcha import v2 as altcha
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core.database.database import Database
from petition.protection import proof_of_work
from petition.protection.daily_keys import DailyKey
from petition.protection.proof_of_work import CHALLENGE_LIFETIME, ProofMode
from tests.conftest import Clock
from tests.switching import turn

KEY = DailyKey("2026-11-22", b"the key of a day")


def solution(challenge: dict[str, Any]) -> str:
    """Solves the challenge with ALTCHA's own library."""
    read = altcha.Challenge.from_dict(challenge)
    solved = altcha.solve_challenge(read)
    assert solved is not None
    return altcha.Payload(read, solved).to_base64()


@pytest.fixture
def solved(time: Clock, monkeypatch: pytest.MonkeyPatch) -> str:
    """A solution, at noon, that took few tries."""
    monkeypatch.setattr(proof_of_work, "TRIES_RANGE", (3, 5))
    return solution(proof_of_work.create_challenge(KEY))


def test_a_solution_is_taken_until_it_expires(solved: str, time: Clock) -> None:
    proof = proof_of_work.verify_solution(KEY, solved)
    assert proof is not None
    assert proof["expires_at"] == int(time.seconds()) + CHALLENGE_LIFETIME
    time.advance(seconds=CHALLENGE_LIFETIME)
    assert proof_of_work.verify_solution(KEY, solved) == proof
    time.advance(seconds=1)
    assert proof_of_work.verify_solution(KEY, solved) is None


def test_as_many_tries_as_are_meant(time: Clock) -> None:
    content = json.loads(base64.b64decode(solution(proof_of_work.create_challenge(KEY))))
    assert proof_of_work.TRIES_RANGE[0] <= content["solution"]["counter"] < proof_of_work.TRIES_RANGE[1]


def test_a_solution_of_another_day_is_refused(solved: str) -> None:
    assert proof_of_work.verify_solution(DailyKey("2026-11-23", b"the key of the next day"), solved) is None


def test_a_solution_to_a_challenge_of_others_is_refused(time: Clock) -> None:
    own = altcha.create_challenge("PBKDF2/SHA-256", 1, counter=1, hmac_secret="x", hmac_key_secret="x")
    assert proof_of_work.verify_solution(KEY, solution(own.to_dict())) is None
    unsigned = altcha.create_challenge("PBKDF2/SHA-256", 1, counter=1)
    assert proof_of_work.verify_solution(KEY, solution(unsigned.to_dict())) is None


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("challenge", "parameters", "expiresAt"), 9_999_999_999),
        (("challenge", "parameters", "expiresAt"), None),
        (("challenge", "parameters", "cost"), 1),
        (("challenge", "parameters", "keyPrefix"), ""),
        (("challenge", "parameters", "keySignature"), None),
        (("challenge", "signature"), "0" * 64),
        (("challenge", "signature"), None),
        (("solution", "derivedKey"), "00" * 32),
        (("solution", "derivedKey"), 7),
    ],
)
def test_what_is_forged_is_refused(place: tuple[str, ...], value: object, solved: str) -> None:
    content = json.loads(base64.b64decode(solved))
    inner = content
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    assert proof_of_work.verify_solution(KEY, base64.b64encode(json.dumps(content).encode()).decode()) is None


def test_a_whole_number_that_is_written_as_a_float_is_refused(solved: str) -> None:
    """JSON has one kind of number, so the signature is right for 1796126400.0 too; a database's column is not."""
    content = json.loads(base64.b64decode(solved))
    expires_at = content["challenge"]["parameters"]["expiresAt"]
    for spelled in (f"{expires_at}.0", f"{expires_at}e0", f"{expires_at // 10}e1"):
        forged = json.dumps(content).replace(f'"expiresAt": {expires_at}', f'"expiresAt": {spelled}')
        assert forged != json.dumps(content)
        assert proof_of_work.verify_solution(KEY, base64.b64encode(forged.encode()).decode()) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


@examples(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_value_of_another_type_is_refused(solved: str, data: st.DataObject) -> None:
    content = json.loads(base64.b64decode(solved))
    place = data.draw(st.sampled_from([content["challenge"]["parameters"], content["challenge"], content["solution"]]))
    name = data.draw(st.sampled_from([name for name in place if name not in ("parameters", "counter", "time")]))
    like = st.just(float(place[name])) if isinstance(place[name], int) else st.nothing()
    place[name] = data.draw(like | _JSON.filter(lambda value: type(value) is not type(place[name])))
    assert proof_of_work.verify_solution(KEY, base64.b64encode(json.dumps(content).encode()).decode()) is None


@given(st.text() | _JSON.map(lambda value: base64.b64encode(json.dumps(value).encode()).decode()))
def test_whatever_is_sent_is_no_error(text: str) -> None:
    assert proof_of_work.verify_solution(KEY, text) is None


@examples(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "challenge": st.fixed_dictionaries(
                {
                    "parameters": st.fixed_dictionaries(
                        dict.fromkeys(("algorithm", "nonce", "salt", "cost", "keyPrefix", "expiresAt", "data"), _JSON)
                    ),
                    "signature": _JSON,
                }
            ),
            "solution": st.fixed_dictionaries({"counter": _JSON, "derivedKey": _JSON}),
        }
    )
)
def test_whatever_has_the_form_of_a_solution_is_no_error(value: dict[str, Any]) -> None:
    assert proof_of_work.verify_solution(KEY, base64.b64encode(json.dumps(value).encode()).decode()) is None


async def test_a_proof_is_spent_once_by_whomever_it_is_sent(database: Database, time: Clock) -> None:
    proofs = [{"id": "a", "expires_at": 1}, {"id": "b", "expires_at": 1}, {"id": "a", "expires_at": 1}]
    assert await database.write(partial(proof_of_work.use_proofs, proofs=proofs)) == {"a", "b"}
    assert await database.write(partial(proof_of_work.use_proofs, proofs=proofs)) == set()
    await database.write(proof_of_work.delete_expired)
    async with database.reading() as c:
        assert await c.execute("select * from used_proofs") == []


async def _asked(database: Database) -> ProofMode:
    async with database.reading() as c:
        return await proof_of_work.effective_mode(c)


async def test_a_flood_asks_everybody_for_ten_minutes(database: Database, time: Clock) -> None:
    assert await _asked(database) is ProofMode.AUTO
    await database.write(proof_of_work.start_flood)
    assert await _asked(database) is ProofMode.ON
    time.advance(minutes=9, seconds=59)
    assert await _asked(database) is ProofMode.ON
    time.advance(seconds=1)
    assert await _asked(database) is ProofMode.AUTO


async def test_a_flood_that_a_wrong_clock_dated_is_none(database: Database, time: Clock) -> None:
    time.advance(days=1)
    await database.write(proof_of_work.start_flood)
    time.advance(days=-1)
    assert await _asked(database) is ProofMode.AUTO


@pytest.mark.parametrize("mode", ProofMode)
async def test_organisers_choose(mode: ProofMode, database: Database, time: Clock) -> None:
    await database.write(proof_of_work.start_flood)
    await turn(database, "proof", "" if mode is ProofMode.AUTO else mode)
    await database.write(proof_of_work.end_flood)
    assert await _asked(database) is mode
    async with database.reading() as c:
        assert await proof_of_work.chosen_mode(c) is mode
