"""Slips of the finger in the domain of an address: all that are near a listed domain are found, and nothing else."""

import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.campaign.appeal import SHIPPED_DATA
from petition.core.email_addresses import EmailAddress, EmailProviders
from petition.core.mistyped_domains import MistypedDomains, is_one_slip

FILE = SHIPPED_DATA / "mailboxes.toml"
MAILBOXES = EmailProviders(FILE)
DATA: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8"))
LISTED = [*DATA["common"], *[domain for operator in DATA["operator"] for domain in operator["domains"]]]
KNOWN = {*LISTED, *DATA["existing"], *DATA["providers"]}
many = examples(max_examples=300, deadline=None)


def _distance(one: str, other: str) -> int:
    """The Damerau-Levenshtein distance (optimal string alignment), by its definition."""
    rows = [list(range(len(other) + 1))]
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            steps = [rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (a != b)]
            if i > 1 and j > 1 and (a, one[i - 2]) == (other[j - 2], b):
                steps.append(rows[-2][j - 2] + 1)
            row.append(min(steps))
        rows.append(row)
    return rows[-1][-1]


def _suggested(domain: str) -> str | None:
    meant = MAILBOXES.suggestion(EmailAddress(f"anna@{domain}", f"anna@{domain}"))
    return meant.removeprefix("anna@") if meant else None


@many
@given(st.text("abc.", max_size=6), st.text("abc.", max_size=6))
def test_one_slip_is_a_distance_of_one(one: str, other: str) -> None:
    assert is_one_slip(one, other) == (_distance(one, other) <= 1)


@many
@given(st.lists(st.text("ab.", min_size=1, max_size=6), max_size=6, unique=True), st.text("ab.", max_size=7))
def test_the_first_listed_domain_that_is_near_is_found(listed: list[str], domain: str) -> None:
    near = [other for other in listed if _distance(domain, other) <= 1]
    assert MistypedDomains(listed).find_listed(domain) == (near[0] if near else None)


