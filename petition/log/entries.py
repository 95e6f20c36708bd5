"""What stands in the log: canonical JSON with known fields only.

Nothing goes into an entry that is not on a public page, no text that a person wrote, and no count that is not rounded
down to tens. What may have to go one day lies beside the log, as a file that the entry names by its hash.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from petition.log.errors import LogError
from petition.log.note_keys import LOG, WITNESS, decode64, parse_vkey
from petition.log.tiles import LONGEST_ENTRY
from petition.log.tree import HASH_BYTES

Check = Callable[[Any], bool]
Entry = dict[str, Any]
_MAX_WHOLE = 2**53 - 1  # what every reader of JSON reads exactly


def _text(pattern: str) -> Check:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _one_of(*values: str) -> Check:
    return lambda value: isinstance(value, str) and value in values


def _whole(least: int, step: int = 1) -> Check:
    """A whole number from `least`, in steps. True is none."""
    return lambda value: type(value) is int and least <= value <= _MAX_WHOLE and value % step == 0


def _is_bool(value: Any) -> bool:
    return type(value) is bool


def _table(key: Check, value: Check) -> Check:
    """An object with at least one field."""
    return lambda table: isinstance(table, dict) and bool(table) and all(key(k) and value(v) for k, v in table.items())


_DAY = _text(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
_TIME = _text(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z")
SHA256 = _text(r"[0-9a-f]{64}")
_TENS, _TEN_OR_MORE = _whole(0, 10), _whole(10, 10)
_REFERENCE = _text(r"[A-Za-z0-9-]{1,80}")
_CODE = _text(r"[a-z][a-z0-9_.-]{0,60}")
_VALUE = _text(r"[A-Za-z0-9][A-Za-z0-9,:/+._-]{0,99}")
_LANGUAGE = _text(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
_URL = _text(r"https?://[!-~]{1,300}")
_LINK = _text(r"https?://[^\s\x00-\x1f\x7f]{1,490}")  # as an organiser types it: with letters of any alphabet
_ORIGIN = _text(r"[!-*,-~]{1,255}")  # the name of a key: without spaces and plus signs


def _is_day(value: Any) -> bool:
    try:
        return _DAY(value) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_monday(value: Any) -> bool:
    return _is_day(value) and date.fromisoformat(value).isoweekday() == 1


def _is_time(value: Any) -> bool:
    """UTC, to the minute."""
    try:
        return _TIME(value) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_vkey(kind: int) -> Check:
    def check(value: Any) -> bool:
        try:
            return isinstance(value, str) and value.isascii() and parse_vkey(value).kind == kind
        except LogError:
            return False

    return lambda value: check(value) and parse_vkey(value).text == value


def _are_witnesses(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_vkey(WITNESS), value)) and len(set(value)) == len(value)


def _is_root(value: Any) -> bool:
    return isinstance(value, str) and value.isascii() and len(decode64(value) or b"") == HASH_BYTES


# Of each kind: its fields but `kind`, and what is allowed in each.
ENTRY: dict[str, dict[str, Check]] = {
    "log": {
        "format": lambda value: type(value) is int and value == 1,
        "origin": _ORIGIN,
        "site": _URL,
        "vkey": _is_vkey(LOG),
        "previous_origin": _ORIGIN,
        "previous_size": _whole(0),
        "previous_root": _is_root,
    },
    "release": {"at": _is_time, "total": _TENS, "countries": SHA256},
    "withdrawn": {"day": _is_monday, "n": _TEN_OR_MORE},
    "removal": {"day": _is_day, "n": _TEN_OR_MORE, "reason": _CODE, "restored": _is_bool},
    "edition": {
        "number": _whole(1),
        "day": _is_day,
        "as_of": _is_time,
        "total": _TENS,
        "letters": _table(_REFERENCE, SHA256),
    },
    "letter": {"reference": _REFERENCE, "edition": _whole(0), "day": _is_day, "sha256": SHA256},
    "annex": {"reference": _REFERENCE, "edition": _whole(0), "day": _is_day, "names": _TENS, "sha256": SHA256},
    "appeal": {"deadline": _is_day, "goal": _whole(1), "texts": _table(_LANGUAGE, SHA256)},
    "answer": {
        "key": _REFERENCE,
        "sent": _is_day,
        "edition": _whole(1),
        "acknowledged": _is_day,
        "answered": _is_day,
        "stance": _CODE,
        "file": SHA256,
        "withdrawn": lambda value: value is True,
    },
    "rule": {"name": _CODE, "value": _VALUE},
    "software": {
        "version": _text(r"[0-9A-Za-z.+-]{1,60}"),
        "commit": _text(r"[0-9a-f]{7,40}(-dirty)?"),
        "lock": SHA256,
        "script": SHA256,
    },
    "key": {"vkey": _is_vkey(LOG), "state": _one_of("added", "retired")},
    "witnesses": {"quorum": _whole(0), "vkeys": _are_witnesses},
    "audit": {"day": _is_day, "ok": _is_bool},
    "correction": {"at": _is_time, "reason": _one_of("clock", "restored")},
    "end": {"day": _is_day, "reason": _one_of("closed", "destroyed")},
}
# Of each kind: fields that may be left out (there is no null). Those of one group stand there together or not at all.
OPTIONAL: dict[str, tuple[frozenset[str], ...]] = {
    "log": (frozenset({"previous_origin", "previous_size", "previous_root"}),),
    "release": (frozenset({"countries"}),),
    "appeal": (frozenset({"deadline"}), frozenset({"goal"})),  # while they are not decided
    "answer": tuple(map(frozenset, ({name} for name in ENTRY["answer"] if name != "key"))),
    "software": (
        frozenset({"commit"}),
        frozenset({"lock"}),
        frozenset({"script"}),
    ),  # of a copy that does not know them
}

# Files beside the log, by the field that names them; those with a nonce cannot be guessed once they are withdrawn.
_NONCE = _text(r"[0-9a-f]{32}")
COUNTRIES_FILE: dict[str, Check] = {
    "at": _is_time,
    "total": _TENS,
    "other": _TENS,
    "countries": lambda value: value == {} or _table(_text(r"[A-Z]{2}"), _TENS)(value),
    "nonce": _NONCE,
}
ANSWER_FILE: dict[str, Check] = {
    "key": _REFERENCE,
    "day": _is_day,
    "link": lambda value: value == "" or _LINK(value),
    "summaries": lambda value: value == {} or _table(_LANGUAGE, lambda text: isinstance(text, str))(value),
    "nonce": _NONCE,
}


def encode(entry: Mapping[str, Any]) -> bytes:
    """The bytes that the log keeps for ever. Raises LogError for any other field, kind or value."""
    _check(dict(entry))
    content = canonical_json(entry)
    if len(content) > LONGEST_ENTRY:
        raise LogError(f"An entry of the log is longer than {LONGEST_ENTRY} bytes.")
    return content


def decode(content: bytes) -> Entry:
    """Raises LogError unless encode() would write exactly these bytes."""
    if len(content) > LONGEST_ENTRY:
        raise LogError(f"An entry of the log is longer than {LONGEST_ENTRY} bytes.")
    entry = parse_canonical(content)
    _check(entry)
    return entry


def parse_canonical(content: bytes) -> Entry:
    """An object, of an entry or of a file beside the log. Raises LogError unless it is canonical JSON."""
    try:
        value = json.loads(content)
        if isinstance(value, dict) and canonical_json(value) == content:
            return value
    except (ValueError, RecursionError):
        pass
    raise LogError("This is not canonical JSON (RFC 8785).")


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """As RFC 8785 for what we have: ASCII keys, texts, whole numbers, lists, objects."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(content: bytes) -> str:
    """As entries name a document or a file: in hex."""
    return hashlib.sha256(content).hexdigest()


