"""Any value in a data file: it can be used, or one sentence says what is wrong and where."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.campaign.appeal import SHIPPED_DATA, Appeal
from petition.core.email_addresses import EmailProviders
from petition.core.errors import DataError
from petition.core.languages import Language
from petition.core.markdown import front_matter
from petition.letters.addressees import reader
from petition.letters.writing import texts
from petition.letters.writing.chart import read_seats
from petition.letters.writing.citations import citable_sources
from petition.letters.writing.said import read_statements
from petition.protection.networks import Networks
from petition.tally import populations
from tests import ROOT

PLACE = tuple[str | int, ...]
LT = reader.load_address_book(SHIPPED_DATA / "governments.toml").find("LT")
SHARED = {"shared": [{"networks": ["192.0.2.0/24"], "why": "a provider", "source": "https://example.org"}]}


def _use_campaign(file: Path) -> None:
    found = Appeal(file.parent).campaign
    assert found.state(datetime(2026, 12, 1, tzinfo=UTC))
    assert isinstance(found.name("de") + found.why_not_ready() + found.posted_from, str)


def _use_mailboxes(file: Path) -> None:
    mailboxes = EmailProviders(file)
    for text in ("an.na+x@gmail.com", "anna@gmial.com", "anna@mail.ru"):
        found = mailboxes.parse(text)
        assert found
        assert (
            mailboxes.readable_provider(found)
            or mailboxes.suggestion(found)
            or isinstance(mailboxes.reviewed_provider(found.domain), str | None)
        )


USES: dict[str, Callable[[Path], object]] = {
    "campaign.toml": _use_campaign,
    "facts.toml": lambda file: citable_sources(Appeal(file.parent), LT),
    "governments.toml": lambda file: reader.load_address_book(file).find("LT"),
    "said.toml": read_statements,
    "mailboxes.toml": _use_mailboxes,
    "networks.toml": lambda file: Networks(file).find_network("192.0.2.1"),
    "parliament.toml": read_seats,
    "populations.toml": lambda file: populations.load_populations(file).per_million({"LT": 10}),
    "appeal/en.md": lambda file: Appeal(file.parent.parent).get_text(Language("en", {})),
    "letters/et.md": texts.read_text,
}


def _read(name: str) -> tuple[dict[str, Any], str]:
    if name.endswith(".md"):
        head, body = front_matter(ROOT / "templates" / name)
        return head.values, body
    return (SHARED if name == "networks.toml" else tomllib.loads((SHIPPED_DATA / name).read_text("utf-8"))), ""


def _places(value: object, place: PLACE = ()) -> Iterator[PLACE]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        yield (*place, key)
        yield from _places(child, (*place, key))


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", r"\u007f")
    return value.isoformat() if isinstance(value, date | time) else str(value).lower()


VALUES = st.recursive(
    st.sampled_from(["", " ", "a\nb", "PLACEHOLDER x", "BY", "2026-11", "https://example.org", "{{", 0, 1, -1])
    | st.one_of(st.text(), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats())
    | st.one_of(st.dates(), st.datetimes(), st.times()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("name", USES)
def test_any_value_in_any_place_is_used_or_refused_in_one_sentence(name: str) -> None:
    shipped, body = _read(name)

    @examples(max_examples=50, deadline=None)
    @given(st.sampled_from(sorted(_places(shipped), key=repr)), st.none() | VALUES)
    def refused_or_used(place: PLACE, value: object) -> None:
        data = deepcopy(shipped)
        inside: Any = data
        for key in place[:-1]:
            inside = inside[key]
        if value is None:
            del inside[place[-1]]
        else:
            inside[place[-1]] = value
        said = _fault(name, data, body)
        assert not said or re.fullmatch(rf"{re.escape(name)}[^\n]+\.", said), said

    refused_or_used()


def _fault(name: str, data: dict[str, Any], body: str) -> str:
    """The error sentence for a file with this content; empty if it can be used."""
    content = "".join(f"{_toml(key)} = {_toml(value)}\n" for key, value in data.items())
    with TemporaryDirectory() as folder:  # a new folder each time: files are cached by their path
        file = Path(folder) / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"+++\n{content}+++\n{body}" if name.endswith(".md") else content, "utf-8")
        try:
            USES[name](file)
        except DataError as error:
            return str(error)
    return ""


@pytest.mark.parametrize("name", USES)
def test_a_shipped_file_can_be_used(name: str) -> None:
    assert _fault(name, *_read(name)) == ""


def test_the_values_that_are_written_are_those_that_are_read() -> None:
    value = {'"': ["a\n\x7f\\", True, -3, 0.5, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4), time(5, 6), {}]}
    assert tomllib.loads(f"x = {_toml(value)}")["x"] == value