# A finger that lands on the next key, on the same keys whichever letters they have: Latin ones, or Cyrillic ones for
# anyone who forgot to change the layout. Four keys have a Cyrillic letter and a Latin sign (;'[]).
ROWS = ("1234567890-", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,.")
LATIN, CYRILLIC = "qwertyuiop[]asdfghjkl;'zxcvbnm,.", "йцукенгшщзхъфывапролджэячсмитьбю"
ENDINGS: tuple[str, ...] = (
    "con",
    "cm",
    "co",
    "om",
    "comm",
    "cmo",
    "cim",
    "vom",
    "xom",
    "ru",
    "rul",
    "rru",
    "r",
    "tu",
    "eu",
    "by",
    "bu",
)
ENDINGS += ("bt", "b", "de", "dee", "d", "pl", "pll", "lt", "lv", "net", "nte", "ner", "ent", "fr")


def _neighbours(key: str) -> Iterator[str]:
    for y, row in enumerate(ROWS):
        if (x := row.find(key)) >= 0:
            for other, columns in ((y - 1, (x, x + 1)), (y, (x - 1, x + 1)), (y + 1, (x - 1, x))):
                if 0 <= other < len(ROWS):
                    yield from (ROWS[other][n] for n in columns if 0 <= n < len(ROWS[other]))


def _single_slips(domain: str) -> Iterator[str]:
    for n, letter in enumerate(domain):
        before, after = domain[:n], domain[n + 1 :]
        yield before + after
        yield before + letter * 2 + after
        yield before + after[:1] + letter + after[1:]
        for key in _neighbours(letter):
            yield before + key + after
            yield before + key + letter + after
            if key in LATIN:
                yield _ascii(before + CYRILLIC[LATIN.index(key)] + after)
        if letter in LATIN:
            yield _ascii(before + CYRILLIC[LATIN.index(letter)] + after)


def _ascii(domain: str) -> str:
    """The domain as it is sent: each label with a Cyrillic letter in Punycode."""
    labels = domain.split(".")
    return ".".join(label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in labels)


def _wrong_endings(domain: str) -> Iterator[str]:
    yield from (f"{domain.rpartition('.')[0]}.{ending}" for ending in ENDINGS)


_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?")


def _judge(slip: str) -> str:
    if not _HOST.fullmatch(slip):
        return "refused"
    if slip in KNOWN or MAILBOXES.readable_domain(slip):
        return "known"
    return "doubted" if _suggested(slip) in LISTED else "far"


def test_every_slip_of_a_listed_domain_is_known_or_doubted() -> None:
    """Of 63,046 slips 55,949 are doubted, 606 are domains that we know, and 6,491 no domains at all."""
    slips = {slip for domain in LISTED for slip in _single_slips(domain)}
    found = Counter(map(_judge, slips))
    assert found["far"] == 0
    assert found["doubted"] > 20_000
    assert found["known"] > 100


def test_a_slip_near_a_readable_mailbox_leads_there() -> None:
    """Where one letter more sends an email to a mailbox that authorities read, or to a stranger beside it."""
    for domain in (d for d in LISTED if MAILBOXES.readable_domain(d)):
        for slip in _single_slips(domain):
            if _judge(slip) == "doubted":
                assert MAILBOXES.readable_domain(_suggested(slip) or ""), slip


def test_a_wrong_ending_is_known_doubted_or_far_from_everything() -> None:
    endings = {slip for domain in LISTED for slip in _wrong_endings(domain)}
    slips = {slip for domain in DATA["existing"] for slip in _single_slips(domain)}
    judged = {slip: _judge(slip) for slip in sorted(endings | slips)}
    found = Counter(judged.values())
    far = [slip for slip, judgement in judged.items() if judgement == "far" and "xn--" not in slip]
    for slip in far[::10]:
        assert not any(is_one_slip(slip, domain) for domain in LISTED), slip
    assert min(found[kind] for kind in ("known", "doubted", "far")) > 0


@pytest.mark.parametrize(
    "slip", ["gmail.con", "gmail.cm", "gmail.co", "gmail.comm", "mail.rul", "tut.bu", "yandex.rru"]
)
def test_a_wrong_ending_is_doubted(slip: str) -> None:
    assert _judge(slip) == "doubted"


def test_what_exists_is_never_corrected() -> None:
    assert {_suggested(domain) for domain in KNOWN} == {None}


def test_no_edition_of_a_provider_is_corrected_into_another() -> None:
    for one, other in (("yahoo.fr", "yahoo.fi"), ("outlook.de", "outlook.dk"), ("hotmail.se", "hotmail.es")):
        assert is_one_slip(one, other)
        assert {_suggested(one), _suggested(other)} == {None}


def test_an_existing_domain_is_listed_because_it_is_near() -> None:
    """Those that are far are never doubted anyway; of GMX all editions are listed, near or not."""
    nearest = MistypedDomains(LISTED)
    for domain in DATA["existing"]:
        assert nearest.find_listed(domain) or domain.startswith("gmx."), domain
    assert len(DATA["existing"]) == len(set(DATA["existing"]))
    assert not set(DATA["existing"]) & set(LISTED)
    assert len(LISTED) == len(set(LISTED))


@pytest.mark.parametrize("domain", ["маil.ru", "mаil.ru", "gmаil.cоm", "оutlооk.com", "tut.bу", "yаndeх.ru"])
def test_letters_that_look_latin_count_as_latin(domain: str) -> None:
    parsed = MAILBOXES.parse(f"anna@{domain}")
    assert parsed is not None
    assert parsed.domain.startswith("xn--") or ".xn--" in parsed.domain
    assert _suggested(parsed.domain) in LISTED


def _calls(work: Callable[[], object]) -> int:
    """How many functions were called, those of the interpreter included."""
    calls = 0

    def count(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def _made_up(number: int) -> list[str]:
    return [f"{n:04x}{n * 7919 % 65536:04x}.example" for n in range(number)]


def test_an_unknown_domain_costs_the_same_however_many_are_listed() -> None:
    few, more = (MistypedDomains(_made_up(number)) for number in (500, 1000))
    cost = [_calls(partial(nearest.find_listed, "unknown1.example")) for nearest in (few, more)]
    assert cost[1] <= cost[0] + 20


def test_a_long_domain_costs_nothing() -> None:
    nearest = MistypedDomains(LISTED)
    assert _calls(lambda: nearest.find_listed("a" * 250)) <= _calls(lambda: nearest.find_listed("unknown.example"))


def test_a_known_domain_is_not_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(MistypedDomains, "find_listed")
    fresh = EmailProviders.__new__(EmailProviders)
    fresh.__dict__.update(MAILBOXES.__dict__, _cached_meant=None, _cached_readable=None)
    assert fresh.suggestion(EmailAddress("anna@gmail.com", "anna@gmail.com")) is None


def test_a_domain_is_searched_for_once() -> None:
    fresh = EmailProviders(FILE)
    for n in range(3):
        fresh.suggestion(EmailAddress(f"anna{n}@gmial.com", f"anna{n}@gmial.com"))
    assert fresh._cached_meant.cache_info().misses == 1