def parse_file(content: bytes, fields: Mapping[str, Check]) -> Entry:
    """A file beside the log, with all of these fields and no other. Raises LogError."""
    value = parse_canonical(content)
    if value.keys() != fields.keys():
        raise LogError("A file beside the log has other fields than it should have.")
    for name, check in fields.items():
        if not check(value[name]):
            raise LogError(f"A file beside the log has an impossible value in its field {name}.")
    return value


def _check(entry: Entry) -> None:
    kind = entry.get("kind")
    fields = ENTRY.get(kind) if isinstance(kind, str) else None
    if fields is None:
        raise LogError(f"This version knows no entry of the kind {str(kind)[:40]!a}.")
    names = entry.keys() - {"kind"}
    if unknown := names - fields.keys():
        raise LogError(f"An entry {kind} has the field {min(unknown)[:40]!a}, which is not allowed there.")
    if missing := fields.keys() - names - _left_out(str(kind), names):
        raise LogError(f"An entry {kind} lacks the field {min(missing)}.")
    for name in names:
        if not fields[name](entry[name]):
            raise LogError(f"An entry {kind} has an impossible value in its field {name}.")


def _left_out(kind: str, names: set[str]) -> frozenset[str]:
    groups = (group for group in OPTIONAL.get(kind, ()) if not group & names)
    return frozenset[str]().union(*groups)
