"""Cleans email addresses as people paste them: takes away what is certainly no part of the address."""

import re
import unicodedata

_CLEAN = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]*[A-Za-z0-9]")  # what most people type
# Signs that phones and word processors put in the place of others.
_PLAIN_SIGNS = str.maketrans("\uff20\ufe6b\uff1c\uff1e\u2018\u2019\u02bc\uff07", "@@<>''''")
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))  # some domains that are not ASCII need them
_PAIRS = {"()", "[]", "{}", '""', "''", "``", "\u201c\u201d", "\u201e\u201c", "\u201e\u201d", "\u00ab\u00bb"}
# No address begins or ends with these.
_NEVER_FIRST = " <>([,;:\u201c\u201d\u201e\u00ab\u00bb"
_FULL_STOPS = " .,;:!?\u2026"
_NEVER_LAST = _NEVER_FIRST + _FULL_STOPS + ")]}\"'`"


def clean_address(text: str) -> str:
    """The address without spaces, brackets, quotes, a name, mailto:, a full stop and invisible marks around it.

    It may still not be an address: nothing in the middle is touched but invisible marks and spaces beside the @.
    """
    if _CLEAN.fullmatch(text):
        return text
    before, cleaned = "", _without_marks(text)
    while cleaned != before:
        before, cleaned = cleaned, _unwrap(cleaned.strip())
    return "@".join(part.strip(" ") for part in cleaned.split("@"))


def _without_marks(text: str) -> str:
    """Without invisible marks (soft hyphens, zero width, direction) and with plain spaces and signs."""
    kinds = [(c, unicodedata.category(c)) for c in text.translate(_PLAIN_SIGNS)]
    shown = "".join(" " if kind == "Zs" else c for c, kind in kinds if kind != "Cf" or ord(c) in _JOINERS)
    without_joiners = shown.translate(_JOINERS)
    return without_joiners if without_joiners.isascii() else shown


def _unwrap(text: str) -> str:
    """The text without one layer of what stands around an address."""
    if text[:7].lower() == "mailto:":
        return text[7:].partition("?")[0]
    name, bracket, rest = text.rpartition("<")
    address, _, after = rest.partition(">")
    if bracket and "@" in address and "@" not in name + after:
        return address
    sentence = text.rstrip(_FULL_STOPS)
    if len(sentence) > 1 and sentence[0] + sentence[-1] in _PAIRS:
        return sentence[1:-1]
    return text.lstrip(_NEVER_FIRST).rstrip(_NEVER_LAST)
