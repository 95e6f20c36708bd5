"""Finds the listed domain that a domain differs from by one slip of the finger.

A slip is one letter too few, too many or wrong, or two neighbours exchanged: the Damerau-Levenshtein distance is 1.
Letters of other scripts count as the Latin ones that they look like, and then there need not be a slip.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

# Cyrillic and Greek letters that look like Latin ones in most fonts.
_LOOKALIKES = str.maketrans("аеорсухіјѕԁһԛԝкмтвαορντικυχ", "aeopcyxijsdhqwkmtbaopvtikyx")


class MistypedDomains:
    """Finds slips in the time that one domain takes, however many are listed."""

    def __init__(self, listed: Iterable[str]) -> None:
        """Of two domains that are equally near, the one that is listed first is found."""
        self._rank = {domain: rank for rank, domain in enumerate(listed)}
        self._longest = max(map(len, self._rank), default=0)
        self._listed_by_rest: dict[str, list[str]] = defaultdict(list)
        for domain in self._rank:
            for rest in set(_without_one(domain)):
                self._listed_by_rest[rest].append(domain)

    def find_listed(self, domain: str) -> str | None:
        """The listed domain that was probably meant by this one, which is not listed (ASCII, IDNA)."""
        seen = _as_seen(domain)
        if len(seen) > self._longest + 1:
            return None
        near = {listed for rest in _without_one(seen) for listed in self._listed_by_rest.get(rest, ())}
        return min((listed for listed in near if is_one_slip(seen, listed)), key=self._rank.__getitem__, default=None)


def is_one_slip(one: str, other: str) -> bool:
    """Whether the texts are equal or their Damerau-Levenshtein distance is 1."""
    pairs = enumerate(zip(one, other, strict=False))
    same = next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
    one, other = one[same:], other[same:]
    exchanged = len(other) > 1 and one[:2] == other[1] + other[0] and one[2:] == other[2:]
    return exchanged or one[1:] == other[1:] or one[1:] == other or one == other[1:]


def _without_one(text: str) -> Iterator[str]:
    """The text, and the text without each one of its letters. Texts one slip apart have one of these in common."""
    yield text
    for n in range(len(text)):
        yield text[:n] + text[n + 1 :]


def _as_seen(domain: str) -> str:
    """The domain in the letters that a reader takes them for."""
    if "xn--" not in domain:
        return domain
    labels = [
        label[4:].encode().decode("punycode") if label.startswith("xn--") else label for label in domain.split(".")
    ]
    return ".".join(labels).translate(_LOOKALIKES)
