"""Alphabetical order as readers of a language expect it: the Unicode Collation Algorithm with the rules of CLDR.

Babel has no collation, and ICU is a library of the operating system. The tests compare this module with ICU: the order
is the same for the Latin, Greek, Cyrillic, Georgian, Armenian and Hebrew letters, the accents, digits and signs below.
Other letters come after these, by code point.
"""

import re
from collections.abc import Callable
from functools import cache
from itertools import chain
from unicodedata import category, combining, normalize

_SIGNS = " _-‐–—,;:!¡?¿.…·'‹›\"«»()[]{}§¶@*/\\&#%†•′″`´^¯¨¸ʹʺˈ°©®+±÷×<=>¬|¦~¤¢$£¥€"
_SCRIPTS = {
    "Latn": "abcdeǝəɛfgǥhʻiıjklmnŋoɔpqĸrstŧuvwxyȝzƶʒþƿʼʾʿ",
    "Grek": "αβγδεζηθικλμνξοπρστυφχψω",
    "Cyrl": "аәбвгғдђеєжзѕиійјкқлљмнңњоөпрстћуүұфхһцчџшщъыьѣэюяѳѵ",
    "Geor": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    "Armn": "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ",
    "Hebr": "אבגדהוזחטיכלמנסעפצקרשת",
}
_ACCENTS = "\u0313\u0314\u0301\u0300\u0306\u0302\u030c\u030a\u0342\u0308\u030b\u0303\u0307\u0338\u0327\u0328\u0304"
_ACCENTS += "\u0335\u0309\u030f\u0311\u031b\u0323\u0324\u0325\u0326\u032d\u032e\u0330\u0331\u0345\u0360"
# The rules are written as in CLDR. After &x, "<" comes before a separate letter, "<<" before one that differs like an
# accent, "<<<" like a capital, "=" not at all; what follows "/" is added to it. Unlike in CLDR, capitals need no rule,
# and no rule has "[before 1]".
_ROOT = (
    "&'<<‘<<’<<‚<<‛&\"<<“<<”<<„<<‟&d\u0335=đ&h\u0335=ħ&l\u0335=ł&o\u0338=ø&d<<ð&a<<æ/e&o<<œ/e&s<<ß/s<<ſ&S<<ẞ/S"
    "&i<<<ĳ/j&d<<<ǆ/ž&l<<<ǉ/j&n<<<ǌ/j&l\u0360=l·=ŀ&г<<ґ&Σ<<<ς"
    "&כ<<<ך&מ<<<ם&נ<<<ן&פ<<<ף&צ<<<ץ"
)
_RULES = {
    "be": "[reorder Cyrl]&е<ё&у<ў",
    **dict.fromkeys(("bg", "ru"), "[reorder Cyrl]"),
    "cs": "&c<č&h<ch<<<cH&r<ř&s<š&z<ž",
    "da": "[caseFirst upper]&d<<đ<<ð&t<<<þ/h&y<<ü<<ű&ʿ<æ<<ä<ø<<ö<<ő<å<<<aa&oe<<œ",
    "el": "[reorder Grek]",
    "es": "&n<ñ",
    "et": "&s<š<z<ž&w<õ<ä<ö<ü",
    "fi": "&d\u0335<<đ&g\u0335<<ǥ&n\u0335<<ŋ&t\u0335<<ŧ&y<<ü&z\u0335<<ʒ&ʿ<å<ä<<æ<ö<<ø",
    "hr": "[reorder Latn Cyrl]&c<č<ć&d<dž<<<ǆ<đ&l<lj<<<ǉ&n<nj<<<ǌ&s<š&z<ž",
    "hu": "&c<cs<<<ccs/cs&d<dz<<<ddz/dz&dz<dzs<<<ddzs/dzs&g<gy<<<ggy/gy&l<ly<<<lly/ly&n<ny<<<nny/ny&o<ö<<ő"
    "&s<sz<<<ssz/sz&t<ty<<<tty/ty&u<ü<<ű&z<zs<<<zzs/zs",
    "lt": "&\u0300=\u0307\u0300&\u0301=\u0307\u0301&\u0303=\u0307\u0303&a<<ą&c<č&e<<ę<<ė&i<<į<<y&s<š&u<<ų<<ū&z<ž",
    "lv": "&a<ā&c<č&e<ē&g<ģ&i<y<ī&k<ķ&l<ļ&n<ņ&o<ō&r<ŗ&s<š&u<ū&z<ž",
    "mt": "[caseFirst upper]&b<ċ&f<ġ&ǥ<għ<<<gĦ&ʻ<ħ&ȝ<ż",
    "pl": "&a<ą&c<ć&e<ę&l<ł&n<ń&o<ó&s<ś&z<ź<ż",
    "ro": "&a<ă<â&i<î&s<ş=ș&t<ţ=ț",
    "sk": "&a<ä&c<č&h<ch<<<cH&o<ô&r<ř&s<š&z<ž",
    "sl": "&c<č<ć&d<đ&s<š&z<ž",
    "sv": "&d<<đ<<ð&t<<<þ/h&y<<ü<<ű&ʿ<å<ä<<æ<<ę<ö<<ø<<ő<<œ<<ô",
    "uk": "[reorder Cyrl]&г<ґ&і<ї",
}
_UNACCENTED = (0,)
_OTHER_SIGNS = len(_SIGNS) - 0.5
_ACCENT_RUN = re.compile(f"(.)([{_ACCENTS}]{{2,}})")
# Places by letter, accent, capital. A longer tuple comes right after the shorter one it starts with; () is ignored.
Weight = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]
Codes = tuple[str, str, str]  # weights of each level as text that stands in the same order
_LEVEL_END = "\0"


