"""Whom a stranger trusts (c2sp.org/tlog-policy): the keys of logs and witnesses, and how many of these must agree."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from petition.log.client.findings import Finding, failed, passed
from petition.log.errors import LogError
from petition.log.note_keys import LOG, WITNESS, parse_vkey

SILENCE = timedelta(hours=26)  # a day in which nothing new was signed or released
_MAX_LINES = 500
_NONE = "none"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(slots=True)
class Policy:
    """`groups`: how many of which members; a witness is a group of one. `quorum`: the group that counts."""

    logs: list[str] = field(default_factory=list)
    witnesses: dict[str, str] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = ""

    @property
    def vkeys(self) -> list[str]:
        return [*self.logs, *self.witnesses.values()]

    def is_met(self, signed: Iterable[str]) -> bool:
        """Whether the keys that signed a head are enough: one of a log (if any is named), and the quorum."""
        known = set(signed)
        met = {name for name, vkey in self.witnesses.items() if vkey in known}
        for name, (least, members) in self.groups.items():
            if len(met.intersection(members)) >= least:
                met.add(name)
        return (not self.logs or not known.isdisjoint(self.logs)) and self.quorum in met | {_NONE}


def parse_policy(text: str) -> Policy:
    """Raises LogError with the number of the line."""
    lines = text.split("\n")
    if len(lines) > _MAX_LINES or _CONTROL.search(text):
        raise LogError("This is no policy: it has too many lines, or other than text in it.")
    policy, members = Policy(), set[str]()
    for number, line in enumerate(lines, 1):
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if words and not words[0].startswith("#") and not _take(policy, members, words):
            raise LogError(f"Line {number} of the policy is wrong: {line.strip()[:80]}")
    if not policy.quorum:
        raise LogError("The policy has no line “quorum”.")
    return policy


def _take(policy: Policy, members: set[str], words: list[str]) -> bool:
    """Whether the line was right; `members`: names that are in a group already."""
    match words:
        case ["log", vkey] | ["log", vkey, _]:
            return _add_key(policy, policy.logs, vkey, LOG)
        case ["witness", name, vkey] | ["witness", name, vkey, _]:
            if not _is_new(policy, name) or not _add_key(policy, keys := list[str](), vkey, WITNESS):
                return False
            policy.witnesses[name] = keys[0]
            return True
        case ["group", name, least, *names]:
            return _add_group(policy, members, name, least, names)
        case ["quorum", name] if not policy.quorum:
            policy.quorum = name
            return name == _NONE or not _is_new(policy, name)
    return False


def _add_key(policy: Policy, keys: list[str], vkey: str, kind: int) -> bool:
    key, known = parse_vkey(vkey), {parse_vkey(one).public for one in policy.vkeys}
    keys.append(key.text)
    return key.kind == kind and key.public not in known


def _is_new(policy: Policy, name: str) -> bool:
    return name != _NONE and name not in policy.witnesses and name not in policy.groups


def _add_group(policy: Policy, members: set[str], name: str, least: str, names: list[str]) -> bool:
    words = {"any": 1, "all": len(names)}
    count = words.get(least, int(least) if re.fullmatch(r"[1-9][0-9]{0,3}", least) else 0)
    unknown = any(one == _NONE or _is_new(policy, one) for one in names)
    if unknown or not _is_new(policy, name) or members.intersection(names) or len(set(names)) < len(names):
        return False
    members.update(names)
    policy.groups[name] = count, names
    return 1 <= count <= len(names)


def judge_cosigned(size: int, size_now: int, time: int, now: datetime) -> Finding:
    """Who hides a fork from the witnesses continues to show what they have signed before it."""
    later, at = size_now - size, datetime.fromtimestamp(time, UTC)
    if later > 0 and now - at > SILENCE:
        return failed(
            f"No witness of the policy has signed anything since {at:%Y-%m-%d %H:%M} UTC, when there were {size} "
            f"entries: nobody vouches for the {later} after it."
        )
    return passed(
        f"Enough witnesses of the policy have signed one of {size} entries, which this one extends; for the {later} "
        "after it they may do so later."
    )
