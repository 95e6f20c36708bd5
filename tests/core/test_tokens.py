"""Signed links: one purpose each, a lifetime, keys that rotate, and one answer to every wrong token."""

import hashlib
import re
import string
from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from itsdangerous import TimestampSigner

from petition.core import tokens
from petition.core.clock import DAY
from petition.core.errors import LinkError
from petition.core.tokens import LINK_LIFETIME, Purpose, Signer
from tests.conftest import Clock

OLD, NEW = "an-old-key-of-thirty-two-characters-", "a-new-key-of-thirty-two-characters--"
SIGNER = Signer((OLD,))
TOKEN = SIGNER.make_token(Purpose.CONFIRM, "AAAAAAAAAAAAAAAAAAAAAA")
URL_SAFE = string.ascii_letters + string.digits + "-_."
many = examples(max_examples=300, deadline=None)


def _reads(signer: Signer, purpose: Purpose, token: str) -> str | None:
    try:
        return signer.read_token(purpose, token)
    except LinkError:
        return None


@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_opens_what_it_was_made_for_and_nothing_else(purpose: Purpose) -> None:
    secret = tokens.new_secret()
    token = SIGNER.make_token(purpose, secret)
    assert {other for other in Purpose if _reads(SIGNER, other, token) == secret} == {purpose}


@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_lives_to_the_last_second_of_its_time(purpose: Purpose, time: Clock) -> None:
    token = SIGNER.make_token(purpose, "n")
    time.advance(seconds=LINK_LIFETIME[purpose])
    assert SIGNER.read_token(purpose, token) == "n"
    time.advance(seconds=1)
    with pytest.raises(LinkError):
        SIGNER.read_token(purpose, token)


def test_a_link_that_is_dated_ahead_of_the_clock_works(time: Clock) -> None:
    token = SIGNER.make_token(Purpose.CONFIRM, "n")
    time.advance(hours=-3)
    assert SIGNER.read_token(Purpose.CONFIRM, token) == "n"


def test_a_link_to_confirm_lives_fourteen_days_and_one_to_be_left_alone_as_long_as_a_campaign() -> None:
    assert LINK_LIFETIME[Purpose.CONFIRM] == 14 * DAY
    assert LINK_LIFETIME[Purpose.NEVER_WRITE] >= 3650 * DAY


def test_links_stay_alive_when_a_new_key_comes() -> None:
    rotated = Signer((NEW, OLD))
    assert rotated.read_token(Purpose.CONFIRM, TOKEN) == "AAAAAAAAAAAAAAAAAAAAAA"
    fresh = rotated.make_token(Purpose.CONFIRM, "n")
    assert _reads(Signer((NEW,)), Purpose.CONFIRM, fresh) == "n", "the newest key signs"
    assert _reads(Signer((OLD,)), Purpose.CONFIRM, fresh) is None


def test_links_die_with_their_key() -> None:
    assert _reads(Signer((NEW,)), Purpose.CONFIRM, TOKEN) is None


def test_whatever_is_wrong_the_sentence_is_the_same(time: Clock) -> None:
    token = SIGNER.make_token(Purpose.LOGIN, "n")
    time.advance(days=1)
    wrong = [token, token[:-5], "", "x", TOKEN, Signer((NEW,)).make_token(Purpose.LOGIN, "n")]
    said = set()
    for text in wrong:
        with pytest.raises(LinkError) as refusal:
            SIGNER.read_token(Purpose.LOGIN, text)
        said.add(str(refusal.value))
    assert said == {"This link does not work."}


@many
@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(URL_SAFE))
def test_a_damaged_link_never_opens_something_else(place: int, character: str) -> None:
    damaged = TOKEN[:place] + character + TOKEN[place + 1 :]
    found = _reads(SIGNER, Purpose.CONFIRM, damaged)
    if place < len(TOKEN) - 1:  # the last character of base64 has bits without meaning
        assert (found is not None) == (damaged == TOKEN)
    assert found in (None, "AAAAAAAAAAAAAAAAAAAAAA")


@many
@given(st.integers(0, len(TOKEN) - 1), st.integers(1, 5))
def test_a_link_that_was_cut_or_lengthened_is_dead(place: int, more: int) -> None:
    for text in (TOKEN[:place], TOKEN[place + 1 :], TOKEN[:place] + TOKEN[place] * (more + 1) + TOKEN[place + 1 :]):
        assert _reads(SIGNER, Purpose.CONFIRM, text) is None


ANY = st.text(st.characters(), max_size=60)  # lone surrogates too
PARTS = st.lists(st.text(URL_SAFE.replace(".", ""), max_size=30), max_size=5).map(".".join)


@many
@given(ANY | PARTS | st.text(max_size=40).map(lambda t: f"{t}.{TOKEN}"), st.sampled_from(Purpose))
def test_garbage_opens_nothing(text: str, purpose: Purpose) -> None:
    assert _reads(SIGNER, purpose, text) is None


@many
@given(st.text(URL_SAFE.replace(".", ""), min_size=1, max_size=40), st.sampled_from(Purpose))
def test_what_was_signed_is_read_again(secret: str, purpose: Purpose) -> None:
    assert SIGNER.read_token(purpose, SIGNER.make_token(purpose, secret)) == secret


def test_a_link_holds_the_number_and_its_date_only(time: Clock) -> None:
    secret, _, rest = SIGNER.make_token(Purpose.CONFIRM, tokens.new_secret()).partition(".")
    assert len(secret) == 22
    assert re.fullmatch(r"[\w-]{6}\.[\w-]{43}", rest), "the date in seconds, the signature"


def test_a_number_cannot_be_guessed_or_found_in_the_database() -> None:
    secrets = [tokens.new_secret() for _ in range(1000)]
    assert len(set(secrets)) == 1000
    assert all(re.fullmatch(r"[\w-]{22}", secret, re.ASCII) for secret in secrets)
    hashes = [tokens.secret_hash(secret) for secret in secrets]
    assert all(re.fullmatch("[0-9a-f]{64}", text) for text in hashes)
    assert tokens.secret_hash(secrets[0]) == hashes[0]


def test_a_link_is_signed_with_hmac_sha256() -> None:
    (signature,) = re.findall(r"[^.]+$", SIGNER.make_token(Purpose.CONFIRM, "n"))
    assert len(urlsafe_b64decode(signature + "=")) == 32


@pytest.mark.parametrize("purpose", Purpose)
def test_tokens_are_those_of_itsdangerous(purpose: Purpose, time: Clock) -> None:
    """The key is derived once, but in its way: links of any release open."""
    plain = TimestampSigner(OLD, salt=f"petition.{purpose}", digest_method=hashlib.sha256)
    assert SIGNER.make_token(purpose, "AAAA") == plain.sign("AAAA").decode()