@cache
def sort_key(language: str) -> Callable[[str], str]:
    """The sort key of a language. Texts that are equal in the language are sorted by code point."""
    return _Collator(_RULES.get(language, "")).key


class _Collator:
    """The sort weights of the letters of one language; texts are in canonical decomposition (NFD)."""

    def __init__(self, rules: str) -> None:
        self._capitals_first = "[caseFirst upper]" in rules
        scripts = dict.fromkeys([*re.findall("Latn|Grek|Cyrl", rules), *_SCRIPTS])
        self._elements: dict[str, list[Weight]] = {a: [((), (n,), ())] for n, a in enumerate(_ACCENTS, start=1)}
        for n, c in enumerate(chain(_SIGNS, "0123456789", *(_SCRIPTS[script] for script in scripts))):
            for x in {c, c.upper()} if c.upper().lower() == c else {c}:
                self._elements[normalize("NFD", x)] = [((n,), _UNACCENTED, self._case_weight(x))]
        self._element_pattern = re.compile(".", re.DOTALL)
        for nearness, source in ((2, _ROOT), (1, rules)):  # the language's own letters come before those of _ROOT
            for anchor, steps in re.findall("&([^<=]+)([^&]+)", normalize("NFD", source)):
                self._tailor(nearness, anchor, steps)
        joined = (text for text in sorted(self._elements, key=len, reverse=True) if text[1:])
        self._element_pattern = re.compile("|".join([*joined, "."]), re.DOTALL)
        digraphs = {text.rstrip(_ACCENTS) for text in self._elements}
        self._digraph_pattern = re.compile("|".join(re.escape(text) for text in digraphs if text[1:]))
        self._ranks = [self._level_ranks(level) for level in range(3)]
        self._codes = _CodesByCharacter(self._text_codes)

    def key(self, text: str) -> str:
        """Compares all letters, then all accents, then all capitals, then code points."""
        composed = normalize("NFC", text)
        codes = [self._codes[c] for c in composed]
        if None in codes or self._digraph_pattern.search(normalize("NFD", text)):
            return _LEVEL_END.join((*self._text_codes(text), text))
        return _LEVEL_END.join((*map("".join, zip(*codes, strict=True)), text) if codes else ("", "", "", text))

    def _text_codes(self, text: str) -> Codes:
        weights = self._weights(_ACCENT_RUN.sub(self._join_accent, normalize("NFD", text)))
        letters, accents, capitals = (
            "".join(self._code(level, weight[level]) for weight in weights) for level in range(3)
        )
        return letters, accents, capitals

    def _code(self, level: int, weight: tuple[float, ...]) -> str:
        ranks = self._ranks[level]
        return ranks[weight] if weight in ranks else f"{ranks[weight[:1]]}{chr(int(weight[1]))}"

    def _level_ranks(self, level: int) -> dict[tuple[float, ...], str]:
        """One character for each weight of a level, in the order of the weights; none for ()."""
        weights = {(), _UNACCENTED, *(weight[level] for element in self._elements.values() for weight in element)}
        weights |= {(_OTHER_SIGNS,), (len(self._elements),)} if level == 0 else set()
        return {weight: chr(n) if weight else "" for n, weight in enumerate(sorted(weights))}

    def _tailor(self, nearness: int, anchor: str, steps: str) -> None:
        for cased, added_cased in ((str, str), (str.capitalize, str), (str.upper, str.upper)):
            *before, last = self._weights(cased(anchor))
            for step, text, added in re.findall("(<+|=)([^<=/]+)/?([^<=]*)", steps):
                if cased(text) == text or cased(text).lower() == text:
                    last = self._weight_after(last, step, self._case_weight(cased(text)), nearness)
                    self._elements[cased(text)] = [*before, last, *self._weights(added_cased(added))]

    def _weight_after(self, weight: Weight, step: str, case: tuple[float, ...], nearness: int) -> Weight:
        letter, accent, capital = weight
        if step in ("<", "<<"):
            return ((*letter, nearness), _UNACCENTED, case) if step == "<" else (letter, (*accent, nearness), case)
        return weight if step == "=" else (letter, accent, (case[0], *max(capital[1:], case[1:]), nearness))

    def _case_weight(self, text: str) -> tuple[float, ...]:
        """Minus the share of capitals if the language puts them first, else 0; then which letters are capitals."""
        capitals = [c.isupper() for c in normalize("NFKD", text) if not combining(c)]
        return -sum(capitals) / len(capitals) if self._capitals_first and capitals else 0, *capitals

    def _weights(self, text: str) -> list[Weight]:
        pieces = [text] if text in self._elements else self._element_pattern.findall(text)
        return [weight for piece in pieces for weight in self._elements.get(piece) or self._default_weights(piece)]

    def _default_weights(self, c: str) -> list[Weight]:
        """For a character in no table: the weights of its parts (NFKD), else its code point; none for controls."""
        if (plain := normalize("NFKD", c)) != c or (kind := category(c)[0]) == "C":
            return self._weights(plain) if plain != c else []
        return [((_OTHER_SIGNS if kind in "PSZ" else len(self._elements), ord(c)), _UNACCENTED, _UNACCENTED)]

    def _join_accent(self, match: re.Match[str]) -> str:
        """Moves an accent back to its letter if NFD put another accent between them: â in Romanian ậ."""
        letter, accents = match.groups()
        for n, accent in enumerate(accents):
            if letter + accent in self._elements and combining(accent) not in map(combining, accents[:n]):
                return f"{letter}{accent}{accents[:n]}{accents[n + 1 :]}"
        return match[0]


class _CodesByCharacter(dict[str, Codes | None]):
    """The codes of a character in NFC, where it is no part of a digraph; None for a mark that stands alone."""

    def __init__(self, text_codes: Callable[[str], Codes]) -> None:
        super().__init__()
        self._text_codes = text_codes

    def __missing__(self, character: str) -> Codes | None:
        self[character] = None if combining(character) else self._text_codes(character)
        return self[character]
