"""Which letters go into one envelope.

A state gets one letter with one reference, however many official languages it has. The letter in its other languages,
and any translation, are enclosures: `BE-1` is the letter, `BE-1-fr` an enclosure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from petition.letters.addressees.address_book import Addressee
from petition.letters.writing import compose


@dataclass(frozen=True, slots=True)
class Version:
    """The letter in one language. `addressee` has the address in it, or in the nearest one that the state has.

    `courtesy` marks a translation: only the letter counts. An enclosure that is none counts as much as the letter.
    """

    addressee: Addressee
    language: str
    courtesy: bool = False


def envelopes(addressees: Iterable[Addressee]) -> list[tuple[Addressee, ...]]:
    """The addressees of each envelope: those of one code, one for each official language."""
    groups: dict[str, list[Addressee]] = {}
    for addressee in addressees:
        groups.setdefault(addressee.code, []).append(addressee)
    return [tuple(group) for group in groups.values()]


def list_versions(folders: Sequence[Path], addressees: Sequence[Addressee]) -> list[Version]:
    """The versions of the letter in one envelope, the letter itself first; never two in the same language.

    The letter is in the first official language whose text may be sent as it is; in English if there is none.
    """
    languages = [(addressee, *compose.letter_languages(folders, addressee)) for addressee in addressees]
    official = [Version(a, letter) for a, letter, _ in languages if letter == a.language]
    letters = official or [Version(addressees[0], compose.FALLBACK_LANGUAGE)]
    by_language: dict[str, Version] = {}
    for version in (*letters, *_translations(languages)):
        by_language.setdefault(version.language, version)
    return list(by_language.values())


def _translations(languages: Iterable[tuple[Addressee, str, str]]) -> Iterator[Version]:
    """Of texts that may not be sent as they are; and English, beside those that may."""
    chosen = list(languages)
    yield from (Version(a, other, courtesy=True) for a, _, other in chosen if other == a.language)
    yield from (Version(a, other, courtesy=True) for a, _, other in chosen if other not in ("", a.language))
