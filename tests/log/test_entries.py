"""Entries: each kind takes its fields and nothing else; what was written reads back, and nothing else reads."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petition.log import entries
from petition.log.errors import LogError
from tests.log.samples import SAMPLES, SHA

KINDS = sorted(entries.ENTRY)
# Values that no field takes: texts of people, numbers that are no tens, fractions, nothing.
WRONG: list[Any] = [None, 1.5, -10, "a text of somebody", "", [1], {"a": None}, "2026-02-30 10:00"]


def test_every_kind_has_a_sample() -> None:
    assert SAMPLES.keys() == entries.ENTRY.keys()
    assert all(SAMPLES[kind].keys() - {"kind"} == entries.ENTRY[kind].keys() for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_reads_back(kind: str) -> None:
    content = entries.encode(SAMPLES[kind])
    assert entries.decode(content) == SAMPLES[kind]
    assert content == json.dumps(json.loads(content), sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize("kind", KINDS)
def test_another_field_is_refused(kind: str) -> None:
    with pytest.raises(LogError, match="has the field 'nickname', which is not allowed there"):
        entries.encode(SAMPLES[kind] | {"nickname": "anna"})


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in entries.ENTRY[kind]])
def test_a_field_takes_only_its_values(kind: str, name: str) -> None:
    for value in WRONG:
        with pytest.raises(LogError, match=f"impossible value in its field {name}"):
            entries.encode(SAMPLES[kind] | {name: value})


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in entries.ENTRY[kind]])
def test_a_field_may_be_missing_only_if_the_table_says_so(kind: str, name: str) -> None:
    groups = [group for group in entries.OPTIONAL.get(kind, ()) if name in group]
    entry = {key: value for key, value in SAMPLES[kind].items() if key not in set().union({name}, *groups)}
    if groups:
        assert entries.decode(entries.encode(entry)) == entry
    else:
        with pytest.raises(LogError, match=f"lacks the field {name}"):
            entries.encode(entry)


def test_fields_of_a_group_stand_together() -> None:
    entry = {key: value for key, value in SAMPLES["log"].items() if key != "previous_size"}
    with pytest.raises(LogError, match="lacks the field previous_size"):
        entries.encode(entry)


@pytest.mark.parametrize("kind", ["release", "withdrawn", "removal", "edition"])
@pytest.mark.parametrize("wrong", [5011, 5010.0, True, "5010", 10 * 2**53])
def test_counts_are_tens(kind: str, wrong: object) -> None:
    name = "n" if "n" in SAMPLES[kind] else "total"
    with pytest.raises(LogError, match=name):
        entries.encode(SAMPLES[kind] | {name: wrong})


@pytest.mark.parametrize(
    ("kind", "day"),
    [("withdrawn", "2026-11-24"), ("audit", "20261130"), ("audit", "2026-02-30"), ("end", "2026-W48-1")],
)
def test_days_are_iso_days_and_withdrawals_of_a_monday(kind: str, day: str) -> None:
    with pytest.raises(LogError, match="day"):
        entries.encode(SAMPLES[kind] | {"day": day})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'{"kind":"audit"',
        b'{"kind": "audit","day":"2026-11-30","ok":true}',
        b'{"day":"2026-11-30","day":"2026-11-30","kind":"audit","ok":true}',
        b'{"ok":true,"kind":"audit","day":"2026-11-30"}',
        b'{"day":"2026-11-30","kind":"audit","ok":true}\n',
        b'{"day":"2026-11-3\\u0030","kind":"audit","ok":true}',
        b'{"kind":"\\ud800"}',
        b'{"kind":["audit"]}',
        b'{"kind":"news"}',
        b'{"kind":' + b"[" * 60_000,
        b'{"n":' + b"1" * 60_000 + b"}",
        b'"' + b"a" * 70_000 + b'"',
    ],
)
def test_other_bytes_are_no_entry(content: bytes) -> None:
    with pytest.raises(LogError):
        entries.decode(content)


def test_an_entry_that_no_bundle_can_have_is_refused() -> None:
    letters = {f"PL-{n}": SHA for n in range(1000)}
    with pytest.raises(LogError, match="longer than 65535 bytes"):
        entries.encode(SAMPLES["edition"] | {"letters": letters})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(KINDS), st.data())
def test_whatever_is_accepted_is_canonical(kind: str, data: st.DataObject) -> None:
    entry = dict(SAMPLES[kind])
    entry[data.draw(st.sampled_from([*entry, "extra"]))] = data.draw(_JSON)
    try:
        content = entries.encode(entry)
    except LogError:
        return
    assert entries.decode(content) == entry
    assert len(content) <= 65_535


@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        entry = entries.decode(content)
    except LogError:
        return
    assert entries.encode(entry) == content


def test_a_file_beside_the_log_has_all_fields_and_no_other() -> None:
    file = {"at": "2026-11-22T10:00Z", "total": 30, "other": 10, "countries": {"PL": 20}, "nonce": "0f" * 16}
    content = entries.canonical_json(file)
    assert entries.parse_file(content, entries.COUNTRIES_FILE) == file
    for wrong in (file | {"more": 1}, file | {"countries": {"PL": 21}}, file | {"nonce": ""}):
        with pytest.raises(LogError):
            entries.parse_file(entries.canonical_json(wrong), entries.COUNTRIES_FILE)
